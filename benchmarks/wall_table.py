"""The tables of what the supervisor's page costs (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]


def tables(found: Sequence[Any]) -> dict[str, str]:
    """By the name of the markers they go between."""
    kinds = {"console": wall_table, "console-day": day_table}
    sorted_out = {
        kind: [one for one in found if isinstance(one, dict) and one.get("kind") == kind] for kind in kinds
    }
    return {kind: kinds[kind](documents) for kind, documents in sorted_out.items() if documents}


def wall_table(documents: Sequence[Document]) -> str:
    head = (
        "live calls | records a second | frames a second; p50 / p95 / p99 / longest, ms | main thread busy: "
        "script + style + layout, % | tasks over 50 ms (longest) | slowest key, ms | card out → on the page, "
        "p50 / p95, s (n) | heap, MB | nodes | priority, load average | command"
    )
    runs = [(run, document["command"]) for document in documents for run in document["runs"]]
    return _table(
        head, [_wall_row(run, command) for run, command in sorted(runs, key=lambda one: one[0]["calls"])]
    )


def _wall_row(run: Document, command: str) -> list[str]:
    frames, share, cards = run["frames"], run["main_thread_share"], run["card_on_page_seconds"]
    spread = " / ".join(f"{frames[name]:g}" for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms"))
    parts = " + ".join(f"{100 * share[name]:.1f}" for name in ("script", "style", "layout"))
    waits = "–" if cards["p50"] is None else f"{cards['p50']:.2f} / {cards['p95']:.2f} ({cards['count']})"
    return [
        str(run["calls"]),
        f"{run['records_per_second']:.0f}",
        f"{frames['per_second']:.0f}; {spread}",
        f"{100 * share['all']:.1f}: {parts}",
        f"{run['long_tasks']['count']} ({run['long_tasks']['max_ms']:.0f} ms)",
        str(run["keys"]["max_ms"] or "≤ 16"),
        waits,
        f"{run['heap_mb']:g}",
        str(run["nodes"]),
        f"{run['priority']}, {run['load_average'][0]:g}",
        f"`{command}`",
    ]


def day_table(documents: Sequence[Document]) -> str:
    head = (
        "hours | calls at once | calls in all | records | times real time | heap after each hour, MB "
        "| nodes at the end | command"
    )
    return _table(head, [_day_row(run, one["command"]) for one in documents for run in one["runs"]])


def _day_row(run: Document, command: str) -> list[str]:
    day = run["day"]
    return [
        f"{day['hours']:g}",
        str(day["calls_at_once"]),
        str(day["calls"]),
        str(day["records"]),
        f"{day['speed']:g}",
        ", ".join(f"{heap:.1f}" for heap in run["heap_mb_by_hour"]),
        str(run["nodes"]),
        f"`{command}`",
    ]


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    line = "|" + "---|" * (head.count(" | ") + 1)
    return "\n".join([f"| {head} |", line, *("| " + " | ".join(row) + " |" for row in rows)])
