"""Puts measured figures into docs/accuracy.md: ``python -m evaluation.report``.

Reads evaluation/results and replaces what stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``, and draws
the curves into docs/images, so that no figure is typed by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.plots import draw
from evaluation.sets import HERE, TEXT

RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "accuracy.md"
IMAGES = HERE.parent / "docs" / "images"
MAIN = "tel20-base"
"""The condition that the figures to reach are asked for under: telephone speech, heard by Whisper base."""

WITH_CURVES = ("dev", "held_out", "held_out_b")

Document = Mapping[str, Any]


def main(results: Path = RESULTS, page: Path = PAGE, images: Path = IMAGES) -> None:
    """What was not measured is left as it stands."""
    text = page.read_text(encoding="utf-8")
    for path in sorted(results.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("kind") == "evaluation":
            text = between(text, found["set"], _with_pictures(found, images, page))
        elif path.stem in _OTHERS:
            text = between(text, path.stem, _OTHERS[path.stem](found))
    page.write_text(text, encoding="utf-8")


def between(text: str, name: str, content: str) -> str:
    """`text` with `content` between the markers of that name. Raises ValueError without markers."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no markers named {name}")
    return pattern.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def _with_pictures(document: Document, images: Path, page: Path) -> str:
    text = section(document)
    if document["set"] not in WITH_CURVES:
        return text
    for path in draw(document, images):
        text += f"\n\n![{path.stem}]({path.relative_to(page.parent)})"
    return text


def section(document: Document) -> str:
    """What was labelled, the figures under the main condition, and the conditions side by side."""
    conditions = document["conditions"]
    chosen = MAIN if MAIN in conditions and not conditions[MAIN]["absent"] else next(iter(conditions))
    parts = [_data(document), f"Judged from `{chosen}`:", figures_table(conditions[chosen]["classes"])]
    if len(conditions) > 1:
        parts += ["Precision / recall, condition by condition:", conditions_table(conditions)]
    return "\n\n".join(parts)


def _data(document: Document) -> str:
    of = document["labelled"]
    meaning = "" if document["meaning"] else ", without the sentence encoder"
    heard = [f"`{name}` {one['calls']}" for name, one in document["conditions"].items() if one["absent"]]
    incomplete = f" Not every call was heard yet: {', '.join(heard)} of {of['calls']}." if heard else ""
    return (
        f"{of['calls']} calls, {of['turns']:,} turns, {of['moments']:,} labels ({of['unsure']} more are "
        f"unsure and count neither way); profile `{document['profile']}`{meaning}; labels "
        f"{document['set_hash']}.{incomplete}"
    )


def figures_table(classes: Sequence[Document]) -> str:
    head = ("class", "labelled", "right", "false", "missed", "precision", "recall", "F1", "to reach", "s")
    rows = [_figures_row(row) for row in classes if row["tp"] + row["fp"] + row["fn"]]
    return markdown(head, rows)


def _figures_row(row: Document) -> list[str]:
    mark = {True: " ✓", False: " ✗", None: ""}[row["reached"]]
    precision, recall = row["wanted"]
    return [
        row["title"],
        str(row["tp"] + row["fn"]),
        str(row["tp"]),
        str(row["fp"]),
        str(row["fn"]),
        _interval(row["precision"]),
        _interval(row["recall"]),
        _share(row["f1"]["value"]),
        "" if precision is None else f"{precision:.2f} / {recall:.2f}{mark}",
        "" if row["delay"] is None else f"{row['delay'][0]:.1f}",
    ]


def conditions_table(conditions: Mapping[str, Document]) -> str:
    """Every class under every condition; the gap is the worst of what was heard against the text."""
    rows = zip(*(one["classes"] for one in conditions.values()), strict=True)
    shown = [row for row in rows if any(one["tp"] + one["fp"] + one["fn"] for one in row)]
    return markdown(("class", *conditions, "F1 lost"), [list(_beside(conditions, row)) for row in shown])


def _beside(conditions: Mapping[str, Document], row: Sequence[Document]) -> Iterator[str]:
    yield row[0]["title"]
    for one in row:
        yield f"{_share(one['precision']['value'])} / {_share(one['recall']['value'])}"
    whole = {
        name: one["f1"]["value"]
        for (name, condition), one in zip(conditions.items(), row, strict=True)
        if not condition["absent"] and one["f1"]["value"] is not None
    }
    heard = [value for name, value in whole.items() if name != TEXT]
    yield f"{min(heard) - whole[TEXT]:+.2f}" if heard and TEXT in whole else "–"


def voice_table(document: Document) -> str:
    """Flat against lively, as `evaluation.voice` measures it."""
    head = ("what", "AUC", "to reach", "speakers", "flat called flat", "lively called flat")
    found = [row for part in document.values() if isinstance(part, list) for row in part if "auc" in row]
    return "\n".join([markdown(head, [_voice_row(row) for row in found]), *_on_real_calls(document)])


def _on_real_calls(document: Document) -> Iterator[str]:
    for call in document.get("agents", ()):
        yield (
            f"\nReal agent, `{call['call']}`: {call['agent_speech_seconds']:.0f} s of speech, "
            f"{call['stretches']} stretches judged, {call['flat']} flat, {call['alerts']} alerts."
        )
    if cost := document.get("cost"):
        yield (
            f"\nCost of measuring a voice: {cost['ms_per_speech_second']:.1f} ms CPU a second of speech "
            f"(to reach: {cost['target']:.0f})."
        )


def _voice_row(row: Document) -> list[str]:
    return [
        row["name"],
        f"{row['auc']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
        "" if row["target"] is None else f"{row['target']:.2f} {'✓' if row['auc'] >= row['target'] else '✗'}",
        str(row["speakers"]),
        _percent(row.get("flat_called_flat")),
        _percent(row.get("lively_called_flat")),
    ]


def silence_table(document: Document) -> str:
    """What was credited to parties who said nothing, as `evaluation.silence` measures it."""
    head = ("model", "what was heard", "minutes", "words credited", "words held back", "judged of it")
    rows = [
        [
            f"`{model}`",
            kind,
            f"{one['seconds'] / 60:.0f}",
            str(sum(one["credited"].values())),
            str(sum(one["held_back"].values())),
            ", ".join(f"{name} {count}" for name, count in one["detections"].items()) or "nothing",
        ]
        for model, kinds in document.items()
        for kind, one in kinds.items()
    ]
    return markdown(head, rows)


_OTHERS = {"voice": voice_table, "hallucinated": silence_table}


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _interval(one: Document) -> str:
    if one["value"] is None:
        return "–"
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    main()
