"""The calls that have ended, for whoever looks for some of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection

from service.store import finding
from service.store.finding import Excerpt, FinishedCall, Order, Tally, Wanted, cursor_of, excerpt_of, terms_of
from service.store.finished import merge_index

Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
_PAGE = 500


class Archive:
    """The finished calls of a `Repository`."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading, self._writing = reading, writing

    async def find(
        self, wanted: Wanted, order: Order, *, limit: int = 50, after: str | None = None
    ) -> list[FinishedCall]:
        """A page; `after` is `cursor_of` the last call of the page before. Raises ProtocolError."""
        async with self._reading() as connection:
            return await connection.run_sync(finding.find, wanted, order, limit=limit, after=after)

    async def count(self, wanted: Wanted) -> int:
        async with self._reading() as connection:
            return await connection.run_sync(finding.count, wanted)

    async def all(self, wanted: Wanted, order: Order) -> AsyncGenerator[list[FinishedCall], None]:
        """Every call that is wanted, some hundreds at a time; no transaction is held in between."""
        after = None
        while page := await self.find(wanted, order, limit=_PAGE, after=after):
            yield page
            after = cursor_of(page[-1], order)

    async def tallied(self, numbers: Sequence[int]) -> dict[int, list[Tally]]:
        """By call number."""
        async with self._reading() as connection:
            return await connection.run_sync(finding.tallied, numbers)

    async def customers(self, call_ids: Sequence[str]) -> dict[str, str]:
        """Their names, by call id."""
        async with self._reading() as connection:
            return await connection.run_sync(finding.customers, call_ids)

    async def names(self) -> tuple[list[str], list[str]]:
        """Agents and teams."""
        async with self._reading() as connection:
            return await connection.run_sync(finding.names)

    async def excerpts(self, wanted: Wanted, call_ids: Sequence[str]) -> dict[str, Excerpt]:
        """By call id, where what was looked for was said first."""
        terms = terms_of(wanted.words or "")
        if not terms or not call_ids:
            return {}
        async with self._reading() as connection:
            said = await connection.run_sync(finding.said, call_ids)
        places = await asyncio.to_thread(
            lambda: {key: excerpt_of(lines, terms, wanted.said_by) for key, lines in said.items()}
        )
        return {key: place for key, place in places.items() if place is not None}

    async def forget_deleted(self) -> None:
        """Take what was deleted out of the index, in steps between which others can write."""
        first = True
        while await self._merge(first=first):
            first = False

    async def _merge(self, *, first: bool) -> bool:
        async with self._writing() as connection:
            if connection.dialect.name != "sqlite":  # there a vacuum does it, as for every table
                return False
            return await connection.run_sync(merge_index, first=first)
