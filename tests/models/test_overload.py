"""Forty calls, and twice as many as fit, before one engine of two slots, on a virtual clock.

The engine is drawn after tiny.en on two cores (`conversations.Cost`); finals of one call take 0.035 s of a
slot per second, so that some 57 calls would keep both slots busy all the time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from models.scheduler import SchedulerStats
from tests.models.conversations import Cost, Office, Pace, Seen, fixed, paced
from tests.virtual_time import run_virtually

MINUTE = 60.0
SEEDS = (1, 2, 3)
TOGETHER = Cost(shared=(1.0, 0.81, 0.74, 0.69, 0.67, 0.66, 0.65, 0.64))
"""Part of its cost alone that an utterance has in a group of 1, 2 … 8, for tiny.en on a CPU: the decoding is
shared, encoding and aligning are not (benchmarks/README.md, "Batches")."""


@dataclass(frozen=True)
class Look:
    at: float
    live: int
    every: float | None
    stats: SchedulerStats


async def watch(office: Office, until: float) -> list[Look]:
    clock = asyncio.get_running_loop().time
    looks = []
    while clock() < until:
        await asyncio.sleep(0.5)
        every = office.scheduler.pace(0.5)
        looks.append(Look(clock(), office.live, every, office.scheduler.stats()))
    return looks


def steady(
    calls: int, pace: Pace, seed: int = 1, *, slots: int = 2, cost: Cost | None = None
) -> tuple[Seen, list[Look]]:
    async def main() -> tuple[Seen, list[Look]]:
        office = Office(slots=slots, pace=pace, seed=seed, cost=cost)
        async with asyncio.TaskGroup() as tasks:
            for name in range(calls):
                tasks.create_task(office.call(name, tasks, until=MINUTE))
            looks = await watch(office, MINUTE)
        return office.seen, looks

    return run_virtually(main())


def crowd(
    calls: int, *, arriving: float, gone_at: float, stay: int, seed: int, cost: Cost | None = None
) -> tuple[Seen, list[Look]]:
    """`calls` come within `arriving` seconds; at `gone_at` all but `stay` say their last words."""

    async def main() -> tuple[Seen, list[Look]]:
        office = Office(seed=seed, cost=cost)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch(office, gone_at + 25.0))
            for name in range(calls):
                until = gone_at + 25.0 if name < stay else gone_at
                tasks.create_task(office.call(name, tasks, until=until))
                await asyncio.sleep(arriving / calls)
        return office.seen, watching.result()

    return run_virtually(main())


@pytest.mark.parametrize("every", [0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_finals_of_forty_calls_hardly_wait_for_partials_however_many_are_wanted(
    every: float, seed: int
) -> None:
    alone, _ = steady(40, fixed(None), seed)
    beside, _ = steady(40, fixed(every), seed)
    assert len(beside.lines) > 50
    assert beside.lost == 0
    assert alone.p95() < 1.1
    assert beside.p95() < alone.p95() + 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_show_what_was_said_lately_even_when_they_must_wait_for_the_engine(seed: int) -> None:
    """From the audio of a partial to its line: what waits is replaced by what is newer."""
    seen, _ = steady(24, fixed(0.5), seed)
    waits = sorted(waited for _, waited in seen.lines)
    assert waits[int(0.95 * len(waits))] < 1.2


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_grow_often_when_idle_rarely_when_busy_and_the_engine_keeps_time(seed: int) -> None:
    mean = {}
    for calls in (2, 12, 24, 40):
        _, looks = steady(calls, paced(0.5), seed)
        late = looks[len(looks) // 3 :]
        assert all(look.every is not None for look in late)
        mean[calls] = sum(look.every or 0 for look in late) / len(late)
        use = sum(look.stats.final_share + look.stats.partial_share for look in late) / len(late)
        assert use < 0.9
    assert mean[2] < 0.55
    assert mean[2] <= mean[12] < mean[24] < mean[40]
    assert mean[24] > 1.0
    assert mean[40] > 3.0


@pytest.mark.parametrize("arriving", [20.0, 40.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_of_twice_the_calls_that_fit_those_taken_lose_nothing_and_the_others_are_told_when_to_come(
    arriving: float, seed: int
) -> None:
    seen, looks = crowd(100, arriving=arriving, gone_at=90.0, stay=10, seed=seed)
    assert seen.lost == seen.unheard == 0
    assert 40 <= max(look.live for look in looks) <= 60
    assert len(seen.refused) > 100
    assert all(told > 0 for _, told in seen.refused)
    assert seen.p95(after=30.0, before=90.0) < 2.5
    busy = [look for look in looks if 40.0 < look.at < 90.0]
    assert min(look.every or 4.0 for look in busy) > 2.0  # partials made way


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_seconds_after_the_load_has_gone_all_is_normal(seed: int) -> None:
    _, looks = crowd(100, arriving=20.0, gone_at=90.0, stay=10, seed=seed)
    gone = next(look.at for look in looks if look.at > 90.0 and look.live <= 12)
    after = [look for look in looks if gone + 10.0 <= look.at < gone + 15.0]
    assert after
    for look in after:
        assert not look.stats.refusing
        assert look.every is not None
    assert sum(look.every or 0 for look in after) / len(after) < 1.0


def test_a_node_that_was_taken_by_surprise_sheds_partials_and_refuses_but_drops_no_final() -> None:
    """Everybody calls within a second, before anything is known of their cost: too many are taken."""
    seen, looks = crowd(120, arriving=1.0, gone_at=25.0, stay=10, seed=1)
    assert max(look.live for look in looks) > 70
    assert seen.lost == 0
    busy = [look for look in looks if 20.0 < look.at < 25.0]
    assert all(look.every is None and look.stats.refusing for look in busy)
    off = next(look.at for look in looks if look.stats.partials_off)
    refused = next(look.at for look in looks if look.stats.refusing)
    assert off < refused


@pytest.mark.parametrize("seed", SEEDS)
def test_a_backlog_of_calls_that_are_over_does_not_keep_live_ones_waiting(seed: int) -> None:
    """As above; ten seconds after the last of the many has hung up, the ten that stay are served as ever."""
    seen, looks = crowd(120, arriving=1.0, gone_at=25.0, stay=10, seed=seed)
    gone = next(look.at for look in looks if look.at > 25.0 and look.live <= 10)
    owed = next(look.stats.queued_final for look in looks if look.at >= gone)
    assert owed > 50
    after = [look for look in looks if look.at >= gone + 10.0]
    assert after
    assert not any(look.stats.refusing or look.stats.partials_off for look in after)
    assert seen.lost == 0


def test_the_same_seed_gives_the_same_call_for_call() -> None:
    assert steady(12, paced(), 7)[0].finals == steady(12, paced(), 7)[0].finals


@pytest.mark.parametrize("every", [0.2, 0.5, 2.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_finals_before_an_only_slot_hardly_wait_for_partials_that_are_decoded_together(
    every: float, seed: int
) -> None:
    alone, _ = steady(20, fixed(None), seed, slots=1, cost=TOGETHER)
    beside, _ = steady(20, fixed(every), seed, slots=1, cost=TOGETHER)
    assert len(beside.lines) > 50
    assert beside.lost == 0
    assert beside.p95() < alone.p95() + 0.35
