"""docs/protocol.md is what the code does: its examples parse, its tables are complete, its softphone runs."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from streaming import errors
from streaming.audio import TrackLimits
from streaming.dialects import native
from streaming.dialects.base import Audio, Bye, Hello, Incoming, Limits, Ping
from streaming.dialects.native import NativeDialect
from streaming.dialects.reorder import JITTER_SECONDS
from streaming.dialects.twilio import TwilioDialect
from streaming.events import AudioGap, Party

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"no {kind} example left"
    return found


def all_errors(base: type[errors.CallcueError] = errors.CallcueError) -> list[type[errors.CallcueError]]:
    return [base, *(found for sub in base.__subclasses__() for found in all_errors(sub))]


OURS = [error for error in all_errors() if error.__module__ == errors.__name__]


def test_every_json_example_names_its_speaker() -> None:
    assert re.findall(r"^```json *$", PAGE, re.MULTILINE) == []


def test_the_softphones_messages_parse_in_the_order_shown() -> None:
    dialect = NativeDialect()
    heard = [type(item) for text in blocks("json native-client") for item in dialect.receive_text(text)]
    assert heard[0] is Hello
    assert heard[-1] is Bye
    assert len(heard) == 4


def test_the_hello_that_resumes_parses() -> None:
    (text,) = blocks("json native-resume")
    (hello,) = NativeDialect().receive_text(text)
    assert isinstance(hello, Hello)
    assert hello.resume == json.loads(blocks("json native-server")[0])["resume"]


def test_the_servers_messages_are_written_as_shown() -> None:
    shown = {message["type"]: message for message in map(json.loads, blocks("json native-server"))}
    dialect, gap, error = NativeDialect(), shown["gap"], errors.PositionError("…")
    place: dict[str, Any] = {"start": gap["start"], "end": gap["end"], "reason": gap["reason"]}
    written = [
        *dialect.ready(0, shown["ready"]["resume"]),
        *dialect.ack(48000, 51200),
        *dialect.gap(AudioGap(speaker=Party.CUSTOMER, **place)),
        *dialect.warn(shown["warn"]["code"], shown["warn"]["message"]),
        *dialect.whisper(shown["whisper"]["id"], shown["whisper"]["text"]),
        *dialect.pong(Ping(id=7)),
        *dialect.done(None),
        *dialect.error(error),
    ]
    assert [json.loads(text) for text in written] == list(shown.values())


def test_twilios_messages_parse_in_the_order_shown() -> None:
    dialect = TwilioDialect()
    heard: list[Incoming] = [item for text in blocks("json twilio") for item in dialect.receive_text(text)]
    assert [type(item).__name__ for item in heard] == ["Hello", "Audio", "Dtmf", "Mark", "Bye"]
    assert isinstance(heard[1], Audio)
    assert (heard[1].party, heard[1].position) == (Party.CUSTOMER, 816)


def test_the_consoles_messages_parse() -> None:
    read = pytest.importorskip("service.console_messages").read
    assert [read(text, 4096).type for text in blocks("json console-client")] == [
        "auth",
        "ack",
        "dismiss",
        "whisper",
        "ping",
    ]
    assert all(json.loads(text)["type"] for text in blocks("json console-server"))


def test_the_hellos_table_lists_every_field() -> None:
    table = PAGE.split("### hello")[1].split("### Audio")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(native._RULES)


@pytest.mark.parametrize("error", OURS, ids=lambda error: error.__name__)
def test_every_error_is_in_the_table_of_close_codes(error: type[errors.CallcueError]) -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith(f"| {error.close_code} |")]
    (row,) = (row for row in rows if f"`{error.code}`" in row)
    assert row.rstrip(" |").endswith("yes" if error.retryable else "no")


def test_the_limits_are_those_of_the_code() -> None:
    limits, track = Limits(), TrackLimits()
    assert f"at most {limits.frame_seconds:g} s" in PAGE
    assert f"from {limits.rate_min} to {limits.rate_max}" in PAGE
    assert f"{limits.positions / 8000 / 3600:.0f} hours at 8 kHz" in PAGE
    assert f"{limits.positions / 48000 / 3600 - 0.05:.1f} hours at 48 kHz" in PAGE
    assert f"more than {track.jump / 3600:g} hours" in PAGE
    assert f"up to {track.resend:g} s back" in PAGE
    assert f"agrees within {JITTER_SECONDS * 1000:g} ms" in PAGE


async def test_the_softphone_example_runs_and_plays_every_sample(tmp_path: Path) -> None:
    audio = np.random.default_rng(1).integers(-9000, 9000, (2000, 2), dtype=np.int16)
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(audio.tobytes())
    heard: dict[Party, bytes] = {Party.AGENT: b"", Party.CUSTOMER: b""}

    async def service(socket: ServerConnection) -> None:
        dialect = NativeDialect()
        async for message in socket:
            items = (
                dialect.receive_text(message) if isinstance(message, str) else dialect.receive_bytes(message)
            )
            for item in items:
                match item:
                    case Hello():
                        for frame in dialect.ready(0, "token"):
                            await socket.send(frame)
                    case Audio():
                        assert item.position == len(heard[item.party]) // 2
                        heard[item.party] += item.data
                    case Bye():
                        for frame in dialect.done(None):
                            await socket.send(frame)
                        return
                    case _:
                        raise AssertionError(item)

    (code,) = blocks("python")
    assert len(code.splitlines()) <= 25
    async with serve(service, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        script = tmp_path / "softphone.py"
        script.write_text(code.replace("127.0.0.1:8765", f"127.0.0.1:{port}"))
        phone = await asyncio.create_subprocess_exec(
            sys.executable, str(script), str(tmp_path / "call.wav"), stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await asyncio.wait_for(phone.communicate(), 30)
    assert phone.returncode == 0
    assert heard == {Party.AGENT: audio[:, 0].tobytes(), Party.CUSTOMER: audio[:, 1].tobytes()}
    assert [json.loads(line)["type"] for line in printed.decode().splitlines()] == ["ready", "done"]
