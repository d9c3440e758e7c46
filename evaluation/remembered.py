"""Sentence vectors kept between runs: whoever measures a detector again and again waits for them once.

Vectors are filed under a digest of their sentence, so that the file holds nobody's words.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.catalog import SUMS, cache_dir
from models.shelf import SENTENCES
from service.judging import Judging
from streaming.ports import Meaning

Vectors = NDArray[np.float32]

_DIGEST = 16  # bytes


class Remembered:
    """`streaming.ports.Meaning` in front of another one; `save` keeps what that one was asked."""

    def __init__(self, inner: Meaning, path: Path) -> None:
        self._inner = inner
        self._path = path
        self._known = _load(path)
        self._fresh = False

    def vectors(self, sentences: Sequence[str], /) -> Vectors:
        keys = [hashlib.blake2b(one.encode(), digest_size=_DIGEST).digest() for one in sentences]
        unknown = {key: one for key, one in zip(keys, sentences, strict=True) if key not in self._known}
        if unknown or not sentences:
            found = self._inner.vectors(list(unknown.values()))
            self._known.update(zip(unknown, found, strict=True))
            self._fresh = self._fresh or bool(unknown)
            if not sentences:
                return found
        return np.stack([self._known[key] for key in keys])

    def save(self) -> None:
        """Other runs may save at the same time: the last one wins, and each file is whole."""
        if not self._fresh:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(f".{os.getpid()}.npz")
        keys = np.frombuffer(b"".join(self._known), np.uint8).reshape(-1, _DIGEST)
        np.savez(partial, keys=keys, vectors=np.stack(list(self._known.values())))
        partial.replace(self._path)


def remembering(judges: Judging) -> tuple[Judging, Callable[[], None]]:
    """`judges` with the vectors of earlier runs, and what keeps this run's."""
    if judges.policy.meaning is None:
        return judges, lambda: None
    known = Remembered(judges.policy.meaning, where())
    return replace(judges, policy=replace(judges.policy, meaning=known)), known.save


def where(folder: Path | None = None) -> Path:
    """One file for each state of the encoder's weights."""
    sums = cache_dir() / SENTENCES / SUMS
    state = hashlib.sha256(sums.read_bytes() if sums.is_file() else b"").hexdigest()[:12]
    return (folder or cache_dir().parent / "evaluation") / f"vectors-{state}.npz"


def _load(path: Path) -> dict[bytes, Vectors]:
    try:
        with np.load(path) as kept:
            return {key.tobytes(): vector for key, vector in zip(kept["keys"], kept["vectors"], strict=True)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}  # none yet, or of a run that was killed
