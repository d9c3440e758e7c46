"""`callcue bench judge`: CPU of all detectors, together and each alone, on what Whisper heard.

The logs are those that `callcue evaluate` judges (evaluation/heard), without partial lines: a replay,
without audio, engine or store. *meaning* is the sentence encoder and *reader* the turn reader, which run off
the event loop before the judges ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from detectors import REGISTRY
from detectors.bench import Bench
from detectors.meaning import texts_of
from detectors.text import read
from detectors.turns import Reading, Turns
from evaluation.logs import HEARD, read_log
from streaming.errors import ConfigError
from streaming.events import CallInfo, Event, Profile, Utterance
from streaming.ports import DetectorFactory, Meaning, Policy, TurnReader

SETS = ("dev", "held_out")


@dataclass(frozen=True, slots=True)
class Logged:
    name: str
    events: tuple[Event, ...]
    seconds: float


def logged(condition: str) -> list[Logged]:
    """The heard logs of a condition; raises `ConfigError` without any."""
    paths = [path for which in SETS for path in sorted((HEARD / which / condition).glob("*.jsonl.gz"))]
    if not paths:
        raise ConfigError(f"there are no logs of {condition} in {HEARD}")
    logs = [(path.name, tuple(read_log(path))) for path in paths]
    return [Logged(name, events, _end(events)) for name, events in logs]


def measure(
    calls: Sequence[Logged], meaning: Meaning | None, reader: TurnReader | None = None, *, passes: int = 3
) -> dict[str, Any]:
    """CPU milliseconds a call second: the least of `passes`, since other work only ever adds."""
    seconds = sum(call.seconds for call in calls)
    policy = Policy(meaning=meaning, reader=reader)

    def per_second(work: Callable[[], object]) -> float:
        return round(1000 * min(_cpu(work) for _ in range(passes)) / seconds, 3)

    encoded = None if meaning is None else round(1000 * _cpu(lambda: _ponder(calls, meaning)) / seconds, 3)
    turns = None if reader is None else round(1000 * _cpu(lambda: _read(calls, reader)) / seconds, 3)
    _judge(calls, policy, REGISTRY)  # lexicons are read at first use
    together = per_second(lambda: _judge(calls, policy, REGISTRY))
    alone = {
        name: per_second(partial(_judge, calls, policy, {name: factory}))
        for name, factory in REGISTRY.items()
    }
    return {
        "calls": len(calls),
        "call_seconds": round(seconds, 1),
        "together_ms": together,
        "meaning_ms": encoded,
        "reader_ms": turns,
        "alone_ms": alone,
    }


def _ponder(calls: Iterable[Logged], meaning: Meaning) -> None:
    for call in calls:
        for event in call.events:
            if isinstance(event, Utterance) and event.final:
                meaning.vectors(texts_of(read(event)))


def _read(calls: Iterable[Logged], reader: TurnReader) -> None:
    for call in calls:
        turns, reading = Turns(), Reading(reader)
        for event in call.events:
            reading.of(turns.feed(event))


def _judge(calls: Iterable[Logged], policy: Policy, factories: Mapping[str, DetectorFactory]) -> None:
    for call in calls:
        bench = Bench(CallInfo(call_id=call.name, profile=Profile.FULL), policy, factories)
        for event in call.events:
            bench.feed(event)
        bench.finish(call.seconds)
        if bench.failed:
            raise RuntimeError(f"failed in {call.name}: {bench.failed}")


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _end(events: Iterable[Event]) -> float:
    return max(float(getattr(event, "at", getattr(event, "end", 0.0))) for event in events)


def judging_table(document: Mapping[str, Any]) -> str:
    """Markdown of a measurement's file."""
    [run] = document["runs"]
    alone = ", ".join(f"{name} {cost:.2f}" for name, cost in run["alone_ms"].items())
    encoder, reader = (_or_dash(run[name]) for name in ("meaning_ms", "reader_ms"))
    calls = f"{run['calls']} ({run['call_seconds'] / 60:.0f} min)"
    head = "| calls | all detectors | sentence encoder | turn reader | each alone | command |"
    row = f"| {calls} | {run['together_ms']:.2f} | {encoder} | {reader} | {alone} | `{document['command']}` |"
    return f"{head}\n|---|---|---|---|---|---|\n{row}"


def _or_dash(cost: float | None) -> str:
    return "–" if cost is None else f"{cost:.2f}"
