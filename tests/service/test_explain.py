"""A detection reads as one plain sentence: what, when, in whose words, why."""

from __future__ import annotations

from dataclasses import replace

from detectors.base import catalogue
from service.explain import explain, quotes
from streaming.events import Detection, Party, Severity, SignalSpan, Utterance, Verdict, Word, WordSpan


def line(speaker: Party, key: str, text: str) -> Utterance:
    words = tuple(Word(text=word, start=62.0, end=63.0) for word in text.split())
    return Utterance(speaker=speaker, id=key, revision=0, start=0, end=1, words=words, final=True)


SAID = {
    "a1": line(Party.AGENT, "a1", "Look, calm down, please."),
    "c1": line(Party.CUSTOMER, "c1", "This is the third time I call."),
}


def detection(verdict: Verdict, *spans: WordSpan, note: str = "The answer is dismissive.") -> Detection:
    return Detection(
        id="emotion.leakage@a1",
        behaviour="emotion.leakage",
        verdict=verdict,
        speaker=Party.AGENT,
        start=62.4,
        end=63.0,
        at=63.5,
        confidence=0.9,
        severity=Severity.WARNING,
        evidence=spans,
        note=note,
    )


HARSH = WordSpan(utterance_id="a1", first=1, last=2)
CAUSE = WordSpan(utterance_id="c1", first=0, last=6)


def test_it_says_what_when_in_whose_words_and_why() -> None:
    told = explain(detection(Verdict.HARMFUL, CAUSE, HARSH), catalogue(), SAID)
    assert told == (
        "Steady with a frustrated customer, harmful at 1:02, where the agent said “calm down,”: "
        "the answer is dismissive."
    )


def test_the_customer_s_words_are_what_wanted_an_answer() -> None:
    told = explain(detection(Verdict.MISSED, CAUSE, note=""), catalogue(), SAID)
    assert told.endswith("missed at 1:02, after the customer said “This is the third time I call.”.")


def test_words_that_are_not_known_are_not_made_up() -> None:
    assert quotes(detection(Verdict.HARMFUL, HARSH), {}) == []
    assert "said" not in explain(detection(Verdict.HARMFUL, HARSH), {}, {})


def test_a_long_quote_is_cut() -> None:
    long = {"a1": line(Party.AGENT, "a1", "word " * 60)}
    span = WordSpan(utterance_id="a1", first=0, last=59)
    assert explain(detection(Verdict.HARMFUL, span), catalogue(), long).count("word") == 24


def test_it_gives_the_time_of_the_quoted_words_not_of_the_opportunity() -> None:
    words = tuple(
        Word(text=text, start=10.0 + at, end=10.9 + at)
        for at, text in enumerate(["So", "I", "am", "happy", "to"])
    )
    said = {
        "a1": Utterance(speaker=Party.AGENT, id="a1", revision=0, start=10, end=15, words=words, final=True)
    }
    early = replace(detection(Verdict.DELIVERED, WordSpan(utterance_id="a1", first=3, last=4)), start=2.0)
    assert "delivered at 0:13, where the agent said “happy to”" in explain(early, catalogue(), said)


def test_a_figure_is_of_the_call_and_of_no_moment() -> None:
    share = SignalSpan(name="talk_ratio", speaker=Party.AGENT, start=0, end=90, value=0.4)
    told = explain(replace(detection(Verdict.OBSERVED), evidence=(share,)), catalogue(), {})
    assert "noticed over the call: " in told
