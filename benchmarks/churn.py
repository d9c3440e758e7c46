"""Calls coming and going faster than real time: does the service's memory, and its engine's, stay flat?

Callers play one call after the other, each as fast as the service takes it up; one in ten hangs up without a
word. Memory is looked at every second, against the seconds of calls that have been heard by then.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.document import settings_given
from benchmarks.flatness import Growth, Look, growth
from benchmarks.frames import FRAME_SECONDS, Loop, read_loops
from benchmarks.load import LoadOptions, service_under_test
from benchmarks.plans import Line, Take, call_ids, plan
from benchmarks.players import HastyPlayer, Played
from benchmarks.rig import Console, console, run
from benchmarks.served import Tree

_LOOK_EVERY = 1.0
_LENGTHS = (8.0, 60.0)  # seconds of a call
_VANISH = 0.1
_CALLS = 100_000
_WAIT = 0.5  # before a refused caller calls again, where it is not told


@dataclass(slots=True)
class _Tally:
    """What has been played so far."""

    frames: int = 0
    calls: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    going: set[HastyPlayer] = field(default_factory=set)

    @property
    def heard(self) -> float:
        """Seconds of calls."""
        return (self.frames + sum(player.sent_frames for player in self.going)) * FRAME_SECONDS

    async def play(self, player: HastyPlayer) -> Played:
        self.going.add(player)
        try:
            played = await player.play()
        finally:
            self.going.discard(player)
            self.frames += player.sent_frames
        self.calls += 1
        self.codes[str(played.close_code)] += 1
        return played


def run_churn(
    options: LoadOptions, say: Callable[[str], None] = lambda text: None
) -> tuple[dict[str, Any], list[Look]]:
    """`options.calls` callers for `options.seconds`: figures as a JSON object, and what was seen."""
    loops = read_loops(options.recordings)
    os.environ.setdefault("CALLCUE_LIMITS__DRAIN_SECONDS", "1")  # for the calls that are cut off at the end
    return run(lambda: _run(options, loops, say))


async def _run(
    options: LoadOptions, loops: Sequence[Loop], say: Callable[[str], None]
) -> tuple[dict[str, Any], list[Look]]:
    async with service_under_test(options) as (url, pid):
        say(f"{options.calls} callers for {options.seconds:g} s into {url} …")
        if pid is None:
            raise ValueError("a running service's process must be named")
        tally, looks = _Tally(), list[Look]()
        async with console(url, keep=False) as seen:
            tasks = [asyncio.create_task(_call(options, loops, url, tally, n)) for n in range(options.calls)]
            await _watch(Tree(pid), options.seconds, tally, looks)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
    for one in ended:
        if isinstance(one, Exception):
            raise one
    return _report(options, tally, looks, seen), looks


async def _call(options: LoadOptions, loops: Sequence[Loop], url: str, tally: _Tally, number: int) -> None:
    """One caller: a call, and the next, until cancelled."""
    chance = random.Random(1000 * options.seed + number)  # noqa: S311
    for call_id in call_ids(_CALLS, f"churn{number}"):
        loop = chance.choice(loops)
        frames = round(chance.uniform(*_LENGTHS) / FRAME_SECONDS)
        take = Take(loop=loop, offset=chance.randrange(loop.frames), frames=frames)
        vanishing = chance.randrange(frames) if chance.random() < _VANISH else None
        to = Line(url=url, profile=options.profile)
        played = await tally.play(HastyPlayer(plan(to, take, call_id), vanish_at=vanishing))
        if played.refused and vanishing is None:
            await asyncio.sleep(played.retry_after or _WAIT)


async def _watch(tree: Tree, seconds: float, tally: _Tally, looks: list[Look]) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    while (now := clock() - began) < seconds:
        service, worker = tree.memory()
        looks.append(Look(at=now, heard=tally.heard, service=service / 1e6, worker=worker / 1e6))
        await asyncio.sleep(_LOOK_EVERY)


def _report(options: LoadOptions, tally: _Tally, looks: Sequence[Look], seen: Console) -> dict[str, Any]:
    parts = {"service": growth(looks, lambda look: look.service)}
    if looks[-1].worker:
        parts["engine"] = growth(looks, lambda look: look.worker)
    parts["together"] = together = growth(looks, lambda look: look.service + look.worker)
    return {
        "callers": options.calls,
        "seconds": options.seconds,
        "model": options.model,
        "settings": settings_given(),
        "calls": tally.calls,
        "call_seconds": round(tally.heard, 1),
        "times_real_time": round(tally.heard / options.seconds, 1),
        "ended_at_the_console": seen.ended,
        "close_codes": dict(tally.codes),
        "memory": {name: _growth(one) for name, one in parts.items()},
        "flat": together.flat,
    }


def _growth(one: Growth) -> dict[str, Any]:
    return {
        "settled_mb": round(one.settled),
        "end_mb": round(one.end),
        "peak_mb": round(one.peak),
        "mb_per_call_hour": round(one.per_call_hour, 1),
        "error_mb_per_call_hour": round(one.error, 1),
    }


def line(report: dict[str, Any]) -> str:
    """One run in a line of text."""
    parts = ", ".join(
        f"{name} {one['settled_mb']} → {one['end_mb']} MB ({one['mb_per_call_hour']:+.1f} "
        f"± {one['error_mb_per_call_hour']:.1f} an hour of calls)"
        for name, one in report["memory"].items()
    )
    return (
        f"{report['calls']} calls, {report['call_seconds'] / 3600:.2f} hours of calls at "
        f"{report['times_real_time']} × real time: {parts}: {'flat' if report['flat'] else 'not flat'}"
    )


def plot(looks: Sequence[Look], path: Path, *, title: str) -> None:
    """Resident memory against hours of calls."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    hours = [look.heard / 3600 for look in looks]
    axes.plot(hours, [look.service for look in looks], label="service")
    axes.plot(hours, [look.worker for look in looks], label="engine")
    axes.plot(hours, [look.service + look.worker for look in looks], label="together")
    axes.set(xlabel="hours of two-party calls heard", ylabel="MB resident", title=title, ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
