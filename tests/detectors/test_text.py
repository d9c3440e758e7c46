"""Words as heard → comparable tokens, and back to the words."""

from __future__ import annotations

import pytest

from detectors.text import read, stem, tokenize
from streaming.events import Party, Utterance, Word, WordSpan
from tests.detectors.dialogue import line


@pytest.mark.parametrize(
    ("heard", "tokens"),
    [
        ("I'll help, OK?", "i will help okay"),
        ("I’m sorry — that’s mine.", "i am sorry that is mine"),
        ("We can't, won't, don't.", "we can not will not do not"),
        ("Alright. Gimme that!", "all right give me that"),
        ("Mm-hmm. Uh-huh. Mhm.", "mhm uhhuh mhm"),
        ("um, uh, forty-two, er", "forty two"),
        ("Mr. Smith's e-mail", "mr smith's email"),
        ("Mister O'Brien", "mr o'brien"),
        ('"Quoted," (aside)', "quoted aside"),
        ("$12.50 and 10%", "$12.50 and 10%"),
        ("...", ""),
        ("Let's go, y'all", "let us go you all"),
        ("My name's Ann; Ann's car", "my name is ann ann's car"),
        ("S-U-Z-A-N-N-E", "s u z a n n e"),
    ],
)
def test_tokens_are_lower_case_without_marks_contractions_opened_hesitations_out(
    heard: str, tokens: str
) -> None:
    assert " ".join(line(heard).texts) == tokens
    assert " ".join(tokenize(heard)) == tokens


def test_every_token_points_at_the_word_it_came_from() -> None:
    read_line = line("Um, I'll take the forty-two, please.")
    words = read_line.utterance.words
    pairs = [(token.text, words[token.word].text) for token in read_line.tokens]
    assert pairs == [
        ("i", "I'll"),
        ("will", "I'll"),
        ("take", "take"),
        ("the", "the"),
        ("forty", "forty-two,"),
        ("two", "forty-two,"),
        ("please", "please."),
    ]
    assert read_line.evidence(4, 6) == WordSpan(utterance_id="a1", first=4, last=5)


def test_sentences_and_clauses_follow_the_punctuation_as_heard() -> None:
    read_line = line("Okay, David. Could you, um, hold? And then")
    assert [(sentence.first, sentence.last, sentence.mark) for sentence in read_line.sentences] == [
        (0, 1, "."),
        (2, 4, "?"),
        (5, 6, ""),
    ]
    assert read_line.sentences[1].clauses == ((2, 3), (4, 4))
    assert [token.opens for token in read_line.tokens] == [True, False, True, False, False, True, False]
    assert read_line.asks


def test_a_title_does_not_end_a_sentence() -> None:
    assert len(line("Thank you, Mr. Walker.").sentences) == 1


def test_an_utterance_of_hesitations_has_no_tokens_and_no_sentences() -> None:
    read_line = line("Um, uh...")
    assert read_line.tokens == () and read_line.sentences == ()


def test_seconds_of_tokens_stay_within_the_utterance() -> None:
    words = (Word(text="Hello", start=0.5, end=1.2), Word(text="there.", start=1.2, end=9.0))
    read_line = read(
        Utterance(speaker=Party.AGENT, id="a1", revision=1, start=1.0, end=2.0, words=words, final=True)
    )
    assert read_line.seconds(0, 1) == (1.0, 2.0)


@pytest.mark.parametrize(
    "words",
    [
        "service services serviced servicing",
        "stop stops stopped stopping",
        "delivery deliveries",
        "try tries tried trying",
        "change changes changed changing",
        "call calls called calling",
        "leave leaves leaving",
    ],
)
def test_inflections_of_a_word_share_a_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("plant", "planet"), ("bill", "build"), ("this", "thing"), ("is", "it")]
)
def test_other_words_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)
