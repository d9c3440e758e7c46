"""Who speaks a labelled call: voice and speed of each party, by sex, accent and the call's id.

`dev` shares no Kokoro voice with what is held out: nothing that suits one voice by chance counts there.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.script import Call, Person
from evaluation.voices import JOE
from streaming.events import Party

Kind = tuple[str, str]

_HELD_OUT: Mapping[Kind, tuple[str, ...]] = {
    ("f", "us"): ("af_heart", "af_sarah", "af_aoede", "af_nova"),
    ("m", "us"): ("am_fenrir", "am_echo", "am_liam", JOE),
    ("f", "uk"): ("bf_isabella", "bf_lily"),
    ("m", "uk"): ("bm_fable", "bm_daniel"),
}

CAST: Mapping[str, Mapping[Kind, tuple[str, ...]]] = {
    "dev": {
        ("f", "us"): ("af_bella", "af_kore", "af_alloy", "af_sky"),
        ("m", "us"): ("am_michael", "am_puck", "am_eric", JOE),
        ("f", "uk"): ("bf_emma", "bf_alice"),
        ("m", "uk"): ("bm_george", "bm_lewis"),
    },
    "held_out": _HELD_OUT,
    "held_out_b": _HELD_OUT,
}
"""`af_nicole` whispers, `am_santa` and `am_adam` are graded worst by their makers: nobody has them."""

SLOWEST, FASTEST = 0.95, 1.15
LEVELS = (-3.0, 3.0)  # dB about the usual one


@dataclass(frozen=True, slots=True)
class Speaker:
    """`level` is in dB about the usual level of speech."""

    voice: str
    speed: float
    level: float


def speakers(call: Call, which: str) -> dict[Party, Speaker]:
    """The call's parties as they sound in set `which`; the same two never share a voice."""
    people = {Party.AGENT: call.agent, Party.CUSTOMER: call.customer}
    cast: dict[Party, Speaker] = {}
    for party, person in people.items():
        taken = {speaker.voice for speaker in cast.values()}
        voices = [voice for voice in _voices(which, person) if voice not in taken]
        cast[party] = Speaker(
            voice=voices[_drawn(call, party, "voice") % len(voices)],
            speed=round(SLOWEST + (FASTEST - SLOWEST) * _share(call, party, "speed"), 2),
            level=round(LEVELS[0] + (LEVELS[1] - LEVELS[0]) * _share(call, party, "level"), 1),
        )
    return cast


def _voices(which: str, person: Person) -> tuple[str, ...]:
    return CAST[which][person.sex, person.accent]


def _drawn(call: Call, party: Party, what: str) -> int:
    return zlib.crc32(f"{call.id}/{party}/{what}".encode())


def _share(call: Call, party: Party, what: str) -> float:
    """0 to 1."""
    return (_drawn(call, party, what) % 101) / 100
