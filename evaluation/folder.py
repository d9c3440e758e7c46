"""A folder of labelled calls: `NAME.call` scripts, or `NAME.labels.json` beside a recording or a transcript.

The JSON form is documented in docs/accuracy.md. Everything that is wrong in it is told with its file.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from evaluation.cases import Case, Span, case_of
from evaluation.events import events_of, said
from evaluation.labels import Meaning, Moment, meaning_of
from evaluation.script import Call, read_call, spoken
from evaluation.sets import HEARD_NOW, TEXT, LabelledSet, hash_of
from service.recordings import SUFFIXES
from streaming.errors import ConfigError
from streaming.events import CallInfo, Event, Party, Seconds, Verdict

LABELS = ".labels.json"
TURNS = ".turns.json"
_TAIL: Seconds = 2.0  # behind the last turn of a transcript, so that what waits for silence is judged
_LATE: Seconds = 2.0  # a label may end this long behind the last word

_Time = Annotated[float, Field(ge=0, le=86_400)]  # no call is longer than a day
T = TypeVar("T")


class LabelError(ConfigError):
    """A folder's labels cannot be used; the message names the file and the entry."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Labelled(_Strict):
    behaviour: str
    verdict: Verdict
    start: _Time
    end: _Time
    kind: str = ""
    speaker: Party | None = None
    unsure: bool = False
    note: str = ""  # for people


class _Labels(_Strict):
    moments: tuple[_Labelled, ...]
    behaviours: tuple[str, ...] = ()
    agent: str | None = None
    customer_name: str | None = None
    note: str = ""  # for people


class _Turn(_Strict):
    speaker: Party
    start: _Time
    end: _Time
    text: str


@dataclass(frozen=True, slots=True)
class Files:
    """One call of a folder in the JSON form."""

    name: str
    labels: Path
    turns: Path | None
    recording: Path | None


def folder_set(folder: Path, *, behaviours: Iterable[str]) -> LabelledSet:
    """`behaviours` are the ids that labels may be of. Raises `LabelError` (or `ScriptError`) by file."""
    scripts = sorted(folder.glob("*.call"))
    found = [_files(path) for path in sorted(folder.glob(f"*{LABELS}"))]
    if not scripts and not found:
        raise LabelError(f"{folder} holds no labelled call: no NAME{LABELS} and no NAME.call")
    known = frozenset(behaviours)
    whole = [_case(files, _turns(files.turns) if files.turns else (), known) for files in found]
    cases = [case for case, _ in whole] + [case_of(_script(path)) for path in scripts]
    recordings = {files.name: files.recording for files in found if files.recording is not None}
    return LabelledSet(
        name=folder.resolve().name,
        cases=tuple(cases),
        hash=hash_of([*(path for one in found for path in (one.labels, one.turns) if path), *scripts]),
        conditions=_conditions(cases, recordings),
        recordings=recordings,
        behaviours=frozenset() if scripts else frozenset(one for _, labelled in whole for one in labelled),
    )


def one_call(files: Files, turns: tuple[Span, ...], *, name: str, behaviours: Iterable[str]) -> LabelledSet:
    """A set of one call whose transcript comes from elsewhere."""
    case, labelled = _case(files, turns, frozenset(behaviours))
    recordings = {files.name: files.recording} if files.recording is not None else {}
    return LabelledSet(
        name=name,
        cases=(case,),
        hash=hash_of([files.labels]),
        conditions=_conditions([case], recordings),
        recordings=recordings,
        behaviours=labelled,
    )


def _script(path: Path) -> Call:
    try:
        return read_call(path)
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {error.strerror}") from error


def _files(labels: Path) -> Files:
    name = labels.name.removesuffix(LABELS)
    beside = sorted(path for path in labels.parent.iterdir() if path.name.startswith(f"{name}."))
    turns = labels.with_name(name + TURNS)
    return Files(
        name=name,
        labels=labels,
        turns=turns if turns.exists() else None,
        recording=next((path for path in beside if path.suffix.lower() in SUFFIXES and path.is_file()), None),
    )


def _conditions(cases: Sequence[Case], recordings: object) -> tuple[str, ...]:
    text = (TEXT,) if any(case.events for case in cases) else ()
    return text + ((HEARD_NOW,) if recordings else ())


def _case(files: Files, turns: tuple[Span, ...], known: frozenset[str]) -> tuple[Case, frozenset[str]]:
    """The call, and which behaviours were listened for in it."""
    labels = _read(files.labels, TypeAdapter(_Labels))
    if not turns and files.recording is None:
        raise LabelError(f"{files.labels}: beside it stands neither a recording nor {files.name}{TURNS}")
    labelled = frozenset((*labels.behaviours, *(moment.behaviour for moment in labels.moments)))
    for one in sorted(labelled - known):
        raise LabelError(
            f"{files.labels}: no behaviour is called {one!r}; there are {', '.join(sorted(known))}"
        )
    until = max((turn.end for turn in turns), default=None)
    case = Case(
        name=files.name,
        info=CallInfo(
            call_id=files.name, agent=labels.agent, customer_name=labels.customer_name, source="recording"
        ),
        turns=turns,
        moments=tuple(_moments(files.labels, labels.moments, until)),
        events=_events(turns),
    )
    return case, labelled


def _turns(path: Path) -> tuple[Span, ...]:
    rows = _read(path, TypeAdapter(tuple[_Turn, ...]))
    for number, row in enumerate(rows):
        if row.end <= row.start:
            raise LabelError(f"{path}: turn {number} ends before it starts")
    ordered = sorted(rows, key=lambda row: (row.start, row.end))
    return tuple(Span(row.speaker, row.start, row.end, row.text) for row in ordered)


def _events(turns: Sequence[Span]) -> tuple[Event, ...]:
    if not turns:
        return ()
    uttered = [said(turn.speaker, spoken(turn.text), turn.start, turn.end) for turn in turns]
    return events_of(uttered, until=max(turn.end for turn in turns) + _TAIL)


def _moments(path: Path, rows: Sequence[_Labelled], until: Seconds | None) -> Iterable[Moment]:
    for number, row in enumerate(rows):
        where = f"{path}: moment {number}"
        if row.end < row.start:
            raise LabelError(f"{where} ends before it starts")
        if until is not None and row.end > until + _LATE:
            raise LabelError(f"{where} lies outside the call, which ends at {until:.1f} s")
        meaning = meaning_of(row.behaviour, row.verdict, row.kind, row.speaker or Party.AGENT)
        _check_speaker(where, row, meaning)
        yield Moment(meaning=meaning, start=row.start, end=row.end, unsure=row.unsure, speaker=row.speaker)


def _check_speaker(where: str, row: _Labelled, meaning: Meaning) -> None:
    """A label of an exchange may stand on either side of it, any other on the one whose words it is about."""
    if row.speaker not in (None, meaning.on) and not meaning.reach:
        raise LabelError(
            f"{where}: {row.behaviour} {row.verdict.value} is about the {meaning.on.value}'s words"
        )


def _read(path: Path, form: TypeAdapter[T]) -> T:
    try:
        return form.validate_json(path.read_bytes().removeprefix(BOM_UTF8))
    except ValidationError as error:
        raise LabelError(f"{path}: {_fault(error)}") from None
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {error.strerror}") from error


def _fault(error: ValidationError) -> str:
    """The first fault by its place, without the value that was found there."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
