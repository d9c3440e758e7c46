"""What a decoding of several utterances costs: by the length of the window and how many share it.

Real utterances that fit the window, one thread, int8, CPU milliseconds an utterance; tokens and scores are
compared with those of each utterance alone. The sizes take turns, so that a noisy moment is shared.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.utterances import Utterance, read_set
from models.catalog import locate
from models.decoding import Hypothesis, token_budget
from models.recogniser import Prompt, Recogniser
from models.whisper import MARGINS
from models.windows import STEP, filled_up
from streaming.errors import ConfigError
from streaming.events import Seconds

SIZES = (1, 2, 4, 8)
_UTTERANCES = 24
_LENGTHS = (STEP, 2 * STEP, 3 * STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`same`: tokens and scores were those of each utterance alone, bit for bit."""

    model: str
    window: Seconds
    size: int
    utterances: int
    encode_ms: float
    generate_ms: float
    same: bool


def run(recordings: Sequence[Path], models: Sequence[str], out: Path | None) -> None:
    """Raises `ConfigError` when there are too few utterances."""
    found = [utterance for folder in recordings for utterance in read_set(folder, 200).utterances]
    rows: list[Row] = []
    for model in models:
        recogniser = Recogniser(locate(model), device="cpu", compute_type="int8", threads=1, slots=1)
        for length in _LENGTHS:
            alike = [one for one in found if filled_up(one.seconds) == length][:_UTTERANCES]
            if len(alike) < max(SIZES):
                raise ConfigError(f"fewer than {max(SIZES)} utterances of up to {length:g} s")
            alike = alike[: len(alike) // max(SIZES) * max(SIZES)]
            for row in measure(recogniser, model, alike, length):
                rows.append(row)
                print(row, flush=True)
    if out is not None:
        document = {"batches": [asdict(row) for row in rows]}
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def measure(recogniser: Recogniser, model: str, alike: Sequence[Utterance], length: Seconds) -> list[Row]:
    prompt, window = recogniser.prompt("en", ()), length + MARGINS[0]
    spent = {size: np.zeros(2) for size in SIZES}
    heard: dict[int, list[Hypothesis]] = {size: [] for size in SIZES}
    for turn, at in enumerate(range(0, len(alike), max(SIZES))):
        some = alike[at : at + max(SIZES)]
        for i in range(len(SIZES)):
            size = SIZES[(i + turn) % len(SIZES)]
            for first in range(0, len(some), size):
                cost, hypotheses = _decode(recogniser, some[first : first + size], window, length, prompt)
                spent[size] += cost
                heard[size] += hypotheses
    return [
        Row(
            model=model,
            window=window,
            size=size,
            utterances=len(alike),
            encode_ms=round(1000 * float(spent[size][0]) / len(alike), 1),
            generate_ms=round(1000 * float(spent[size][1]) / len(alike), 1),
            same=heard[size] == heard[1],
        )
        for size in SIZES
    ]


def _decode(
    recogniser: Recogniser, some: Sequence[Utterance], window: Seconds, length: Seconds, prompt: Prompt
) -> tuple[tuple[float, float], list[Hypothesis]]:
    began = time.process_time()
    encodings = recogniser.encode([utterance.audio for utterance in some], window)
    between = time.process_time()
    heard = recogniser.generate(encodings, [prompt] * len(some), token_budget(length))
    return (between - began, time.process_time() - between), heard
