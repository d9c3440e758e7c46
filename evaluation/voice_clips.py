"""Clips of real speech as a telephone carries them, and what the product measures of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from detectors.base import signals_read
from evaluation.telephone import (
    RATE,
    SPEECH_DBFS,
    at_rms,
    cut_to_sound,
    gain,
    limited,
    mulaw_round_trip,
    speech_rms,
    telephone_band,
)
from models.affect import CallVoice
from models.prosody import PitchMeter
from streaming.events import Event, Party, Seconds, Signal, Utterance, Word
from streaming.ports import SAMPLE_RATE, Samples

SHARED = Path(__file__).parents[2] / "shared" / "data"
_WORD: Seconds = 0.4  # where no text is known: the share of words plays no part in what is measured


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """One utterance as it was recorded: 16 kHz mono. `kind` is its acted emotion, where it has one."""

    speaker: str
    audio: Samples
    kind: str = ""
    words: int = 0

    @property
    def seconds(self) -> Seconds:
        return len(self.audio) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """One clip through the telephone and the product's meter; times are those of the clip."""

    speaker: str
    kind: str
    seconds: Seconds
    signals: tuple[Signal, ...]
    words: int


def clips(name: str) -> list[Clip]:
    """A set of ../shared/data that has a file an utterance; raises FileNotFoundError where it is absent."""
    folder = SHARED / name
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    return [
        Clip(
            speaker=row["speaker"],
            audio=_trimmed(read(folder / row["file"])[0]),
            kind=row.get("emotion", ""),
            words=len(row["text"].split()),
        )
        for row in rows
    ]


def read(path: Path) -> list[Samples]:
    """The channels of a recording, each at 16 kHz; raises FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there")
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return [np.asarray(soxr.resample(side, rate, SAMPLE_RATE), np.float32) for side in audio.T]


def telephone(audio: Samples) -> Samples:
    """300-3400 Hz, 8 kHz µ-law, speech at one level whatever it was recorded at; back at 16 kHz."""
    narrow = telephone_band(soxr.resample(audio.astype(np.float64), SAMPLE_RATE, RATE))
    levelled = limited(narrow * (gain(SPEECH_DBFS) / max(speech_rms(narrow), 1e-9)))
    return np.asarray(soxr.resample(mulaw_round_trip(levelled), RATE, SAMPLE_RATE), np.float32)


def heard(found: Sequence[Clip], meter: PitchMeter) -> list[Heard]:
    """Each clip through the telephone and the meter, as an agent's utterance under the profile `full`."""
    return [_heard(clip, meter) for clip in found]


def _heard(clip: Clip, meter: PitchMeter) -> Heard:
    voice = CallVoice(meter, {Party.AGENT: signals_read()[Party.AGENT]})
    signals = voice.measure(telephone(clip.audio), speaker=Party.AGENT, start=0.0)
    words = clip.words or max(1, round(clip.seconds / _WORD))
    return Heard(
        speaker=clip.speaker, kind=clip.kind, seconds=clip.seconds, signals=tuple(signals), words=words
    )


def events(said: Sequence[Heard], start: Seconds) -> Iterator[Event]:
    """The clips as one agent's utterances in a log, a second apart, from `start` on."""
    for number, one in enumerate(said):
        end = start + one.seconds
        yield from (replace(signal, start=start, end=end) for signal in one.signals)
        step = one.seconds / one.words
        words = tuple(
            Word(text="w", start=start + place * step, end=start + (place + 1) * step)
            for place in range(one.words)
        )
        yield Utterance(
            speaker=Party.AGENT,
            id=f"a{start:.0f}.{number}",
            revision=0,
            start=start,
            end=end,
            words=words,
            final=True,
        )
        start = end + 1.0


def flattened(audio: Samples, shares: Sequence[float]) -> list[Samples]:
    """Resynthesised by WORLD with the pitch's excursions about its own mean at each of these shares.

    Raises ImportError without `pyworld-prebuilt`.
    """
    import pyworld

    wide = audio.astype(np.float64)
    pitch, times = pyworld.harvest(wide, SAMPLE_RATE, f0_floor=60.0, f0_ceil=500.0)
    envelope = pyworld.cheaptrick(wide, pitch, times, SAMPLE_RATE)
    breath = pyworld.d4c(wide, pitch, times, SAMPLE_RATE)
    voiced = pitch > 0
    middle = np.exp(np.log(pitch[voiced]).mean()) if voiced.any() else 1.0
    made = []
    for share in shares:
        changed = np.where(voiced, middle * (np.maximum(pitch, 1e-3) / middle) ** share, 0.0)
        sound = pyworld.synthesize(changed, envelope, breath, SAMPLE_RATE)
        made.append(np.asarray(sound, np.float32))
    return made


def auc(low: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    """How often one of `high` lies above one of `low`; equal ones count half."""
    ordered = np.sort(low)
    below, upto = np.searchsorted(ordered, high), np.searchsorted(ordered, high, side="right")
    return float((below + upto).mean() / 2 / len(low))


def _trimmed(audio: Samples) -> Samples:
    """Without the silence around it, and at a usual level (acted anger is 26 dB louder than calm)."""
    sound = cut_to_sound(audio.astype(np.float64), SAMPLE_RATE)
    return np.asarray(at_rms(sound, SPEECH_DBFS), np.float32)
