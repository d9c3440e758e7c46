"""Precision against recall, and confidence against being right, drawn from a measurement's document.

matplotlib is a tool for measuring and no part of what runs: without it nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np

LEAST = 10
"""Labelled moments from which a curve says something."""

BINS = (0.0, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0)
_COLUMNS = 4
_COLOURS = ("#1b4f8f", "#c2571a", "#2f7d4f", "#7a3b8f", "#777777")

Document = Mapping[str, Any]


def draw(document: Document, folder: Path) -> list[Path]:
    """The files written, `SET-precision-recall.svg` and `SET-calibration.svg`; none without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return []
    matplotlib.use("svg")
    # The same document makes the same bytes.
    matplotlib.rcParams.update({"svg.hashsalt": "callcue", "svg.fonttype": "none", "font.size": 8})
    folder.mkdir(parents=True, exist_ok=True)
    curves = folder / f"{document['set']}-precision-recall.svg"
    calibration = folder / f"{document['set']}-calibration.svg"
    _save(_curves(document["conditions"]), curves)
    _save(_calibration(document["conditions"]), calibration)
    return [curves, calibration]


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    figure.savefig(path, metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    pyplot.close(figure)


def curve(row: Document) -> tuple[list[float], list[float]]:
    """Recall and precision when only detections at least so sure count, from the surest on."""
    labelled = row["tp"] + row["fn"]
    recall, precision, right, total = [], [], 0, 0
    pairs = zip(row["confidence"], row["right"], strict=True)
    for _, same in groupby(pairs, key=lambda pair: pair[0]):
        hits = [hit for _, hit in same]
        right, total = right + sum(hits), total + len(hits)
        recall.append(right / labelled if labelled else 0.0)
        precision.append(right / total)
    return recall, precision


def calibrated(rows: Sequence[Document]) -> list[tuple[float, float, int]]:
    """A bin each: mean confidence, share that was right, how many. Bins without detections are left out."""
    sure = np.array([value for row in rows for value in row["confidence"]])
    right = np.array([value for row in rows for value in row["right"]])
    found = []
    for low, high in pairwise(BINS):
        inside = (sure > low) & (sure <= high)
        if inside.any():
            found.append((float(sure[inside].mean()), float(right[inside].mean()), int(inside.sum())))
    return found


def _curves(conditions: Mapping[str, Document]) -> Any:
    from matplotlib import pyplot

    first = next(iter(conditions.values()))["classes"]
    shown = [n for n, row in enumerate(first) if row["tp"] + row["fn"] >= LEAST and row["tp"]]
    lines = max(1, -(-len(shown) // _COLUMNS))
    figure, axes = pyplot.subplots(lines, _COLUMNS, figsize=(9, 1.9 * lines), squeeze=False)
    for place, axis in enumerate(axes.flat):
        if place >= len(shown):
            axis.axis("off")
            continue
        _one_curve(axis, {name: one["classes"][shown[place]] for name, one in conditions.items()})
    if shown:
        axes[0][0].legend(fontsize=6, loc="lower left")
    figure.tight_layout()
    return figure


def _one_curve(axis: Any, rows: Mapping[str, Document]) -> None:
    for colour, (name, row) in zip(_COLOURS, rows.items(), strict=False):
        axis.plot(*curve(row), marker=".", markersize=3, linewidth=1, color=colour, label=name)
    row = next(iter(rows.values()))
    precision, recall = row["wanted"]
    if precision is not None and recall is not None:
        axis.plot([recall], [precision], marker="+", color="black", markersize=8)
    lowest = min((value for one in rows.values() for value in curve(one)[1]), default=1.0)
    axis.set_title(row["title"], fontsize=7)
    axis.set(xlim=(0, 1.02), ylim=(0.5 if lowest > 0.5 else 0, 1.03), xlabel="recall", ylabel="precision")


def _calibration(conditions: Mapping[str, Document]) -> Any:
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(4, 3.4))
    axis.plot([0.4, 1], [0.4, 1], color="#bbbbbb", linewidth=1)
    for colour, (name, one) in zip(_COLOURS, conditions.items(), strict=False):
        points = calibrated(one["classes"])
        axis.plot([x for x, _, _ in points], [y for _, y, _ in points], marker="o", color=colour, label=name)
        for sure, right, count in points:
            axis.annotate(str(count), (sure, right), fontsize=6, textcoords="offset points", xytext=(3, -8))
    axis.set(xlabel="confidence", ylabel="share that was right", xlim=(0.4, 1.02), ylim=(0, 1.05))
    axis.legend(fontsize=6)
    return figure
