"""The comparison as a Markdown table for benchmarks/README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEAD = (
    "calls",
    "server",
    "end of speech → finished, p50 / p95",
    "ends: missed, unfinished, of all",
    "behind when the audio ended, s",
    "last line after it, s",
    "cores",
    "peak MB",
    "words differing %",
)


def peers_table(document: Mapping[str, Any]) -> str:
    rows = [_row(one) for one in document["peers"]]
    lines = "\n".join(f"| {' | '.join(line)} |" for line in [HEAD, ["---"] * len(HEAD), *rows])
    options = {f"{one['server']} {one['version']}": one["options"] for one in document["peers"]}
    named = "; ".join(f"{server}: {how}" for server, how in options.items())
    return f"{lines}\n\n{named}. {_quiet(document['peers'])}\n\n`{document['command']}`"


def _row(one: Mapping[str, Any]) -> list[str]:
    wait, awaited = one["wait"], one["unfinished"]
    least = "≥ " if awaited else ""
    return [
        f"{one['calls']}",
        one["server"],
        f"{least}{wait['p50']:.2f} / {least}{wait['p95']:.2f}" if wait["count"] else "–",
        f"{one['missed']}, {awaited}, {one['ends_of_speech']}",
        f"{one['behind_seconds']:.1f}",
        f"{one['last_line_after_seconds']:.1f}" if one["drained"] else "gave up",
        "–" if one["cores"] is None else f"{one['cores']:.2f}",
        f"{one['peak_rss_mb']}",
        "–" if one["words_differing"] is None else f"{one['words_differing']:.0f}",
    ]


def _quiet(rows: Sequence[Mapping[str, Any]]) -> str:
    """What else the machine did: figures of a busy one are not to be believed."""
    others = max((one["others_cores"] or 0.0 for one in rows), default=0.0)
    busy = ": it was busy, so these figures are worth little" if others > BUSY else ""
    return f"Everything else on the machine took up to {others:.2f} cores{busy}."


BUSY = 0.2
