"""Classes by example sentences: what is like them, what only looks so, and whose words they are."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import detectors
from detectors.meaning import (
    MOST_TOKENS,
    Examples,
    Likeness,
    examples,
    likeness,
    pieces,
    texts_of,
)
from detectors.text import Line, read
from models.meaning import shared_meaning
from streaming.events import Party, Utterance, Word
from tests.detectors.meanings import WordBag

SHIPPED = Path(detectors.__file__).parent / "examples"
CLASSES = [
    (path.stem, key)
    for path in sorted(SHIPPED.glob("*.toml"))
    for key in tomllib.loads(path.read_text(encoding="utf-8"))
]


def line(text: str, *, final: bool = True) -> Line:
    words = tuple(Word(text=word, start=at, end=at + 1.0) for at, word in enumerate(text.split()))
    whole = Utterance(
        speaker=Party.AGENT, id="a1", revision=0, start=0, end=len(words), words=words, final=final
    )
    return read(whole)


CALLS_BACK = Examples(
    "test.calls_back",
    ("I will find out and call you back.", "I will ring you back today.", "Let me find out and call back."),
    ("You will have to call them back.",),
)


def test_a_sentence_like_the_examples_scores_high_and_one_like_what_they_are_not_scores_low() -> None:
    like = Likeness(CALLS_BACK, WordBag())
    assert like.score("I will find out and ring you today.") > 0.7
    assert like.score("You will have to call them.") < 0.3
    assert like.score("What is the postcode?") < 0.3


def test_the_best_sentence_of_a_line_is_pointed_at() -> None:
    found = Likeness(CALLS_BACK, WordBag()).best(line("Thank you. I will find out and call you back. Okay?"))
    assert found is not None and (found.piece.first, found.piece.last) == (2, 9)


@pytest.mark.parametrize(
    "text",
    [
        "He said I will find out and call you back.",
        "They told me I will find out and call you back.",
        "The lady at the branch said I will ring you back today.",
        "I'm not saying I will find out and call you back.",
        "“I will find out and call you back.”",
    ],
)
def test_others_words_and_denied_ones_are_not_the_speakers_own(text: str) -> None:
    like = Likeness(CALLS_BACK, WordBag())
    assert like.best(line(text)) is None
    told = like.best(line(text), own=False)
    assert told is not None and told.score > 0.5


def test_a_report_behind_the_words_does_not_take_them_away() -> None:
    found = Likeness(CALLS_BACK, WordBag()).best(line("I will find out and call you back as she told me."))
    assert found is not None


@pytest.mark.parametrize(
    "text, flags",
    [
        ("If you had called, it would be here.", set()),
        ("I can't do that.", {"negated"}),
        ("Is that right for you?", {"asked"}),
        ("Nobody is blaming you for that.", {"denied", "negated"}),
        ("She told us to wait.", {"reported"}),
        ("I'll send it today.", set()),
        ("As I've already told you, it is on its way.", set()),
        ("I was told to wait here.", {"reported"}),
        ("The man at the desk promised us a new one.", {"reported"}),
        ("Would you mind holding?", {"asked"}),
    ],
)
def test_how_a_sentence_is_meant(text: str, flags: set[str]) -> None:
    [piece] = pieces(line(text))
    names = ("reported", "denied", "negated", "asked")
    assert {name for name in names if getattr(piece, name)} == flags


def test_partials_have_no_meaning_and_cost_nothing() -> None:
    bag = WordBag()
    like = Likeness(CALLS_BACK, bag)
    asked = len(bag.asked)
    assert like.best(line("I will find out and call you back.", final=False)) is None
    assert len(bag.asked) == asked


def test_without_a_network_nothing_is_like_anything() -> None:
    like = Likeness(CALLS_BACK, None)
    assert not like.present
    assert like.score("I will find out and call you back.") == 0.0
    assert like.best(line("I will find out and call you back.")) is None


def test_long_talk_without_full_stops_is_cut_where_clauses_begin_and_nothing_is_lost() -> None:
    talk = "so I went there and they had nothing for me and then I drove home, but the door was shut "
    heard = line((talk * 3).strip())
    cut = pieces(heard)
    assert len(cut) > 2 and all(piece.last - piece.first < MOST_TOKENS for piece in cut)
    covered = [at for piece in cut for at in range(piece.first, piece.last + 1)]
    assert covered == list(range(len(heard.tokens)))


def test_what_is_worked_out_beforehand_is_all_that_judging_asks_for() -> None:
    heard = line("Thank you. I will find out and call you back, as I said before. Is that okay?")
    bag = WordBag()
    like = Likeness(CALLS_BACK, bag)
    bag.asked.clear()
    like.best(heard)
    assert set(bag.asked) <= set(texts_of(heard))


def test_a_class_is_learnt_once_a_process() -> None:
    bag = WordBag()
    assert likeness(CALLS_BACK, bag) is likeness(replace(CALLS_BACK), bag)


@pytest.mark.parametrize("name, key", CLASSES)
def test_shipped_examples_are_several_and_on_one_side_only(name: str, key: str) -> None:
    shown = examples(name, key)
    assert len(shown.pro) >= 10
    assert not set(shown.pro) & set(shown.con)


@pytest.mark.weights
@pytest.mark.parametrize("name, key", [one for one in CLASSES if one[0] != "ordinary"])
def test_a_shipped_class_tells_its_examples_from_what_only_looks_like_them(name: str, key: str) -> None:
    shown = examples(name, key)
    like = likeness(shown, shared_meaning())
    inside = [like.score(one) for one in shown.pro]
    outside = [like.score(one) for one in shown.con]
    ordered = [within > without for within in inside for without in outside]
    assert sum(ordered) > 0.98 * len(ordered)


UNSEEN = [
    ("service", "takes_on", "Leave that to me, I'll ring them and get back to you.", "Could you ring them?"),
    ("service", "settles", "Has that answered everything for you?", "Has that parcel come back?"),
    ("emotion", "frustrated", "Not one of you ever rings back, it's a disgrace.", "One of you rang back."),
    ("courtesy", "ready", "Of course, that's easily done.", "The door is easily opened."),
    (
        "customer",
        "effort",
        "I've rung four times and told everybody the same story.",
        "I've rung to order two more.",
    ),
]


@pytest.mark.weights
@pytest.mark.parametrize("name, key, meant, other", UNSEEN)
def test_sentences_that_no_example_holds_are_told_by_meaning(
    name: str, key: str, meant: str, other: str
) -> None:
    like = likeness(examples(name, key), shared_meaning())
    assert like.score(meant) > 0.55 > like.score(other)
