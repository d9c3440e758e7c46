"""Files a call that has ended under what it is found by: its figures, each behaviour's tally, its words.

Blocking, inside the transaction that stores the call's end. All of it is a projection of the log: filing a
call again replaces what was filed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, delete, func, insert, select, text

from service.store.projection import CallRow
from service.store.schema import events, finished, tallies, transcripts
from streaming.events import Party, Scorecard

_MOST_CHARACTERS = 500_000
"""Of one party's words: PostgreSQL refuses a text search vector above 1 MB. Ten hours of talk are less."""
_MERGED_AT_ONCE = 500  # pages of the index; some 20 ms, in which nobody else can write
_WORD = re.compile(r"\w+")
_WITHIN = str.maketrans("", "", "'’ʼ")
_UNINDEX = text(
    "INSERT INTO transcripts_words (transcripts_words, rowid, agent, customer) "
    "SELECT 'delete', number, agent, customer FROM transcripts WHERE number = :number"
)
_INDEX = text(
    "INSERT INTO transcripts_words (rowid, agent, customer) "
    "SELECT number, agent, customer FROM transcripts WHERE number = :number"
)
_MERGE = text("INSERT INTO transcripts_words (transcripts_words, rank) VALUES ('merge', :pages)")


def folded(said: str) -> list[str]:
    """The words of `said` as they are indexed and looked for: “Müller's” is ``mullers``."""
    plain = unicodedata.normalize("NFKD", said.casefold().translate(_WITHIN))
    return _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))


def file_finished(connection: Connection, row: CallRow) -> None:
    """`row`'s call has ended."""
    forget_finished(connection, row.call_id)
    figures = _figures(row.scorecard)
    named = {
        name: getattr(row, name) for name in ("call_id", "agent", "team", "started_at", "seconds", "alerts")
    }
    added = connection.execute(insert(finished).values(**named, **figures).returning(finished.c.number))
    number = added.scalar_one()
    if tallied := _tallies(number, row.scorecard):
        connection.execute(insert(tallies), tallied)
    said = _said(connection, row.call_id)
    postgres = connection.dialect.name == "postgresql"
    words = {party: func.to_tsvector("simple", one) if postgres else one for party, one in said.items()}
    connection.execute(insert(transcripts).values(number=number, **words))
    if not postgres:
        connection.execute(_INDEX, {"number": number})


def forget_finished(connection: Connection, call_id: str) -> None:
    number = connection.scalar(select(finished.c.number).where(finished.c.call_id == call_id))
    if number is None:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(_UNINDEX, {"number": number})
    for table in (transcripts, tallies, finished):
        connection.execute(delete(table).where(table.c.number == number))


def merge_index(connection: Connection, *, first: bool) -> bool:
    """One step of what takes deleted words out of SQLite's index; False when none is left there.

    A deletion from an FTS5 index is a note that is kept beside what was deleted until both are merged.
    """
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    connection.execute(_MERGE, {"pages": -_MERGED_AT_ONCE if first else _MERGED_AT_ONCE})
    after = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    return bool(after - before >= 2)  # as SQLite's documentation has it: the statement itself counts as one


def _figures(card: Scorecard | None) -> dict[str, Any]:
    """As the console adds up a scorecard: what cannot be missed has no rate, and is no opportunity here."""
    rated = [item for item in card.items if item.rate is not None] if card else []
    opportunities = sum(item.opportunities for item in rated)
    delivered = sum(item.delivered for item in rated)
    return {
        "opportunities": opportunities,
        "delivered": delivered,
        "missed": sum(item.missed for item in rated),
        "harmful": sum(item.harmful for item in card.items) if card else 0,
        "rate": delivered / opportunities if opportunities else None,
    }


def _tallies(number: int, card: Scorecard | None) -> list[dict[str, Any]]:
    kinds = ("delivered", "missed", "harmful", "observed")
    rows = [
        {"number": number, "behaviour": item.behaviour, **{kind: getattr(item, kind) for kind in kinds}}
        for item in (card.items if card else ())
    ]
    return [row for row in rows if any(row[kind] for kind in kinds)]


def _said(connection: Connection, call_id: str) -> dict[str, str]:
    """Each party's final words, folded."""
    query = select(events.c.payload).where(events.c.call_id == call_id, events.c.type == "utterance")
    words: dict[str, list[str]] = {party.value: [] for party in Party}
    for payload in connection.scalars(query.order_by(events.c.seq)):
        event = from_json(payload)
        if event["final"]:
            words[event["speaker"]].extend(folded(spoken(event["words"])))
    return {party: " ".join(_shortened(said)) for party, said in words.items()}


def spoken(words: Iterable[dict[str, Any]]) -> str:
    return " ".join(str(word["text"]).strip() for word in words)


def _shortened(words: Sequence[str]) -> Iterable[str]:
    left = _MOST_CHARACTERS
    for word in words:
        left -= len(word) + 1
        if left < 0:
            return
        yield word
