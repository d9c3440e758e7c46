"""What is kept, cut or decoded again, on what the models really produced and on made-up cases.

`recorded.jsonl` holds hypotheses of tiny.en and base over the project's own sample calls in windows of the
utterance + 0.5, 1, 2 and 5 s; `full` is what the same model said in 30 s.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decoding import (
    Hypothesis,
    Judgement,
    Limits,
    Piece,
    TokenWord,
    judge,
    last_resort,
    longest_run,
    plain,
    repeat_period,
    split_pieces,
    spoken_length,
    stutters,
    token_budget,
)

RECORDED = [
    json.loads(line)
    for line in Path(__file__).with_name("recorded.jsonl").read_text(encoding="utf-8").splitlines()
]


def token_words(text: str) -> tuple[TokenWord, ...]:
    return tuple(TokenWord(text=word, tokens=(i,)) for i, word in enumerate(text.split()))


def hypothesis(
    *pieces: tuple[float, float | None, str], mean_logprob: float = -0.4, truncated: bool = False
) -> Hypothesis:
    return Hypothesis(
        pieces=tuple(Piece(start=a, end=b, words=token_words(text)) for a, b, text in pieces),
        mean_logprob=mean_logprob,
        no_speech=0.1,
        truncated=truncated,
    )


def text_of(judgement: Judgement) -> str:
    return " ".join(word.text for word in judgement.words)


def letters(text: str) -> str:
    return plain(text.replace(" ", ""))


@pytest.mark.parametrize(
    "row", RECORDED, ids=lambda row: f"{row['model']}+{row['margin']}-{row['full'][:20]}"
)
def test_nothing_is_kept_twice_of_what_was_said_once(row: dict[str, Any]) -> None:
    found = judge(
        hypothesis(
            *(tuple(piece) for piece in row["pieces"]),
            mean_logprob=row["mean_logprob"],
            truncated=row["truncated"],
        ),
        seconds=row["seconds"],
        voiced=row["voiced"],
    )
    if found.retry is not None:
        return
    kept, full = letters(text_of(found)), letters(row["full"])
    assert len(kept) <= 1.5 * len(full) + 12
    sayable = spoken_length(found.words) <= 18 * (row["voiced"] + 0.15)
    assert full + full not in kept or sayable
    if not found.cuts:
        return
    cut = letters(" ".join(word.text for c in found.cuts for word in c.words))
    said = letters(" ".join(piece[2] for piece in row["pieces"]))
    assert len(kept) + len(cut) == len(said)


def test_the_recordings_hold_enough_of_every_trouble() -> None:
    found = [
        judge(
            hypothesis(*(tuple(p) for p in row["pieces"]), truncated=row["truncated"]),
            seconds=row["seconds"],
            voiced=row["voiced"],
        )
        for row in RECORDED
    ]
    reasons = [cut.reason for judgement in found for cut in judgement.cuts]
    assert reasons.count("loop") > 20
    assert reasons.count("overrun") > 10
    assert {judgement.retry for judgement in found} >= {None, "loop", "overrun"}


def test_what_starts_after_the_audio_is_cut() -> None:
    found = judge(
        hypothesis((0.0, 2.0, "Kids are talking."), (2.9, 5.0, "So is she.")), seconds=3.0, voiced=2.0
    )
    assert text_of(found) == "Kids are talking."
    assert [cut.reason for cut in found.cuts] == ["overrun"]
    assert found.retry is None


def test_a_sentence_written_twice_in_the_time_of_one_is_cut_to_one() -> None:
    found = judge(
        hypothesis(
            (0.0, None, "Dogs are sitting by the door. Dogs are sitting by the door. Dogs"), truncated=True
        ),
        seconds=2.4,
        voiced=1.5,
    )
    assert text_of(found) == "Dogs are sitting by the door."
    assert found.retry is None  # the cut mended it: no need to decode again


@pytest.mark.parametrize(
    ("text", "voiced"),
    [
        ("Thank you. Thank you.", 0.9),
        ("No problem, no problem.", 0.9),
        ("no no no", 0.7),
        ("Bye bye.", 0.35),
        ("Yeah, yeah, yeah, I know.", 1.0),
        ("It's my car. It's my car.", 1.4),
        ("five five five, zero one four two", 2.0),
    ],
)
def test_who_really_says_it_twice_is_believed(text: str, voiced: float) -> None:
    found = judge(hypothesis((0.0, voiced, text)), seconds=voiced + 0.4, voiced=voiced)
    assert (text_of(found), found.cuts, found.retry) == (text, (), None)


def test_a_closing_phrase_that_stands_twice_loses_its_copy() -> None:
    text = "My name is Hannah. How can I help you today? How can I help you today?"
    found = judge(hypothesis((0.0, None, text)), seconds=2.7, voiced=2.1)
    assert text_of(found) == "My name is Hannah. How can I help you today?"


@pytest.mark.parametrize(
    ("given_", "voiced", "retry"),
    [
        (hypothesis(), 1.0, "empty"),
        (hypothesis(), 0.2, None),
        (
            hypothesis((0.0, None, "six eight seven five eight eight eight eight eight"), truncated=False),
            4.0,
            "loop",
        ),
        (hypothesis((0.0, None, "one two three four five"), truncated=True), 3.0, "overrun"),
        (hypothesis((0.0, 1.0, "over cover oil"), mean_logprob=-1.6), 1.0, "unsure"),
        (
            hypothesis((0.0, 1.0, "a sentence of many words that nobody could say in so little time")),
            0.5,
            "loop",
        ),
        (hypothesis((0.0, 1.0, "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaah")), 2.0, "loop"),
        (hypothesis((0.0, 6.0, "if you want to go want to go or you want to go home")), 6.0, "loop"),
        (hypothesis((0.0, 1.0, "this is fine")), 1.0, None),
    ],
)
def test_only_what_a_longer_window_can_mend_is_tried_again(
    given_: Hypothesis, voiced: float, retry: str | None
) -> None:
    assert judge(given_, seconds=voiced + 0.5, voiced=voiced).retry == retry


def test_when_no_window_helps_a_loop_is_cut_where_it_starts_to_turn() -> None:
    looping = Judgement(
        words=token_words("I think that that is that is that is that is that is"), retry="loop"
    )
    kept = last_resort(looping)
    assert text_of(kept) == "I think that that is"
    assert sum(len(cut.words) for cut in kept.cuts) == 8
    assert text_of(last_resort(Judgement(words=token_words("Well Aaaaaaaaaaaaaaaa no")))) == "Well"


def test_pieces_are_cut_at_the_time_stamps() -> None:
    begin, end = 50363, 50256
    tokens = [begin, 11, 12, begin + 100, begin + 100, 13, begin + 150, end, 14]
    assert split_pieces(tokens, stamp_begin=begin, text_end=end) == [
        (0.0, 2.0, [11, 12]),
        (2.0, 3.0, [13]),
        (3.0, None, [14]),
    ]


@pytest.mark.parametrize(
    ("text", "length"), [("don't", 4), ("519", 12), ("A-B-C.", 6), ("CMU", 6), ("I", 1), ("...", 0)]
)
def test_digits_and_spelled_letters_take_longer_to_say(text: str, length: int) -> None:
    assert spoken_length(token_words(text)) == length


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=2, max_size=5), st.integers(2, 4), st.integers(0, 4)
)
def test_a_period_is_found_whatever_repeats_and_wherever_it_breaks_off(
    unit: list[str], copies: int, extra: int
) -> None:
    words = unit * copies + unit[:extra]
    period = repeat_period(words)
    assert period is not None
    assert period <= len(unit)
    assert all(words[i] == words[i % period] for i in range(len(words)))


@given(st.lists(st.integers(0, 10**6).map(str), unique=True, max_size=20))
def test_words_that_are_all_different_have_neither_period_nor_run(words: list[str]) -> None:
    assert longest_run(words) <= 1
    assert repeat_period([f"{word}." for word in words]) is None


@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.text("abc 1.", max_size=40)),
        max_size=5,
    ),
    st.floats(0.2, 28),
    st.floats(0, 1),
    st.booleans(),
)
def test_words_are_never_added_reordered_or_lost(
    parts: list[tuple[float, str]], seconds: float, share: float, truncated: bool
) -> None:
    given_ = hypothesis(*((start, None, text) for start, text in parts), truncated=truncated)
    found = judge(given_, seconds=seconds, voiced=share * seconds)
    everything = [id(word) for word in given_.words]
    kept = [id(word) for word in found.words]
    cut = [id(word) for c in found.cuts for word in c.words]
    assert sorted(kept + cut) == sorted(everything)
    rest = iter(everything)
    assert all(word in rest for word in kept)
    after = last_resort(found)
    assert len(after.words) + sum(len(c.words) for c in after.cuts) == len(everything)


@given(st.floats(0, 30))
def test_the_token_budget_leaves_room_for_spelling_and_keeps_whisper_s_bound(seconds: float) -> None:
    assert 8 + 6 * seconds <= token_budget(seconds) + 1 <= 225 or token_budget(seconds) == 220


def test_limits_are_what_the_docs_say() -> None:
    assert Limits().letters_per_second == 25.0
    assert not stutters("bananas")
