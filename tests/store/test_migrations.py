"""The schema comes and goes by migrations alone, and they say the same as the tables in code."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError
from typer.testing import CliRunner

from service.cli_db import app
from service.store import migrate
from service.store.engine import database_url as checked
from service.store.engine import open_engine
from service.store.repository import Repository
from service.store.schema import metadata
from streaming.errors import ConfigError
from tests.store.calls import log_of


def _differences(connection: Connection) -> list[object]:
    """The index of words is none that the code's metadata could name for both databases."""
    options = {"include_name": lambda name, _kind, _parents: not _index(name)}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _tables(connection: Connection) -> set[str]:
    return {
        one for one in inspect(connection).get_table_names() if one != "alembic_version" and not _index(one)
    }


def _index(name: str | None) -> bool:
    return name is not None and name.startswith("transcripts_words")


async def test_migrated_schema_is_the_one_in_code(database_url: str) -> None:
    assert await migrate.current(database_url) is None
    await migrate.upgrade(database_url)
    assert await migrate.current(database_url) == migrate.newest() is not None
    engine = open_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.run_sync(_tables) == set(metadata.tables)
    await engine.dispose()


async def test_upgrading_again_keeps_the_data_and_going_down_removes_every_table(database_url: str) -> None:
    await migrate.upgrade(database_url)
    async with Repository.open(database_url) as store:
        await store.append(log_of("c1"), node="n")
        await migrate.upgrade(database_url)
        assert await store.events("c1") == log_of("c1")
    await migrate.downgrade(database_url, "base")
    assert await migrate.current(database_url) is None
    engine = open_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_tables) == set()
    await engine.dispose()
    await migrate.upgrade(database_url)
    async with Repository.open(database_url) as store:
        assert await store.calls() == []


async def test_nodes_that_start_together_migrate_once(database_url: str) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(migrate.upgrade(database_url))
    assert await migrate.current(database_url) == migrate.newest()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "no url", ""])
def test_a_database_that_cannot_serve_is_refused_with_what_to_set(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///"):
        checked(url)


def test_command_line_goes_up_rebuilds_purges_and_comes_down(database_url: str) -> None:
    def call(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, [*words, "--url", database_url])
        assert done.exit_code == status, done.output
        return done.output

    async def fill() -> None:
        async with Repository.open(database_url) as store:
            await store.append(log_of("c1") + log_of("c2", ended=False), node="n")

    assert "base" in call("current", status=1)
    assert str(migrate.newest()) in call("upgrade")
    asyncio.run(fill())
    assert "2 calls rebuilt" in call("rebuild")
    assert "1 calls rebuilt" in call("rebuild", "c1")
    assert "1 calls deleted" in call("purge", "--older-than", "1d", "--yes")
    call("purge", "--older-than", "soon", "--yes", status=2)
    call("downgrade", "base", "--yes")
    assert "cannot be used" in call("rebuild", status=1)


async def test_an_unmigrated_database_is_an_error_and_not_an_empty_store(database_url: str) -> None:
    async with Repository.open(database_url) as store:
        await store.ping()
        with pytest.raises(SQLAlchemyError):
            await store.calls()
