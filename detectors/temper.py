"""How surely a customer's turn shows frustration: the turn reader's word, weighed with the call so far.

A dry line says more behind two angry ones, and behind an answer that hurt, than in a calm call; a plain
phrase ("third time") says more than its turn. The weights are a logistic regression on ``calls/tune``
(``python -m evaluation.temper``), in ``learnt/temper.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from detectors.cues import cues
from detectors.text import Line

FEATURES = ("read", "read_before", "read_before_that", "mean_so_far", "words", "leak_before")
_MOST_WORDS = 2.0
_UNKNOWN = 0.02  # in place of a turn that was not
_CALM = 0.1  # the mean of a call that has only begun
_SUREST = 0.995


@dataclass(slots=True)
class Temper:
    """One customer's turns so far. Feed it every turn of both, newest last; a turn may come again, grown."""

    _number: int = -1  # of the newest turn
    _score: float = _UNKNOWN  # its
    _last: tuple[float, float] = (_UNKNOWN, _UNKNOWN)  # those of the two before it, the older first
    _sum: float = 0.0  # of all before it
    _turns: int = 0
    _leak: float = _UNKNOWN

    def answered(self, leak: float) -> None:
        """What the reader said of the agent's newest turn."""
        self._leak = leak

    def features(self, number: int, read: float, line: Line) -> tuple[float, ...]:
        """Of the turn `number`, whose newest line is `line`; `read` is the reader's score of it."""
        if number != self._number:
            self._over(number)
        self._score = read
        last_but_one, last = self._last
        words = sum(one.weight for one in cues(line, answered=None, tense=True))
        return (
            _logit(read),
            _logit(last),
            _logit(last_but_one),
            self._sum / self._turns if self._turns else _CALM,
            min(words, _MOST_WORDS),
            _logit(self._leak),
        )

    def _over(self, number: int) -> None:
        """A new turn of the customer's begins: the one before it does not grow any more."""
        if self._number >= 0:
            self._last = (self._last[1], self._score)
            self._sum += self._score
            self._turns += 1
        self._number = number

    def shows(self, number: int, read: float, line: Line) -> float:
        """0 to 1, to two decimals."""
        weights, offset = learnt()
        found = self.features(number, read, line)
        total = offset + sum(weight * value for weight, value in zip(weights, found, strict=True))
        return round(1.0 / (1.0 + math.exp(-total)), 2)


@cache
def learnt() -> tuple[Sequence[float], float]:
    """Weights in the order of `FEATURES`, and the offset."""
    kept = json.loads(files("detectors").joinpath("learnt/temper.json").read_text(encoding="utf-8"))
    return [float(kept[name]) for name in FEATURES], float(kept["offset"])


def _logit(share: float) -> float:
    sure = min(max(share, 1.0 - _SUREST), _SUREST)
    return math.log(sure / (1.0 - sure))
