"""Judges a labelled set under one condition, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evaluation.cases import Case
from evaluation.classes import CLASSES, Class, classes_for, meanings
from evaluation.figures import Row, rows
from evaluation.judging import Judged, judge
from evaluation.labels import Meaning
from evaluation.logs import read_log
from evaluation.matching import Outcome, match
from evaluation.sets import TEXT, LabelledSet
from streaming.errors import ConfigError
from streaming.events import Event, Profile
from streaming.ports import Policy


@dataclass(frozen=True, slots=True)
class CallResult:
    case: Case
    judged: Judged
    outcomes: Mapping[str, Outcome]  # by code


@dataclass(frozen=True, slots=True)
class Result:
    """One set under one condition."""

    condition: str
    calls: tuple[CallResult, ...]
    classes: tuple[Class, ...]

    def rows(self) -> list[Row]:
        return rows([call.outcomes for call in self.calls], self.classes)


def evaluate(
    labelled: LabelledSet,
    condition: str,
    *,
    profile: Profile,
    policy: Policy,
    behaviours: Iterable[str] = (),
) -> Result:
    """`behaviours` narrows the classes to theirs. Raises `ConfigError` where the condition is not at hand."""
    extra = _own(labelled)
    wanted = frozenset(behaviours) or labelled.behaviours
    classes = classes_for(wanted, extra) if wanted else CLASSES
    counted = tuple(meanings(classes, extra))
    calls = []
    for case in labelled.cases:
        known = case.under(profile)
        judged = judge(known.info, _events(labelled, case, condition), policy)
        calls.append(CallResult(known, judged, match(known, judged, counted)))
    return Result(condition, tuple(calls), classes)


def _events(labelled: LabelledSet, case: Case, condition: str) -> Iterable[Event]:
    if condition == TEXT:
        return case.events
    if labelled.heard is None:
        raise ConfigError(f"the set {labelled.name} has no condition {condition}")
    return read_log(labelled.heard / condition / f"{case.name}.jsonl.gz")


def _own(labelled: LabelledSet) -> tuple[Meaning, ...]:
    return tuple({one.meaning.code: one.meaning for case in labelled.cases for one in case.moments}.values())
