"""Appends records to the log and moves their calls' rows on, inside one transaction (blocking).

Nearly every batch is new and changes nothing of its calls but how far they have come, so that is what is
tried first: one statement for the events, one for the rows. What more there is to do (records that came
twice, calls that start, end or alert) is done only where a batch has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, bindparam, case, collate, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from service.store.finished import file_finished
from service.store.projection import CallRow, event_time, fold, from_columns, moves_only, to_columns
from service.store.schema import calls, events
from service.wire import decode_event, encode_event
from streaming.errors import CallcueError, ProtocolError
from streaming.events import Record

T = TypeVar("T")
Key = tuple[str, int]
Row = Mapping[str, Any]

_KEYS = 200  # keys asked for in one statement

_ADD = insert(events)
_MOVE = (
    update(calls)
    .where(calls.c.call_id == bindparam("of"))
    .values(
        last_seq=case((calls.c.last_seq < bindparam("seq"), bindparam("seq")), else_=calls.c.last_seq),
        seconds=case((calls.c.seconds < bindparam("at"), bindparam("at")), else_=calls.c.seconds),
    )
)
_UPSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class RecordConflict(CallcueError):
    """Another event is already stored under that call and number: two writers own one call."""

    code, status = "record_conflict", 409


class Batch:
    """Records as rows of `events`. Raises RecordConflict or ProtocolError when they cannot be that."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.rows: dict[Key, Row] = {}
        by_key: dict[Key, Record] = {}
        for record in records:
            key, row = (record.call_id, record.seq), _row(record)
            if self.rows.setdefault(key, row) != row:
                raise RecordConflict("two events have one call and number")
            by_key.setdefault(key, record)
        # One order for everybody: two transactions with common keys wait for each other, never in a ring.
        self.keys = sorted(self.rows)
        self.records = [by_key[key] for key in self.keys]


def append_new(connection: Connection, batch: Batch, node: str) -> int:
    """Store a batch none of which is stored yet; raises IntegrityError when some of it is."""
    connection.execute(_ADD, [batch.rows[key] for key in batch.keys])
    _move(connection, batch.records, node)
    return len(batch.keys)


def append_missing(connection: Connection, batch: Batch, node: str) -> int:
    """Store what is not stored yet; raises RecordConflict when something else is stored in its place."""
    adding = _upsert(connection, events).on_conflict_do_nothing()
    added = connection.execute(
        adding.returning(events.c.call_id, events.c.seq), [batch.rows[key] for key in batch.keys]
    )
    new = {(call_id, seq) for call_id, seq in added}
    _compare(connection, [batch.rows[key] for key in batch.keys if key not in new])
    _move(connection, [record for record in batch.records if (record.call_id, record.seq) in new], node)
    return len(new)


def found_calls(connection: Connection, query: Select[Any]) -> list[CallRow]:
    return [from_columns(dict(row)) for row in connection.execute(query).mappings()]


def is_stored_already(error: IntegrityError) -> bool:
    """Whether a key was taken, rather than a value missing: SQLSTATE 23505, SQLite's own words for it."""
    state = getattr(error.orig, "sqlstate", None)
    return state == "23505" if state is not None else "UNIQUE" in str(error.orig)


def _move(connection: Connection, fresh: Iterable[Record], node: str) -> None:
    """Bring the rows of the calls up to `fresh`, making those that are not there."""
    by_call: dict[str, list[Record]] = {}
    for record in fresh:
        by_call.setdefault(record.call_id, []).append(record)
    if not by_call:
        return
    blanks = [to_columns(CallRow(call_id=call_id, node=node)) for call_id in by_call]
    connection.execute(_upsert(connection, calls).on_conflict_do_nothing(), blanks)
    moving = {key: new for key, new in by_call.items() if all(moves_only(one.event) for one in new)}
    if len(moving) < len(by_call):
        _lock(connection, list(by_call))
    if moving:
        connection.execute(_MOVE, [_further(key, new) for key, new in moving.items()])
    for some in _cut([key for key in by_call if key not in moving]):
        for row in found_calls(connection, select(calls).where(calls.c.call_id.in_(some))):
            now = fold(row, by_call[row.call_id])
            connection.execute(update(calls).where(calls.c.call_id == row.call_id), to_columns(now))
            if now.state != "live":
                file_finished(connection, now)


def _lock(connection: Connection, call_ids: Sequence[str]) -> None:
    """Lock the rows in the order of `_MOVE`, whose parameters are sorted by Python: by code point."""
    if connection.dialect.name != "postgresql":  # SQLite has one writer
        return
    for some in _cut(call_ids):
        query = select(calls.c.call_id).where(calls.c.call_id.in_(some))
        connection.execute(query.order_by(collate(calls.c.call_id, "C")).with_for_update())


def _further(call_id: str, records: Sequence[Record]) -> dict[str, Any]:
    """How far these records bring their call."""
    return {
        "of": call_id,
        "seq": max(record.seq for record in records),
        "at": max(event_time(record.event) for record in records),
    }


def _upsert(connection: Connection, table: Any) -> Any:
    return _UPSERT[connection.dialect.name](table)


def _compare(connection: Connection, rows: Sequence[Row]) -> None:
    """Raises RecordConflict unless `rows`, which were there already, are stored as they are here."""
    mine = {(row["call_id"], row["seq"]): row["payload"] for row in rows}
    for keys in _cut(list(mine)):
        query = select(events.c.call_id, events.c.seq, events.c.payload)
        found = connection.execute(query.where(tuple_(events.c.call_id, events.c.seq).in_(keys)))
        if any(not _same(mine[call_id, seq], payload) for call_id, seq, payload in found):
            raise RecordConflict("another event is stored under that call and number")


def _same(one: str, other: str) -> bool:
    """Whether two payloads are one event: 1 and 1.0 are written apart and mean the same."""
    return one == other or decode_event(one) == decode_event(other)


def _row(record: Record) -> Row:
    if not 0 < record.seq < 2**31 or not 0 < len(record.call_id) <= 128 or not record.call_id.isprintable():
        raise ProtocolError("not a record: call_id or seq: out of range")
    return {
        "call_id": record.call_id,
        "seq": record.seq,
        "type": record.event.type,
        "at": event_time(record.event),
        "payload": encode_event(record.event).decode(),
    }


def _cut(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _KEYS] for start in range(0, len(items), _KEYS))
