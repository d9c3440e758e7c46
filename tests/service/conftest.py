"""A service that is attacked, with a healthy call beside every attack."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.settings import LimitSettings
from tests.running import Running, running, settings_for
from tests.service.attack import check_store, closings, counted, healthy_call, watching_logs

IDLE = 0.8
LIMITS = LimitSettings(
    hello_seconds=0.6, idle_seconds=IDLE, resume_seconds=0.5, drain_seconds=1.0, message_bytes=64 * 1024
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running, None]:
    """One service for a module's attacks: what one leaves behind, the next would meet."""
    folder: Path = tmp_path_factory.mktemp("service")
    async with running(settings_for(folder, limits=LIMITS)) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calm(service: Running) -> list[Any]:
    """The bystander's call while nothing else happens."""
    return await healthy_call(service)


@dataclass
class Scene:
    """A service under attack: its logs, and its counters as they were before."""

    service: Running
    logs: list[dict[str, Any]]
    expected: list[tuple[str, int]] = field(default_factory=list)

    def one_line(self, code: str) -> dict[str, Any]:
        """The one closing line of the attack."""
        lines = closings(self.logs)
        assert len(lines) == 1, lines
        assert lines[0].get("code") == code, lines
        return lines[0]

    def refusals(self, code: str) -> float:
        return counted(self.service, "calls_refused_total", code=code)


@pytest_asyncio.fixture(loop_scope="module")
async def scene(
    service: Running, calm: list[Any], caplog: pytest.LogCaptureFixture
) -> AsyncGenerator[Scene, None]:
    """Around each attack: another call goes on and ends whole and identical, nobody's traceback is
    logged, and the store holds nothing half-written."""
    with watching_logs() as logs:
        bystander = asyncio.create_task(healthy_call(service))
        yield Scene(service=service, logs=logs)
        assert await bystander == calm
    await check_store(service)
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not loud, [record.getMessage() for record in loud]
