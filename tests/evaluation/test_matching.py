"""Labels and detections meet one to one, nearest first, and doubt counts neither way."""

from __future__ import annotations

from streaming.events import Party, Utterance, Word, WordSpan
from tests.evaluation.written import case, counts, detection, matched, on_turn

TALK = (
    "A: Good morning, this is Claire, how can I help? | greet+",
    "C: My router drops the connection every evening. | ack+",
    "A: The router drops every evening. Could I have the number, please? | ask+ please",
    "C: Four four one, double seven two. | ack-",
    "A: Thanks. And the date? | thanks ask-",
    "C: The third of May, but what does that matter. | ~frus",
    "A: You need to calm down. | leak",
)


def test_a_detection_on_the_labelled_turn_is_right() -> None:
    told = case(*TALK)
    assert counts(matched(told, "leak", [on_turn(told, 6, "leak")])) == (1, 0, 0)


def test_words_in_another_turn_are_false_and_the_label_is_missed() -> None:
    told = case(*TALK)
    assert counts(matched(told, "thanks", [on_turn(told, 2, "thanks")])) == (0, 1, 1)


def test_an_exchange_may_be_marked_on_either_end() -> None:
    told = case(*TALK)
    reply = on_turn(told, 2, "ack+")  # the agent's reply to the labelled turn 1
    assert counts(matched(told, "ack+", [reply])) == (1, 0, 0)


def test_what_was_stated_places_a_judgement_of_the_exchange() -> None:
    """The reply lies between two statements: the evidence tells which of them it is about."""
    told = case(*TALK)
    turn = told.turns[3]
    words = (Word(text="Four", start=turn.start, end=turn.end),)
    heard = Utterance(
        speaker=Party.CUSTOMER, id="c9", revision=0, start=turn.start, end=turn.end, words=words, final=True
    )
    reply = told.turns[4]
    evidence = (WordSpan(utterance_id="c9", first=0, last=0),)
    one = detection("ack-", reply.start, reply.end, speaker=Party.AGENT, evidence=evidence)
    assert counts(matched(told, "ack-", [one], [heard])) == (1, 0, 0)


def test_the_wrong_verdict_is_one_false_and_one_missed() -> None:
    told = case(*TALK)
    wrong = [on_turn(told, 4, "ask+")]
    assert counts(matched(told, "ask+", wrong)) == (0, 1, 1)
    assert counts(matched(told, "ask-", wrong)) == (0, 0, 1)


def test_two_detections_never_share_a_label_and_the_second_is_neither() -> None:
    told = case(*TALK)
    outcome = matched(told, "leak", [on_turn(told, 6, "leak"), on_turn(told, 6, "leak")])
    assert counts(outcome) == (1, 0, 0) and len(outcome.again) == 1


def test_nearest_first_so_that_one_false_detection_does_not_shift_the_others() -> None:
    lines = [
        f"{'AC'[n % 2]}: Sentence number {n} of them.{' | ack+' if n in (1, 3, 5) else ''}" for n in range(9)
    ]
    told = case(*lines)
    outcome = matched(told, "ack+", [on_turn(told, n, "ack+") for n in (1, 5, 7)])
    assert counts(outcome) == (2, 1, 1)
    assert outcome.missed[0].start == told.turns[3].start


def test_on_an_unsure_label_nothing_counts_whatever_the_verdict() -> None:
    told = case("A: And your address? | ~ask", "C: I am so fed up. | ~frus", "A: Okay. | ~leak")
    for code, turn in (("ask+", 0), ("ask-", 0), ("frus", 1), ("leak", 2), ("steady", 2)):
        outcome = matched(told, code, [on_turn(told, turn, code)])
        assert counts(outcome) == (0, 0, 0) and len(outcome.doubtful) == 1
    assert counts(matched(told, "leak", [])) == (0, 0, 0)


def test_doubt_about_one_thing_excuses_no_other() -> None:
    told = case("A: Sorry, what was that? | ~sorry", "C: My router is dead.")
    assert counts(matched(told, "thanks", [on_turn(told, 0, "thanks")])) == (0, 1, 0)
    assert counts(matched(told, "leak", [on_turn(told, 0, "leak")])) == (0, 1, 0)


def test_a_nod_inside_the_customers_turn_is_no_turn_of_the_agents() -> None:
    told = case("A: Yeah? | curt", "C: So I was saying [A: mm-hmm] that it never worked at all, not once.")
    under = told.turns[1]
    nod = detection("curt", under.start + 1.0, under.start + 1.3)
    assert counts(matched(told, "curt", [nod])) == (0, 1, 1)


def test_a_silence_is_placed_by_the_turns_on_both_sides() -> None:
    told = case("C: And then it stopped.", "…9", "A: Right. | dead")
    silence = detection("dead", told.turns[0].end, told.turns[1].start)
    assert counts(matched(told, "dead", [silence])) == (1, 0, 0)


def test_what_is_judged_once_a_call_may_lie_anywhere_in_it() -> None:
    told = case(*TALK[:-1], "A: Goodbye. | name-unused")
    assert counts(matched(told, "name-unused", [on_turn(told, 0, "name-unused")])) == (1, 0, 0)
