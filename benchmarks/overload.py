"""Twice the calls that a machine holds: what is lost, what gives way, and how soon all is well again.

A steady number of calls is joined by as many again, which leave together. A caller that asks for a new call
every second shows when calls are refused, and when they are welcome again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.document import settings_given
from benchmarks.expected import utterances_of_calls
from benchmarks.frames import FRAME_SECONDS, Loop, read_loops
from benchmarks.latency import CallWaits, Spread, Waits
from benchmarks.load import LoadOptions, service_under_test
from benchmarks.plans import Line, Take, call_ids, plan, takes
from benchmarks.players import Played, Player
from benchmarks.recovery import Late, lines_again, welcome_again
from benchmarks.rig import Console, Cost, console, play, run
from benchmarks.served import Tree

_TAIL_SECONDS = 45.0  # how long calls may take to end behind their last frame
_ASK_EVERY = 0.5
NORMAL_WITHIN = 10.0
"""Seconds from the load's going to lines in time and new calls taken."""


@dataclass(frozen=True, slots=True)
class Course:
    """When what happens, on the loop's clock. The base's calls begin within `settled`, the burst's between
    `joined` and `full`; the burst leaves at `gone`, the base ends at `over`."""

    began: float
    settled: float
    joined: float
    full: float
    gone: float
    over: float

    @classmethod
    def of(cls, began: float, seconds: float) -> Course:
        """`seconds` of double load, half as long before, and long enough behind it to see it end."""
        joined = began + max(8.0, seconds / 2)
        gone = joined + seconds
        ramps = began + min(5.0, seconds / 6), joined + seconds / 3
        return cls(began, ramps[0], joined, ramps[1], gone, gone + NORMAL_WITHIN + 5.0)

    @property
    def phases(self) -> dict[str, tuple[float, float]]:
        return {
            "before": (self.settled, self.joined),
            "during": (self.full, self.gone),
            "after": (self.gone, self.over),
        }


@dataclass(frozen=True, slots=True)
class _Call:
    call_id: str
    take: Take
    at: float


@dataclass(slots=True)
class _Asked:
    """One who asks for a new call now and then: when, and whether it was refused, and until when."""

    answers: list[tuple[float, bool]] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    retry_after: list[float] = field(default_factory=list)

    def note(self, at: float, played: Played) -> None:
        self.answers.append((at, played.whole))
        if played.refused:
            self.codes[str(played.close_code)] += 1
            if played.retry_after is not None:
                self.retry_after.append(played.retry_after)


def run_overload(options: LoadOptions, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """`options.calls` all the time, and as many again for `options.seconds`; a JSON object."""
    loops = read_loops(options.recordings)
    return run(lambda: _run(options, loops, say))


async def _run(options: LoadOptions, loops: Sequence[Loop], say: Callable[[str], None]) -> dict[str, Any]:
    async with service_under_test(options) as (url, pid):
        say(f"{options.calls} calls, then twice as many for {options.seconds:g} s, into {url} …")
        async with console(url) as seen:
            course = Course.of(asyncio.get_running_loop().time(), options.seconds)
            cost = Cost(window=(course.settled, course.over))
            calls = _calls(options, loops, course)
            played, asked = await _play(options, url, course, calls, cost, Tree(pid) if pid else None)
            if not await seen.until_ended(sum(one.whole for one in (*played.values(), *asked[1]))):
                say("not every call's end reached the console")
    return _report(options, course, calls, played, asked[0], seen, cost)


def _calls(options: LoadOptions, loops: Sequence[Loop], course: Course) -> list[_Call]:
    """The base's, then the burst's; those of one kind end together."""
    count = options.calls
    found = []
    ids = call_ids(2 * count, "over")
    for number, take in enumerate(takes(loops, 2 * count, 0.0, seed=options.seed)):
        burst, place = divmod(number, count)
        first, last, end = (
            (course.joined, course.full, course.gone)
            if burst
            else (course.began, course.settled, course.over)
        )
        at = first + (last - first) * place / count
        frames = round((end - at) / FRAME_SECONDS)
        found.append(_Call(ids[number], Take(loop=take.loop, offset=take.offset, frames=frames), at))
    return found


async def _play(
    options: LoadOptions, url: str, course: Course, calls: Sequence[_Call], cost: Cost, tree: Tree | None
) -> tuple[dict[str, Played], tuple[_Asked, list[Played]]]:
    to = Line(url=url, framing=options.framing, profile=options.profile)
    metering = asyncio.create_task(cost.measure(tree))
    asking = asyncio.create_task(_ask(Line(url=url), calls[0].take.loop, course))
    plans = [(plan(to, call.take, call.call_id), call.at) for call in calls]
    played = await play(plans, until=course.over + _TAIL_SECONDS)
    await metering
    return {one.call_id: one for one in played}, await asking


async def _ask(to: Line, loop: Loop, course: Course) -> tuple[_Asked, list[Played]]:
    """A call without a frame, again and again: taken, or refused."""
    asked, played = _Asked(), []
    clock = asyncio.get_running_loop().time
    nothing = Take(loop=loop, offset=0, frames=0)
    await asyncio.sleep(course.settled - clock())
    for call_id in call_ids(1000, "ask"):
        if (at := clock()) >= course.over:
            break
        played.append(await Player(plan(to, nothing, call_id)).play())
        asked.note(at, played[-1])
        await asyncio.sleep(max(0.0, at + _ASK_EVERY - clock()))
    return asked, played


def _report(
    options: LoadOptions,
    course: Course,
    calls: Sequence[_Call],
    played: dict[str, Played],
    asked: _Asked,
    seen: Console,
    cost: Cost,
) -> dict[str, Any]:
    by_phase = {name: Waits() for name in course.phases}
    everything = Waits()
    followed = {
        call_id: [
            CallWaits(one.sent, everything, (course.began, course.over)),
            *(CallWaits(one.sent, by_phase[name], phase) for name, phase in course.phases.items()),
        ]
        for call_id, one in played.items()
    }
    late: list[Late] = []
    finals: dict[str, set[str]] = {call_id: set() for call_id in played}
    for received, call_id, event in seen.events():
        for waits in followed.get(call_id, ()):
            waits.take(event, received)
        if len(everything.final) > len(late):
            late.append(Late(received, everything.final[-1]))
        if event["type"] == "utterance" and event["final"] and call_id in finals:
            finals[call_id].add(event["id"])
    lost = _lost(calls, played, finals)
    burst = [played[call.call_id] for call in calls[options.calls :]]
    taken = sum(not one.refused for one in burst)
    report = {
        "calls": options.calls,
        "seconds": options.seconds,
        "model": options.model,
        "framing": options.framing,
        "settings": settings_given(),
        "offered": len(calls),
        "taken": sum(not one.refused for one in played.values()),
        "refused": dict(Counter(str(one.close_code) for one in burst if one.refused)),
        "refused_of_base": sum(played[call.call_id].refused for call in calls[: options.calls]),
        "unfinished": sum(one.broken_off for one in played.values()),
        "asked": _asked(asked, course),
        "utterances": {"expected": lost[1], "lost": lost[0]},
        "gaps": {"count": len(everything.gaps), "seconds": everything.gap_seconds},
        "phases": _phases(by_phase, course, options.calls, taken),
        "back_to_normal": _recovery(late, asked, course),
        "timeline": [[round(one.received - course.began, 2), round(one.wait, 2)] for one in late],
        "course": {name: round(at - course.began, 2) for name, at in asdict(course).items()},
        "peak_rss_mb": cost.peak_mb(),
        "generator_late_seconds": asdict(Spread.of(lag for one in played.values() for lag in one.late)),
    }
    return {**report, "holds": holds(report)}


def _lost(calls: Sequence[_Call], played: dict[str, Played], finals: dict[str, set[str]]) -> tuple[int, int]:
    """Utterances whose final line never came, and how many there were in what was sent."""
    sent = {call.call_id: (call.take, len(played[call.call_id].times)) for call in calls}
    expected = utterances_of_calls({call_id: one for call_id, one in sent.items() if one[1]})
    return (
        sum(len(wanted - finals[call_id]) for call_id, wanted in expected.items()),
        sum(map(len, expected.values())),
    )


def _asked(asked: _Asked, course: Course) -> dict[str, Any]:
    refused_at = [round(at - course.began, 2) for at, taken in asked.answers if not taken]
    return {
        "times": len(asked.answers),
        "refused": dict(asked.codes),
        "first_refused": refused_at[0] if refused_at else None,
        "last_refused": refused_at[-1] if refused_at else None,
        "retry_after": asdict(Spread.of(asked.retry_after)),
    }


def _phases(by_phase: dict[str, Waits], course: Course, base: int, burst: int) -> dict[str, Any]:
    """Waits for lines, and partial lines per second of a call."""
    found = {}
    for name, (first, last) in course.phases.items():
        call_seconds = (last - first) * (base + burst * (name == "during"))
        waits = by_phase[name]
        partials = round(len(waits.partial) / call_seconds, 3)
        found[name] = {"final": asdict(Spread.of(waits.final)), "partials_per_call_second": partials}
    return found


def _recovery(late: Sequence[Late], asked: _Asked, course: Course) -> dict[str, Any]:
    lines = lines_again(late, course.gone)
    welcome = welcome_again(asked.answers, course.gone)
    known = lines is not None and welcome is not None
    seconds = round(max(lines or 0.0, welcome or 0.0), 2) if known else None
    return {"lines": lines, "new_calls": welcome, "seconds": seconds}


def holds(report: dict[str, Any]) -> bool:
    """Nothing that was said is lost, refusals say when to come back, and it is over soon."""
    back = report["back_to_normal"]["seconds"]
    refusals = {*report["refused"], *report["asked"]["refused"]}
    well = not (report["utterances"]["lost"] or report["gaps"]["count"] or report["unfinished"])
    polite = refusals <= {"1013"} and report["asked"]["retry_after"]["count"] == sum(
        report["asked"]["refused"].values()
    )
    return well and polite and not report["refused_of_base"] and back is not None and back <= NORMAL_WITHIN


def line(report: dict[str, Any]) -> str:
    """One run in a few lines of text."""
    phases = report["phases"]
    waits = ", ".join(f"{name} {one['final']['p95']} s" for name, one in phases.items())
    partials = " → ".join(str(one["partials_per_call_second"]) for one in phases.values())
    back = report["back_to_normal"]
    return (
        f"{report['taken']} of {report['offered']} calls taken; p95 of lines: {waits}; "
        f"partials a call second {partials}; lost {report['utterances']['lost']} of "
        f"{report['utterances']['expected']} utterances, {report['gaps']['count']} gaps; "
        f"refused {sum(report['refused'].values())} calls and {sum(report['asked']['refused'].values())} "
        f"of {report['asked']['times']} asks; normal after {back['seconds']} s "
        f"(lines {back['lines']}, new calls {back['new_calls']}): "
        f"{'holds' if report['holds'] else 'does not hold'}"
    )
