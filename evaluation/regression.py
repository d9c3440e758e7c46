"""Whether today's judgements are as right as those that were committed, class by class (pure).

A class has fallen when its precision or its recall lies below the committed interval: more than the calls at
hand make it swing by chance. Classes with few labels swing too much to say anything and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LEAST = 10
"""Labels (for recall) or detections (for precision) from which a class is held to its committed figures."""

Document = Mapping[str, Any]


def fallen(committed: Document, measured: Document) -> list[str]:
    """One line for each figure that fell, under the conditions that were measured.

    Raises ValueError where the two are not of the same labels, or not of the same calls.
    """
    shared = [name for name in measured["conditions"] if name in committed["conditions"]]
    calls = [[one["conditions"][name]["calls"] for name in shared] for one in (committed, measured)]
    if committed["set_hash"] != measured["set_hash"] or calls[0] != calls[1]:
        raise ValueError(
            f"the calls of {committed['set']} are not those that the committed results are of: "
            f"callcue evaluate --set {committed['set']} --json evaluation/results/{committed['set']}.json"
        )
    return [
        line
        for name in shared
        for line in _of_condition(
            f"{committed['set']}, {name}", committed["conditions"][name], measured["conditions"][name]
        )
    ]


def _of_condition(where: str, committed: Document, measured: Document) -> Iterator[str]:
    today = {row["title"]: row for row in measured["classes"]}
    for row in committed["classes"]:
        yield from _of_class(f"{where}, {row['title']}", row, today.get(row["title"]))


def _of_class(where: str, committed: Document, measured: Document | None) -> Iterator[str]:
    counts = {
        "precision": committed["tp"] + committed["fp"],
        "recall": committed["tp"] + committed["fn"],
    }
    for name, count in counts.items():
        low = committed[name]["low"]
        if count < LEAST or low is None:
            continue
        now = None if measured is None else measured[name]["value"]
        if now is None or now < low:
            was, least = committed[name]["value"], low
            yield f"{where}: {name} {_told(now)}, was {was:.2f}, least {least:.2f} ({count})"


def _told(value: float | None) -> str:
    return "is gone" if value is None else f"is {value:.2f}"
