"""A measurement as JSON: every figure, what it was measured on and with, and nothing that drifts."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evaluation.examples import Example
from evaluation.figures import Row
from evaluation.run import Result
from evaluation.sets import LabelledSet
from service.judging import Judging
from streaming.events import Profile

_INNERMOST = re.compile(r"[\[{][^\[\]{}]*[\]}]")


def document(
    labelled: LabelledSet,
    results: Sequence[Result],
    judges: Judging,
    *,
    profile: Profile,
    examples: Sequence[tuple[str, Example]] = (),
) -> dict[str, Any]:
    """The same set, code and options make the same document. `examples` come with their condition."""
    shown: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for condition, example in examples:
        shown[condition].append(asdict(example))
    return {
        "kind": "evaluation",
        "set": labelled.name,
        "set_hash": labelled.hash,
        "profile": profile.value,
        "callcue": version("callcue"),
        "meaning": judges.policy.meaning is not None,
        "behaviours": {row.id: row.version for row in judges.rows.values()},
        "labelled": {
            "calls": len(labelled.cases),
            "turns": sum(len(case.turns) for case in labelled.cases),
            "moments": sum(not one.unsure for case in labelled.cases for one in case.moments),
            "unsure": sum(one.unsure for case in labelled.cases for one in case.moments),
        },
        "conditions": {result.condition: _condition(result) for result in results},
        **({"examples": shown} if examples else {}),
    }


def _condition(result: Result) -> dict[str, Any]:
    return {
        "calls": len(result.calls),
        "absent": len(result.absent),
        "failed": sorted({name for call in result.calls for name in call.judged.failed}),
        "classes": [_class(row, result) for row in result.rows()],
    }


def _class(row: Row, result: Result) -> dict[str, Any]:
    (one,) = [known for known in result.classes if known.title == row.title]
    points = _points(result, one.codes)
    return {
        **asdict(row),
        "codes": list(one.codes),
        "reached": row.reached,
        "confidence": [confidence for confidence, _ in points],
        "right": [right for _, right in points],
    }


def _points(result: Result, codes: Sequence[str]) -> list[tuple[float, int]]:
    """(confidence, right or not) of every detection that counted, surest first, for the curves."""
    found: list[tuple[float, int]] = []
    for call in result.calls:
        for code in codes:
            found += [(round(one.confidence, 3), 1) for _, one in call.outcomes[code].pairs]
            found += [(round(one.confidence, 3), 0) for one in call.outcomes[code].false]
    return sorted(found, reverse=True)


def write(path: Path, what: Mapping[str, Any]) -> None:
    """One class a line, so that a change of figures is a small change of the file."""
    text = json.dumps(what, indent=1, ensure_ascii=False)
    path.write_text(_compact(text) + "\n", encoding="utf-8")


def _compact(text: str) -> str:
    """Lists and objects without further ones inside on one line each."""
    return _INNERMOST.sub(lambda found: " ".join(found[0].split()), text)
