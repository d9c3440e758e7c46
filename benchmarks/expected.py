"""Which utterances a call must bring: its audio heard again by an ear of this process, without any load.

Where an utterance begins and ends is decided by stream time alone, so what a console did not get was lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.frames import FRAME, RATE
from benchmarks.plans import Take
from models.vad import SileroVoiceActivity
from streaming.audio import Encoding
from streaming.channel import Ear, Heard, Piece, Spoken
from streaming.events import Party

_RUN = 50  # frames heard at a time
_THREADS = 2


def utterances(take: Take, frames: int) -> set[str]:
    """Ids of the utterances in the first `frames` frames of a call, both parties'."""
    return {one for party in (Party.AGENT, Party.CUSTOMER) for one in _heard(take, party, frames)}


def utterances_of_calls(sent: Mapping[str, tuple[Take, int]]) -> dict[str, set[str]]:
    """The same for many calls, by call id; the network runs without the interpreter's lock."""
    with ThreadPoolExecutor(_THREADS) as threads:
        found = threads.map(lambda one: utterances(*one), sent.values())
        return dict(zip(sent, found, strict=True))


def _heard(take: Take, party: Party, frames: int) -> list[str]:
    ear = Ear(party, RATE, SileroVoiceActivity())
    audio = take.loop.agent if party is Party.AGENT else take.loop.customer
    heard: list[Heard] = []
    for first in range(0, frames, _RUN):
        data = _played(audio, take, first, min(first + _RUN, frames))
        heard += ear.hear([Piece(party=party, position=first * FRAME, encoding=Encoding.MULAW, data=data)])
    return _ids([*heard, *ear.flush()])


def _played(audio: bytes, take: Take, first: int, last: int) -> bytes:
    starts = ((take.offset + index) % take.loop.frames * FRAME for index in range(first, last))
    return b"".join(audio[start : start + FRAME] for start in starts)


def _ids(heard: Sequence[Heard]) -> list[str]:
    return [item.what.utterance_id for item in heard if isinstance(item.what, Spoken)]
