"""Reads a team's own behaviours from TOML; whatever is wrong is told by file, row and field.

The form is told to its writers in docs/custom-behaviours.md, whose example a test reads.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from detectors.base import Behaviour, catalogue
from detectors.custom import OPENS, CustomBehaviour, Opening
from detectors.lexicon import Lexicon
from detectors.sayings import Sayings
from streaming.alerts import AlertRule
from streaming.errors import ConfigError
from streaming.events import Party, Severity, Verdict

MOST_ROWS = 100
_MOST_SAYINGS = 200
_MOST_PATHS = 20_000  # ways a phrase's brackets can be read: what matching costs in memory
_MOST_SKIPPED = 20  # words that ..N may pass over
_MOST_BYTES = 1 << 20  # of a file: a hundred rows that people write are far less
_LEAST_EXAMPLES = 3
_BRACKETS = re.compile(r"[()\[\]|]|\.\.\d+")

THRESHOLDS: Mapping[str, float] = {"delivered": 0.55, "missed": 0.7, "harmful": 0.75, OPENS: 0.7}
"""From which likeness on a sentence counts. `delivered` is the lowest: what is not recognised there becomes a
miss that was none. From the lines of docs/examples and the dev calls; `behaviours test` suggests your own."""

_SECONDS: Mapping[str, float] = {"start": 30.0, "end": 60.0, "said": 60.0, "every": 180.0}
_TURNS = 2.0

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
_Seconds = Annotated[float, Field(gt=0, le=36_000)]
_Lines = Annotated[tuple[_Line, ...], Field(max_length=_MOST_SAYINGS)]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class _Said(_Strict):
    examples: _Lines = ()
    unlike: _Lines = ()
    phrases: _Lines = ()

    @model_validator(mode="after")
    def _enough(self) -> _Said:
        if not self.examples and not self.phrases:
            raise ValueError("needs examples (sentences) or phrases (words)")
        if 0 < len(self.examples) < _LEAST_EXAMPLES:
            raise ValueError(f"{_LEAST_EXAMPLES} examples at least: with fewer their meaning is a guess")
        return self


class _Opens(_Strict):
    when: Literal["always", "start", "end", "said", "every"] = "always"
    by: Party = Party.CUSTOMER
    seconds: _Seconds | None = None
    turns: Annotated[int, Field(ge=1, le=20)] | None = None
    examples: _Lines = ()
    unlike: _Lines = ()
    phrases: _Lines = ()

    @model_validator(mode="after")
    def _fits(self) -> _Opens:
        sayings = self.examples or self.phrases
        if (self.when == "said") != bool(sayings):
            raise ValueError('examples or phrases belong to when = "said", which needs them')
        if self.turns is not None and self.when != "said":
            raise ValueError('turns belong to when = "said"')
        if self.seconds is not None and self.when == "always":
            raise ValueError('when = "always" has no seconds')
        if sayings:
            _Said(examples=self.examples, phrases=self.phrases)
        return self


class _Alert(_Strict):
    verdict: Verdict
    severity: Severity = Severity.NOTICE
    title: _Line
    coaching: _Line
    whispers: _Lines = ()
    count: Annotated[int, Field(ge=1)] = 1
    in_a_row: bool = False
    within: _Seconds | None = None
    cooldown: _Seconds = 60.0
    follow: tuple[str, ...] = ()
    follow_within: _Seconds = 60.0
    min_confidence: _Share = 0.6


class _Row(_Strict):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=60)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    meaning: _Line
    opportunity: str = ""
    who: Party = Party.AGENT
    severity: Severity = Severity.NOTICE
    version: Annotated[int, Field(ge=1)] = 1
    opens: _Opens = _Opens()
    delivered: _Said | None = None
    missed: _Said | None = None
    harmful: _Said | None = None
    thresholds: dict[Literal["delivered", "missed", "harmful", "opens"], _Share] = {}
    alert: tuple[_Alert, ...] = ()

    @model_validator(mode="after")
    def _judges(self) -> _Row:
        if not self.said():
            raise ValueError("says neither what is delivered, nor missed, nor harmful")
        if self.opens.when != "always" and self.delivered is None:
            raise ValueError(f'when = "{self.opens.when}" asks for something: say in delivered what')
        return self

    def said(self) -> dict[str, _Said]:
        found = {
            Verdict.DELIVERED: self.delivered,
            Verdict.MISSED: self.missed,
            Verdict.HARMFUL: self.harmful,
        }
        sayings = {key.value: said for key, said in found.items() if said is not None}
        if self.opens.when == "said":
            told = {name: getattr(self.opens, name) for name in ("examples", "unlike", "phrases")}
            sayings[OPENS] = _Said(**told)
        return sayings


def read_behaviours(path: Path) -> dict[str, CustomBehaviour]:
    """The file's behaviours by id, in its order. Raises `ConfigError` that says where it is wrong."""
    try:
        data = tomllib.loads(_text(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: cannot be read: {why}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (ValueError, RecursionError):  # a number or a nesting that the parser does not take
        raise ConfigError(f"{path}: a number is too long, or tables are nested too deep") from None
    rows = data.pop("behaviour", [])
    if data or not isinstance(rows, list):
        raise ConfigError(f"{path}: holds [[behaviour]] tables and nothing else, found {_first(data)}")
    if not 0 < len(rows) <= MOST_ROWS:
        raise ConfigError(f"{path}: {len(rows)} behaviours; 1 to {MOST_ROWS} can be told")
    found: dict[str, CustomBehaviour] = {}
    for number, row in enumerate(rows, start=1):
        one = _behaviour(f"{path}: behaviour {number}", row)
        if one.row.id in found:
            raise ConfigError(f"{path}: behaviour {number} ({one.row.id}): this id stands twice")
        found[one.row.id] = one
    return found


def _text(path: Path) -> str:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ConfigError(f"{path}: is no file")  # a pipe would be waited for
    with path.open("rb") as opened:
        raw = opened.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise ConfigError(f"{path}: is larger than {_MOST_BYTES >> 20} MiB")
    return raw.decode("utf-8-sig")


def rows_with(own: Path | None) -> dict[str, Behaviour]:
    """The catalogue with a team's own rows behind it. Raises `ConfigError` as `read_behaviours`."""
    mine = read_behaviours(own) if own is not None else {}
    return {**catalogue(), **{key: one.row for key, one in mine.items()}}


def _first(data: Mapping[str, object]) -> str:
    return repr(next(iter(data), "behaviour"))


def _behaviour(where: str, data: object) -> CustomBehaviour:
    name = data.get("id") if isinstance(data, dict) else None
    where += f" ({_shown(name)})" if isinstance(name, str) else ""
    try:
        row = _Row.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_faults(error)}") from None
    shipped = {key.partition(".")[0] for key in catalogue()}
    if row.id.partition(".")[0] in shipped:
        raise ConfigError(f"{where}: id: {row.id.partition('.')[0]}. is callcue's own; write custom.…")
    unknown = {one for alert in row.alert for one in alert.follow} - {row.id, *catalogue()}
    if unknown:
        raise ConfigError(f"{where}: alert.follow: no behaviour is called {sorted(unknown)[0]}")
    sayings = {key: _sayings(f"{where}: {key}", said) for key, said in row.said().items()}
    opening = Opening(when=row.opens.when, by=row.opens.by)
    return CustomBehaviour(row=_catalogue_row(row), who=row.who, opening=opening, sayings=sayings)


def _faults(error: ValidationError) -> str:
    """Every fault by its place, without the values: they may be a customer's words."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{_place(one['loc'])}{one['msg'].removeprefix('Value error, ')}" for one in found)


def _place(steps: tuple[int | str, ...]) -> str:
    return ".".join(_shown(str(step + 1 if isinstance(step, int) else step)) for step in steps) + (
        ": " if steps else ""
    )


def _shown(name: str) -> str:
    """A name from the file on one short line, whatever is in it."""
    return name if name.isprintable() and len(name) <= 60 else repr(name[:60])


def _sayings(where: str, said: _Said) -> Sayings:
    return Sayings(said.examples, said.unlike, _lexicon(where, said.phrases) if said.phrases else None)


def _lexicon(where: str, phrases: tuple[str, ...]) -> Lexicon:
    for number, phrase in enumerate(phrases, start=1):
        try:
            _check_size(phrase)
            Lexicon({"said": [phrase]})
        except (ValueError, KeyError) as error:
            why = f"there are no lists here: {error}" if isinstance(error, KeyError) else str(error)
            raise ConfigError(f"{where}.phrases.{number}: {why}") from None
    return Lexicon({"said": phrases})


def _check_size(phrase: str) -> None:
    """Before the brackets are opened: each multiplies, and a file must not fill the memory."""
    if any(int(count) > _MOST_SKIPPED for count in re.findall(r"\.\.(\d{1,9})", phrase)):
        raise ValueError(f"..N passes over {_MOST_SKIPPED} words at most")
    if _ways(phrase) > _MOST_PATHS:
        raise ValueError("too many brackets: write it as several phrases")


def _ways(phrase: str) -> int:
    """How many word sequences a phrase stands for; brackets that do not match are told by who opens them."""
    levels = [[1, 0]]  # of each open bracket: ways of this alternative, and of those before it
    for piece in _BRACKETS.findall(phrase):
        if piece in "([":
            levels.append([1, 0])
        elif piece == "|":
            levels[-1] = [1, sum(levels[-1])]
        elif piece in ")]" and len(levels) > 1:
            inside = sum(levels.pop()) + (piece == "]")
            levels[-1][0] *= inside
        elif piece.startswith(".."):
            levels[-1][0] *= int(piece[2:]) + 1
    return max(sum(level) for level in levels)


def _catalogue_row(row: _Row) -> Behaviour:
    said = row.said()
    thresholds = {key: row.thresholds.get(key, THRESHOLDS[key]) for key in said}  # type: ignore[call-overload]
    if row.opens.when != "always":
        thresholds["seconds"] = row.opens.seconds or _SECONDS[row.opens.when]
    if row.opens.when == "said":
        thresholds["turns"] = float(row.opens.turns or _TURNS)
    return Behaviour(
        id=row.id,
        title=row.title,
        meaning=row.meaning,
        opportunity=row.opportunity or _opportunity(row, thresholds.get("seconds", 0.0)),
        detector=row.id,
        severity=row.severity,
        version=row.version,
        needs_meaning=any(one.examples for one in said.values()),
        thresholds=thresholds,
        examples={key: one.examples for key, one in said.items() if one.examples},
        alerts=tuple(_rules(row)),
    )


def _opportunity(row: _Row, seconds: float) -> str:
    """What opens it, in a sentence, where its writer gave none."""
    match row.opens.when:
        case "always":
            return f"Whenever the {row.who.value} speaks of it."
        case "start":
            return f"The first {seconds:.0f} seconds of the call."
        case "end":
            return f"The last {seconds:.0f} seconds of the call."
        case "every":
            return f"Every {seconds:.0f} seconds."
    return f"The {row.opens.by.value} says what opens it."


def _rules(row: _Row) -> Iterator[AlertRule]:
    for alert in row.alert:
        fields: dict[str, Any] = alert.model_dump()
        yield AlertRule(behaviour=row.id, **fields)
