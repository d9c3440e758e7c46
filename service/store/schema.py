"""The tables. `events` is the truth; `calls` is a projection of it; `jobs` is work on recordings.

What people said or are called (words, the customer's name) lies in event payloads only, so that deleting
a call's events deletes it everywhere. Wall-clock times are Unix seconds, `at` and `seconds` are stream
seconds.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
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
