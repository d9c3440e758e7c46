"""Counts → precision, recall and F1 with intervals: whole calls are drawn again, not moments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.classes import Class
from evaluation.matching import Outcome

DRAWS = 1000
SEED = 20_240_607
_F1 = np.array([2, 1, 1])  # of tp, fp, fn: what 2·tp is a share of
_Z = 1.959964  # of a two-sided 95 % interval


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with the 95 % it lies in; all None where there is nothing to take a share of."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One class's figures. `delay` is seconds of the call from the words to the judgement (median, p95)."""

    title: str
    tp: int
    fp: int
    fn: int
    precision: Interval
    recall: Interval
    f1: Interval
    wanted: tuple[float | None, float | None] = (None, None)
    again: int = 0
    doubtful: int = 0
    delay: tuple[float, float] | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the figures to reach are reached; None where none are asked for or nothing was counted."""
        pairs = zip(self.wanted, (self.precision.value, self.recall.value), strict=True)
        known = [(least, value) for least, value in pairs if least is not None]
        if not known or any(value is None for _, value in known):
            return None
        return all(value is not None and value >= least for least, value in known)


def rows(outcomes: Sequence[Mapping[str, Outcome]], classes: Sequence[Class]) -> list[Row]:
    """`outcomes` are those of each call, by code."""
    draws = np.random.default_rng(SEED).integers(0, max(1, len(outcomes)), (DRAWS, len(outcomes)))
    return [_row(one, [[call[code] for code in one.codes] for call in outcomes], draws) for one in classes]


def _row(one: Class, calls: Sequence[Sequence[Outcome]], draws: NDArray[np.int64]) -> Row:
    counts = np.array([_counts(call) for call in calls], dtype=np.int64).reshape(-1, 3)
    tp, fp, fn = (int(total) for total in counts.sum(axis=0))
    drawn = counts[draws].sum(axis=1) if len(counts) else np.zeros((DRAWS, 3), dtype=np.int64)
    every = [outcome for call in calls for outcome in call]
    none = Interval(None, None, None)
    return Row(
        title=one.title,
        tp=tp,
        fp=0 if one.recall_only else fp,
        fn=fn,
        precision=none if one.recall_only else _share(tp, tp + fp, drawn[:, 0], drawn[:, 0] + drawn[:, 1]),
        recall=_share(tp, tp + fn, drawn[:, 0], drawn[:, 0] + drawn[:, 2]),
        f1=none if one.recall_only else _share(2 * tp, 2 * tp + fp + fn, 2 * drawn[:, 0], drawn @ _F1),
        wanted=(one.precision, one.recall),
        again=sum(len(outcome.again) for outcome in every),
        doubtful=sum(len(outcome.doubtful) for outcome in every),
        delay=_delay(every),
    )


def _counts(call: Sequence[Outcome]) -> tuple[int, int, int]:
    return (
        sum(len(one.pairs) for one in call),
        sum(len(one.false) for one in call),
        sum(len(one.missed) for one in call),
    )


def _share(part: int, whole: int, parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> Interval:
    """A bootstrap of calls has no width where every moment agrees: there Wilson's bound by moments stands."""
    if not whole:
        return Interval(None, None, None)
    value = part / whole
    some = wholes > 0
    low, high = np.quantile(parts[some] / wholes[some], (0.025, 0.975))
    wilson = _wilson(part, whole)
    if part in (0, whole):
        low, high = min(low, wilson[0]), max(high, wilson[1])
    return Interval(round(value, 4), round(min(float(low), value), 4), round(max(float(high), value), 4))


def _wilson(part: int, whole: int) -> tuple[float, float]:
    share, square = part / whole, _Z**2 / whole
    middle = share + square / 2
    half = _Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def _delay(outcomes: Sequence[Outcome]) -> tuple[float, float] | None:
    waits = [one.at - one.end for outcome in outcomes for _, one in outcome.pairs]
    if not waits:
        return None
    median, p95 = np.quantile(waits, (0.5, 0.95))
    return round(float(median), 2), round(float(p95), 2)
