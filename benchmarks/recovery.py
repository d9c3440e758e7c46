"""When a service that was overloaded is well again (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.latency import percentile
from benchmarks.sweep import P95_FINAL


@dataclass(frozen=True, slots=True)
class Late:
    """A finished line: when it was received, and how long after the end of its speech."""

    received: float
    wait: float


def lines_again(lines: Sequence[Late], gone: float) -> float | None:
    """Seconds from `gone` on until lines come in time: those received from there on have a p95 of 2 s.

    None when they never do, or when nothing came to show it.
    """
    later = sorted((line for line in lines if line.received >= gone), key=lambda line: line.received)
    for first in range(len(later)):
        if percentile(sorted(line.wait for line in later[first:]), 0.95) <= P95_FINAL:
            return round(later[first - 1].received - gone, 2) if first else 0.0
    return None


def welcome_again(answers: Sequence[tuple[float, bool]], gone: float) -> float | None:
    """Seconds from `gone` on until new calls are taken and stay so. `answers`: when asked, whether taken."""
    since = None
    for at, taken in answers:
        if at < gone:
            continue
        if not taken:
            since = None
        elif since is None:
            since = at
    return None if since is None else round(since - gone, 2)
