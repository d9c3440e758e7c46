"""Labelled calls made audible: a script in, two-channel recordings out, in each listening condition.

``python -m evaluation.speak [--set dev] [CALL...] --out DIR`` writes ``DIR/SET/CONDITION/NAME.flac`` (channel
0 agent, channel 1 customer) and ``NAME.truth.json`` beside it: when everything sounds, and the facts that
``callcue score`` reads. Noise, levels and voices are seeded by the call's id. Runs where the
synthesizers are installed (README.md); turns that were spoken before are taken from the cache.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.cast import CAST, Speaker, speakers
from evaluation.hums import hummed, pitch_of, with_hums
from evaluation.noises import office, tune
from evaluation.script import Call, Turn, read_call
from evaluation.telephone import (
    RATE,
    SPEECH_DBFS,
    Signal,
    at_rms,
    crosstalk,
    cut_to_sound,
    faded,
    gain,
    limited,
    mulaw_round_trip,
    speech_rms,
    telephone_band,
)
from evaluation.timeline import Piece, Timeline, lay_out, pieces
from evaluation.voices import RATE as STUDIO
from evaluation.voices import RenderError, Voices, default_cache, resampled
from streaming.errors import ConfigError
from streaming.events import Party

CALLS = Path(__file__).resolve().parent / "calls"
PARTIES = (Party.AGENT, Party.CUSTOMER)  # in channel order
MUSIC_DBFS = -24.0
BACK_CHANNEL_DB = -4.0  # said lower than a turn
BETWEEN = 0.12  # seconds between a hum and the words of the same turn
FLOOR_DBFS = -72.0  # of the quietest room


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a call is heard: `noise` is dB under the speech, None for a quiet room on a wide line."""

    name: str
    rate: int
    noise: float | None = None


CONDITIONS = {
    row.name: row
    for row in (
        Condition(name="wide", rate=16_000),
        Condition(name="tel20", rate=RATE, noise=20.0),
        Condition(name="tel10", rate=RATE, noise=10.0),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """A call as spoken, before any line: shape (2, samples) at 24 kHz, and when everything sounds."""

    clean: Signal
    timeline: Timeline


def record(call: Call, which: str, voices: Voices) -> Studio:
    """Speak every turn and lay the call out in time."""
    cast = speakers(call, which)
    speech = [_spoken(piece, cast[piece.speaker], voices) for piece in pieces(call)]
    timeline = lay_out(call, [len(signal) / STUDIO for signal in speech])
    clean = np.zeros((2, round(timeline.seconds * STUDIO)))
    for said, signal in zip(timeline.said, speech, strict=True):
        start = round(said.start * STUDIO)
        clean[PARTIES.index(said.speaker), start : start + len(signal)] += signal
    clean[0] += _hold_music(call, timeline, clean.shape[1])
    return Studio(clean=clean, timeline=timeline)


def _spoken(piece: Piece, speaker: Speaker, voices: Voices) -> Signal:
    """Cut to its sound, at the speaker's level; a back-channel a little lower."""
    level = SPEECH_DBFS + speaker.level + (0.0 if isinstance(piece, Turn) else BACK_CHANNEL_DB)
    sounds: list[Signal] = []
    for hum, words in with_hums(piece.text):
        if hum is None:
            raw = voices.say(words, voice=speaker.voice, speed=speaker.speed)
        else:
            raw = hummed(hum, pitch=pitch_of(speaker.voice), rate=STUDIO, speed=speaker.speed)
        speech = faded(cut_to_sound(raw, STUDIO), seconds=0.005, rate=STUDIO)
        sounds += [speech * (gain(level) / speech_rms(speech, STUDIO)), np.zeros(round(BETWEEN * STUDIO))]
    return np.concatenate(sounds[:-1])


def _hold_music(call: Call, timeline: Timeline, samples: int) -> Signal:
    """The customer hears the agent's system play, and so does the agent's channel."""
    out = np.zeros(samples)
    for number, (start, end) in enumerate(timeline.music):
        first, length = round(start * STUDIO), round((end - start) * STUDIO)
        random = np.random.default_rng(seed(call, f"music{number}"))
        music = tune(length, STUDIO, random, drums=bool(random.integers(2)))
        out[first : first + length] = at_rms(faded(music, seconds=0.3, rate=STUDIO), MUSIC_DBFS)
    return out


def heard_over(studio: Studio, condition: Condition, seeded: int) -> Signal:
    """Both channels as they leave the line, shape (samples, 2) at the condition's rate."""
    lines = [limited(resampled(channel, STUDIO, condition.rate)) for channel in studio.clean]
    random = np.random.default_rng(seeded)
    if condition.noise is None:
        floor = [at_rms(random.standard_normal(len(line)), FLOOR_DBFS) for line in lines]
        return np.stack([line + quiet for line, quiet in zip(lines, floor, strict=True)], axis=1)
    narrow = [telephone_band(line) for line in lines]
    noisy = [own + crosstalk(other) + _noise(own, condition, random) for own, other in (narrow, narrow[::-1])]
    return np.stack([mulaw_round_trip(line) for line in noisy], axis=1)


def _noise(line: Signal, condition: Condition, random: np.random.Generator) -> Signal:
    noise = telephone_band(office(len(line), condition.rate, random))
    level = 20 * np.log10(speech_rms(line)) if line.any() else SPEECH_DBFS
    return at_rms(noise, level - (condition.noise or 0.0))


def seed(call: Call, what: str) -> int:
    return zlib.crc32(f"{call.id}/{what}".encode())


def truth(call: Call, which: str, timeline: Timeline) -> dict[str, Any]:
    """What is written beside a recording; the customer's name only where the call's data has it."""
    return {
        "call": call.name,
        "agent": call.agent.name,
        **({"customer_name": call.customer.name} if call.name_known else {}),
        "seconds": round(timeline.seconds, 3),
        "voices": {party: asdict(speaker) for party, speaker in speakers(call, which).items()},
        "music": [[round(start, 3), round(end, 3)] for start, end in timeline.music],
        "said": [
            {
                "turn": said.turn,
                "inside": said.inside,
                "speaker": said.speaker,
                "start": round(said.start, 3),
                "end": round(said.end, 3),
                "text": said.text,
            }
            for said in timeline.said
        ],
    }


def render(path: Path, which: str, conditions: Sequence[Condition], out: Path, voices: Voices) -> float:
    """Write the call's recordings and truth; its length in seconds."""
    call = read_call(path)
    studio = record(call, which, voices)
    soundfile = import_module("soundfile")
    for condition in conditions:
        folder = out / which / condition.name
        folder.mkdir(parents=True, exist_ok=True)
        audio = heard_over(studio, condition, seed(call, condition.name))
        text = json.dumps(truth(call, which, studio.timeline), indent=1, ensure_ascii=False)
        (folder / f"{call.name}.truth.json").write_text(text + "\n", encoding="utf-8")
        partial = folder / f"{call.name}.partial.flac"
        soundfile.write(partial, audio, condition.rate, subtype="PCM_16")
        partial.replace(folder / f"{call.name}.flac")
    return studio.timeline.seconds


def main() -> int:
    """Render the calls that were named; 1 when a script or a download is wrong."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.speak", description="Render labelled calls.")
    parser.add_argument("names", nargs="*", metavar="CALL", help="calls; all of the set when none is named")
    parser.add_argument("--set", choices=sorted(CAST), default="dev", dest="which")
    parser.add_argument("--out", type=Path, required=True, help="folder for the recordings")
    parser.add_argument("--condition", action="append", choices=sorted(CONDITIONS), help="default: all")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="weights and spoken turns")
    asked = parser.parse_args()
    folder = CALLS / asked.which
    names = asked.names or sorted(path.stem for path in folder.glob("*.call"))
    conditions = [CONDITIONS[name] for name in asked.condition or CONDITIONS]
    voices = Voices(asked.cache)
    for name in names:
        began = time.monotonic()
        try:
            seconds = render(folder / f"{name}.call", asked.which, conditions, asked.out, voices)
        except (RenderError, ConfigError, OSError) as error:
            sys.stderr.write(f"cannot render: {error}\n")
            return 1
        sys.stderr.write(f"{name}: {seconds:.1f} s, rendered in {time.monotonic() - began:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
