"""Recordings over HTTP: from an upload to a scorecard, whatever the file, and what goes wrong is told."""

from __future__ import annotations

import asyncio
import io
import uuid
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import pytest
import soundfile
from sqlalchemy.exc import OperationalError

from service.store.jobs import Jobs
from service.store.repository import Repository
from service.watching import open_console
from tests.running import SAMPLES, Running, running, sample, settings_for

pytestmark = pytest.mark.weights
FORMATS = {
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    "flac": {"format": "FLAC"},
    "mp3": {"format": "MP3"},
    "ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
}
SECONDS = 20


def call_file(suffix: str = "wav", *, channel: int | None = None, seconds: int = SECONDS) -> bytes:
    """The beginning of a sample call as a file: both parties, or one of them."""
    audio = sample("good_call")
    samples = audio.samples[:, : seconds * audio.rate]
    written = io.BytesIO()
    side = samples.T if channel is None else samples[channel]
    soundfile.write(written, side, audio.rate, **FORMATS[suffix])
    return written.getvalue()


async def send(
    client: httpx.AsyncClient, files: dict[str, tuple[str, bytes]], **facts: str
) -> dict[str, Any]:
    """Upload; returns the job as it was taken."""
    answer = await client.post("/v1/recordings", files=files, data=facts)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert job["state"] in ("queued", "running")
    return job


async def followed(client: httpx.AsyncClient, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The job as a client sees it, from now to its end."""
    seen = []
    async with asyncio.timeout(60):
        while True:
            seen.append((await client.get(f"/v1/jobs/{job['id']}")).json())
            if seen[-1]["state"] in ("done", "failed"):
                return seen
            await asyncio.sleep(0.05)


async def view(client: httpx.AsyncClient, call_id: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/calls/{call_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def words(shown: dict[str, Any], speaker: str | None = None) -> str:
    lines = [one for one in shown["utterances"] if speaker in (None, one["speaker"])]
    return " ".join(word["text"] for line in lines for word in line["words"])


@pytest.mark.parametrize("suffix", FORMATS)
async def test_every_kind_of_file_becomes_a_stored_call(tmp_path: Path, suffix: str) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        facts = {"agent": "a7", "team": "blue", "call_id": f"rec-{suffix}"}
        job = await send(client, {"file": (f"call.{suffix}", call_file(suffix))}, **facts)
        done = (await followed(client, job))[-1]
        assert (done["state"], done["progress"], done["error"]) == ("done", 1.0, None)
        shown = await view(client, done["result"]["call_id"])
        assert shown["call"] | facts | {"source": "recording"} == shown["call"]
        assert shown["state"] == "ended"
        assert shown["scorecard"] == done["result"]["scorecard"]
        assert all(heard["words"] > 5 for heard in shown["scorecard"]["heard"])
        assert "Olivia" in words(shown) or len(words(shown).split()) > 20


async def test_one_file_a_party_is_one_call(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        whole = await send(client, {"file": ("call.wav", call_file())})
        sides = {
            "agent_file": ("a.wav", call_file(channel=0)),
            "customer_file": ("c.flac", call_file("flac", channel=1)),
        }
        split = await send(client, sides)
        alone = await send(client, {"agent_file": ("a.wav", call_file(channel=0))})
        ends = [(await followed(client, job))[-1] for job in (whole, split, alone)]
        assert [end["state"] for end in ends] == ["done"] * 3
        both, joined, one = [await view(client, end["call_id"]) for end in ends]
    assert words(joined) == words(both)
    assert one["call"]["parties"] == ["agent"]
    assert words(one) == words(both, "agent")
    assert "The customer was not recorded." in {row["reason"] for row in one["scorecard"]["not_judged"]}


async def test_progress_is_told_while_a_long_recording_is_scored(tmp_path: Path) -> None:
    long = np.tile(sample("curt_call").samples, (1, 6))
    path = tmp_path / "long.flac"
    soundfile.write(path, long.T, 8000)
    async with running(settings_for(tmp_path, script="curt_call")) as service, service.client() as client:
        job = await send(client, {"file": ("long.flac", path.read_bytes())})
        seen = await followed(client, job)
    shares = [one["progress"] for one in seen]
    assert shares == sorted(shares)
    assert any(0 < share < 1 for share in shares)
    assert seen[-1]["state"] == "done"


@pytest.mark.parametrize(
    ("files", "status", "told"),
    [
        ({"file": ("call.wav", b"these are words, not sound")}, 422, "not audio"),
        ({"file": ("call.wav", b"")}, 422, "empty"),
        ({"file": ("call.flac", call_file("flac", channel=0))}, 422, "mono"),
        ({"file": ("call.wav", call_file()[:-4000])}, 422, "cut off"),
        ({}, 422, "agent_file"),
    ],
    ids=["words", "empty", "mono", "cut off wav", "nothing"],
)
async def test_what_cannot_be_scored_is_refused_at_once(
    tmp_path: Path, files: dict[str, tuple[str, bytes]], status: int, told: str
) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        answer = await client.post("/v1/recordings", files=files or None)
        calls = (await client.get("/v1/calls")).json()["calls"]
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert told in answer.json()["detail"]
    assert calls == []


async def test_a_recording_that_breaks_off_fails_its_job_alone(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        whole = call_file("flac", seconds=40)
        bad = await send(client, {"file": ("bad.flac", whole[: len(whole) // 2])}, call_id="bad")
        good = await send(client, {"file": ("good.flac", call_file("flac"))})
        failed = (await followed(client, bad))[-1]
        assert failed["state"] == "failed" and failed["result"] is None
        assert "bad.flac" in failed["error"]
        assert (await client.get("/v1/calls/bad")).status_code == 404, "half a call was stored"
        assert (await followed(client, good))[-1]["state"] == "done"


async def test_what_a_restart_lost_is_told(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    async with running(settings) as service, service.client() as client:
        jobs = [await send(client, {"file": ("call.wav", call_file(seconds=90))}) for _ in range(2)]
    async with running(settings) as service, service.client() as client:
        ends = [(await followed(client, job))[-1] for job in jobs]
        calls = (await client.get("/v1/calls")).json()["calls"]
    assert [end["state"] for end in ends] == ["failed"] * 2
    assert all("send the recording again" in end["error"] for end in ends)
    assert calls == []


async def test_a_recording_is_on_nobody_s_live_wall(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        wall: list[str] = []
        stop = asyncio.Event()
        watching = asyncio.create_task(walls(service, wall, stop))
        job = await send(client, {"file": ("call.flac", (SAMPLES / "good_call.flac").read_bytes())})
        live = []
        async with asyncio.timeout(60):
            while (await client.get(f"/v1/jobs/{job['id']}")).json()["state"] != "done":
                live += (await client.get("/v1/calls", params={"state": "live"})).json()["calls"]
                live += await service.node.repository.live_calls()
        stop.set()
        await watching
        listed = (await client.get("/v1/calls", params={"state": "ended"})).json()["calls"]
    assert (wall, live) == ([], [])
    assert [row["call_id"] for row in listed] == [job["call_id"]]


async def walls(service: Running, wall: list[str], stop: asyncio.Event) -> None:
    """Every message but its snapshot that a console is sent until `stop`."""
    async with open_console(service.ws) as console:
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            message = asyncio.ensure_future(console.recv())
            await asyncio.wait({message, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if message.done():
                wall.append(str(message.result()))
            else:
                message.cancel()
                await asyncio.gather(message, return_exceptions=True)


async def test_an_id_is_given_once(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        call_id = f"twice-{uuid.uuid4().hex[:6]}"
        first = await send(client, {"file": ("call.wav", call_file())}, call_id=call_id)
        at_once = await client.post(
            "/v1/recordings", files={"file": ("call.wav", call_file())}, data={"call_id": call_id}
        )
        assert (await followed(client, first))[-1]["state"] == "done"
        later = await client.post(
            "/v1/recordings", files={"file": ("call.wav", call_file())}, data={"call_id": call_id}
        )
    assert (at_once.status_code, later.status_code) == (409, 409)


class _Flaky:
    """A repository's jobs or log that lose the database for a while, once."""

    def __init__(self, inner: Any, failing: str, times: int = 3) -> None:
        self._inner, self._failing, self._left = inner, failing, times

    def __getattr__(self, name: str) -> Any:
        if name == self._failing and self._left:
            return self._fail
        return getattr(self._inner, name)

    async def _fail(self, *_: Any, **__: Any) -> None:
        self._left -= 1
        raise OperationalError("", None, OSError("away"))


@pytest.mark.parametrize("lost", ["append", "update"])
async def test_a_database_that_is_away_for_a_moment_loses_no_job(tmp_path: Path, lost: str) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        repository, jobs = service.node.repository, service.node.jobs
        if lost == "append":
            jobs._repository = cast(Repository, _Flaky(repository, "append"))
        else:
            repository.jobs = cast(Jobs, _Flaky(repository.jobs, "update"))
        for _ in range(2):
            job = await send(client, {"file": ("call.flac", call_file("flac"))})
            assert (await followed(client, job))[-1]["state"] == "done"
