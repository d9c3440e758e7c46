"""A meaning for tests that know no network: words are directions, so alike means sharing words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.text import tokenize

SIZE = 512


class WordBag:
    """`streaming.ports.Meaning`; counts what it was asked, and fails when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    def vectors(self, sentences: Sequence[str], /) -> NDArray[np.float32]:
        if self.broken:
            raise RuntimeError("no network")
        self.asked += sentences
        return np.stack([_bag(one) for one in sentences]) if sentences else np.zeros((0, SIZE), np.float32)


def _bag(sentence: str) -> NDArray[np.float32]:
    found = np.full(SIZE, 1e-6, np.float32)
    for token in tokenize(sentence):
        found[int.from_bytes(hashlib.sha256(token.encode()).digest()[:2], "little") % SIZE] += 1.0
    return np.asarray(found / np.linalg.norm(found), np.float32)
