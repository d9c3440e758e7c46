"""Partial hypotheses → stable words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import Word
from streaming.stabilize import Stabilizer


def said(text: str) -> list[Word]:
    return [Word(text=word, start=i * 0.3, end=i * 0.3 + 0.25) for i, word in enumerate(text.split())]


def run(*hypotheses: str) -> tuple[str, str]:
    stabilizer = Stabilizer()
    for hypothesis in hypotheses:
        stable, tail = stabilizer.update(said(hypothesis))
    return " ".join(w.text for w in stable), " ".join(w.text for w in tail)


@pytest.mark.parametrize(
    ("hypotheses", "stable", "tail"),
    [
        (["my name"], "", "my name"),
        (["my name", "my name is"], "my name", "is"),
        (["my name", "my name is", "my name is Sue"], "my name is", "Sue"),
        (["my name", "my dame is"], "my", "dame is"),
        (["My name", "my name, is"], "my name,", "is"),
        (["I can", "I can help", "I can help", "I can help you"], "I can help", "you"),
        (["I can", "I can see", "I cannot see it"], "I can see", "it"),
        (["a b c", "a b c", "x"], "a b c", ""),
        (["a b", "a b", ""], "a b", ""),
        (["— yes", "— yes sir"], "— yes", "sir"),
    ],
)
def test_what_two_hypotheses_agree_on_is_stable(hypotheses: list[str], stable: str, tail: str) -> None:
    assert run(*hypotheses) == (stable, tail)


words = st.lists(st.sampled_from(["yes", "no", "Yes,", "sure", "the"]), max_size=8).map(" ".join)


@given(st.lists(words, max_size=12))
def test_a_stable_word_never_changes(hypotheses: list[str]) -> None:
    stabilizer = Stabilizer()
    before: tuple[Word, ...] = ()
    for hypothesis in hypotheses:
        stable, _ = stabilizer.update(said(hypothesis))
        assert stable[: len(before)] == before
        before = stable


@given(words)
def test_the_same_hypothesis_twice_is_all_stable(hypothesis: str) -> None:
    assert run(hypothesis, hypothesis) == (hypothesis, "")
