"""Whether memory grows, from looks at it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WARM_UP = 0.25
"""Share of the looks that is left out: networks, caches and the allocator reach their size."""

FLAT = 0.01
"""Growth in an hour of calls, as a share of the settled size, up to which memory is flat. A few minutes
tell no more than that; what a call leaves behind for good is counted, to the object, by
tests/service/test_what_calls_leave.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Resident MB `at` seconds into the run, when `heard` seconds of calls had been played."""

    at: float
    heard: float
    service: float
    worker: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """MB. `per_call_hour` is the slope of a straight line through what was seen behind the warm-up, `error`
    half of what its two halves' slopes differ by."""

    settled: float
    end: float
    peak: float
    per_call_hour: float
    error: float

    @property
    def flat(self) -> bool:
        return self.per_call_hour <= FLAT * self.settled


def growth(looks: Sequence[Look], size: Callable[[Look], float]) -> Growth:
    """Raises ValueError with fewer than eight looks, or when no call was heard between them."""
    kept = looks[int(len(looks) * WARM_UP) :]
    hours = np.array([look.heard / 3600 for look in kept])
    sizes = np.array([size(look) for look in kept])
    middle = len(kept) // 2
    if len(looks) < 8 or np.ptp(hours) == 0:
        raise ValueError("too little was seen to tell whether memory grows")
    return Growth(
        settled=float(sizes[0]),
        end=float(sizes[-1]),
        peak=float(max(size(look) for look in looks)),
        per_call_hour=_slope(hours, sizes),
        error=abs(_slope(hours[:middle], sizes[:middle]) - _slope(hours[middle:], sizes[middle:])) / 2,
    )


def _slope(hours: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """Zero where nothing was heard: then there is nothing to grow with."""
    if np.ptp(hours) == 0:
        return 0.0
    return float(np.polyfit(hours, sizes, 1)[0])
