"""What a model costs and how well it hears: into ``models/figures.json``, the README's table and its plot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.choice import FIGURES

PLOT = Path("docs/images/models.png")
OWN = "own windows"
"""The engine benchmark's way that is callcue's, one utterance at a time."""

SETS = {"an4": "AN4", "ravdess": "RAVDESS", "speechocean762_adults": "speechocean762"}
"""As their makers write them."""

Document = Mapping[str, Any]
Row = dict[str, Any]


def device(run: Document) -> str:
    """Where a load run's engine was, by the settings that it was given."""
    return str(run["settings"].get("CALLCUE_MODEL__DEVICE", "cpu"))


def measured(loads: Sequence[Document], engines: Sequence[Document]) -> list[Row]:
    """A row a model and device that was measured both ways (`models.choice.Figures`), the cheapest first."""
    names = dict.fromkeys(row["model"] for row in engines)
    rows = (_model(name, place, loads, engines) for place in ("cpu", "cuda") for name in names)
    return sorted((row for row in rows if row is not None), key=lambda row: (row["device"], row["cpu_ms"]))


def _model(name: str, place: str, loads: Sequence[Document], engines: Sequence[Document]) -> Row | None:
    heard = [row for row in engines if row["model"] == name and row["way"] == OWN]
    held = [(document, run) for document, run in _runs(loads, name) if run["holds"] and device(run) == place]
    if not heard or not held:
        return None
    document, most = max(held, key=lambda pair: pair[1]["calls"])
    seconds = sum(row["seconds"] for row in heard)
    return {
        "name": name,
        "device": place,
        "word_errors": {row["set"]: row["wer"] for row in heard if not row["machine_made_reference"]},
        "cpu_ms": round(sum(row["cpu_ms"] * row["seconds"] for row in heard) / seconds, 1),
        "calls_held": most["calls"],
        "cores": document["machine"]["cores"] if place == "cpu" else 1,
        "memory_mb": most["peak_rss_mb"]["together"],
    }


def _runs(loads: Sequence[Document], model: str) -> Iterator[tuple[Document, Document]]:
    """Native framing, a service started for the run."""
    for document in loads:
        for run in document["runs"]:
            if run["model"] == model and run["framing"] == "native" and run["peak_rss_mb"]["together"]:
                yield document, run


def write_figures(rows: Sequence[Row], loads: Sequence[Document], path: Path = FIGURES) -> None:
    newest = max(loads, key=lambda document: str(document["when"]))
    note = "written by python -m benchmarks.report from benchmarks/results; see models/choice.py"
    text = json.dumps(
        {"note": note, "when": newest["when"][:10], "machine": newest["machine"], "models": rows}, indent=1
    )
    path.write_text(text + "\n", encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    """For a newcomer: wrong words of a hundred on each set, calls held, cost and memory; on the CPU."""
    rows = [row for row in rows if row["device"] == "cpu"]
    sets = list(dict.fromkeys(name for row in rows for name in row["word_errors"]))
    head = ["model", f"live calls held on {rows[0]['cores']} cores"]
    head += [f"wrong words of 100: {SETS.get(name, name)}" for name in sets]
    head += ["CPU ms a second of speech", "memory, service and engine"]
    lines = [
        [
            f"`{row['name']}`",
            f"{row['calls_held']}",
            *(f"{row['word_errors'].get(name, '–')}" for name in sets),
            f"{row['cpu_ms']:g}",
            f"{row['memory_mb'] / 1000:.1f} GB",
        ]
        for row in rows
    ]
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def plot(rows: Sequence[Row], path: Path) -> None:
    """Calls held against wrong words, a line a set, a point a model; on the CPU."""
    rows = [row for row in rows if row["device"] == "cpu"]
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.6), layout="constrained")
    for name in dict.fromkeys(name for row in rows for name in row["word_errors"]):
        points = [(row["calls_held"], row["word_errors"][name]) for row in rows if name in row["word_errors"]]
        axes.plot(*zip(*points, strict=True), marker="o", label=SETS.get(name, name))
    top = axes.get_ylim()[1]
    for row in rows:
        axes.axvline(row["calls_held"], color="lightgrey", zorder=0)
        axes.annotate(row["name"], (row["calls_held"], top), ha="center", va="bottom")
    axes.set(xlabel=f"live calls held on {rows[0]['cores']} cores", ylabel="wrong words of 100")
    axes.set(xlim=(0, None), ylim=(0, top))
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
