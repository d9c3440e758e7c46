"""Opens SQLite (aiosqlite) or PostgreSQL (asyncpg) from one plain URL, set up for how the store uses it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from streaming.errors import ConfigError

BUSY_MILLISECONDS = 10_000  # how long a SQLite writer waits for another process's transaction
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def database_url(url: str) -> URL:
    """`url` with the driver that is used; raises ConfigError for another database or SQLite in memory."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("the database URL cannot be read: sqlite:///FILE or postgresql://…") from None
    if parsed.drivername not in DRIVERS:
        raise ConfigError("the database URL must begin with sqlite:/// or postgresql://")
    if parsed.drivername.startswith("sqlite") and parsed.database in (None, "", ":memory:"):
        raise ConfigError("the SQLite database must be a file: sqlite:///FILE")
    return parsed.set(drivername=DRIVERS[parsed.drivername])


def open_engine(url: str) -> AsyncEngine:
    """An engine on `url`; nothing is connected yet. A SQLite file is made, readable by its owner only.

    An execution option ``writes=True`` marks transactions that will write. Errors quote no values: they are
    what people said.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(str(parsed.database))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # it will hold what people said
        engine = create_async_engine(parsed, hide_parameters=True)
        _set_up_sqlite(engine)
        return engine
    # A pooled connection may be from before a fail-over: looked at before use, one round trip.
    return create_async_engine(
        parsed,
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
        connect_args={"timeout": 5},
        hide_parameters=True,
    )


def _set_up_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        # The driver's own BEGIN comes late and is never IMMEDIATE: transactions are begun below instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        # The one statement that does not wait: "locked" means that another connection is making the switch,
        # and the mode is the file's, not the connection's.
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
        cursor.execute("PRAGMA secure_delete = ON")  # a deleted call's words are overwritten
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot wait its turn; one that says so can.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
