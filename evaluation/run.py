"""Judges a labelled set under one condition, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluation.cases import Case, Span, joined
from evaluation.classes import CLASSES, Class, classes_for, meanings, only
from evaluation.figures import Row, rows
from evaluation.judging import Judged, judge, narrowed
from evaluation.labels import Meaning
from evaluation.logs import read_log
from evaluation.matching import Outcome, match
from evaluation.sets import TEXT, LabelledSet
from service.judging import Judging
from streaming.events import Event, Profile, Utterance


@dataclass(frozen=True, slots=True)
class CallResult:
    case: Case
    judged: Judged
    outcomes: Mapping[str, Outcome]  # by code


@dataclass(frozen=True, slots=True)
class Result:
    """One set under one condition; `absent` are calls that it does not hold."""

    condition: str
    calls: tuple[CallResult, ...]
    classes: tuple[Class, ...]
    absent: tuple[str, ...] = ()

    def rows(self) -> list[Row]:
        return rows([call.outcomes for call in self.calls], self.classes)


def evaluate(
    labelled: LabelledSet,
    condition: str,
    *,
    profile: Profile,
    judges: Judging,
    behaviours: Iterable[str] = (),
) -> Result:
    """`behaviours` narrows the classes to theirs."""
    extra = own_meanings(labelled)
    wanted = frozenset(behaviours) or labelled.behaviours
    classes = classes_for(wanted, extra) if wanted else CLASSES
    classes = only(classes, labelled.codes, labelled.recall_only)
    wanted = wanted or frozenset(one.behaviour for one in meanings(classes, extra))
    counted = tuple(meanings(classes, extra))
    judges = narrowed(judges, wanted)
    calls: list[CallResult] = []
    absent: list[str] = []
    for case in labelled.cases:
        events = events_under(labelled, case, condition)
        if events is None:
            absent.append(case.name)
        else:
            calls.append(_call(case.under(profile), events, judges, counted))
    return Result(condition, tuple(calls), classes, tuple(absent))


def _call(case: Case, events: Iterable[Event], judges: Judging, counted: Sequence[Meaning]) -> CallResult:
    judged = judge(case.info, events, judges)
    if not case.turns:
        case = replace(case, turns=turns_heard(judged.utterances.values()))
    return CallResult(case, judged, match(case, judged, counted))


def events_under(labelled: LabelledSet, case: Case, condition: str) -> Iterable[Event] | None:
    """What a call is judged from; None where it was not heard so, or nobody knows when its turns sound."""
    if condition == TEXT:
        return case.events or None
    if labelled.heard is None or not case.exact:
        return None
    log = labelled.heard / condition / f"{case.name}.jsonl.gz"
    return list(read_log(log)) if log.exists() else None


def turns_heard(utterances: Iterable[Utterance]) -> tuple[Span, ...]:
    """Turns of a recording without a transcript: what one party said until the other said something."""
    return joined(Span(one.speaker, one.start, one.end, one.text) for one in utterances if one.words)


def own_meanings(labelled: LabelledSet) -> tuple[Meaning, ...]:
    """Those of the set's labels, the table's among them."""
    return tuple({one.meaning.code: one.meaning for case in labelled.cases for one in case.moments}.values())
