"""Nothing is credited that nobody said, and what was said is not lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.crediting import Circumstances, credit, geometric_mean, overlaps, snap
from streaming.events import Word


def said(text: str, *confidences: float, start: float = 10.0, pace: float = 0.3) -> list[Word]:
    texts = text.split()
    given_ = confidences if len(confidences) == len(texts) else confidences * len(texts)
    return [
        Word(text=t, start=start + i * pace, end=start + (i + 1) * pace, confidence=c)
        for i, (t, c) in enumerate(zip(texts, given_, strict=True))
    ]


def around(words: list[Word]) -> Circumstances:
    return Circumstances(voiced=((words[0].start, words[-1].end),), level=-25.0)


def judged(words: list[Word], circumstances: Circumstances) -> tuple[str, list[tuple[str, str]]]:
    kept, held = credit(words, circumstances)
    return " ".join(w.text for w in kept), [(h.reason, " ".join(w.text for w in h.words)) for h in held]


@pytest.mark.parametrize("phrase", ["Thank you.", "Bye-bye.", "I'm sorry.", "Thank you so much!", "please"])
def test_a_courtesy_that_was_really_said_is_credited(phrase: str) -> None:
    words = said(phrase, 0.85)
    assert judged(words, around(words)) == (phrase, [])


@pytest.mark.parametrize(
    ("why", "confidences", "changes"),
    [
        ("an improbable beginning that the rest follows from", (0.02, 0.97), {}),
        ("the same, of talk far away", (0.226, 0.98), {}),
        ("hardly any voice", (0.9, 0.9), {"voiced": ((10.0, 10.1),)}),
        ("silence of the line", (0.9, 0.9), {"level": -62.0}),
        ("the recogniser says that there is no speech", (0.9, 0.9), {"no_speech": 0.9}),
    ],
)
def test_a_courtesy_with_too_little_behind_it_is_held_back(
    why: str, confidences: tuple[float, ...], changes: dict[str, object]
) -> None:
    words = said("Thank you.", *confidences)
    facts: dict[str, object] = {"voiced": ((10.0, 10.6),), "level": -25.0, **changes}
    kept, held = judged(words, Circumstances(**facts))  # type: ignore[arg-type]
    assert (kept, held[0][0]) == ("", "stock_phrase"), why


def test_a_courtesy_over_much_noise_is_credited() -> None:
    """The least sure one of 64 calls 10 dB over an office."""
    words = said("Thank you.", 0.292, 0.96)
    assert judged(words, around(words)) == ("Thank you.", [])


@pytest.mark.parametrize(
    "phrase", ["Thanks for watching!", "Subtitles by the Amara.org community", "Please subscribe."]
)
def test_credits_of_videos_are_never_said_on_a_call_however_sure_the_recogniser_is(phrase: str) -> None:
    words = said(phrase, 0.99)
    assert judged(words, around(words)) == ("", [("stock_phrase", phrase)])


def test_thank_you_for_calling_said_over_silence_is_credited_to_nobody() -> None:
    words = said("Thank you for calling.", 0.9)
    assert judged(words, Circumstances(voiced=())) == ("", [("no_voice", "Thank you for calling.")])


def test_only_the_words_outside_the_voice_are_held_back() -> None:
    words = said("so how can I help you", 0.9)
    facts = Circumstances(voiced=((10.6, 11.8),))
    assert judged(words, facts) == ("how can I help you", [("no_voice", "so")])


def test_an_invented_closing_courtesy_does_not_ride_on_a_real_sentence() -> None:
    words = [*said("Your order is on its way.", 0.9), *said("Thank you.", 0.05, 0.9, start=11.8)]
    facts = Circumstances(voiced=((10.0, 12.4),))
    assert judged(words, facts) == ("Your order is on its way.", [("stock_phrase", "Thank you.")])


def test_a_real_closing_courtesy_stays() -> None:
    words = [*said("Your order is on its way.", 0.9), *said("Thank you.", 0.6, 0.9, start=11.8)]
    assert judged(words, around(words)) == ("Your order is on its way. Thank you.", [])


def test_one_improbable_word_is_held_back_and_its_neighbours_stay() -> None:
    words = said("Let's see what's the three.", 0.9, 0.9, 0.7, 0.5, 0.02)
    assert judged(words, around(words)) == ("Let's see what's the", [("low_confidence", "three.")])


def test_an_utterance_that_is_improbable_as_a_whole_is_held_back_whole() -> None:
    words = said("I'm going to go to the one.", 0.13, 0.08, 0.88, 0.09, 0.12, 0.42, 0.17)
    kept, held = judged(words, around(words))
    assert (kept, [reason for reason, _ in held]) == ("", ["low_confidence"])


@pytest.mark.parametrize(
    ("confidence", "kept"), [(0.1, "Hello how are you"), (0.3, "Hello Suzanne's how are you")]
)
def test_a_hinted_name_needs_to_be_heard(confidence: float, kept: str) -> None:
    words = said("Hello Suzanne's how are you", 0.9, confidence, 0.9, 0.9, 0.9)
    facts = Circumstances(voiced=((10.0, 11.5),), hints=("Suzanne Miller",))
    text, held = judged(words, facts)
    assert text == kept
    assert [reason for reason, _ in held] == ([] if confidence > 0.15 else ["prompt_echo"])


def test_the_hints_themselves_written_out_are_an_echo_unless_heard_clearly() -> None:
    facts = Circumstances(voiced=((10.0, 12.0),), hints=("Suzanne Miller", "Northway"))
    assert judged(said("Suzanne Miller, Northway.", 0.4), facts)[1][0][0] == "prompt_echo"
    assert judged(said("Suzanne Miller.", 0.8), facts) == ("Suzanne Miller.", [])
    assert judged(said("Miller.", 0.33), facts) == ("", [("prompt_echo", "Miller.")])
    assert judged(said("Yes.", 0.45), facts) == ("Yes.", [])


def test_a_word_smeared_into_the_pause_is_pulled_back_to_the_voice() -> None:
    word = Word(text="so", start=8.0, end=10.4, confidence=0.9)
    assert snap(word, ((10.0, 12.0),)) == Word(text="so", start=9.9, end=10.4, confidence=0.9)
    assert snap(word, ((3.0, 4.0),)) == word


words_strategy = st.lists(
    st.builds(
        lambda start, length, confidence, text: Word(
            text=text, start=start, end=start + length, confidence=confidence
        ),
        st.floats(0, 20),
        st.floats(0, 2),
        st.floats(0, 1),
        st.sampled_from(["Thank", "you.", "Okay.", "Miller", "yes", "7.", "—"]),
    ),
    max_size=12,
).map(lambda words: sorted(words, key=lambda word: word.start))
stretches = st.lists(st.tuples(st.floats(0, 20), st.floats(0.01, 3)), max_size=4).map(
    lambda pairs: tuple(sorted((start, start + length) for start, length in pairs))
)


@given(words_strategy, stretches, st.sampled_from([(), ("Ann Miller",)]))
def test_every_word_is_credited_or_held_back_once_in_order_and_with_voice_under_it(
    words: list[Word], voiced: tuple[tuple[float, float], ...], hints: tuple[str, ...]
) -> None:
    kept, held = credit(words, Circumstances(voiced=voiced, hints=hints))
    assert sorted([w.text for w in kept] + [w.text for h in held for w in h.words]) == sorted(
        w.text for w in words
    )
    rest = iter(w.text for w in words)
    assert all(w.text in rest for w in kept)
    assert all(overlaps(w, voiced, 0.201) for w in kept)
    assert all(w.end >= w.start for w in kept)


def test_the_geometric_mean_is_pulled_down_by_one_improbable_word() -> None:
    assert geometric_mean(said("a b", 0.01, 0.99)) < 0.1
    assert geometric_mean([]) == 0.0
