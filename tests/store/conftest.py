"""The two databases that one repository serves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.store import migrate
from service.store.repository import Repository


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, not migrated."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Repository]:
    await migrate.upgrade(database_url)
    async with Repository.open(database_url) as repository:
        yield repository
