"""The bench: one failing detector costs its own judgements and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from detectors import REGISTRY
from detectors.base import Judge
from detectors.bench import Bench
from streaming.events import (
    CallInfo,
    Detection,
    DetectionWithdrawn,
    DetectorFailed,
    Event,
    Party,
    Seconds,
    Tick,
    Utterance,
    Verdict,
    Word,
)
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue

CALL = CallInfo(call_id="c1")


class Echo(Judge):
    """Judges every utterance that says "bad": provisionally while it is partial."""

    name = "echo"

    def feed(self, event: Event, /) -> Iterable[Detection]:
        if isinstance(event, Utterance) and "bad" in event.text:
            yield self.detect(
                "emotion.leakage",
                Verdict.HARMFUL,
                where=event.id,
                start=event.start,
                end=event.end,
                provisional=not event.final,
            )

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        yield self.detect("courtesy.closing", Verdict.MISSED, where="end", start=at, end=at)


class Raises(Echo):
    name = "raises"

    def feed(self, event: Event, /) -> Iterable[Detection]:
        if isinstance(event, Tick) and event.at >= 2.0:
            raise LookupError("the customer's words must not travel in here")
        return super().feed(event)


class CannotStart(Echo):
    def __init__(self, call: CallInfo, policy: Policy) -> None:
        raise ValueError("no")


class FailsAtTheEnd(Echo):
    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        raise ZeroDivisionError


def heard(text: str, *, final: bool, revision: int = 1, number: int = 1) -> Utterance:
    return Utterance(
        speaker=Party.AGENT,
        id=f"a{number}",
        revision=revision,
        start=1.0,
        end=2.0,
        words=tuple(Word(text=word, start=1.0, end=2.0) for word in text.split()),
        final=final,
    )


def kinds(events: Iterable[Event]) -> list[tuple[str, str]]:
    return [(event.type, getattr(event, "id", "")) for event in events]


def test_a_final_confirms_a_provisional_detection_under_the_same_id() -> None:
    bench = Bench(CALL, Policy(), {"echo": Echo})
    (first,) = bench.feed(heard("so bad", final=False))
    assert isinstance(first, Detection) and first.provisional
    assert bench.feed(heard("so bad for", final=False, revision=2)) == []
    (last,) = bench.feed(heard("so bad for you", final=True, revision=3))
    assert isinstance(last, Detection) and (last.id, last.provisional) == (first.id, False)


def test_a_final_that_does_not_confirm_withdraws() -> None:
    bench = Bench(CALL, Policy(), {"echo": Echo})
    (first,) = bench.feed(heard("bad", final=False))
    assert isinstance(first, Detection)
    assert bench.feed(heard("", final=True)) == [DetectionWithdrawn(id=first.id, at=2.0)]
    assert [event for event in bench.finish(9.0) if isinstance(event, DetectionWithdrawn)] == []


def test_another_utterance_s_final_withdraws_nothing() -> None:
    bench = Bench(CALL, Policy(), {"echo": Echo})
    bench.feed(heard("bad", final=False))
    assert bench.feed(heard("good", final=True, number=2)) == []


def test_nothing_stays_provisional_after_the_call() -> None:
    bench = Bench(CALL, Policy(), {"echo": Echo})
    bench.feed(heard("bad", final=False))
    assert kinds(bench.finish(9.0)) == [
        ("detection", "courtesy.closing@end"),
        ("detection_withdrawn", "emotion.leakage@a1"),
    ]


def test_a_detector_that_raises_is_dropped_recorded_and_the_others_go_on() -> None:
    bench = Bench(CALL, Policy(), {"raises": Raises, "echo": Echo})
    assert bench.feed(Tick(at=1.0)) == []
    assert bench.feed(Tick(at=2.0)) == [DetectorFailed(detector="raises", at=2.0, error="LookupError")]
    assert bench.failed == {"raises": "LookupError"}
    assert bench.feed(Tick(at=3.0)) == []
    assert kinds(bench.feed(heard("bad", final=True))) == [("detection", "emotion.leakage@a1")]


def test_what_a_failing_detector_had_left_open_is_withdrawn() -> None:
    bench = Bench(CALL, Policy(), {"raises": Raises})
    bench.feed(heard("bad", final=False))
    assert kinds(bench.feed(Tick(at=2.0))) == [
        ("detector_failed", ""),
        ("detection_withdrawn", "emotion.leakage@a1"),
    ]


@pytest.mark.parametrize(
    ("factory", "error"), [(CannotStart, "ValueError"), (FailsAtTheEnd, "ZeroDivisionError")]
)
def test_failing_to_start_or_to_finish_is_recorded_too(factory: type[Echo], error: str) -> None:
    bench = Bench(CALL, Policy(), {"one": factory})
    events = [*bench.feed(Tick(at=1.0)), *bench.finish(5.0)]
    assert [event.error for event in events if isinstance(event, DetectorFailed)] == [error]
    assert bench.failed == {"one": error}


def test_an_id_is_let_through_once() -> None:
    bench = Bench(CALL, Policy(), {"one": Echo, "two": Echo})
    assert len(bench.feed(heard("bad", final=True))) == 1
    assert bench.feed(heard("bad", final=False, revision=9)) == []


def test_a_behaviour_switched_off_is_not_reported() -> None:
    bench = Bench(CALL, Policy(off=frozenset({"emotion.leakage"})), {"one": Echo})
    assert bench.feed(heard("bad", final=True)) == []


def test_a_partial_may_only_bring_provisional_judgements() -> None:
    class Hasty(Echo):
        def feed(self, event: Event, /) -> Iterable[Detection]:
            yield self.detect("emotion.leakage", Verdict.HARMFUL, where="x", start=0.0, end=0.0)

    bench = Bench(CALL, Policy(), {"hasty": Hasty})
    assert bench.feed(heard("bad", final=False)) == []
    assert len(bench.feed(heard("bad", final=True))) == 1


def test_the_registry_s_detectors_judge_a_whole_call_together() -> None:
    bench = Bench(CALL, Policy(), REGISTRY)
    events = [
        out
        for event in dialogue("A: Yeah?", "C: Hi.", "A: Account number?", tail=20.0)
        for out in bench.feed(event)
    ]
    behaviours = {event.behaviour for event in [*events, *bench.finish(25.0)] if isinstance(event, Detection)}
    assert {"courtesy.greeting", "courtesy.request_form"} <= behaviours
    assert bench.failed == {}


def test_what_needs_a_party_who_was_not_recorded_is_not_reported() -> None:
    lines = (
        "A: Hello, this is Rick, how can I help?",
        "…9",
        "A: Let me look that up for you.",
        "…20",
        "A: Okay.",
    )
    alone = CallInfo(call_id="c1", parties=(Party.AGENT,))
    bench = Bench(alone, Policy(), REGISTRY)
    found = [one for event in dialogue(*lines) for one in bench.feed(event)] + [*bench.finish(60.0)]
    judged = {one.behaviour for one in found if isinstance(one, Detection)}
    assert "courtesy.greeting" in judged
    assert judged.isdisjoint({"call.dead_air", "courtesy.hold", "call.hang_up", "service.resolution"})
