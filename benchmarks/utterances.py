"""Real utterances with what was said in them, and how words are compared."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.vad import WINDOW, SileroVoiceActivity
from streaming.audio import Encoding
from streaming.channel import Ear, Piece
from streaming.channel import Spoken as Heard
from streaming.errors import ConfigError
from streaming.events import Party, Seconds
from streaming.ports import SAMPLE_RATE, Samples

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CALL = "auto_repairs_49"


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """`voiced` are seconds within `audio` (16 kHz); its errors count with others' of the same `part`."""

    audio: Samples
    voiced: tuple[tuple[Seconds, Seconds], ...]
    part: str

    @property
    def seconds(self) -> Seconds:
        return len(self.audio) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSet:
    """Utterances, and what was said in each `part`: one utterance, or everything one party of a call said."""

    name: str
    utterances: list[Utterance]
    said: dict[str, list[str]]
    is_machine_made: bool = False

    @property
    def seconds(self) -> Seconds:
        return sum(utterance.seconds for utterance in self.utterances)


def read_set(folder: Path, count: int) -> SpeechSet:
    """`count` utterances of a folder with ``manifest.jsonl``, always the same, or the folder's call."""
    if (folder / "audio" / f"{CALL}.flac").exists():
        return _call(folder)
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row.get("text")]
    random.Random(1).shuffle(rows)  # noqa: S311 - a fixed choice, not a secret
    utterances, said = [], {}
    for row in rows[:count]:
        audio, rate = soundfile.read(folder / row["file"], dtype="float32", always_2d=True)
        mono = soxr.resample(audio[:, 0], rate, SAMPLE_RATE) if rate != SAMPLE_RATE else audio[:, 0]
        if (spoken := _trimmed(np.asarray(mono, np.float32), row["file"])) is not None:
            utterances.append(spoken)
            said[spoken.part] = words(row["text"])
    if not utterances:
        raise ConfigError(f"no speech with text in {folder}")
    return SpeechSet(name=folder.name, utterances=utterances, said=said)


def _trimmed(audio: Samples, part: str) -> Utterance | None:
    """From 0.2 s before the first voiced window to 0.2 s after the last; None without voice."""
    whole = audio[: len(audio) // WINDOW * WINDOW]
    loud = np.flatnonzero(SileroVoiceActivity().probabilities(whole) >= 0.4)
    if not len(loud):
        return None
    pad = SAMPLE_RATE // 5
    first, last = max(0, loud[0] * WINDOW - pad), min(len(audio), (loud[-1] + 1) * WINDOW + pad)
    stretches = np.split(loud, np.flatnonzero(np.diff(loud) > 1) + 1)
    voiced = tuple(
        (float(s[0] * WINDOW - first) / SAMPLE_RATE, float((s[-1] + 1) * WINDOW - first) / SAMPLE_RATE)
        for s in stretches
    )
    return Utterance(audio=audio[first:last], voiced=voiced, part=part)


def _call(folder: Path) -> SpeechSet:
    """The call as the product cuts it. Nobody wrote down what was said: a machine's transcript is taken."""
    audio, rate = soundfile.read(folder / "audio" / f"{CALL}.flac", dtype="int16", always_2d=True)
    utterances = []
    for channel, party in enumerate((Party.AGENT, Party.CUSTOMER)):
        for heard in _heard(audio[:, channel].astype("<i2").tobytes(), rate, party):
            voiced = tuple((begin - heard.start, end - heard.start) for begin, end in heard.voiced)
            utterances.append(Utterance(audio=heard.audio, voiced=voiced, part=party))
    lines = json.loads((folder / "asr" / f"{CALL}.json").read_text(encoding="utf-8"))["whisper_base"]
    said: dict[str, list[str]] = {
        party: [word for line in lines if line["role"] == party for word in words(line["text"])]
        for party in (Party.AGENT, Party.CUSTOMER)
    }
    return SpeechSet(name=CALL, utterances=utterances, said=said, is_machine_made=True)


def _heard(pcm: bytes, rate: int, party: Party) -> Iterator[Heard]:
    ear = Ear(party, rate, SileroVoiceActivity())
    piece = Piece(party=party, position=0, encoding=Encoding.PCM_S16LE, data=pcm)
    for item in (*ear.hear([piece]), *ear.flush()):
        if isinstance(item.what, Heard):
            yield item.what


def words(text: str, reference: Sequence[str] = ()) -> list[str]:
    """Lower-case words, digits one by one, hyphens apart, other marks gone.

    A word in capitals counts as its letters ("JOSEPH", "J-O-S-E-P-H" and "J O S E P H" are the same), unless
    `reference` has it as a word.
    """
    spelled = (_spelled(word, reference) for word in re.split(r"[\s-]+", text))
    spaced = "".join(
        f" {DIGITS[int(char)]} " if char in "0123456789" else char for char in " ".join(spelled).lower()
    )
    return "".join(char if char.isalpha() or char == " " else "" for char in spaced).split()


def _spelled(word: str, reference: Sequence[str]) -> str:
    letters = [char for char in word if char.isalpha()]
    if len(letters) < 2 or not reference or "".join(letters).lower() in reference:
        return word
    return " ".join(word) if all(char.isupper() for char in letters) else word


def distance(want: Sequence[str], got: Sequence[str]) -> int:
    """Levenshtein."""
    previous = list(range(len(got) + 1))
    for i, a in enumerate(want, 1):
        current = [i]
        for j, b in enumerate(got, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (a != b)))
        previous = current
    return previous[-1]
