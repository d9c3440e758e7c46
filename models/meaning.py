"""Sentence vectors on one core: all-MiniLM-L6-v2 in int8 on CTranslate2, about 1.5 ms a sentence.

Which network, and why: docs/decisions/0011-meaning.md. The weights come as float32 safetensors and are made
into a CTranslate2 model once, when they are fetched (`convert`): the engine is already here for Whisper, it
scales every row of a matrix by itself, and the folder is a quarter of the size.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.catalog import verify
from models.shelf import SENTENCES
from streaming.errors import WeightsError

Vectors = NDArray[np.float32]

SIZE = 384
"""Length of a vector."""

_MOST_TOKENS = 128  # the network was trained on at most 128; a sentence has 8 to 30
_KEPT = 4096  # vectors of the sentences asked last: 6 MB
_LAYERS, _HEADS = 6, 12
_WEIGHTS, _TOKENIZER = "model.safetensors", "tokenizer.json"
_DTYPES = {"F32": "<f4", "I64": "<i8", "I8": "<i1"}


class MiniLm:
    """`streaming.ports.Meaning`. Raises `WeightsError` when `folder` cannot be loaded."""

    def __init__(self, folder: Path, *, kept: int = _KEPT) -> None:
        self._network, self._tokenizer = network(folder)
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._kept = kept
        self._known: OrderedDict[bytes, Vectors] = OrderedDict()  # by digest: no call's words stay here
        self._lock = threading.Lock()

    def vectors(self, sentences: Sequence[str], /) -> Vectors:
        """As the port says; one after the other, so that no sentence's vector depends on its company's."""
        if not sentences:
            return np.zeros((0, SIZE), np.float32)
        return np.stack([self._vector(plain(sentence)) for sentence in sentences])

    def _vector(self, sentence: str) -> Vectors:
        key = hashlib.blake2b(sentence.encode(), digest_size=16).digest()
        with self._lock:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                return known
        found = self._encode(sentence)
        with self._lock:
            self._known[key] = found
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
        return found

    def _encode(self, sentence: str) -> Vectors:
        tokens = self._tokenizer.encode(sentence).ids
        hidden = np.asarray(self._network.forward_batch([tokens]).last_hidden_state)[0]
        mean = hidden.mean(axis=0, dtype=np.float64)
        return np.asarray(mean / max(math.sqrt(float(mean @ mean)), 1e-9), np.float32)


def network(folder: Path) -> tuple[Any, Any]:
    """The encoder and the tokenizer in `folder`, one thread each. Raises `WeightsError`."""
    import ctranslate2
    from tokenizers import Tokenizer

    try:
        encoder = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="int8_float32", inter_threads=1, intra_threads=1
        )
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    except Exception as error:  # both raise whatever their bindings raise
        raise WeightsError(f"{folder} cannot be loaded as a sentence encoder") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return encoder, tokenizer


def plain(sentence: str) -> str:
    """What the network is given: lower case (it knows no other), one space, no full stop at the end.

    Whisper sets full stops as it likes; a question mark is part of what is meant.
    """
    folded = sentence.translate(_QUOTES).lower().split()
    return " ".join(folded).rstrip(".!…,;:- ")


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


@cache
def shared_meaning() -> MiniLm:
    """The process's one network (0.1 s, 60 MB). Raises `WeightsError` when it was not fetched."""
    return MiniLm(verify(SENTENCES))


def convert(folder: Path) -> None:
    """Makes the safetensors file in `folder` into a CTranslate2 model of int8 weights, and removes it.

    Raises `WeightsError` when it does not hold the network that is expected.
    """
    try:
        write_network(folder)
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{folder / _WEIGHTS} is not the sentence encoder that is expected") from error


def write_network(folder: Path, *, over: Mapping[str, Vectors] | None = None) -> None:
    """`convert`, with the weights `over` in place of the file's. Raises KeyError or ValueError."""
    from ctranslate2.specs import common_spec, transformer_spec

    weights = {**read_safetensors((folder / _WEIGHTS).read_bytes()), **(over or {})}
    encoder = transformer_spec.TransformerEncoderSpec(
        _LAYERS,
        _HEADS,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    _fill(encoder, weights)
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    spec.register_vocabulary(_vocabulary(folder / _TOKENIZER))
    spec.config.unk_token = "[UNK]"  # noqa: S105 (of a text, not of a person)
    spec.config.layer_norm_epsilon = 1e-12
    spec.validate()
    spec.optimize("int8")
    spec.save(str(folder))
    (folder / _WEIGHTS).unlink()


def _fill(encoder: Any, weights: Mapping[str, Vectors]) -> None:
    """BERT's names → CTranslate2's, as its own converter does it (which would need torch)."""

    def norm(spec: Any, name: str) -> None:
        spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]

    def linear(spec: Any, *names: str) -> None:
        spec.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
        spec.bias = np.concatenate([weights[f"{name}.bias"] for name in names])

    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    norm(encoder.layernorm_embedding, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        name = f"encoder.layer.{number}"
        asked = (f"{name}.attention.self.{part}" for part in ("query", "key", "value"))
        linear(layer.self_attention.linear[0], *asked)
        linear(layer.self_attention.linear[1], f"{name}.attention.output.dense")
        norm(layer.self_attention.layer_norm, f"{name}.attention.output.LayerNorm")
        linear(layer.ffn.linear_0, f"{name}.intermediate.dense")
        linear(layer.ffn.linear_1, f"{name}.output.dense")
        norm(layer.ffn.layer_norm, f"{name}.output.LayerNorm")


def read_safetensors(data: bytes) -> dict[str, Vectors]:
    """Every tensor of a safetensors file: eight bytes of length, a JSON index, then the numbers."""
    raw = bytearray(data)  # what is quantised is scaled in place
    begin = 8 + int.from_bytes(raw[:8], "little")
    index = json.loads(raw[8:begin])
    found = {}
    for name, row in _tensors(index):
        first, last = row["data_offsets"]
        numbers = np.frombuffer(raw[begin + first : begin + last], _DTYPES[row["dtype"]])
        found[name] = numbers.reshape(row["shape"])
    return found


def _tensors(index: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return ((name, row) for name, row in index.items() if name != "__metadata__")


def _vocabulary(path: Path) -> list[str]:
    numbered: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    return sorted(numbered, key=numbered.__getitem__)
