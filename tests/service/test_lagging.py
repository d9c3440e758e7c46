"""How far live calls are behind: told to metrics every second, to consoles when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from service.feed import TOPIC
from service.lagging import LagConfig, LagWatch
from service.live import LiveView
from service.telemetry.metrics import Metrics
from service.wire import decode_record
from streaming.events import CallInfo, CallStarted, Lag, Record
from tests.console.calls import ended_call
from tests.virtual_time import run_virtually


@dataclass(eq=False)
class Session:
    """What the watch asks of a session; `lags` one after the other, the last for good."""

    call_id: str
    lags: list[float]
    heard: float = 10.0

    @property
    def call(self) -> CallInfo:
        return CallInfo(call_id=self.call_id)

    @property
    def lag(self) -> float:
        return self.lags.pop(0) if len(self.lags) > 1 else self.lags[0]


@dataclass
class Heard:
    """The other end of the bus: what was published, and in which second."""

    records: list[tuple[int, Record]] = field(default_factory=list)

    async def publish(self, topic: str, payload: bytes, /) -> str:
        assert topic == TOPIC
        self.records.append((round(asyncio.get_running_loop().time()), decode_record(payload)))
        return ""

    def told(self, call_id: str) -> list[tuple[int, float, bool]]:
        return [
            (when, one.event.seconds, one.event.partial_lines)
            for when, one in self.records
            if one.call_id == call_id and isinstance(one.event, Lag)
        ]


def watched(
    *sessions: Session,
    seconds: float,
    off: Sequence[bool] = (False,),
    metrics: Metrics | None = None,
    heard: Heard | None = None,
) -> Heard:
    heard = heard or Heard()
    states: Iterator[bool] = iter([*off, *[off[-1]] * 1000])

    async def main() -> None:
        watch = LagWatch(
            heard,  # type: ignore[arg-type]
            calls=lambda: sessions,  # type: ignore[arg-type,return-value]
            partial_lines=lambda: not next(states),
            metrics=metrics or Metrics(),
            config=LagConfig(every=1.0, least=1.0, again=5.0),
        )
        try:
            async with asyncio.timeout(seconds + 0.5):
                await watch.run()
        except TimeoutError:
            pass

    run_virtually(main())
    return heard


def test_of_calls_that_keep_up_nothing_is_told() -> None:
    assert watched(Session("well", [0.0, 0.4, 0.9]), seconds=60).records == []


def test_a_call_that_falls_behind_says_how_far_once_a_second_until_it_has_caught_up() -> None:
    late = Session("late", [0.2, 1.2, 2.4, 2.4, 1.1, 0.3, 0.0])
    heard = watched(late, Session("well", [0.1]), seconds=30)
    assert heard.told("late") == [
        (2, 1.0, True),
        (3, 2.0, True),
        (5, 1.0, True),
        *((when, 0.0, True) for when in (6, 11)),
    ]
    assert heard.told("well") == []
    assert all(record.seq == 0 for _, record in heard.records)


def test_what_does_not_change_is_told_again_for_a_node_that_missed_it() -> None:
    assert watched(Session("late", [3.0]), seconds=12).told("late") == [
        (1, 3.0, True),
        (6, 3.0, True),
        (11, 3.0, True),
    ]


def test_that_partial_lines_are_off_is_told_of_every_call_but_not_of_a_moment() -> None:
    off = [False, True, False, True, True, True, False]
    heard = watched(Session("x", [0.0]), Session("y", [0.0]), seconds=10, off=off)
    for call in "xy":
        assert heard.told(call) == [(5, 0.0, False), (7, 0.0, True)]


def test_metrics_know_the_worst_call_and_how_long_calls_were_how_far_behind() -> None:
    metrics = Metrics()
    watched(Session("x", [0.0]), Session("y", [4.0]), seconds=3, metrics=metrics)
    value = metrics.registry.get_sample_value
    assert value("callcue_call_lag_max_seconds") == 4.0
    assert value("callcue_call_lag_seconds_bucket", {"le": "2.0"}) == 3
    assert value("callcue_call_lag_seconds_count") == 6


@dataclass
class Stuck(Heard):
    """Takes nothing for the first so many seconds."""

    seconds: float = 0.0

    async def publish(self, topic: str, payload: bytes, /) -> str:
        await asyncio.sleep(max(0.0, self.seconds - asyncio.get_running_loop().time()))
        return await super().publish(topic, payload)


def test_while_the_bus_takes_nothing_metrics_go_on_and_what_was_to_be_told_is_told_later() -> None:
    metrics, stuck = Metrics(), Stuck(seconds=9.5)
    watched(Session("x", [4.0]), Session("y", [2.0]), seconds=12, metrics=metrics, heard=stuck)
    counted = metrics.registry.get_sample_value("callcue_call_lag_seconds_count")
    assert counted is not None and counted >= 10
    for call, lag in (("x", 4.0), ("y", 2.0)):
        assert [told[1:] for told in stuck.told(call)] == [(lag, True)]


def test_without_calls_the_worst_is_nothing() -> None:
    metrics = Metrics()
    metrics.lag([5.0])
    watched(seconds=2, metrics=metrics)
    assert metrics.registry.get_sample_value("callcue_call_lag_max_seconds") == 0.0


@pytest.mark.parametrize("after_the_end", [False, True])
def test_a_view_shows_the_lag_of_a_live_call_and_numbers_nothing(after_the_end: bool) -> None:
    view = LiveView()
    records = ended_call("c1") if after_the_end else ended_call("c1")[:1]
    assert isinstance(records[0].event, CallStarted)
    for record in records:
        view.apply(record)
    lag = Record(call_id="c1", seq=0, event=Lag(at=1.0, seconds=3.0, partial_lines=False))
    view.apply(lag)
    shown = view.view("c1")
    assert shown is not None
    assert shown.seq == len(records)
    assert (shown.lag, shown.partial_lines) == ((0.0, True) if after_the_end else (3.0, False))
    told = view.lag("c1")
    assert (told is None) if after_the_end else (told == Lag(at=0.0, seconds=3.0, partial_lines=False))
    assert view.apply(Record(call_id="unknown", seq=0, event=lag.event)) == []
    assert view.lag("unknown") is None


def test_a_call_that_is_over_is_behind_no_more() -> None:
    view = LiveView()
    begun, over = ended_call("c1")
    for record in (
        begun,
        Record(call_id="c1", seq=0, event=Lag(at=1.0, seconds=3.0, partial_lines=False)),
        over,
    ):
        view.apply(record)
    shown = view.view("c1")
    assert shown is not None
    assert (shown.state, shown.lag, shown.partial_lines) == ("ended", 0.0, True)
