"""How busy the engine is, what a call costs, and what follows from it for partials and for new calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.capacity import Capacity, CapacityConfig
from models.ladder import LadderConfig
from models.pace import EngineUse, PaceConfig, PartialPace
from streaming.events import Party
from streaming.ports import Priority, SpeechRequest

CONFIG = PaceConfig(target=0.6, partials=0.4, sparsest=4.0, smoothing=3.0, step=0.5, slower=1.5, faster=0.75)


def test_the_share_of_time_at_work_is_smoothed_and_counts_each_kind_alone() -> None:
    use = EngineUse(slots=2, smoothing=3.0)
    use.began("final", 0.0)
    assert use.share("final", 100.0) == pytest.approx(0.5)
    use.began("final", 100.0)
    use.began("partial", 100.0)
    assert use.share("final", 103.0) == pytest.approx(1 - 0.5 * np.exp(-1))
    use.ended("final", 103.0)
    use.ended("final", 103.0)
    use.ended("partial", 103.0)
    assert use.share("final", 200.0) == pytest.approx(0.0, abs=1e-9)
    assert use.share("batch", 200.0) == 0.0


@given(
    st.lists(st.tuples(st.sampled_from(["final", "partial"]), st.floats(0, 2), st.floats(0, 2)), max_size=40)
)
def test_shares_lie_between_nothing_and_all(steps: list[tuple[Priority, float, float]]) -> None:
    use, now = EngineUse(slots=1, smoothing=3.0), 0.0
    for kind, pause, work in steps:
        now += pause
        use.began(kind, now)
        now += work
        use.ended(kind, now)
        assert 0.0 <= use.share("final", now) + use.share("partial", now) <= 1.0 + 1e-9


def load(use: EngineUse, final: float, partial: float) -> None:
    """Both shares as they would be after a long time."""
    use._share.update(final=final, partial=partial)


def pace_after(seconds: float, final: float, partial: float, pace: PartialPace, use: EngineUse) -> float:
    now = 0.0 if use._at is None else use._at
    every = 0.0
    for step in range(int(seconds / 0.5) + 1):
        load(use, final, partial)
        every = pace.every(0.5, now + step * 0.5)
        load(use, final, partial)
    return every


def test_an_idle_engine_is_asked_as_often_as_is_wanted() -> None:
    use = EngineUse(slots=2, smoothing=3.0)
    assert pace_after(5.0, 0.05, 0.1, PartialPace(use, CONFIG), use) == 0.5


@pytest.mark.parametrize(("final", "partial"), [(0.5, 0.3), (0.7, 0.1), (0.9, 0.0), (0.0, 0.8)])
def test_where_finals_leave_too_little_partials_get_rare_within_seconds(final: float, partial: float) -> None:
    use = EngineUse(slots=2, smoothing=3.0)
    pace = PartialPace(use, CONFIG)
    assert pace_after(3.0, final, partial, pace, use) == 4.0
    assert pace_after(6.0, 0.1, 0.05, pace, use) == 0.5


def test_partials_that_were_off_come_back_sparse() -> None:
    use = EngineUse(slots=2, smoothing=3.0)
    pace = PartialPace(use, CONFIG)
    for step in range(10):
        pace.every(0.5, step * 0.5, off=True)
    assert pace.every(0.5, 4.6) > 3.0


def test_within_a_step_nothing_changes_however_often_it_is_asked() -> None:
    use = EngineUse(slots=2, smoothing=3.0)
    pace = PartialPace(use, CONFIG)
    load(use, 0.9, 0.1)
    assert {pace.every(0.5, 0.001 * n) for n in range(499)} == {0.5}


def request(call: str = "c", seconds: float = 2.0, priority: Priority = "final") -> SpeechRequest:
    return SpeechRequest(
        call_id=call,
        speaker=Party.AGENT,
        utterance_id="a1",
        revision=0,
        start=0.0,
        audio=np.zeros(int(seconds * 16000), np.float32),
        priority=priority,
    )


def talked(
    capacity: Capacity,
    seconds: float,
    *,
    work: float,
    every: float = 4.0,
    now: float = 0.0,
    together: int = 1,
) -> float:
    """One call in which an utterance comes `every` so often and costs `work`; returns when it is over."""
    end = now + seconds
    while now < end:
        capacity.asked(request(), now)
        now += every
        capacity.answered(request(), work, now, together=together)
    return now


def test_what_a_call_costs_is_learnt_and_tells_how_many_fit() -> None:
    capacity = Capacity(2)
    assert capacity.has_room(1_000_000, 0.0)  # nothing is known
    now = talked(capacity, 1200.0, work=0.2)
    assert capacity.call_cost() == pytest.approx(0.05, rel=0.1)
    assert capacity.has_room(31, now)  # 32 calls take 1.6 of two slots; 1.8 may be taken
    assert not capacity.has_room(37, now)


def test_the_first_answers_after_a_start_refuse_nobody() -> None:
    capacity = Capacity(2)
    for n in range(CapacityConfig().enough - 1):
        capacity.asked(request(), float(n))
        capacity.answered(request(), 5.0, n + 0.5)
    assert capacity.has_room(100, 30.0)


def test_a_machine_that_stood_still_for_a_minute_is_no_dearer_for_it() -> None:
    capacity = Capacity(2)
    now = talked(capacity, 1200.0, work=0.2)
    before = capacity.call_cost()
    capacity.answered(request(), 60.0, now + 60.0)
    assert capacity.call_cost() < 1.1 * before


def test_an_engine_that_has_become_slow_is_found_out() -> None:
    capacity = Capacity(2)
    now = talked(capacity, 1200.0, work=0.2)
    now = talked(capacity, 1200.0, work=2.0, now=now)
    assert not capacity.has_room(10, now)


def test_an_empty_node_takes_a_call_whatever_it_thinks_that_calls_cost() -> None:
    capacity = Capacity(1)
    now = talked(capacity, 400.0, work=4.0)
    assert not capacity.has_room(1, now)
    capacity.over("c", now)
    assert capacity.has_room(0, now + 1e6)


def test_recordings_are_no_calls_and_partials_no_finals() -> None:
    capacity = Capacity(2)
    now = 0.0
    for _ in range(300):
        capacity.asked(request(), now)
        capacity.answered(request(priority="partial"), 1.0, now)
        capacity.answered(request("recording", 10.0, "batch"), 1.0, now)
        capacity.asked(request("recording", priority="batch"), now)
        now += 4.0
    assert capacity.call_cost() < 0.05  # what is left of the assumption made at the beginning


@pytest.mark.parametrize(
    "marks",
    [
        {"partials_off": 0.0},
        {"partials_off": 3.0},  # above `welcome`
        {"welcome": 5.0},
        {"most": 4.0},
    ],
)
def test_a_ladder_whose_rungs_are_out_of_order_is_refused(marks: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="need 0 <"):
        LadderConfig(**marks)


def test_a_node_that_decodes_utterances_together_counts_them_as_it_will_when_full() -> None:
    costs = []
    for together in (1, 2, 3, 8):
        capacity = Capacity(2, CapacityConfig(crowded=(0.5, 0.8)))
        talked(capacity, 1200.0, work=0.2, together=together)
        costs.append(capacity.call_cost())
    assert costs == pytest.approx([0.025, 0.04, 0.05, 0.05], rel=0.1)
