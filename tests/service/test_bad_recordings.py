"""Recordings that are none, over HTTP and at the command line: told what is wrong, nothing left behind."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
import soundfile
from pydantic import SecretStr
from starlette import formparsers
from typer.testing import CliRunner

from service.cli import app
from service.recordings import _check_wav_whole
from service.settings import LimitSettings, TokenSettings
from streaming.errors import UnreadableAudio
from tests.running import SAMPLES, Running, running, settings_for
from tests.service.attack import check_store, counted, healthy_call, watching_logs

pytestmark = [pytest.mark.weights, pytest.mark.asyncio(loop_scope="module")]

MOST = 2 * 2**20
NAME = "Suzanne Miller 5520917"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running, None]:
    limits = LimitSettings(upload_bytes=MOST, drain_seconds=1.0)
    async with running(settings_for(tmp_path_factory.mktemp("uploads"), limits=limits)) as started:
        yield started
        await check_store(started)


def wav(seconds: float = 1.0, channels: int = 2, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(1).normal(0, 0.01, (int(seconds * rate), channels))
    soundfile.write(out, noise, rate, format="WAV", subtype="PCM_16")
    return out.getvalue()


def flac(seconds: float = 5.0) -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(1).normal(0, 0.01, (int(seconds * 8000), 2))
    soundfile.write(out, noise, 8000, format="FLAC")
    return out.getvalue()


BAD: list[tuple[str, bytes, str, str]] = [
    ("empty.wav", b"", "unreadable_audio", "is empty"),
    (
        "text.wav",
        b"Dear customer,\nthis is no audio.\n" * 40,
        "unreadable_audio",
        "not audio that can be read",
    ),
    ("page.mp3", b"<!doctype html><title>404</title>", "unreadable_audio", "not audio that can be read"),
    ("header.wav", wav()[:44], "unreadable_audio", "holds no audio"),
    ("cut.wav", wav()[:-4000], "unreadable_audio", "cut off"),
    ("riff.wav", wav()[:20], "unreadable_audio", "not audio that can be read"),
    ("nothing.wav", wav(0.0), "unreadable_audio", "holds no audio"),
    ("mono.wav", wav(channels=1), "parties_unknown", "two parties were promised"),
    ("six.wav", wav(channels=6), "parties_unknown", "6 channels for 2 parties"),
    ("zeros.flac", bytes(5000), "unreadable_audio", "not audio that can be read"),
]


def uploads() -> set[str]:
    """Folders of uploads on this machine's disk."""
    return {path.name for path in Path(tempfile.gettempdir()).glob("callcue-*")}


@pytest.mark.parametrize(("name", "data", "code", "says"), BAD, ids=[row[0] for row in BAD])
async def test_what_is_no_recording_is_refused_with_a_problem(
    service: Running, name: str, data: bytes, code: str, says: str
) -> None:
    before, files = counted(service, "requests_refused_total", code=code), uploads()
    with watching_logs() as logs:
        async with service.client() as client:
            answer = await client.post(
                "/v1/recordings", files={"file": (name, data)}, data={"customer_name": NAME}
            )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["title"] == code
    assert says in problem["detail"]
    assert [entry["event"] for entry in logs] == ["request_refused"]
    assert NAME not in str(logs) and name not in str(logs)
    assert counted(service, "requests_refused_total", code=code) == before + 1
    assert uploads() == files
    assert await service.node.repository.calls(limit=500) == []


async def test_a_file_that_breaks_off_while_it_is_scored_fails_its_job_and_stores_nothing(
    service: Running,
) -> None:
    whole = flac()
    files = uploads()
    async with service.client() as client:
        answer = await client.post("/v1/recordings", files={"file": ("cut.flac", whole[: len(whole) // 2])})
        if answer.status_code == 422:  # noticed at once is fine, too
            assert "cut off" in answer.json()["detail"]
            return
        assert answer.status_code == 202
        job = await finished(client, answer.headers["location"])
    assert job["state"] == "failed"
    assert "cut" in job["error"] or "breaks off" in job["error"]
    assert await service.node.repository.call(job["call_id"]) is None
    assert uploads() == files


async def finished(client: httpx.AsyncClient, location: str) -> dict[str, Any]:
    async with asyncio.timeout(15):
        while True:
            job: dict[str, Any] = (await client.get(location)).json()
            if job["state"] in ("done", "failed"):
                return job
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"profile": "everything"}, "bad_request", id="profile"),
        pytest.param({"call_id": "../../etc/passwd"}, "bad_hello", id="path-as-call-id"),
        pytest.param({"call_id": "x" * 200}, "bad_hello", id="long-call-id"),
        pytest.param({"agent": "a\x00b"}, "bad_hello", id="control-characters"),
        pytest.param({"customer_name": NAME * 20}, "bad_hello", id="long-name"),
        pytest.param({"agent": "x" * 2_000_000}, "http_error", id="field-of-megabytes"),
    ],
)
async def test_wrong_fields_are_named_and_not_repeated(
    service: Running, fields: dict[str, str], code: str
) -> None:
    with watching_logs() as logs:
        async with service.client() as client:
            answer = await client.post("/v1/recordings", files={"file": ("a.wav", wav())}, data=fields)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["title"] == code
    assert next(iter(fields.values())) not in answer.text + str(logs)
    assert len(answer.text) < 500
    assert len(logs) == 1


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"file": wav(), "agent_file": wav(channels=1)},
        {"something": wav()},
    ],
    ids=["none", "both-ways", "another-name"],
)
async def test_the_wrong_files_are_told_which_are_right(service: Running, parts: dict[str, bytes]) -> None:
    async with service.client() as client:
        answer = await client.post("/v1/recordings", files=parts or None)
    assert answer.status_code == 422
    assert "`agent_file` and `customer_file`" in answer.json()["detail"]


async def test_the_two_sides_of_a_call_must_fit(service: Running) -> None:
    parts = {"agent_file": wav(channels=1), "customer_file": wav(channels=1, rate=16000)}
    async with service.client() as client:
        answer = await client.post("/v1/recordings", files=parts)
    assert answer.status_code == 422
    assert "different sample rates" in answer.json()["detail"]


async def test_no_form_at_all(service: Running) -> None:
    async with service.client() as client:
        for body, kind in ((b"{" * 100_000, "application/json"), (b"x", "multipart/form-data; boundary=y")):
            answer = await client.post("/v1/recordings", content=body, headers={"Content-Type": kind})
            assert answer.status_code in (400, 422)
            assert answer.headers["content-type"] == "application/problem+json"


class Endless:
    """A body that never ends, and how much of it was asked for."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        while self.sent < 200 * 2**20:
            self.sent += 2**16
            yield bytes(2**16)


HEAD = b'--y\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
FORM = {"Content-Type": "multipart/form-data; boundary=y"}


async def test_an_upload_that_says_it_is_too_large_is_not_read(service: Running) -> None:
    async with service.client() as client:
        answer = await client.post("/v1/recordings", files={"file": ("a.wav", bytes(MOST + 2**20))})
    assert answer.status_code == 413
    assert answer.json()["title"] == "too_large"
    assert str(MOST) in answer.json()["detail"]


@pytest.fixture
def spooled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes of forms went to memory or disk, chunk by chunk."""
    written: list[int] = []

    class Counting(SpooledTemporaryFile[bytes]):
        def write(self, data: Any) -> int:
            written.append(len(data))
            return super().write(data)

    monkeypatch.setattr(formparsers, "SpooledTemporaryFile", Counting)
    return written


async def test_an_upload_that_does_not_say_how_large_it_is_ends_at_the_limit(
    service: Running, spooled: list[int]
) -> None:
    body, files = Endless(HEAD), uploads()
    async with service.client() as client:
        try:
            answer = await client.post("/v1/recordings", content=body, headers=FORM)
        except httpx.TransportError:
            pass  # the service hung up while we were still sending
        else:
            assert answer.status_code == 413
    assert 0 < sum(spooled) < MOST + 2**20
    assert counted(service, "requests_refused_total", code="too_large") >= 1
    assert uploads() == files


async def test_without_a_token_an_upload_is_refused_before_it_is_read(
    tmp_path: Path, spooled: list[int]
) -> None:
    """The body is parsed onto the disk: that is not for everybody."""
    tokens = TokenSettings(console=(SecretStr("console-token-0123456789"),))
    async with running(settings_for(tmp_path, tokens=tokens)) as service, service.client() as client:
        body = Endless(HEAD)
        try:
            answer = await client.post("/v1/recordings", content=body, headers=FORM)
        except httpx.TransportError:
            pass
        else:
            assert answer.status_code == 401
        assert counted(service, "requests_refused_total", code="unauthorized") == 1
        assert spooled == []


async def test_uploads_do_not_disturb_a_live_call(service: Running) -> None:
    calm = await healthy_call(service)
    bystander = asyncio.create_task(healthy_call(service))
    async with service.client() as client:
        for name, data, _, _ in BAD:
            await client.post("/v1/recordings", files={"file": (name, data)})
    assert await bystander == calm


async def test_the_command_line_scores_what_it_can_and_says_why_not_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCUE_MODEL__WORKER", "scripted")
    monkeypatch.setenv("CALLCUE_MODEL__SCRIPT", str(SAMPLES / "good_call.truth.json"))
    monkeypatch.setenv("COLUMNS", "200")
    for name, data, _, _ in BAD:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.wav").write_bytes(wav(3.0))
    (tmp_path / "cut-inside.flac").write_bytes(flac()[:-20_000])
    out = tmp_path / "out.json"
    # One by one in a folder: a bad file neither stops the others nor goes unmentioned.
    result = await asyncio.to_thread(CliRunner().invoke, app, ["score", str(tmp_path), "--json", str(out)])
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    for name, _, _, says in BAD:
        line = next(line for line in result.output.splitlines() if f"/{name}:" in line)
        assert says in line
    assert "/cut-inside.flac:" in result.output
    written = json.loads(out.read_text())
    assert "good" in json.dumps(written)
    missing = await asyncio.to_thread(CliRunner().invoke, app, ["score", str(tmp_path / "missing.wav")])
    assert missing.exit_code == 1
    assert "does not exist" in missing.output


async def test_a_wav_of_empty_parts_is_given_up_at_once(tmp_path: Path) -> None:
    """Eight zeros are a part without name or length: half a gigabyte of them is not read one by one."""
    path = tmp_path / "zeros.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\x7fWAVE" + bytes(8 * 2000) + wav()[36:])
    with pytest.raises(UnreadableAudio, match="no end of small parts"):
        _check_wav_whole(path)
