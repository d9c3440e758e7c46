"""Finished calls over HTTP: a list that is searched and sorted, and the same as a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import TypeAdapter
from pydantic_core import to_json as dump_json

from service.spreadsheet import HEAD, PER_BEHAVIOUR, PER_CALL, per_behaviour, per_call, row
from service.store.archive import Archive
from service.store.finding import Excerpt, FinishedCall, Order, Outcome, Sort, Tally, Wanted, cursor_of
from streaming.events import Party

_PLAIN = r"^[^\x00-\x1f\x7f]*$"  # PostgreSQL takes no NUL
_Label = Annotated[str | None, Query(max_length=128, pattern=_PLAIN)]
_Time = Annotated[float | None, Query(ge=0, le=1e11, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCall(FinishedCall):
    """`excerpt` is where the first of the words was said, when words were looked for."""

    customer_name: str | None
    tallies: tuple[Tally, ...]
    excerpt: Excerpt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedPage:
    """`count` is of all that are found; `next` goes into `after` for more of them."""

    calls: tuple[FoundCall, ...]
    count: int
    next: str | None


def finished_schema() -> dict[str, Any]:
    """JSON Schema of a page."""
    schema = TypeAdapter(FinishedPage).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def wanted_by(
    agent: _Label = None,
    team: _Label = None,
    since: _Time = None,
    until: _Time = None,
    behaviour: _Label = None,
    outcome: Outcome | None = None,
    words: Annotated[str | None, Query(max_length=200, pattern=_PLAIN)] = None,
    said_by: Party | None = None,
) -> Wanted:
    return Wanted(
        agent=agent or None,
        team=team or None,
        since=since,
        until=until,
        behaviour=behaviour or None,
        outcome=outcome,
        words=words or None,
        said_by=said_by,
    )


def order_by(sort: Sort = "started_at", ascending: bool = False) -> Order:
    return Order(by=sort, ascending=ascending)


_Wanted = Annotated[Wanted, Depends(wanted_by)]
_Order = Annotated[Order, Depends(order_by)]


def finished_router(archive: Archive, check: Callable[..., Any]) -> APIRouter:
    """`check` lets in who may see calls."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(check)], tags=["calls"])

    @router.get("/finished")
    async def finished(
        wanted: _Wanted,
        order: _Order,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: Annotated[str | None, Query(max_length=300, pattern=_PLAIN)] = None,
    ) -> Response:
        """Calls that have ended; `count` is of all that are found, `next` goes into `after` for more of them.

        `words`: every word, "quoted phrase" and beginning* was said; `excerpt` shows where one was.
        """
        found = await archive.find(wanted, order, limit=limit, after=after)
        page = FinishedPage(
            calls=await _found(archive, wanted, found),
            count=await archive.count(wanted),
            next=cursor_of(found[-1], order) if len(found) == limit else None,
        )
        return Response(dump_json(page), media_type="application/json")

    @router.get("/finished/names")
    async def names() -> dict[str, list[str]]:
        """Agents and teams of finished calls, the first thousand of each."""
        agents, teams = await archive.names()
        return {"agents": agents, "teams": teams}

    @router.get("/finished.csv")
    async def spreadsheet(
        wanted: _Wanted, order: _Order, rows: Literal["calls", "behaviours"] = "calls"
    ) -> StreamingResponse:
        """Every call that is found, as CSV: a row a call, or a row a call and behaviour."""
        name = f"calls-{datetime.now(UTC):%Y%m%d-%H%M}.csv"
        return StreamingResponse(
            _lines(archive, wanted, order, rows),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )

    return router


async def _found(archive: Archive, wanted: Wanted, found: list[FinishedCall]) -> tuple[FoundCall, ...]:
    ids = [call.call_id for call in found]
    tallied = await archive.tallied([call.number for call in found])
    customers = await archive.customers(ids)
    excerpts = await archive.excerpts(wanted, ids)
    return tuple(
        FoundCall(
            **{name: getattr(call, name) for name in FinishedCall.__dataclass_fields__},
            customer_name=customers.get(call.call_id),
            tallies=tuple(tallied.get(call.number, ())),
            excerpt=excerpts.get(call.call_id),
        )
        for call in found
    )


async def _lines(
    archive: Archive, wanted: Wanted, order: Order, rows: Literal["calls", "behaviours"]
) -> AsyncIterator[str]:
    """Some hundred calls at a time, so that a spreadsheet of all of them needs the memory of a few."""
    yield HEAD + row(PER_CALL if rows == "calls" else PER_BEHAVIOUR)
    async with aclosing(archive.all(wanted, order)) as pages:
        async for page in pages:
            if rows == "calls":
                yield "".join(row(per_call(call)) for call in page)
                continue
            tallied = await archive.tallied([call.number for call in page])
            yield "".join(
                row(per_behaviour(call, tally)) for call in page for tally in tallied.get(call.number, [])
            )
