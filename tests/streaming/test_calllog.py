"""The call log: one order, whatever order things arrive in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streaming.calllog import EventOrder
from streaming.events import Event, Party, SpeechEnded, SpeechStarted, Tick, Utterance


def line(utterance_id: str, start: float, end: float) -> Utterance:
    speaker = Party.AGENT if utterance_id.startswith("a") else Party.CUSTOMER
    return Utterance(speaker=speaker, id=utterance_id, revision=0, start=start, end=end, words=(), final=True)


def times(events: list[Event]) -> list[float]:
    return [event.at for event in events if isinstance(event, Tick)]


def test_nothing_passes_a_transcript_that_is_still_awaited() -> None:
    order = EventOrder()
    order.expect("a1", due=2.5)
    order.add(SpeechStarted(speaker=Party.CUSTOMER, at=3.0), due=3.1)
    order.hear(10.0)
    assert times(order.release()) == [1.0, 2.0]
    order.add(line("a1", 1.0, 2.0), due=2.5)
    order.settle("a1")
    released = order.release()
    assert [type(event).__name__ for event in released[:3]] == ["Utterance", "Tick", "SpeechStarted"]
    assert order.watermark == 10.0


def test_an_event_stands_before_the_tick_of_its_own_second() -> None:
    order = EventOrder()
    order.add(SpeechEnded(speaker=Party.AGENT, at=3.0), due=3.0)
    order.hear(3.5)
    assert [getattr(event, "at", None) for event in order.release()] == [1.0, 2.0, 3.0, 3.0]


def test_every_second_ticks_once_over_the_whole_call() -> None:
    order = EventOrder()
    ticks: list[float] = []
    for heard in (0.4, 1.0, 1.01, 5.5, 5.6, 9.0):
        order.hear(heard)
        ticks += times(order.release())
    ticks += times(order.drain())
    assert ticks == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def test_an_answer_that_never_comes_holds_nothing_back_at_the_end() -> None:
    order = EventOrder()
    order.expect("c1", due=1.0)
    order.add(line("a1", 1.0, 2.0), due=2.5)
    order.hear(4.0)
    order.release()
    assert any(isinstance(event, Utterance) for event in order.drain())


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_the_order_does_not_depend_on_when_transcripts_come_back(
    arrival: list[int], early: list[int]
) -> None:
    lines = [line(f"{'ac'[n % 2]}{n}", n, n + 0.5) for n in range(6)]

    def play(arrivals: list[int]) -> list[Event]:
        order = EventOrder()
        for n, one in enumerate(lines):
            order.expect(one.id, due=n + 1.0)
        order.hear(20.0)
        released: list[Event] = []
        for n in arrivals:
            order.add(lines[n], due=n + 1.0)
            order.settle(lines[n].id)
            if n in early:
                released += order.release()
        return released + order.drain()

    assert play(arrival) == play(list(range(6)))
