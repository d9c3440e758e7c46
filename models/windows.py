"""How long a window is, where long audio is cut, and what of it is voiced (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np

from streaming.events import Seconds
from streaming.ports import SAMPLE_RATE, Samples

FULL_WINDOW: Seconds = 30.0
"""What Whisper was trained on."""

LONGEST_PIECE: Seconds = 28.0


STEP: Seconds = 4.0
"""Utterances are filled up to multiples of this, so that those of several calls can share a batch: a live
call's, of at most 12 s, have three lengths. It costs no more than 2 s (docs/decisions/0008)."""


def filled_up(seconds: Seconds) -> Seconds:
    """The multiple of `STEP` that holds `seconds` of audio."""
    return max(STEP, ceil(round(seconds / STEP, 6)) * STEP)


def window_ladder(seconds: Seconds, margins: Sequence[Seconds]) -> list[Seconds]:
    """Window lengths to try in turn: the utterance, filled up, plus each margin, and 30 s at last."""
    short = [filled_up(seconds) + margin for margin in margins]
    return [*(window for window in short if window < FULL_WINDOW - 2.0), FULL_WINDOW]


def split_long(audio: Samples) -> Iterator[tuple[Seconds, Samples]]:
    """Cuts audio into pieces of at most 28 s at the quietest 50 ms of each piece's last quarter."""
    longest, frame, at = int(LONGEST_PIECE * SAMPLE_RATE), SAMPLE_RATE // 20, 0
    while len(audio) - at > longest:
        tail = audio[at + 3 * longest // 4 : at + longest]
        energy = np.square(tail[: len(tail) // frame * frame].reshape(-1, frame)).sum(axis=1)
        cut = at + 3 * longest // 4 + int(energy.argmin()) * frame + frame // 2
        yield at / SAMPLE_RATE, audio[at:cut]
        at = cut
    yield at / SAMPLE_RATE, audio[at:]


def stretches_inside(
    voiced: Sequence[tuple[Seconds, Seconds]], start: Seconds, end: Seconds
) -> tuple[tuple[Seconds, Seconds], ...]:
    clipped = ((max(start, a), min(end, b)) for a, b in voiced)
    return tuple((a, b) for a, b in clipped if b > a)


def voiced_level(audio: Samples, voiced: Sequence[tuple[Seconds, Seconds]], start: Seconds) -> float:
    """RMS of the voiced audio in dBFS."""
    parts = [audio[int((a - start) * SAMPLE_RATE) : int((b - start) * SAMPLE_RATE)] for a, b in voiced]
    power = float(np.mean(np.square(np.concatenate(parts), dtype=np.float64))) if parts else 0.0
    return 10 * float(np.log10(max(power, 1e-12)))
