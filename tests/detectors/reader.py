"""A turn reader for tests that know no network: told beforehand what it says of which turn."""

from __future__ import annotations

from collections.abc import Mapping

CODES = ("leak", "frus", "curt", "neg", "settled+", "close+", "greet+", "missed", "took")


class Told:
    """`streaming.ports.TurnReader`. Scores by a piece of the turn's text; every other code is `otherwise`."""

    def __init__(self, scores: Mapping[str, Mapping[str, float]], *, otherwise: float = 0.5) -> None:
        self._scores = scores
        self._otherwise = otherwise
        self.asked: list[tuple[tuple[str, ...], str]] = []

    @property
    def labels(self) -> tuple[str, ...]:
        return CODES

    def read(self, before: tuple[str, ...], turn: str, /) -> Mapping[str, float]:
        self.asked.append((before, turn))
        said = dict.fromkeys(CODES, self._otherwise)
        for piece, scores in self._scores.items():
            if piece in turn:
                said.update(scores)
        return said
