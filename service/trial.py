"""Tries a team's own behaviours on labelled lines: what they find, what they miss, and a better threshold.

A line is judged by itself: whether it says what its label says. When chances open and close is for calls
(`callcue behaviours test --calls`). Thresholds are suggested from the ``dev`` half of the lines only, and the
figures that count are those of the ``test`` half, which nothing was chosen by.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from detectors.custom import OPENS, CustomBehaviour
from detectors.text import Line, read
from streaming.errors import ConfigError
from streaming.events import Party, Utterance, Verdict, Word
from streaming.ports import Meaning

Part = Literal["dev", "test"]
PARTS: tuple[Part, ...] = ("dev", "test")
LEAST_RIGHT, LEAST_WRONG = 5, 10
"""Lines on each side in the dev half, below which a suggested threshold would be chance."""

_KINDS = (*(verdict.value for verdict in Verdict if verdict is not Verdict.OBSERVED), OPENS)
_GRID = [round(step / 100, 2) for step in range(5, 100)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    speaker: Party
    expected: str = ""
    behaviour: str = ""
    part: Literal["", "dev", "test"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """`expected` is a verdict, ``opens``, or "" for none of it; `number` counts the file's lines from 1."""

    number: int
    behaviour: str
    speaker: Party
    text: str
    expected: str
    part: Part


@dataclass(frozen=True, slots=True)
class Answer:
    """How like one kind of saying a line was found to be: `score` 0 to 1, 1 for a phrase."""

    line: Labelled
    score: float
    found: bool


@dataclass(slots=True)
class Tally:
    """One kind of saying of one behaviour; `threshold` is the one that was tried."""

    behaviour: str
    kind: str
    threshold: float
    answers: list[Answer] = field(default_factory=list)

    def of(self, part: Part) -> list[Answer]:
        return [one for one in self.answers if one.line.part == part]

    def right(self, answer: Answer) -> bool:
        return answer.line.expected == self.kind


@dataclass(frozen=True, slots=True)
class Figures:
    right: int
    false: int
    missed: int

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.false) if self.right + self.false else None

    @property
    def recall(self) -> float | None:
        return self.right / (self.right + self.missed) if self.right + self.missed else None


def figures(tally: Tally, answers: Sequence[Answer], threshold: float | None = None) -> Figures:
    """At the threshold that was tried, or at another one."""
    found = [one.found if threshold is None else one.score >= threshold for one in answers]
    pairs = list(zip(found, map(tally.right, answers), strict=True))
    return Figures(pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold chosen on the dev half; `reached` says whether its precision there is what was asked."""

    threshold: float
    reached: bool


def suggest(tally: Tally, precision: float) -> Suggestion | None:
    """Most recall at that precision, else the best precision; None with too few lines to tell.

    Where several do as well, the middle one: furthest from lines on either side.
    """
    dev = tally.of("dev")
    rights = sum(map(tally.right, dev))
    if rights < LEAST_RIGHT or len(dev) - rights < LEAST_WRONG:
        return None
    tried = [(step, figures(tally, dev, step)) for step in _GRID]
    useful = [(step, one) for step, one in tried if one.precision is not None and one.right]
    if not useful:
        return None
    good = [(step, one) for step, one in useful if (one.precision or 0.0) >= precision]
    best = (
        max(one.right for _, one in good)
        if good
        else max((one.precision or 0.0, one.right) for _, one in useful)
    )
    ties = [step for step, one in good if one.right == best] or [
        step for step, one in useful if ((one.precision or 0.0), one.right) == best
    ]
    return Suggestion(ties[len(ties) // 2], bool(good))


def try_lines(
    behaviours: Mapping[str, CustomBehaviour], lines: Iterable[Labelled], meaning: Meaning | None
) -> list[Tally]:
    """One tally a behaviour and kind of saying, in the file's order; only of those who can say it."""
    tallies = {
        (one.row.id, kind): Tally(one.row.id, kind, one.row.thresholds[kind])
        for one in behaviours.values()
        for kind in one.sayings
    }
    hearings = {key: one.heard(meaning) for key, one in behaviours.items()}
    for labelled in lines:
        one = behaviours[labelled.behaviour]
        line = _line(labelled)
        for kind, hearing in hearings[labelled.behaviour].items():
            if labelled.speaker is (one.opening.by if kind == OPENS else one.who):
                tally = tallies[labelled.behaviour, kind]
                found = hearing.find(line, 0.0) if line.tokens else None
                score = 0.0 if found is None else 1.0 if found.by_phrase else found.confidence
                tally.answers.append(Answer(labelled, score, score >= tally.threshold))
    return list(tallies.values())


def _line(labelled: Labelled) -> Line:
    words = tuple(Word(text=text, start=0.0, end=0.0) for text in labelled.text.split())
    whole = Utterance(
        speaker=labelled.speaker, id="line", revision=0, start=0.0, end=0.0, words=words, final=True
    )
    return read(whole)


# --- the labelled lines


def read_lines(path: Path, behaviours: Mapping[str, CustomBehaviour]) -> list[Labelled]:
    """TSV with a header, or JSONL: text, speaker, expected, and where needed behaviour and part.

    A line that names no behaviour is of the file's only one, else (with nothing expected) of all. Without a
    part, half of the lines are dev and half are test, by their text. Raises `ConfigError` by line.
    """
    found: list[Labelled] = []
    for number, data in _rows(path):
        where = f"{path}:{number}"
        try:
            row = _Row.model_validate(data)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            raise ConfigError(f"{where}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
        found += _labelled(where, number, row, behaviours)
    if not found:
        raise ConfigError(f"{path}: holds no labelled lines")
    return found


def _labelled(
    where: str, number: int, row: _Row, behaviours: Mapping[str, CustomBehaviour]
) -> Iterator[Labelled]:
    if row.expected not in ("", "none", *_KINDS):
        raise ConfigError(f"{where}: expected is {', '.join(_KINDS)}, or empty for none of it")
    expected = "" if row.expected == "none" else row.expected
    if row.behaviour and row.behaviour not in behaviours:
        raise ConfigError(f"{where}: the file has no behaviour {row.behaviour}")
    if not row.behaviour and expected and len(behaviours) > 1:
        raise ConfigError(f"{where}: of which behaviour? The file has {len(behaviours)}")
    for key in [row.behaviour] if row.behaviour else behaviours:
        if expected and expected not in behaviours[key].sayings:
            raise ConfigError(f"{where}: {key} does not tell what {expected} sounds like")
        yield Labelled(
            number=number,
            behaviour=key,
            speaker=row.speaker,
            text=row.text,
            expected=expected,
            part=row.part or _half(row.text),
        )


def _half(text: str) -> Part:
    """The same half whenever it is asked, whatever stands around the line."""
    return PARTS[hashlib.sha256(text.encode()).digest()[0] % 2]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: cannot be read: {why}") from None
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from _json_rows(path, text)
        return
    reader = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in reader:
        yield reader.line_num, {key: value or "" for key, value in row.items() if key is not None}


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError:
                raise ConfigError(f"{path}:{number}: not JSON") from None
