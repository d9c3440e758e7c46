"""Turns as they are read: utterances of one speaker together, back-channels in nobody's, two turns before."""

from __future__ import annotations

from detectors.turns import Reading, Turn, Turns
from models.turns import MOST_TURN
from streaming.events import Event
from tests.detectors.dialogue import dialogue
from tests.detectors.reader import Told


def turns_of(*lines: str) -> list[Turn]:
    turns = Turns()
    found: dict[int, Turn] = {}
    for event in dialogue(*lines):
        turn = turns.feed(event)
        if turn is not None:
            found[turn.number] = turn
    return list(found.values())


def test_what_one_party_says_in_pieces_is_one_turn() -> None:
    turns = turns_of("A: Hello.", "C: My card is gone.", "C +1.0: It was in my bag.", "A: Oh no.")
    assert [one.text for one in turns] == [
        "agent: Hello.",
        "customer: My card is gone. It was in my bag.",
        "agent: Oh no.",
    ]


def test_a_turn_is_read_with_the_two_before_it() -> None:
    turns = turns_of("A: Hello.", "C: Hi.", "A: How can I help?", "C: My card is gone.")
    assert turns[3].before == ("customer: Hi.", "agent: How can I help?")
    assert turns[0].before == ()


def test_a_back_channel_takes_no_turn() -> None:
    spoken = turns_of(
        "A: Hello.", "C @3: So my card is gone and I looked for it everywhere.", "A @4: Mm-hmm."
    )
    assert [one.text for one in spoken][1:] == [
        "customer: So my card is gone and I looked for it everywhere."
    ]
    assert len(turns_of("A: Hello.", "C: My card is gone.", "A: Mm-hmm.")) == 3  # alone it is the answer


def test_the_newest_turn_grows_and_is_read_again() -> None:
    reader, turns = Told({}), Turns()
    reading = Reading(reader)
    events: tuple[Event, ...] = dialogue("C: Where is it?", "A: No idea.", "A +1.0: Ask somebody else.")
    for event in events:
        reading.of(turns.feed(event))
    assert [text for _, text in reader.asked][1:] == [
        "agent: No idea.",
        "agent: No idea. Ask somebody else.",
    ]


def test_of_a_monologue_as_much_is_kept_as_is_read() -> None:
    [turn] = turns_of(*(f"A +1: Word {n} of a story that has no end." for n in range(100)))
    kept = sum(len(line.utterance.words) for line in turn.lines)
    assert MOST_TURN < kept < MOST_TURN * 3 and "Word 99 of" in turn.text


def test_without_a_reader_nothing_is_read() -> None:
    [turn] = turns_of("A: Hello.")
    assert Reading(None).of(turn) == {} and not Reading(None).present


def test_the_sentence_that_tells_it_is_found_in_a_long_line() -> None:
    reader = Told({"your own fault": {"leak": 0.9}, "Here is": {"leak": 0.1}}, otherwise=0.2)
    [_, turn] = turns_of("C: It broke.", "A: Here is the thing. That was your own fault. I have it open now.")
    line, first, last = Reading(reader).tells(turn, "leak")
    assert " ".join(line.texts[first : last + 1]) == "that was your own fault"
