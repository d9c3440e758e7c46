"""Which request runs next, which gives way, and when there is no room: on virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.queueing import Offered, RequestQueue, SchedulerConfig, Ticket
from streaming.events import Party
from streaming.ports import Priority, SpeechRequest


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
    assert queue.offer(request("f", "a9"), 0.5).ticket is None


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
    config = SchedulerConfig(latency_budget=1.0, partials_off_after=0.5, refuse_after=5.0, recover_after=5.0)
    queue = RequestQueue(config)
    ticket = must(queue.offer(request(), 0.0))
    assert queue.take(0.0) is ticket  # running ones count too: the engine is what is slow
    assert (queue.partials_off(1.4), queue.retry_after(1.4)) == (False, None)
    assert (queue.partials_off(1.6), queue.retry_after(1.6)) == (True, None)
    assert queue.offer(request("y", priority="partial"), 2.0).ticket is None
    assert queue.retry_after(5.9) is None
    assert queue.retry_after(6.1) == pytest.approx(11.1)
    queue.finish(ticket, 6.2)
    assert queue.retry_after(11.1) is not None  # no flapping: five good seconds first
    assert (queue.partials_off(11.3), queue.retry_after(11.3)) == (False, None)


def test_many_requests_in_a_row_that_are_each_in_time_never_refuse_a_call() -> None:
    queue = RequestQueue(SchedulerConfig(latency_budget=1.0, refuse_after=2.0))
    for second in range(30):
        ticket = must(queue.offer(request(utterance=f"a{second}"), float(second)))
        assert queue.take(float(second)) is ticket
        queue.finish(ticket, second + 0.9)
        assert queue.retry_after(second + 0.9) is None
        assert not queue.partials_off(second + 0.9)


def test_being_over_budget_without_a_pause_counts_even_when_requests_change() -> None:
    queue = RequestQueue(SchedulerConfig(latency_budget=1.0, refuse_after=5.0))
    tickets = [must(queue.offer(request(utterance=f"a{i}"), float(i))) for i in range(8)]
    for i, ticket in enumerate(tickets):  # each is answered 3 s after it came
        assert queue.take(i + 2.0) is ticket
        queue.finish(ticket, i + 3.0)
    assert queue.retry_after(10.0) is not None


offers = st.lists(
    st.tuples(
        st.sampled_from(["final", "partial", "batch", "take", "finish", "forget"]),
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
        elif what == "take" and (taken_now := queue.take(now)) is not None:
            alive.remove(taken_now)
            running.append(taken_now)
        elif what == "finish" and running:
            queue.finish(running.pop(0), now)
        elif what == "forget":
            for ticket in queue.forget(f"c{call}", now):
                alive.remove(ticket)
        assert len(queue) == len(alive) <= 5
        assert queue.queued("batch") <= 2
        assert queue.running == len(running)
    rest = {id(r) for r in taken(queue, now)}
    assert rest == {id(ticket.request) for ticket in alive}
