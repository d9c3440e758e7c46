"""Jobs: work on recordings that outlives the request it came with."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.store.schema import jobs

JobState = Literal["queued", "running", "done", "failed"]
Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`progress` is 0 to 1; `error` a sentence that says what to do, without anybody's words."""

    id: str
    kind: str
    state: JobState
    node: str | None
    created_at: float
    updated_at: float
    progress: float
    request: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: str | None


class Jobs:
    """The jobs of a `Repository`. Times are Unix seconds."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading, self._writing = reading, writing

    async def create(
        self, kind: str, request: Mapping[str, Any], *, state: JobState = "queued", node: str | None = None
    ) -> Job:
        now = time.time()
        row = {"id": uuid.uuid4().hex, "kind": kind, "state": state, "node": node, "progress": 0.0}
        row |= {"created_at": now, "updated_at": now, "request": json.dumps(request)}
        row |= {"result": None, "error": None}
        async with self._writing() as connection:
            await connection.execute(jobs.insert(), [row])
        return _job(row)

    async def get(self, job_id: str, /) -> Job | None:
        async with self._reading() as connection:
            return await _one(connection, job_id)

    async def list(self, *, state: JobState | None = None, limit: int = 50) -> list[Job]:
        """Newest first."""
        query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)
        if state is not None:
            query = query.where(jobs.c.state == state)
        async with self._reading() as connection:
            return [_job(row) for row in (await connection.execute(query)).mappings()]

    async def update(
        self,
        job_id: str,
        /,
        *,
        state: JobState | None = None,
        progress: float | None = None,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> Job | None:
        """Set what is given; None when there is no such job."""
        given: dict[str, Any] = {"state": state, "progress": progress, "error": error}
        given["result"] = None if result is None else json.dumps(result)
        async with self._writing() as connection:
            await _set(
                connection, job_id, {name: value for name, value in given.items() if value is not None}
            )
            return await _one(connection, job_id)

    async def forget(self, connection: AsyncConnection, call_id: str, /) -> None:
        """In the transaction that deletes the call: what was asked for it and what came of it."""
        asked = jobs.c.request.contains(f'"call_id": {json.dumps(call_id)}', autoescape=True)
        await connection.execute(delete(jobs).where(asked))


async def _set(connection: AsyncConnection, job_id: str, values: Mapping[str, Any]) -> None:
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values, updated_at=time.time()))


async def _one(connection: AsyncConnection, job_id: str) -> Job | None:
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).mappings().first()
    return None if row is None else _job(row)


def _job(row: Any) -> Job:
    columns = dict(row)
    columns["request"] = json.loads(columns["request"])
    columns["result"] = columns["result"] and json.loads(columns["result"])
    return Job(**columns)
