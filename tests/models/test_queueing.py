"""Which request runs next, which gives way, and when there is no room: on virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ladder import LadderConfig
from models.lanes import Ticket
from models.queueing import Offered, RequestQueue, SchedulerConfig
from streaming.events import Party
from streaming.ports import Priority, SpeechRequest

LADDER = LadderConfig(budget=1.0, partials_off=0.5, refuse=5.0, welcome=2.0, most=6.0)


def request(
    call: str = "c", utterance: str = "a1", priority: Priority = "final", revision: int = 0
) -> SpeechRequest:
    return SpeechRequest(
        call_id=call,
        speaker=Party.AGENT,
        utterance_id=utterance,
        revision=revision,
        start=0.0,
        audio=np.zeros(160, np.float32),
        priority=priority,
    )


def taken(queue: RequestQueue, now: float = 0.0) -> list[SpeechRequest]:
    found = []
    while (ticket := queue.take(now)) is not None:
        found.append(ticket.request)
        queue.finish(ticket, now)
    return found


def must(offered: Offered) -> Ticket:
    assert offered.ticket is not None
    return offered.ticket


def must_take(queue: RequestQueue, now: float, *, last: bool = False) -> Ticket:
    ticket = queue.take(now, last=last)
    assert ticket is not None
    return ticket


def test_finals_go_before_partials_before_batch() -> None:
    queue = RequestQueue(SchedulerConfig())
    for priority in ("batch", "partial", "final"):
        queue.offer(request(utterance=priority, priority=priority), 0.0)  # type: ignore[arg-type]
    assert [r.priority for r in taken(queue)] == ["final", "partial", "batch"]


def test_calls_take_turns_and_each_keeps_its_own_order() -> None:
    queue = RequestQueue(SchedulerConfig())
    for call, utterance in (("x", "a1"), ("x", "a2"), ("x", "a3"), ("y", "a1"), ("z", "a1"), ("y", "a2")):
        queue.offer(request(call, utterance), 0.0)
    order = [(r.call_id, r.utterance_id) for r in taken(queue)]
    assert order == [("x", "a1"), ("y", "a1"), ("z", "a1"), ("x", "a2"), ("y", "a2"), ("x", "a3")]


def test_a_newer_partial_replaces_the_queued_older_one_of_its_utterance_only() -> None:
    queue = RequestQueue(SchedulerConfig())
    older = must(queue.offer(request(priority="partial", revision=1), 0.0))
    queue.offer(request(utterance="a2", priority="partial"), 0.0)
    assert queue.offer(request(priority="partial", revision=2), 0.1).displaced == ((older, "superseded"),)
    assert sorted((r.utterance_id, r.revision) for r in taken(queue)) == [("a1", 2), ("a2", 0)]


def test_a_final_makes_its_own_queued_partial_pointless() -> None:
    queue = RequestQueue(SchedulerConfig())
    partial = must(queue.offer(request(priority="partial"), 0.0))
    assert queue.offer(request(), 0.1).displaced == ((partial, "superseded"),)


def test_when_full_a_final_pushes_out_the_oldest_partial_then_the_newest_batch() -> None:
    queue = RequestQueue(SchedulerConfig(max_pending=3, max_batch=1))
    batch = must(queue.offer(request("b", priority="batch"), 0.0))
    old = must(queue.offer(request("p", priority="partial"), 0.1))
    new = must(queue.offer(request("q", priority="partial"), 0.2))
    assert queue.offer(request("r", priority="partial"), 0.3) == Offered(ticket=None)
    displaced = [queue.offer(request("f", f"a{i}"), 0.4).displaced for i in range(3)]
    assert displaced == [((old, "shed"),), ((new, "shed"),), ((batch, "shed"),)]


def test_a_final_is_never_refused_for_want_of_room_while_calls_keep_to_theirs() -> None:
    queue = RequestQueue(SchedulerConfig(max_pending=3, max_finals=8))
    offers = [queue.offer(request(f"c{i}"), 0.0).ticket for i in range(9)]
    assert [ticket is not None for ticket in offers] == [True] * 8 + [False]
    assert queue.offer(request("p", priority="partial"), 0.0).ticket is None


def test_while_calls_are_live_recordings_leave_the_last_idle_slot() -> None:
    queue = RequestQueue(SchedulerConfig(live_for=10.0))
    batch = must(queue.offer(request("y", priority="batch"), 0.0))
    line = must(queue.offer(request("x", priority="partial"), 0.0))
    assert queue.take(0.0, last=True) is line
    assert queue.take(0.0, last=True) is None
    assert queue.take(0.0) is batch


@pytest.mark.parametrize("priority", ["partial", "batch"])
def test_while_a_final_has_been_owed_for_long_nothing_but_finals_starts(priority: Priority) -> None:
    queue = RequestQueue(SchedulerConfig(close=0.5))
    slow = must(queue.offer(request("x"), 0.0))
    assert queue.take(0.0) is slow
    other = must(queue.offer(request("y", priority=priority), 0.4))
    final = must(queue.offer(request("z"), 0.6))
    assert queue.take(0.6) is final
    assert queue.take(0.6) is None
    queue.finish(final, 0.7)
    assert queue.take(0.7) is None
    queue.finish(slow, 0.8)
    assert queue.take(0.8) is other


def test_what_a_call_that_is_over_waits_for_comes_behind_live_calls_and_before_recordings() -> None:
    queue = RequestQueue(SchedulerConfig())
    for utterance in ("a1", "a2"):
        queue.offer(request("over", utterance), 0.0)
    queue.settle("over", 0.1)
    queue.offer(request("over", "a3"), 0.2)  # its last words, found when it ended
    queue.offer(request("r", priority="batch"), 0.2)
    queue.offer(request("live", "a1", "partial"), 0.3)
    queue.offer(request("live", "a2"), 0.3)
    order = [(r.call_id, r.utterance_id) for r in taken(queue, 0.4)]
    assert order == [
        ("live", "a2"),
        ("live", "a1"),
        ("over", "a1"),
        ("over", "a2"),
        ("over", "a3"),
        ("r", "a1"),
    ]


def test_what_a_call_that_is_over_waits_for_is_no_lateness_and_takes_no_room() -> None:
    queue = RequestQueue(SchedulerConfig(max_pending=4, ladder=LADDER))
    for number in range(6):
        queue.offer(request("over", f"a{number}"), 0.0)
    running = must_take(queue, 0.0)
    queue.settle("over", 0.1)
    assert (queue.partials_off(60.0), queue.retry_after(60.0)) == (False, None)
    assert queue.oldest_live_age(60.0) == 0.0
    assert queue.offer(request("live", priority="partial"), 60.0).ticket is not None
    queue.finish(running, 60.0)


def test_what_a_call_that_is_over_waits_for_does_not_wait_for_ever() -> None:
    queue = RequestQueue(SchedulerConfig(settle_within=30.0))
    last = must(queue.offer(request("over"), 0.0))
    queue.settle("over", 5.0)
    for second in range(5, 35):
        queue.offer(request("live", f"a{second}"), float(second))
        queue.finish(must_take(queue, float(second)), float(second))
    queue.offer(request("live"), 35.0)
    assert queue.take(35.0) is last


def test_what_calls_that_are_over_have_waited_for_too_long_takes_one_turn_in_four_from_live_finals() -> None:
    queue = RequestQueue(SchedulerConfig(settle_within=30.0))
    for number in range(4):
        queue.offer(request("over", f"o{number}"), 0.0)
    queue.settle("over", 0.0)
    for number in range(7):
        queue.offer(request("live", f"a{number}"), 40.0)
    order = "".join("o" if r.call_id == "over" else "a" for r in taken(queue, 41.0))
    assert order == "aaaoaaaoaoo"


def test_a_call_that_joined_anothers_turn_has_had_its_own() -> None:
    queue = RequestQueue(SchedulerConfig())
    for call, utterance in (("x", "a1"), ("y", "a1"), ("y", "a2"), ("z", "a1")):
        queue.offer(request(call, utterance), 0.0)
    group = queue.take_group(0.0, 2)
    assert [ticket.request.call_id for ticket in group] == ["x", "y"]
    assert [r.call_id for r in taken(queue)] == ["z", "y"]


@pytest.mark.parametrize("priority", ["partial", "batch"])
def test_before_an_only_slot_what_is_no_final_is_taken_in_twos_while_calls_are_live(
    priority: Priority,
) -> None:
    queue = RequestQueue(SchedulerConfig(live_for=10.0))
    queue.offer(request("live"), 0.0)
    queue.finish(must_take(queue, 0.0), 0.0)
    for number in range(5):
        queue.offer(request(f"c{number}", priority=priority), 0.0)
    assert [len(queue.take_group(0.0, 8, only=True)) for _ in range(2)] == [2, 2]
    for number in range(5):
        queue.offer(request(f"f{number}"), 0.1)
    assert len(queue.take_group(0.1, 8, only=True)) == 5


def test_without_live_calls_a_recording_is_taken_whole_before_an_only_slot() -> None:
    queue = RequestQueue(SchedulerConfig())
    for number in range(5):
        queue.offer(request("r", f"a{number}", "batch"), 0.0)
    assert len(queue.take_group(0.0, 8, only=True)) == 5


def test_the_next_call_of_that_id_is_a_live_one() -> None:
    queue = RequestQueue(SchedulerConfig())
    queue.settle("c", 0.0)
    queue.forget("c", 1.0)
    must(queue.offer(request("c"), 2.0))
    assert queue.oldest_live_age(3.0) == 1.0


def test_a_newer_partial_keeps_its_calls_turn() -> None:
    queue = RequestQueue(SchedulerConfig())
    for call in ("x", "y"):
        queue.offer(request(call, priority="partial", revision=1), 0.0)
    queue.offer(request("x", priority="partial", revision=2), 0.5)
    assert [(r.call_id, r.revision) for r in taken(queue)] == [("x", 2), ("y", 1)]


def test_without_live_calls_a_recording_may_take_every_slot() -> None:
    queue = RequestQueue(SchedulerConfig(live_for=10.0))
    batch = [must(queue.offer(request("b", f"a{i}", "batch"), 0.0)) for i in range(2)]
    assert queue.take(0.0, last=True) is batch[0]
    queue.offer(request("x", priority="partial"), 5.0)
    assert queue.take(5.0) is not None  # the partial
    assert queue.take(14.9, last=True) is None
    assert queue.take(15.0, last=True) is batch[1]


def test_batch_may_not_fill_the_queue() -> None:
    queue = RequestQueue(SchedulerConfig(max_pending=4, max_batch=2))
    offers = [queue.offer(request(utterance=f"a{i}", priority="batch"), 0.0).ticket for i in range(4)]
    assert [ticket is not None for ticket in offers] == [True, True, False, False]
    assert queue.offer(request(), 0.0).ticket is not None


def test_forgetting_a_call_drops_only_its_queued_requests() -> None:
    queue = RequestQueue(SchedulerConfig())
    running = must(queue.offer(request("x"), 0.0))
    assert queue.take(0.0) is running
    queued = [
        must(queue.offer(request("x", "a2"), 0.0)),
        must(queue.offer(request("x", "a3", "partial"), 0.0)),
    ]
    queue.offer(request("y"), 0.0)
    assert queue.forget("x", 0.1) == queued
    queue.finish(running, 0.2)
    assert [r.call_id for r in taken(queue)] == ["y"]


def test_over_budget_first_partials_go_then_new_calls_and_both_come_back() -> None:
    queue = RequestQueue(SchedulerConfig(ladder=LADDER))
    ticket = must(queue.offer(request(), 0.0))
    assert queue.take(0.0) is ticket  # running ones count too: the engine is what is slow
    assert (queue.partials_off(1.4), queue.retry_after(1.4)) == (False, None)
    assert (queue.partials_off(1.6), queue.retry_after(1.6)) == (True, None)
    assert queue.offer(request("y", priority="partial"), 2.0).ticket is None
    assert queue.retry_after(5.9) is None
    assert queue.retry_after(6.1) == pytest.approx(3.1 + 6.1)  # to get below 2, and what is owed
    queue.finish(ticket, 30.0)
    assert queue.retry_after(33.9) == pytest.approx(0.1)
    assert (queue.partials_off(34.1), queue.retry_after(34.1)) == (True, None)
    assert queue.partials_off(35.9)
    assert not queue.partials_off(36.1)
    assert queue.offer(request("y", priority="partial"), 36.2).ticket is not None


def test_many_requests_in_a_row_that_are_each_in_time_never_refuse_a_call() -> None:
    queue = RequestQueue(SchedulerConfig(ladder=LADDER))
    for second in range(30):
        ticket = must(queue.offer(request(utterance=f"a{second}"), float(second)))
        assert queue.take(float(second)) is ticket
        queue.finish(ticket, second + 0.9)
        assert queue.retry_after(second + 0.9) is None
        assert not queue.partials_off(second + 0.9)


def test_being_over_budget_without_a_pause_counts_even_when_requests_change() -> None:
    queue = RequestQueue(SchedulerConfig(ladder=LADDER))
    tickets = [must(queue.offer(request(utterance=f"a{i}"), float(i))) for i in range(8)]
    for i, ticket in enumerate(tickets):  # each is answered 3 s after it came
        assert queue.take(i + 2.0) is ticket
        queue.finish(ticket, i + 3.0)
    assert queue.retry_after(10.0) is not None


@pytest.mark.parametrize(
    ("late", "off", "refused"), [(0.4, False, False), (1.5, True, False), (2.6, True, True)]
)
def test_what_is_given_up_depends_on_how_much_of_the_time_a_final_is_late(
    late: float, off: bool, refused: bool
) -> None:
    """Every four seconds one final is late for `late` seconds: a slow answer now and then refuses nobody."""
    queue = RequestQueue(SchedulerConfig(ladder=LADDER))
    seen_off = seen_refused = False
    for round_ in range(15):
        asked = 4.0 * round_
        ticket = must(queue.offer(request(utterance=f"a{round_}"), asked))
        assert queue.take(asked) is ticket
        queue.finish(ticket, asked + LADDER.budget + late)
        now = asked + LADDER.budget + late
        seen_off |= queue.partials_off(now)
        seen_refused |= queue.retry_after(now) is not None
    assert (seen_off, seen_refused) == (off, refused)


@given(
    st.lists(st.tuples(st.floats(0, 8), st.floats(0, 20)), min_size=1, max_size=30),
    st.floats(0, 40),
)
def test_whatever_was_late_all_is_normal_within_ten_seconds_of_the_last_answer(
    answers: list[tuple[float, float]], last: float
) -> None:
    queue, now = RequestQueue(SchedulerConfig()), 0.0
    for pause, took in [*answers, (0.0, last)]:
        now += pause
        ticket = must(queue.offer(request(), now))
        assert queue.take(now) is ticket
        now += took
        queue.finish(ticket, now)
    assert queue.retry_after(now + 5.0) is None
    assert not queue.partials_off(now + 7.0)


offers = st.lists(
    st.tuples(
        st.sampled_from(["final", "partial", "batch", "take", "finish", "settle", "forget"]),
        st.integers(0, 3),
        st.integers(0, 2),
        st.floats(0, 3),
    ),
    max_size=60,
)


@given(offers)
def test_every_request_is_answered_for_exactly_once_and_the_bound_holds(
    steps: list[tuple[str, int, int, float]],
) -> None:
    queue = RequestQueue(SchedulerConfig(max_pending=5, max_batch=2))
    now, alive, running = 0.0, set[Ticket](), list[Ticket]()
    for what, call, utterance, pause in steps:
        now += pause
        if what in ("final", "partial", "batch"):
            offered = queue.offer(request(f"c{call}", f"a{utterance}", what), now)  # type: ignore[arg-type]
            for ticket, _ in offered.displaced:
                alive.remove(ticket)
            if offered.ticket is not None:
                alive.add(offered.ticket)
        elif what == "take":
            group = queue.take_group(now, 2 * utterance + 1, last=call == 0, only=call == 1)
            assert len({ticket.urgency for ticket in group}) <= 1
            assert len(group) <= 2 * utterance + 1
            for ticket in group:
                alive.remove(ticket)
            running += group
        elif what == "finish" and running:
            queue.finish(running.pop(0), now)
        elif what == "settle":
            queue.settle(f"c{call}", now)
        elif what == "forget":
            for ticket in queue.forget(f"c{call}", now):
                alive.remove(ticket)
        finals = sum(ticket.request.priority == "final" for ticket in alive)  # bounded by calls: always room
        assert len(queue) == len(alive) <= 5 + finals
        assert queue.queued("batch") <= 2
        assert queue.running == len(running)
    for ticket in running:
        queue.finish(ticket, now)
    rest = {id(r) for r in taken(queue, now)}
    assert rest == {id(ticket.request) for ticket in alive}
