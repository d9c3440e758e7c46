"""What a node does beside its calls: it outlives a database that is away, and does not fail unnoticed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

import service.node
from service.store.jobs import Job, Jobs
from tests.running import running, settings_for
from tests.service.test_recordings_http import call_file, followed, send

pytestmark = pytest.mark.weights


async def test_a_database_that_is_away_at_the_start_does_not_end_the_scoring_of_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, real = [OperationalError("", None, OSError("away"))], Jobs.list

    async def listing(self: Jobs, **options: Any) -> list[Job]:
        if failures:
            raise failures.pop()
        return await real(self, **options)

    monkeypatch.setattr(Jobs, "list", listing)
    async with running(settings_for(tmp_path)) as served, served.client() as client:
        job = await send(client, {"file": ("call.wav", call_file(seconds=3))})
        assert (await followed(client, job))[-1]["state"] == "done"
    assert not failures


async def test_what_people_said_does_not_stay_in_a_folder_behind_a_stopped_node(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    async with running(settings) as served, served.client() as client:
        for _ in range(4):
            await send(client, {"file": ("call.wav", call_file())})
    assert not list(Path(tempfile.gettempdir()).glob(f"callcue-upload-{settings.node}-*"))


async def test_a_part_that_stops_by_a_fault_of_its_own_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def failing(*_: Any) -> None:
        raise RuntimeError("somebody's words")

    monkeypatch.setattr(service.node, "follow_commands", failing)
    async with running(settings_for(tmp_path)) as served, served.client() as client:
        ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert "stopped" in ready.json()["checks"]["background"]
    told = "".join(capsys.readouterr())  # to stdout, or to stderr where a command has set the logs up
    assert "background_failed" in told and "RuntimeError" in told and "words" not in told
