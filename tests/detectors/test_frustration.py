"""Frustration as a state: what raises it, what eases it, and that the voice alone does not."""

from __future__ import annotations

import pytest

from detectors.frustration import Frustration
from detectors.text import Line, read
from streaming.events import Party, Signal, Utterance
from tests.detectors.dialogue import said


def line(text: str, start: float = 0.0) -> Line:
    one = said(Party.CUSTOMER, text, start)
    return read(
        Utterance(
            speaker=Party.CUSTOMER,
            id=f"c{start:.0f}",
            revision=1,
            start=one.start,
            end=one.end,
            words=one.words,
            final=True,
        )
    )


def after(*texts: str, gap: float = 5.0) -> bool:
    state = Frustration(60.0)
    for number, text in enumerate(texts):
        state.hear(line(text, number * gap))
    return state.is_frustrated((len(texts) - 1) * gap + 4.0)


@pytest.mark.parametrize(
    "text",
    [
        "This is ridiculous.",
        "That's completely unacceptable.",
        "I've called three times about this.",
        "I've been waiting for an hour.",
        "I've been on hold for forty minutes.",
        "I'm really fed up with this.",
        "I'm so frustrated.",
        "Are you kidding me?",
        "This is the third time I've had to call.",
        "Every time somebody tells me something different.",
        "What the hell is going on?",
        "I want to speak to a manager.",
        "Unbelievable. That's the fourth one.",
        "You're wasting my time.",
    ],
)
def test_words_of_frustration(text: str) -> None:
    assert after(text)


@pytest.mark.parametrize(
    "text",
    [
        "My internet has been slow since Tuesday.",
        "I'm not angry, I just wondered.",
        "I'm not fed up or anything.",
        "Did you get that I've moved?",
        "It was meant to come on Thursday and it still hasn't turned up.",
        "I did ask about the renewal, though. I was kind of hoping you could look at it.",
        "Could you say that again?",
        "Thank you, that's perfect.",
        "I called yesterday about my order.",
        "Come on Thursday if you can.",
    ],
)
def test_words_of_a_calm_customer(text: str) -> None:
    assert not after(text)


def test_it_fades_and_thanks_ease_it_at_once() -> None:
    state = Frustration(60.0)
    state.hear(line("This is ridiculous."))
    assert state.is_frustrated(50.0)
    assert not state.is_frustrated(90.0)
    assert not after("This is ridiculous.", "Okay, thank you, that helps.")
    assert after("This is ridiculous.", "Great. Just great.")
    assert after("This is ridiculous.", "Thanks for nothing.")
    assert after("This is ridiculous.", "Yeah, thanks a lot.")


def test_one_mild_word_is_not_enough_and_two_are() -> None:
    assert not after("I already told you.")
    assert after("I already told you. It makes no sense.")


def test_repeating_the_own_request_adds_to_it_unless_asked_to() -> None:
    request = "Please send the renewal documents to my new address."
    assert not after(request, gap=12.0)
    assert after(request, "I already told you. " + request, gap=12.0)
    state = Frustration(60.0)
    state.hear(line(request))
    state.answer(line("Could you say that again?", 6.0), hurts=False, asks_again=True)
    assert state.hear(line(request, 12.0)).weight == 0.0


def test_the_voice_supports_words_and_is_nothing_alone() -> None:
    def sensed(text: str) -> Frustration:
        state = Frustration(60.0)
        state.sense(Signal(name="arousal", speaker=Party.CUSTOMER, start=0.0, end=1.0, value=3.0))
        state.hear(line(text, 1.0))
        return state

    assert sensed("I already told you that.").is_frustrated(3.0)
    assert not after("I already told you that.")
    assert not sensed("My order number is four four seven one.").is_frustrated(3.0)


def test_evidence_points_at_the_words() -> None:
    cue = Frustration(60.0).hear(line("Well, this is ridiculous."))
    (span,) = cue.evidence
    assert span.kind == "words"
    assert (span.first, span.last) == (1, 3)
