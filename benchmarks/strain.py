"""The tables of what was taken to a limit: overload, churn, recordings in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]


def tables(found: Sequence[Any]) -> dict[str, str]:
    """By the name of their markers, those for which there are figures. `found`: results' files as read."""
    rows = {
        name: [row(run, command) for run, command in _runs(found, name)] for name, (_, row) in KINDS.items()
    }
    return {name: _table(KINDS[name][0], made) for name, made in rows.items() if made}


def _runs(found: Sequence[Any], kind: str) -> Iterator[tuple[Document, str]]:
    for one in found:
        if isinstance(one, dict) and one.get("kind") == kind:
            for run in one["runs"]:
                yield run, one["command"]


def _overload_row(run: Document, command: str) -> list[str]:
    phases, back, asked = run["phases"], run["back_to_normal"], run["asked"]
    retry = asked["retry_after"]
    waits = " / ".join(_seconds(one["final"]["p95"]) for one in phases.values())
    partials = " / ".join(f"{one['partials_per_call_second']:.2f}" for one in phases.values())
    asks = f"{sum(asked['refused'].values())} of {asked['times']}"
    again = "–" if retry["p50"] is None else f", {retry['p50']:.0f} s at the median"
    return [
        f"{run['calls']} + {run['calls']} ({run['model']})",
        f"{run['taken']} of {run['offered']}",
        f"{run['utterances']['lost']} of {run['utterances']['expected']}",
        f"{run['gaps']['count']}",
        waits,
        partials,
        f"{asks}{again}",
        f"{_seconds(back['lines'])}, {_seconds(back['new_calls'])}",
        f"{run['peak_rss_mb']['together']}",
        "yes" if run["holds"] else "no",
        f"`{command}`",
    ]


def _churn_row(run: Document, command: str) -> list[str]:
    memory = run["memory"]
    sizes = [
        f"{one['settled_mb']} → {one['end_mb']} ({one['mb_per_call_hour']:+.1f} "
        f"± {one['error_mb_per_call_hour']:.1f})"
        if (one := memory.get(name))
        else "–"
        for name in ("service", "engine", "together")
    ]
    codes = ", ".join(f"{count} × {code}" for code, count in sorted(run["close_codes"].items()))
    engine = "scripted" if run["settings"].get("CALLCUE_MODEL__WORKER") == "scripted" else run["model"]
    return [
        f"{run['callers']}, {engine}",
        f"{run['calls']} ({codes})",
        f"{run['call_seconds'] / 3600:.2f}",
        f"{run['times_real_time']}",
        *sizes,
        "yes" if run["flat"] else "no",
        f"`{command}`",
    ]


def _score_row(run: Document, command: str) -> list[str]:
    cpu, memory = run["cpu_seconds_per_recording_second"], run["peak_rss_mb"]
    return [
        f"{run['recordings']} recordings, {run['recording_seconds']:.0f} s",
        run["model"],
        f"{run['times_real_time']} ({run['times_real_time_with_start']})",
        f"{cpu['engine']:.4f} + {cpu['rest']:.4f}",
        f"{100 * run['of_the_machine']:.0f} %, {100 * run['of_the_engines_limit']:.0f} %",
        f"{memory['rest']} + {memory['engine']}",
        f"`{command}`",
    ]


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(
        [f"| {head} |", "|---" * (head.count("|") + 1) + "|", *(f"| {' | '.join(row)} |" for row in rows)]
    )


KINDS = {
    "overload": (
        "calls | taken | utterances lost | gaps | line p95 s: before / during / after "
        "| partials a call second | asks for a new call refused | normal after s: lines, new calls "
        "| peak MB | holds | command",
        _overload_row,
    ),
    "churn": (
        "callers | calls, how closed | hours of calls | × real time | MB service (an hour of calls) "
        "| engine | together | flat | command",
        _churn_row,
    ),
    "score": (
        "what | model | × real time (with the start) | CPU s a recording second: engine + rest "
        "| of the machine: all, engine | peak MB: rest + engine | command",
        _score_row,
    ),
}
"""Kind of a results' file → head of its table, and what makes a row."""
