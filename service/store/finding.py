"""Finds finished calls: by agent, team, time, behaviour and words, in any order, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, text, true

from service.store.finished import folded, spoken
from service.store.schema import events, finished, tallies, transcripts
from streaming.errors import ProtocolError
from streaming.events import Party, Seconds

Sort = Literal["started_at", "seconds", "rate", "missed", "harmful", "alerts", "agent"]
Outcome = Literal["delivered", "missed", "harmful", "observed"]
PARTIES = tuple(Party)

_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_EXCERPT_WORDS = 9  # on either side of what was found
_OPENING = 3  # records of a log among which the call's start is


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; None asks nothing. Times are Unix seconds, `until` is excluded.

    `words`: every word or “quoted phrase” was said in the call, by `said_by` where that is given; a word that
    ends in ``*`` stands for all that begin with it. `outcome` asks for one of that behaviour.
    """

    agent: str | None = None
    team: str | None = None
    since: float | None = None
    until: float | None = None
    behaviour: str | None = None
    outcome: Outcome | None = None
    words: str | None = None
    said_by: Party | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    by: Sort = "started_at"
    ascending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Where the first of the words that were looked for was said: `before` + `found` + `after`."""

    at: Seconds
    speaker: Party
    before: str
    found: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedCall:
    """`rate`: delivered of all opportunities; None without one."""

    number: int
    call_id: str
    agent: str | None
    team: str | None
    started_at: float
    seconds: Seconds
    alerts: int
    opportunities: int
    delivered: int
    missed: int
    harmful: int
    rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a behaviour was judged what in one call."""

    behaviour: str
    delivered: int
    missed: int
    harmful: int
    observed: int


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow one another; with `prefix` the last one is a beginning."""

    words: tuple[str, ...]
    prefix: bool


def terms_of(words: str) -> list[Term]:
    """What a person typed: words, "phrases", beginnings*. Nothing in it is an operator."""
    found = []
    for phrase, word in _TERM.findall(words):
        parts = tuple(folded(phrase or word))
        if parts:
            found.append(Term(parts, prefix=bool(word) and word.endswith("*")))
    return found


def find(
    connection: Connection, wanted: Wanted, order: Order, *, limit: int, after: str | None
) -> list[FinishedCall]:
    """Raises ProtocolError when `after` is no cursor of this order (`cursor_of`)."""
    query = select(finished).where(*_conditions(connection, wanted), _behind(order, after))
    query = query.order_by(*_ordering(order)).limit(limit)
    return [FinishedCall(**row) for row in connection.execute(query).mappings()]


def count(connection: Connection, wanted: Wanted) -> int:
    query = select(func.count()).select_from(finished).where(*_conditions(connection, wanted))
    return connection.scalar(query) or 0


def tallied(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Tally]]:
    """Of each call what its scorecard counts of each behaviour, by behaviour."""
    query = select(tallies).where(tallies.c.number.in_(numbers)).order_by(tallies.c.behaviour)
    found: dict[int, list[Tally]] = {}
    for row in connection.execute(query).mappings():
        columns = dict(row)
        found.setdefault(columns.pop("number"), []).append(Tally(**columns))
    return found


def customers(connection: Connection, call_ids: Sequence[str]) -> dict[str, str]:
    """What the customers are called, where that was told: by the log's first records."""
    query = select(events.c.call_id, events.c.payload).where(events.c.call_id.in_(call_ids))
    opened = connection.execute(query.where(events.c.seq <= _OPENING, events.c.type == "call_started"))
    told = {call_id: from_json(payload)["call"]["customer_name"] for call_id, payload in opened}
    return {call_id: name for call_id, name in told.items() if name}


def names(connection: Connection, *, most: int = 1000) -> tuple[list[str], list[str]]:
    """Agents and teams of finished calls, by name."""
    agent, team = (
        list(
            connection.scalars(
                select(column).where(column.is_not(None)).distinct().order_by(column).limit(most)
            )
        )
        for column in (finished.c.agent, finished.c.team)
    )
    return agent, team


def said(connection: Connection, call_ids: Sequence[str]) -> dict[str, list[str]]:
    """The calls' utterances as they are stored, in order."""
    query = select(events.c.call_id, events.c.payload).order_by(events.c.call_id, events.c.seq)
    found: dict[str, list[str]] = {}
    for call_id, payload in connection.execute(
        query.where(events.c.call_id.in_(call_ids), events.c.type == "utterance")
    ):
        found.setdefault(call_id, []).append(payload)
    return found


def excerpt_of(utterances: Sequence[str], terms: Sequence[Term], said_by: Party | None) -> Excerpt | None:
    """Where the first term was said first, else the next one (not one across two lines)."""
    lines = [event for event in map(from_json, utterances) if event["final"]]
    heard = [line for line in lines if said_by is None or line["speaker"] == said_by]
    told = [
        [(place, part) for place, word in enumerate(line["words"]) for part in folded(word["text"])]
        for line in heard
    ]
    for term in terms:
        for line, parts in zip(heard, told, strict=True):
            if (span := _place(parts, term)) is not None:
                return _excerpt(line, *span)
    return None


def cursor_of(call: FinishedCall, order: Order) -> str:
    """Where a page that ends with `call` goes on: `find(after=…)`."""
    value = getattr(call, order.by)
    return f"{call.number},{'' if value is None else value}"


def _conditions(connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if wanted.agent is not None:
        asked.append(finished.c.agent == wanted.agent)
    if wanted.team is not None:
        asked.append(finished.c.team == wanted.team)
    if wanted.since is not None:
        asked.append(finished.c.started_at >= wanted.since)
    if wanted.until is not None:
        asked.append(finished.c.started_at < wanted.until)
    if wanted.behaviour is not None:
        asked.append(_judged(wanted.behaviour, wanted.outcome))
    if wanted.words is not None:
        asked.append(_spoke(connection, terms_of(wanted.words), wanted.said_by))
    return asked


def _judged(behaviour: str, outcome: Outcome | None) -> ColumnElement[bool]:
    query = select(tallies.c.number).where(tallies.c.behaviour == behaviour)
    return finished.c.number.in_(query if outcome is None else query.where(tallies.c[outcome] > 0))


def _spoke(connection: Connection, terms: Sequence[Term], said_by: Party | None) -> ColumnElement[bool]:
    if not terms:
        return true()
    if connection.dialect.name == "sqlite":
        asked = " AND ".join(f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in terms)
        matching = text("SELECT rowid FROM transcripts_words WHERE transcripts_words MATCH :asked")
        bound = matching.bindparams(asked=f"{{{said_by or 'agent customer'}}} : ({asked})")
        return finished.c.number.in_(bound.columns(transcripts.c.number))
    columns = [transcripts.c[party] for party in ((said_by,) if said_by else PARTIES)]
    query = select(transcripts.c.number)
    for term in terms:
        last = f"{term.words[-1]}:*" if term.prefix else term.words[-1]
        wanted = func.to_tsquery("simple", " <-> ".join((*term.words[:-1], last)))
        query = query.where(or_(*(column.op("@@")(wanted) for column in columns)))
    return finished.c.number.in_(query)


def _ordering(order: Order) -> list[ColumnElement[Any]]:
    """What has no value comes last either way."""
    column = finished.c[order.by]
    if order.ascending:
        return [column.asc().nulls_last(), finished.c.number.asc()]
    return [column.desc().nulls_last(), finished.c.number.desc()]


def _behind(order: Order, after: str | None) -> ColumnElement[bool]:
    if after is None:
        return true()
    number, value = _cursor(after, order)
    column, key = finished.c[order.by], finished.c.number
    later = key > number if order.ascending else key < number
    if value is None:
        return and_(column.is_(None), later)
    beyond = column > value if order.ascending else column < value
    return or_(beyond, and_(column == value, later), column.is_(None))


def _cursor(text_: str, order: Order) -> tuple[int, float | str | None]:
    number, _, value = text_.partition(",")
    try:
        return int(number), (value or None) if order.by == "agent" else float(value) if value else None
    except ValueError:
        raise ProtocolError("after: not a cursor of this list") from None


def _place(told: Sequence[tuple[int, str]], term: Term) -> tuple[int, int] | None:
    """Words `first` to `last` of an utterance that are the term."""
    size = len(term.words)
    for start in range(len(told) - size + 1):
        here = [part for _, part in told[start : start + size]]
        whole = here[-1].startswith(term.words[-1]) if term.prefix else here[-1] == term.words[-1]
        if whole and here[:-1] == list(term.words[:-1]):
            return told[start][0], told[start + size - 1][0]
    return None


def _excerpt(event: Mapping[str, Any], first: int, last: int) -> Excerpt:
    words = event["words"]
    start, end = max(0, first - _EXCERPT_WORDS), min(len(words), last + 1 + _EXCERPT_WORDS)
    return Excerpt(
        at=words[first]["start"],
        speaker=Party(event["speaker"]),
        before=("… " if start else "") + spoken(words[start:first]),
        found=spoken(words[first : last + 1]),
        after=spoken(words[last + 1 : end]) + (" …" if end < len(words) else ""),
    )
