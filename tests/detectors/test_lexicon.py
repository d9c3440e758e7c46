"""Patterns find phrases as tokens, longest first, never across a sentence's end."""

from __future__ import annotations

import pytest

from detectors.lexicon import Lexicon, expand, lexicon
from detectors.text import Line
from tests.detectors.dialogue import line


def found(lexicon: Lexicon, text: str) -> list[tuple[str, str]]:
    read_line = line(text)
    return [
        (match.label, " ".join(read_line.texts[match.first : match.last + 1]))
        for match in lexicon.find(read_line)
    ]


def test_alternatives_options_and_gaps_expand_to_paths() -> None:
    assert set(expand("(could|can) i [please] have")) == {
        ("could", "i", "have"),
        ("could", "i", "please", "have"),
        ("can", "i", "have"),
        ("can", "i", "please", "have"),
    }
    assert list(expand("a ..2 b")) == [("a", "b"), ("a", "*", "b"), ("a", "*", "*", "b")]


def test_patterns_are_normalised_like_speech() -> None:
    assert list(expand("I'll wait")) == [("i", "will", "wait")]


def test_the_longest_match_at_a_place_wins_and_lists_nest() -> None:
    words = Lexicon(
        {"ask": ["have your {info}"]},
        {"info": ["{kind} number", "account", "account name"], "kind": ["account", "phone"]},
    )
    assert found(words, "Could I have your account number?") == [("ask", "have your account number")]
    assert found(words, "I have your account.") == [("ask", "have your account")]
    assert found(words, "I have your address.") == []


def test_anchors_hold_a_phrase_to_a_sentence() -> None:
    words = Lexicon({"bare": ["^[and] account number $"]})
    assert found(words, "Okay. Account number?") == [("bare", "account number")]
    assert found(words, "And account number.") == [("bare", "and account number")]
    assert found(words, "The account number?") == []
    assert found(words, "Account number one?") == []


def test_no_match_crosses_a_sentence_but_commas_and_hesitations_do_not_break_it() -> None:
    words = Lexicon({"thanks": ["thank you so much"]})
    assert found(words, "Thank you, um, so much.") == [("thanks", "thank you so much")]
    assert found(words, "Thank you. So much for that.") == []


@pytest.mark.parametrize("pattern", ["(a|b", "a)", "[a", ""])
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"brackets|empty"):
        Lexicon({"x": [pattern]})


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(KeyError):
        Lexicon({"x": ["a {nothing}"]})


@pytest.mark.parametrize("name", ["courtesy", "names"])
def test_shipped_lexicons_load_and_every_label_has_phrases(name: str) -> None:
    assert lexicon(name).labels


def test_a_lexicon_looks_at_a_line_once_however_many_labels_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = Lexicon({"thanks": ["thank you"], "sorry": ["sorry"]})
    looked: list[Line] = []
    look = words._find
    monkeypatch.setattr(words, "_find", lambda line: (looked.append(line), look(line))[1])
    said = line("Sorry, and thank you.")
    assert [match.label for match in words.find(said)] == ["sorry", "thanks"]
    assert words.has(said, "thanks")
    assert not words.has(line("Thank me."), "thanks")
    assert len(looked) == 2


def test_a_phrase_that_may_begin_with_any_word_is_found_at_every_word() -> None:
    words = Lexicon({"gap": ["..2 please"], "list": ["{who} there"]}, {"who": ["[very] you", "somebody"]})
    assert [(m.label, m.first, m.last) for m in words.find(line("give me that please"))] == [
        ("gap", 1, 3),
        ("gap", 2, 3),
        ("gap", 3, 3),
    ]
    assert words.has(line("is somebody there"), "list")
