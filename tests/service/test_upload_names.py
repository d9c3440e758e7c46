"""An upload's file name is anybody's text, and its header may promise any length."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.running import running, settings_for

pytestmark = pytest.mark.weights


def silence(*, rate: int = 8000, samples: int = 8000) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, np.zeros((samples, 2), np.float32), rate, format="WAV")
    return written.getvalue()


def form(name: str) -> bytes:
    head = f'--y\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + silence() + b"\r\n--y--\r\n"


@pytest.mark.parametrize(
    "name",
    ["..", "../..", "/", "\U0001f600" * 80 + ".wav", "a\x00b.wav", ".wav", "Gespräch mit Zoë.wav"],
    ids=["up", "up-twice", "root", "too-long-in-bytes", "nul", "hidden", "letters"],
)
async def test_no_file_name_breaks_an_upload_or_leaves_its_folder(tmp_path: Path, name: str) -> None:
    headers = {"content-type": "multipart/form-data; boundary=y"}
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        answer = await client.post("/v1/recordings", content=form(name), headers=headers)
        assert answer.status_code == 202, answer.text


async def test_a_recording_longer_than_a_call_may_be_is_refused_before_it_holds_up_the_others(
    tmp_path: Path,
) -> None:
    hours = silence(rate=1, samples=11 * 3600)
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        answer = await client.post("/v1/recordings", files={"file": ("long.wav", hours)})
        assert (answer.status_code, answer.json()["title"]) == (413, "too_large")
