"""The labelled sets by name, and what each can be judged from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evaluation.cases import Case, case_of
from evaluation.script import read_call
from evaluation.timeline import Spoken, Timeline
from streaming.errors import ConfigError
from streaming.events import Party

HERE = Path(__file__).resolve().parent
CALLS = HERE / "calls"
HEARD = HERE / "heard"
TEXT = "text"
HEARD_NOW = "heard"
"""Recordings heard by the product when the set is measured."""
OWN = ("dev", "train", "tune", "held_out", "held_out_b")
_ORDER = ("wide-base", "tel20-base", "tel10-base", "tel20-tiny.en")  # as tables show them
CLOSED = frozenset({"held_out", "held_out_b"})
"""Only measured: no example of it is shown, so that nobody builds a detector on it by accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSet:
    name: str
    cases: tuple[Case, ...]
    hash: str  # of the labels and texts
    conditions: tuple[str, ...] = (TEXT,)
    heard: Path | None = None  # folder of logs: CONDITION/NAME.jsonl.gz
    recordings: Mapping[str, Path] = field(default_factory=dict)  # by case
    behaviours: frozenset[str] = frozenset()  # labelled throughout; empty: all of the table
    codes: frozenset[str] = frozenset()  # narrower still: these classes only
    recall_only: frozenset[str] = frozenset()  # codes that not everything is labelled of


def own_set(name: str) -> LabelledSet:
    """One of our own sets. Raises `ConfigError` where the package came without them."""
    folder = CALLS / name
    paths = sorted(folder.glob("*.call"))
    if not paths:
        raise ConfigError(f"the set {name} is part of a checkout and not of the package; give a folder")
    heard = HEARD / name
    cases = tuple(_own_case(path, heard) for path in paths)
    return LabelledSet(
        name=name,
        cases=cases,
        hash=hash_of(paths),
        conditions=(TEXT, *_conditions(heard)),
        heard=heard,
    )


def hash_of(paths: Sequence[Path]) -> str:
    """Of the files' names and bytes, in order of name."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _conditions(heard: Path) -> tuple[str, ...]:
    """Folders of logs, CONDITION-MODEL."""
    names = {path.name for path in heard.glob("*-*") if path.is_dir()}
    return (*(name for name in _ORDER if name in names), *sorted(names.difference(_ORDER)))


def _truth(heard: Path, name: str) -> Timeline | None:
    """When each turn sounds in the recording of a call, if it was ever rendered."""
    path = heard / "times" / f"{name}.json"
    if not path.exists():
        return None
    said = json.loads(path.read_text(encoding="utf-8"))
    return Timeline(
        said=tuple(
            Spoken(
                turn=row["turn"],
                inside=row["inside"],
                speaker=Party(row["speaker"]),
                text=row.get("text", ""),
                start=row["start"],
                end=row["end"],
            )
            for row in said["said"]
        ),
        music=tuple((start, end) for start, end in said["music"]),
        seconds=said["seconds"],
    )


def _own_case(path: Path, heard: Path) -> Case:
    time = _truth(heard, path.stem)
    return replace(case_of(read_call(path), time), exact=time is not None)
