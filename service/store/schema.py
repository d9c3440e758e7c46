"""The tables. `events` is the truth; `calls` and what finished calls are found by (`finished`, `tallies`,
`transcripts`) are projections of it; `jobs` is work on recordings.

What people said lies in event payloads and, so that it can be searched, in `transcripts` and its index:
`Repository.delete_call` deletes both. Wall-clock times are Unix seconds, `at` and `seconds` are stream
seconds.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

ID = String(128)

events = Table(
    "events",
    metadata,
    Column("call_id", ID, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("type", String(32), nullable=False),
    Column("at", Double, nullable=False),
    # The event's JSON as `service.wire` writes it: text, because two nodes' retries are compared by it.
    Column("payload", Text, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", ID, primary_key=True),
    Column("node", ID, nullable=False),  # who appends to it; the one column that the log cannot give back
    Column("state", String(16), nullable=False),  # live | ended | abandoned
    Column("agent", ID),
    Column("team", ID),
    Column("profile", String(32)),
    Column("source", String(16)),
    Column("language", String(35)),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("seconds", Double, nullable=False),  # stream time of the newest event
    Column("last_seq", Integer, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("scorecard", Text),  # the newest Scorecard event's JSON
    Index(None, "state", "started_at"),
    Index(None, "agent", "started_at"),
    Index(None, "team", "started_at"),
    Index(None, "started_at", "call_id"),
)

# One narrow row a call that has ended: any of its columns is sorted by without an index in 0.1 s at 100,000.
finished = Table(
    "finished",
    metadata,
    Column("number", Integer, primary_key=True),  # what the two tables below know a call by
    Column("call_id", ID, nullable=False, unique=True),
    Column("agent", ID),
    Column("team", ID),
    Column("started_at", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("opportunities", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("harmful", Integer, nullable=False),
    Column("rate", Double),  # null without an opportunity
    Index(None, "started_at", "number"),
    Index(None, "agent", "started_at"),
    Index(None, "team", "started_at"),
    sqlite_autoincrement=True,  # a number is never used again
)

tallies = Table(
    "tallies",
    metadata,
    Column("behaviour", ID, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("delivered", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("harmful", Integer, nullable=False),
    Column("observed", Integer, nullable=False),
    Index(None, "number"),
)

_WORDS = Text().with_variant(TSVECTOR(), "postgresql")

# The words' index, an FTS5 table in SQLite and GIN in PostgreSQL, is known to migrations only.
transcripts = Table(
    "transcripts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("agent", _WORDS, nullable=False),
    Column("customer", _WORDS, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # queued | running | done | failed
    Column("node", ID),  # who runs it
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("progress", Double, nullable=False),  # 0 to 1
    Column("request", Text, nullable=False),  # JSON
    Column("result", Text),  # JSON
    Column("error", Text),
    Index(None, "state", "created_at"),
)
