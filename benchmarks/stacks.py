"""Sampled stacks (py-spy's raw format) folded into the parts of a call's cost (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Stack = Sequence[str]
"""Frames from the thread's start to where it was."""

SERVICE = (
    "sockets and protocol",
    "dialect",
    "decode and resample",
    "voice activity",
    "segments and session",
    "prosody",
    "detectors and cards",
    "records, JSON, bus, store",
    "console fan-out",
    "asking the engine",
    "other",
)
ENGINE = ("features", "encode", "generate", "align", "other")

# The frame nearest to the leaf that a rule knows decides, so that a library's cost is its caller's.
_SERVICE_RULES = (
    ("prosody", r"models/(prosody|affect)\.py|swift_f0/"),
    ("voice activity", r"models/vad\.py"),
    ("decode and resample", r"streaming/(audio|g711)\.py|soxr"),
    ("dialect", r"streaming/dialects/|streaming/plausible\.py"),
    ("console fan-out", r"service/(console\w*|fanout|feed|live|board|callview|crowd)\.py"),
    (
        "records, JSON, bus, store",
        r"service/(store/|wire\.py|node\.py)|streaming/bus/|aiosqlite/|sqlalchemy/",
    ),
    ("detectors and cards", r"detectors/|streaming/(alerts|casefile|cards|score)\.py"),
    ("asking the engine", r"models/(?!vad|prosody|affect)\w+\.py|streaming/(scribe|partials|stabilize)\.py"),
    ("segments and session", r"streaming/\w+\.py|service/switchboard\.py"),
    ("sockets and protocol", r"service/(ingest|reading|diverted|server)\.py"),
)
_SERVICE_LIBRARIES = (
    ("sockets and protocol", r"uvicorn/|websockets/|starlette/|fastapi/|uvloop|libuv|asyncio/|selectors\.py"),
)
_ENGINE_RULES = (
    ("features", r"feature_extractor|_features? \("),
    ("encode", r"(?<!\w)\w*\.?_?encode \(models/"),
    ("generate", r"(?<!\w)\w*\.?_?generate \(models/"),
    ("align", r"(?<!\w)\w*\.?_?align \(models/"),
)
_WAITING = re.compile(
    r"epoll_p?wait|cond_\w*wait|sem_\w*wait|futex|acquire_lock|lock_acquire|SimpleQueue_get|take_gil"
)
_NEAR = 5  # frames at the leaf in which a wait shows: native ones lie on top of the Python call
_READING = re.compile(r"^(__)?(libc_)?read \(")  # the engine's main thread, of its pipe


def read_stacks(text: str) -> Iterator[tuple[Stack, int]]:
    """Lines of ``frame;frame;… count``."""
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        if stack:
            yield stack.split(";"), int(count)


def fold_service(stacks: Iterable[tuple[Stack, int]]) -> dict[str, float]:
    """The share of each part in the samples that were at work, which sum to 1 (empty without any)."""
    found: Counter[str] = Counter()
    for stack, count in stacks:
        if not _waits(stack):
            found[_part(stack, _SERVICE_RULES) or _part(stack, _SERVICE_LIBRARIES) or "other"] += count
    return _shares(found, SERVICE)


def fold_engine(stacks: Iterable[tuple[Stack, int]]) -> dict[str, float]:
    """As `fold_service`, of stacks recorded with waiting threads.

    CTranslate2 computes in threads of its own, which a Python profiler does not see; a thread that waits
    for one inside a call stands for it.
    """
    found: Counter[str] = Counter()
    for stack, count in stacks:
        part = _part(stack, _ENGINE_RULES)
        if part is not None or not (_waits(stack) or _READING.search(stack[-1])):
            found[part or "other"] += count
    return _shares(found, ENGINE)


def cost(shares: Mapping[str, float], cpu: float | None) -> dict[str, float]:
    """CPU ms a call second of each part, from the whole process's CPU seconds a call second."""
    return {part: round(1000 * (cpu or 0.0) * share, 2) for part, share in shares.items()}


def profile_table(profiles: Sequence[Mapping[str, Any]]) -> str:
    """One column a profile, one row a part."""
    heads = [f"{one['calls']} calls, {one['model']}, {one['framing']}" for one in profiles]
    lines = [f"| CPU ms a call second | {' | '.join(heads)} |", "|---" * (len(profiles) + 1) + "|"]
    for process, parts in (("service", SERVICE), ("engine", ENGINE)):
        totals = [sum(one[process].values()) for one in profiles]
        lines.append(f"| **{process}** | {' | '.join(f'**{total:.1f}**' for total in totals)} |")
        for part in parts:
            values = [f"{one[process].get(part, 0.0):.1f}" for one in profiles]
            lines.append(f"| {part} | {' | '.join(values)} |")
    return "\n".join(lines)


def _part(stack: Stack, rules: Sequence[tuple[str, str]]) -> str | None:
    for frame in reversed(stack):
        for part, pattern in rules:
            if re.search(pattern, frame):
                return part
    return None


def _waits(stack: Stack) -> bool:
    return any(_WAITING.search(frame) for frame in stack[-_NEAR:])


def _shares(found: Mapping[str, int], parts: Sequence[str]) -> dict[str, float]:
    total = sum(found.values())
    return {part: found.get(part, 0) / total for part in parts} if total else {}
