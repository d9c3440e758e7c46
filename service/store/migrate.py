"""Brings a database to the schema this release needs, and back, with Alembic; no ini file is involved."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from service.store.engine import open_engine

T = TypeVar("T")

_LOCK = 0x63616C6C637565  # "callcue": two nodes that start together migrate one after the other


async def upgrade(url: str, revision: str = "head") -> None:
    """Create or bring up the schema; harmless when it is there. Raises what the database raises."""
    await _run(url, lambda connection: command.upgrade(_config(connection), revision))


async def downgrade(url: str, revision: str) -> None:
    """Go back to `revision` ("base": drop everything, "-1": one step)."""
    await _run(url, lambda connection: command.downgrade(_config(connection), revision))


async def current(url: str) -> str | None:
    """The revision a database is at; None when it was never migrated."""
    return await _run(url, lambda connection: MigrationContext.configure(connection).get_current_revision())


def newest() -> str | None:
    """The revision that this release needs."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    engine = open_engine(url).execution_options(writes=True)
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _config(connection: Connection | None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(files("service.store") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
