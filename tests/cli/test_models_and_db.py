"""`callcue models` and `callcue db`: what an operator does by hand."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from service.store.repository import Repository
from streaming.events import CallEnded, CallInfo, CallStarted, Event, Record
from tests.cli.running import assert_one_line, callcue


@pytest.mark.weights
def test_models_are_listed_and_verified(tmp_path: Path) -> None:
    listed = callcue("models", "list", cwd=tmp_path)
    whole = callcue("models", "verify", "tiny.en", cwd=tmp_path)
    unknown = callcue("models", "verify", "nonsense", cwd=tmp_path)
    assert listed.status == 0 and "tiny.en" in listed.out and "silero-vad" in listed.out
    assert whole.status == 0 and "whole and as recorded" in whole.out
    assert_one_line(unknown, "nonsense", "tiny.en")


def test_a_database_from_nothing_to_purged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/calls.db"

    def db(*words: str) -> tuple[int, str, str]:
        ran = callcue("db", *words, "--url", url, cwd=tmp_path)
        return ran.status, ran.out, ran.err

    status, out, _ = db("current")
    assert status == 1 and "base" in out
    status, _, err = db("rebuild")
    assert status == 1 and "db upgrade" in err and "Traceback" not in err
    assert db("upgrade")[:2] == (0, "at revision 0002\n")
    asyncio.run(two_calls(url))
    asyncio.run(lose_rows(url))
    assert db("rebuild")[:2] == (0, "2 calls rebuilt\n")
    assert db("purge", "--older-than", "30d", "--yes")[:2] == (0, "1 calls deleted\n")
    assert asyncio.run(ids(url)) == ["new"]
    assert db("current")[0] == 0
    status, _, err = db("purge", "--older-than", "9x", "--yes")
    assert status == 2 and "36h" in err


async def two_calls(url: str) -> None:
    async with Repository.open(url) as repository:
        for call_id, age in (("old", 40 * 86_400.0), ("new", 60.0)):
            started = CallStarted(call=CallInfo(call_id=call_id, started_at=time.time() - age))
            log: list[Event] = [started, CallEnded(at=5.0)]
            records = [Record(call_id=call_id, seq=n, event=event) for n, event in enumerate(log, start=1)]
            await repository.append(records, node="n")


async def lose_rows(url: str) -> None:
    """As if an older release had made the table of calls: only the logs are left."""
    from sqlalchemy import delete

    from service.store.engine import open_engine
    from service.store.schema import calls

    engine = open_engine(url)
    async with engine.execution_options(writes=True).begin() as connection:
        await connection.execute(delete(calls))
    await engine.dispose()


async def ids(url: str) -> list[str]:
    async with Repository.open(url) as repository:
        return [row.call_id for row in await repository.calls()]
