"""Names that were heard as something else: where they are looked for, and what makes one believed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decoding import TokenWord, plain
from models.names import Name, Span, certainty, likeness, name_parts, restored, spans, spelt
from streaming.events import Word


def heard(text: str) -> tuple[TokenWord, ...]:
    return tuple(TokenWord(text=word, tokens=(1, 2)) for word in text.split())


def spell(text: str) -> TokenWord:
    return TokenWord(text=text, tokens=(7,))


def rare(text: str) -> Name:
    return Name(text=text, tokens=3)


def looked_at(text: str, name: str, *, tokens: int = 3) -> set[str]:
    words = heard(text)
    found = spans(words, [Name(text=name, tokens=tokens)])
    return {" ".join(word.text for word in words[span.first : span.last]) for span in found}


class Audio:
    """What Whisper would answer: a text is `less` less likely than `said`; counts the questions."""

    def __init__(self, said: str, *, less: float) -> None:
        self.said, self.less, self.asked = said, less, 0

    def __call__(self, words: Sequence[TokenWord]) -> list[float]:
        self.asked += 1
        text = " ".join(word.text for word in words)
        return [0.0 if text == self.said else -self.less, *(-0.1 for _ in words[1:])]


def restore(text: str, audio: Audio, *names: Name, sure: float = -2.0) -> str:
    words = heard(text)
    found = restored(words, names, [sure] * len(words), spell=spell, likelihoods=audio)
    return " ".join(word.text for word in found)


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ("Gok Hill writes, sorry,", "Gokhale", "Gok Hill"),
        ("thank you for that, full lucky.", "Folake", "full lucky."),
        ("it's May on your catchy.", "Onyekachi", "on your catchy."),
        ("your patience, pre-yanka.", "Priyanka", "pre-yanka."),
        ("There you are, quabiner.", "Kwabena", "quabiner."),
    ],
)
def test_a_name_is_looked_for_where_something_sounds_like_it(text: str, name: str, where: str) -> None:
    assert where in looked_at(text, name)


@pytest.mark.parametrize(
    ("why", "text", "name", "tokens"),
    [
        ("nothing sounds like it", "What colour is the light on the router?", "Priyanka", 3),
        ("the weights know it in one piece", "Great! Line crew at eight.", "Grace", 1),
        ("it stands there", "Thank you, Priyanka.", "Priyanka", 3),
        ("it stands there, in the genitive", "It's Priyanka's bill.", "Priyanka", 3),
        ("it is spelled", "It's D-E-L-A-C-R-O-I-X.", "Delacroix", 4),
        ("it is spelled without dashes", "It's DELACROIX.", "Delacroix", 4),
        ("a sentence ends within it", "in the gok. Hill", "Gokhale", 3),
    ],
)
def test_a_name_is_not_looked_for(why: str, text: str, name: str, tokens: int) -> None:
    whole = {
        one
        for one in looked_at(text, name, tokens=tokens)
        if why != "a sentence ends within it" or " " in one
    }
    assert whole == set(), why


def test_what_the_audio_bears_out_is_written_with_the_punctuation_of_what_was_there() -> None:
    audio = Audio("Right, Gokhale, sorry.", less=3.0)
    assert restore("Right, Gok Hill, sorry.", audio, rare("Gokhale")) == "Right, Gokhale, sorry."


@pytest.mark.parametrize(("less", "kept"), [(5.0, "Gokhale."), (20.0, "Gok Hill.")])
def test_the_name_may_be_somewhat_less_likely_than_what_was_written(less: float, kept: str) -> None:
    audio = Audio("Thanks, Gok Hill.", less=less)
    assert restore("Thanks, Gok Hill.", audio, rare("Gokhale")) == f"Thanks, {kept}"


def test_a_name_less_alike_must_be_likelier() -> None:
    audio = Audio("Thanks, God kill.", less=8.0)
    assert restore("Thanks, God kill.", audio, rare("Gokhale")) == "Thanks, God kill."
    near = Audio("Thanks, Gokhail.", less=8.0)
    assert restore("Thanks, Gokhail.", near, rare("Gokhale")) == "Thanks, Gokhale."


def test_the_audio_is_not_asked_where_nothing_unsure_sounds_like_a_name() -> None:
    audio = Audio("", less=0.0)
    text = "Right, Gok Hill, sorry."
    assert restore(text, audio, rare("Priyanka")) == text
    assert restore(text, audio, rare("Gokhale"), sure=-0.05) == text
    assert restore(text, audio) == text
    assert audio.asked == 0


def test_all_parts_of_a_name_are_found_and_found_once() -> None:
    words = heard("Rose Linda Coro. Rose Linda.")
    names = [rare("Rosalind"), rare("Okoro")]
    found = restored(
        words, names, [-2.0] * len(words), spell=spell, likelihoods=lambda ws: [-1.0 for _ in ws]
    )
    assert [word.text for word in found] == ["Rosalind", "Okoro.", "Rosalind."]


def test_a_name_s_parts_are_what_can_be_looked_for() -> None:
    assert name_parts(["Ms. Maria J. Lopez-Vega", "O'Brien, Maria"]) == ("Maria", "Lopez-Vega", "O'Brien")
    assert name_parts(["Dr Li", "", "  ", "99"]) == ()
    assert len(name_parts([" ".join("Anna" + chr(97 + i) for i in range(26))])) < 10
    assert name_parts(["A" * 1000]) == ()


def test_how_sure_a_word_is_comes_from_its_confidence_and_its_tokens() -> None:
    words = heard("Yes - Anna")
    timed = [Word(text=text, start=0, end=1, confidence=c) for text, c in (("Yes", 1.0), ("Anna", 0.5))]
    assert certainty(words, timed) == pytest.approx([0.0, 0.0, -1.386], abs=0.001)


def test_likeness_is_of_sounds() -> None:
    assert likeness("KKHL", "KKHL") == 1.0
    assert likeness("TRK", "TRK") > likeness("TRK", "DRK") > likeness("TRK", "LRK") > likeness("TRK", "LMN")
    assert likeness("", "TRK") == 0.0


@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=30), max_size=3))
def test_no_text_breaks_the_search(text: str, hints: list[str]) -> None:
    """Whatever is accepted, the search ends, and every word that goes is replaced by a name."""
    names = [rare(part) for part in name_parts(hints)]
    words = heard(text)
    found = restored(words, names, [-9.0] * len(words), spell=spell, likelihoods=lambda ws: [0.0] * len(ws))
    assert {word for word in found if word not in words} <= {word for word in found if word.tokens == (7,)}
    for span in spans(words, names):
        assert 0.0 <= span.sound <= 1.0
        assert plain(span.name.text) in plain(spelt(words, span))


def test_the_margin_is_as_documented() -> None:
    """docs/decisions/0010: a name of three tokens that sounds the same may be 14 nats less likely."""
    span = Span(first=0, last=1, name=rare("Gokhale"), sound=1.0, letters=0.7)
    assert span.allowance == pytest.approx(14.0)
    many = Span(first=0, last=1, name=Name(text="Okonkwo-Hart", tokens=7), sound=1.0, letters=0.7)
    assert many.allowance == pytest.approx(20.0)
