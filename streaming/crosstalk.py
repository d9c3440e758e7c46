"""The other party heard on a party's channel, by echo or a leaking line: when what is heard is not theirs.

Words of the customer that come back on the agent's channel would be credited to the agent as
acknowledgement, or blamed as a leak. A copy is told by its shape, not by its words: the levels of eight
frequency bands rise and fall as the other channel's did up to 0.4 s before, at a lower level. That survives
filters, rooms, codecs and noise, of which a waveform's copy survives none (pure numpy).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from streaming.audio import Chunk
from streaming.events import Seconds
from streaming.ports import SAMPLE_RATE

Levels = NDArray[np.float32]
"""Shape (frames, bands), dB; a frame is `FRAME` samples of 16 kHz audio."""

Series = NDArray[np.float64]
Stretch = tuple[Seconds, Seconds]

FRAME = 256
FRAME_SECONDS = FRAME / SAMPLE_RATE
_EDGES = (250.0, 450.0, 700.0, 1_000.0, 1_350.0, 1_750.0, 2_250.0, 2_850.0, 3_500.0)  # Hz
_QUIET = 1e-10  # power: -100 dBFS
_KEPT: Seconds = 16.0  # more than the longest utterance, its padding and the longest delay
_PADDING = 19  # frames at an utterance's ends (0.3 s) that hold no speech of their own
_EQUALLY_LATE = 2  # frames
_STILL = 8.0  # dB²; one for each band: what moves less has no shape to compare
_TOGETHER = 31  # frames of which the levels are taken at once: half a second costs as much as a frame


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRules:
    """What counts as a copy; times in seconds, levels in dB.

    `window`: over which the two channels' levels are compared. `alike`: least correlation where only part of
    an utterance may be a copy: windows of echoes at -15 to -25 dB lie at 0.7 to 0.98, of speech over the
    other party's up to 0.84, and up to 0.92 where an utterance is shorter ("mm-hmm"), hence `alike_short`.
    A `whole` utterance of a window or more reaches 0.43 by chance and 0.75 to 0.98 as a copy; then, and where
    a sure copy has come before equally late, `alike_again` is enough of a window. `lower`: how far the copy
    lies below its source, at least. `earliest`/`latest`: its delay (streams of two sockets may be apart).
    """

    window: Seconds = 1.0
    alike: float = 0.85
    alike_short: float = 0.94
    whole: float = 0.65
    alike_again: float = 0.6
    lower: float = 6.0
    earliest: Seconds = -0.05
    latest: Seconds = 0.4
    shortest: Seconds = 0.3


DEFAULT_RULES = CopyRules()


class BandLevels:
    """One channel's recent levels by frequency band."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self._waiting = 0
        self._rows: deque[tuple[int, Levels]] = deque()

    def append(self, chunk: Chunk) -> None:
        """Chunks must come in order; what lies between two that do not join was not heard."""
        if self._chunks and self._chunks[-1].start + len(self._chunks[-1].samples) != chunk.start:
            self._measure()
        self._chunks.append(chunk)
        self._waiting += len(chunk.samples) // FRAME
        if self._waiting >= _TOGETHER:
            self._measure()

    def between(self, first: int, last: int) -> Levels:
        """Of frames `first` to `last` (exclusive); silence where nothing is held."""
        self._measure()
        out = np.full((last - first, len(_EDGES) - 1), 10 * np.log10(_QUIET), dtype=np.float32)
        for start, rows in self._rows:
            low, high = max(first, start), min(last, start + len(rows))
            if low < high:
                out[low - first : high - first] = rows[low - start : high - start]
        return out

    def _measure(self) -> None:
        if not self._chunks:
            return
        start = self._chunks[0].start // FRAME
        rows = band_levels(np.concatenate([chunk.samples for chunk in self._chunks]))
        self._rows.append((start, rows))
        self._chunks, self._waiting = [], 0
        forgotten = start + len(rows) - round(_KEPT / FRAME_SECONDS)
        while self._rows[0][0] + len(self._rows[0][1]) <= forgotten:
            self._rows.popleft()


def band_levels(samples: NDArray[np.float32]) -> Levels:
    """Of whole frames of 16 kHz audio."""
    frames = samples.reshape(-1, FRAME) * _HANN
    power = np.abs(np.fft.rfft(frames) / FRAME) ** 2
    # Sums of each row alone: a matrix product's last digits depend on how many rows are multiplied at once.
    bands = np.add.reduceat(power, _BINS, axis=1)[:, :-1]
    levels: Levels = (10.0 * np.log10(bands + _QUIET)).astype(np.float32)
    return levels


_HANN = np.hanning(FRAME).astype(np.float32)
_BINS = [round(edge * FRAME / SAMPLE_RATE) for edge in _EDGES]


class Crosstalk:
    """Tells where one channel carries a copy of the other. Remembers how late copies come in this call."""

    def __init__(self, own: BandLevels, other: BandLevels, rules: CopyRules = DEFAULT_RULES) -> None:
        self._own = own
        self._other = other
        self._rules = rules
        self._late: int | None = None  # frames

    def copied(self, start: Seconds, end: Seconds, *, learn: bool = True) -> tuple[Stretch, ...]:
        """The stretches between `start` and `end` that are a copy, as far as both channels were heard by now.

        `learn` is for whole utterances, in order; an utterance that still grows must leave nothing behind.
        """
        rules = self._rules
        first, last, window = _frames(start), _frames(end), _frames(rules.window)
        heard = _smooth(self._own.between(first, last))
        source = _smooth(self._other.between(first - _frames(rules.latest), last - _frames(rules.earliest)))
        now = source[_frames(rules.latest) :][: len(heard)]
        if np.count_nonzero(_loudness(now) - _loudness(heard) >= rules.lower) < _frames(rules.shortest):
            return ()
        at = _best_fit(heard, source)
        late = _frames(rules.latest) - at
        source = source[at:][: len(heard)]
        sure = len(heard) >= window and likeness(heard, source, 2 * len(heard))[0] >= rules.whole
        lower = _loudness(source) - _loudness(heard) >= rules.lower
        alike = likeness(heard, source, window) >= self._enough(len(heard), sure or self._known(late))
        found = _stretches(alike & lower, _frames(rules.shortest))
        if learn and (sure or any(high - low >= window for low, high in found)):
            self._late = late
        return tuple(
            (
                start if low <= _PADDING else (first + low) * FRAME_SECONDS,
                end if high >= len(heard) - _PADDING else (first + high) * FRAME_SECONDS,
            )
            for low, high in found
        )

    def _known(self, late: int) -> bool:
        return self._late is not None and abs(late - self._late) <= _EQUALLY_LATE

    def _enough(self, frames: int, expected: bool) -> float:
        if expected:
            return self._rules.alike_again
        return self._rules.alike if frames > _frames(self._rules.window) else self._rules.alike_short


def _frames(seconds: Seconds) -> int:
    return round(seconds / FRAME_SECONDS)


def shared(stretches: Iterable[Stretch], start: Seconds, end: Seconds) -> Seconds:
    """How much of the time from `start` to `end` lies in the stretches."""
    return sum(max(0.0, min(end, last) - max(start, first)) for first, last in stretches)


def likeness(heard: Levels, source: Levels, window: int) -> Series:
    """Correlation of the levels, over bands and `window` frames around each frame; shape (frames,)."""
    mine, theirs = _above_noise(heard, source)
    one, two = (np.maximum(_covariance(levels, levels, window), _STILL) for levels in (mine, theirs))
    alike: Series = _covariance(mine, theirs, window) / np.sqrt(one * two)
    return alike


def _best_fit(heard: Levels, source: Levels) -> int:
    """Which frame of `source` fits the first of `heard` best."""
    mine, theirs = _comparable(heard, source)
    mine = mine - mine.mean(axis=0)
    count = len(mine)
    length = _sliding(theirs**2, count) - _sliding(theirs, count) ** 2 / count
    product = np.array([(mine * theirs[at : at + count]).sum() for at in range(len(length))])
    return int(np.argmax(product / np.sqrt(np.maximum(length.sum(axis=1), 1e-6))))


def _sliding(values: Levels, count: int) -> Series:
    """Sums of `count` neighbouring rows."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    sums: Series = total[count:] - total[:-count]
    return sums


def _comparable(heard: Levels, source: Levels) -> tuple[Levels, Levels]:
    """Both within the range that `heard` has in each band: its own noise hides what is lower."""
    floor, top = np.percentile(heard, (10, 95), axis=0)
    low = np.percentile(source, 95, axis=0) - np.maximum(top - floor, 3.0)
    return np.maximum(heard, floor), np.maximum(source, low)


def _above_noise(heard: Levels, source: Levels) -> tuple[Levels, Levels]:
    """As `_comparable`, for the same moments: how much lower `heard` is shows where `source` is loud.

    (Own words before or behind the copy are louder than it, and would be taken for the copy's range.)
    """
    floor = np.percentile(heard, 10, axis=0)
    loud = source >= np.percentile(source, 80, axis=0)
    lower = [np.median((heard - source)[loud[:, band], band]) for band in range(heard.shape[1])]
    return np.maximum(heard, floor), np.maximum(source, floor - np.array(lower))


def _covariance(one: Levels, two: Levels, window: int) -> Series:
    """Summed over bands, the mean of a window around each frame (shorter at the ends)."""
    count = len(one)
    low = np.maximum(np.arange(count) - window // 2, 0)
    high = np.minimum(np.arange(count) + window // 2 + 1, count)
    length = (high - low)[:, None]

    def summed(values: Levels) -> Series:
        total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
        sums: Series = total[high] - total[low]
        return sums

    by_band = summed(one * two) - summed(one) * summed(two) / length
    mean: Series = by_band.sum(axis=1) / length[:, 0]
    return mean


def _smooth(levels: Levels) -> Levels:
    """Over three frames."""
    padded = np.concatenate([levels[:1], levels, levels[-1:]])
    smooth: Levels = (padded[:-2] + padded[1:-1] + padded[2:]) / np.float32(3)
    return smooth


def _loudness(levels: Levels) -> Series:
    """The highest band's level over a window of 0.3 s, shape (frames,)."""
    highest = np.concatenate([np.full(9, -100.0), levels.max(axis=1), np.full(9, -100.0)])
    loudest: Series = sliding_window_view(highest, 19).max(axis=1)
    return loudest


def _stretches(inside: NDArray[np.bool_], shortest: int) -> list[tuple[int, int]]:
    """First frame and the one behind the last, of runs that are not too short."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], inside.view(np.int8), [0])))).reshape(-1, 2)
    return [(low, high) for low, high in edges.tolist() if high - low >= shortest]
