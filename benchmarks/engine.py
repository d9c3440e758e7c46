"""What the recogniser costs and how well it hears, by window: ``python -m benchmarks.engine``.

Reads folders with a ``manifest.jsonl`` (``file``, ``text``; the layout of ../shared/data) and decodes a fixed
random choice of their utterances in 30 s and in utterance-sized windows, one thread, one after the other.
Word errors are counted after the same plain normalising of both sides (lower case, digits one by one as
words), so compare along a row only.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.vad import WINDOW, SileroVoiceActivity
from models.whisper import EngineConfig, WhisperEngine
from streaming.events import Party, Seconds
from streaming.ports import SAMPLE_RATE, Samples, SpeechRequest

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One reference utterance; `voiced` are seconds within `audio`."""

    audio: Samples
    voiced: tuple[tuple[Seconds, Seconds], ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model on one set: `wer` and `cer` in per cent, `cpu_ms` per second of audio."""

    set: str
    model: str
    window: str
    utterances: int
    seconds: float
    wer: float
    cer: float
    cpu_ms: float
    decoded_again: int
    held_back_words: int


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    sets = {folder.name: list(load(folder, options.count)) for folder in options.recordings}
    rows = []
    for model in options.models:
        for name, margins in _windows(options.margins):
            config = EngineConfig(model_path=model, device=options.device, margins=margins)
            engine = WhisperEngine(config)
            for folder, spoken in sets.items():
                rows.append(measure(engine, spoken, folder=folder, model=model, window=name))
                print(_line(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def load(folder: Path, count: int) -> Iterator[Spoken]:
    """`count` utterances of a folder, always the same ones, trimmed to their speech as the segmenter does."""
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row.get("text")]
    random.Random(1).shuffle(rows)  # noqa: S311 - a fixed choice, not a secret
    for row in rows[:count]:
        audio, rate = soundfile.read(folder / row["file"], dtype="float32", always_2d=True)
        mono = soxr.resample(audio[:, 0], rate, SAMPLE_RATE) if rate != SAMPLE_RATE else audio[:, 0]
        if (spoken := trim(np.asarray(mono, np.float32), row["text"])) is not None:
            yield spoken


def trim(audio: Samples, text: str) -> Spoken | None:
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
    return Spoken(audio=audio[first:last], voiced=voiced, text=text)


def measure(engine: WhisperEngine, spoken: Sequence[Spoken], *, folder: str, model: str, window: str) -> Row:
    errors, words, letter_errors, letters, again, held = 0, 0, 0, 0, 0, 0
    began = time.process_time()
    for utterance in spoken:
        found = engine.transcribe(_request(utterance))
        want, got = normal(utterance.text), normal(" ".join(word.text for word in found.words))
        errors += distance(want, got)
        words += len(want)
        letter_errors += distance("".join(want), "".join(got))
        letters += len("".join(want))
        again += found.attempts > 1
        held += sum(len(group.words) for group in found.held_back)
    cpu = time.process_time() - began
    seconds = sum(len(utterance.audio) for utterance in spoken) / SAMPLE_RATE
    return Row(
        set=folder,
        model=model,
        window=window,
        utterances=len(spoken),
        seconds=round(seconds, 1),
        wer=round(100 * errors / max(1, words), 1),
        cer=round(100 * letter_errors / max(1, letters), 1),
        cpu_ms=round(1000 * cpu / max(seconds, 1e-9), 1),
        decoded_again=again,
        held_back_words=held,
    )


def normal(text: str) -> list[str]:
    """Lower-case words; digits one by one as words; hyphens separate, other marks go."""
    spaced = "".join(f" {DIGITS[int(char)]} " if char in "0123456789" else char for char in text.lower())
    kept = "".join(char if char.isalpha() or char == " " else " " if char == "-" else "" for char in spaced)
    return kept.split()


def distance(want: Sequence[str], got: Sequence[str]) -> int:
    """Levenshtein."""
    previous = list(range(len(got) + 1))
    for i, a in enumerate(want, 1):
        current = [i]
        for j, b in enumerate(got, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (a != b)))
        previous = current
    return previous[-1]


def _request(spoken: Spoken) -> SpeechRequest:
    return SpeechRequest(
        call_id="bench",
        speaker=Party.AGENT,
        utterance_id="a1",
        revision=0,
        start=0.0,
        audio=spoken.audio,
        priority="final",
        voiced=spoken.voiced,
    )


def _windows(margins: Sequence[float]) -> list[tuple[str, tuple[float, ...]]]:
    return [("30 s", ()), *((f"+{margin:g} s", (margin,)) for margin in margins)]


def _line(row: Row) -> str:
    return (
        f"{row.set:24} {row.model:8} {row.window:7} {row.utterances:4} utterances {row.seconds:7.1f} s  "
        f"WER {row.wer:5.1f}  CER {row.cer:5.1f}  CPU {row.cpu_ms:6.1f} ms/s  "
        f"again {row.decoded_again:3}  held back {row.held_back_words:3}"
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument(
        "--recordings", type=Path, nargs="+", required=True, help="folders with manifest.jsonl"
    )
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"])
    parser.add_argument(
        "--margins", type=float, nargs="+", default=[5.0], help="seconds beyond the utterance"
    )
    parser.add_argument("--count", type=int, default=40, help="utterances a folder")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--json", type=Path, help="where to write the rows")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
