"""The search for the most calls that hold (pure), and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

P95_FINAL = 2.0
"""Seconds from end of speech to the finished line: later, a supervisor reads history."""


def holds(run: dict[str, Any]) -> bool:
    """Every call was taken and ended well, nothing went unheard, and lines came in time."""
    p95 = run["latency"]["final"]["p95"]
    lost = run["gaps"]["count"] or run["refused"] or run["unfinished"]
    return not lost and p95 is not None and p95 <= P95_FINAL


class Search:
    """Doubles until a number of calls does not hold, then halves what is between.

    The answer is known to within a tenth (or one call).
    """

    def __init__(self, start: int, *, most: int = 200) -> None:
        self.held = 0
        self._failed = most + 1
        self._next: int | None = min(start, most)

    @property
    def next(self) -> int | None:
        """How many calls to try; None when the answer is known."""
        return self._next

    def tell(self, calls: int, *, held: bool) -> None:
        if held:
            self.held = max(self.held, calls)
        else:
            self._failed = min(self._failed, calls)
        self._next = self._choose()

    def _choose(self) -> int | None:
        if self._failed - self.held <= max(1, self.held // 10):
            return None
        middle = (self.held + self._failed) // 2
        return min(self.held * 2, middle) if self.held else middle


def plot(runs: Sequence[dict[str, Any]], path: Path, *, title: str) -> None:
    """Calls against waits: end of speech → final line, p50 and p95; runs that did not hold are hollow."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    ordered = sorted((run for run in runs if run["latency"]["final"]["count"]), key=lambda run: run["calls"])
    calls = [run["calls"] for run in ordered]
    for name in ("p50", "p95"):
        values = [run["latency"]["final"][name] for run in ordered]
        (line,) = axes.plot(calls, values, marker="o", label=f"{name}, end of speech to final line")
        broken = [(n, v) for n, v, run in zip(calls, values, ordered, strict=True) if not run["holds"]]
        for n, value in broken:
            axes.plot(n, value, marker="o", color=line.get_color(), markerfacecolor="white")
    axes.axhline(P95_FINAL, color="grey", linestyle=":", label="2 s")
    axes.set(xlabel="two-party calls at once", ylabel="seconds", title=title, ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
