"""A node that is told to stop: no new calls, the live ones end whole, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.store.repository import Repository
from tests.processes import ServeProcess, scripted
from tests.service.attack import Client, attacker, excerpt, hello, refused

pytestmark = pytest.mark.weights


async def drained(
    tmp_path: Path, *, drain: str, then: Callable[[Client], Awaitable[None]]
) -> tuple[int, Client, tuple[int | None, Any], ServeProcess]:
    """SIGTERM in the middle of a call; `then` is what its softphone does after."""
    service = ServeProcess(tmp_path, **scripted(), CALLCUE_LIMITS__DRAIN_SECONDS=drain)
    await asyncio.to_thread(service.start)
    async with attacker(service) as client:  # type: ignore[arg-type]
        await client.begin(call_id="drained", customer_name="David Miller")
        await client.play(excerpt(9.0))
        stopping = asyncio.create_task(asyncio.to_thread(service.stop))
        async with httpx.AsyncClient(base_url=service.http) as http:
            async with asyncio.timeout(5):
                while (ready := await http.get("/health/ready")).status_code == 200:
                    await asyncio.sleep(0.02)
            assert "shutting down" in ready.json()["checks"]["intake"]
            assert (await http.get("/health/live")).status_code == 200
        close, error = await refused(service, hello())  # type: ignore[arg-type]
        assert close == 1012
        assert error is not None and error["code"] == "draining" and error["retryable"] is True
        await then(client)
        end = await client.closed()
    return await stopping, client, end, service


async def stored(service: ServeProcess) -> tuple[Any, list[Any]]:
    async with Repository.open(f"sqlite:///{service.log.parent}/calls.db") as repository:
        (row,) = await repository.calls()
        return row, [record.event for record in await repository.events(row.call_id, limit=5000)]


async def test_a_node_that_is_told_to_stop_lets_its_calls_end(tmp_path: Path) -> None:
    async def go_on(client: Client) -> None:
        await client.play(excerpt(10.5), 9 * 8000)
        await client.say({"type": "bye"})

    status, client, (close, error), service = await drained(tmp_path, drain="20", then=go_on)
    assert (status, close, error) == (0, 1000, None)
    assert client.of("done")[0]["scorecard"]["at"] == 10.5
    row, events = await stored(service)
    assert (row.state, events[-1].type, events[-2].reason) == ("ended", "scorecard", "bye")


async def test_a_call_that_goes_on_for_longer_is_ended_filed_and_told(tmp_path: Path) -> None:
    async def go_on(client: Client) -> None:
        """Keeps talking."""

    status, client, (close, error), service = await drained(tmp_path, drain="1.5", then=go_on)
    assert (status, close, error) == (0, 1000, None)
    assert client.of("done")[0]["scorecard"]["at"] == 9.0
    row, events = await stored(service)
    assert (row.state, events[-1].type) == ("ended", "scorecard")
    assert (events[-2].by, events[-2].reason) == ("server", "shutdown")
