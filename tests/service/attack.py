"""What the tests of bad input share: a raw client, a bystander's healthy call, and what must hold after."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import struct
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from service.softphone import CallAudio
from service.wire import to_json
from streaming.audio import Encoding, encode, interleave
from streaming.dialects.native import audio_message
from streaming.events import CallEnded, CallInfo, Detection, Record, Scorecard, Utterance
from tests.running import Running, sample

SECONDS = 10.5  # of the good sample: the greeting, and the customer begins
CLOSINGS = {"call_socket_closed", "client_gone"}
"""The events that tell of a softphone's socket that did not end well."""


def hello(call_id: str = "", **changes: object) -> dict[str, object]:
    """A valid hello, with `changes`; a field changed to None is left out."""
    message: dict[str, object] = {
        "type": "hello",
        "protocol": "callcue.v1",
        "call_id": call_id or new_id(),
        "encoding": "mulaw",
        "rate": 8000,
        "channels": ["agent", "customer"],
        **changes,
    }
    return {name: value for name, value in message.items() if value is not None}


def new_id(prefix: str = "bad") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def excerpt(seconds: float = SECONDS) -> CallAudio:
    whole = sample("good_call")
    return CallAudio(
        parties=whole.parties, rate=whole.rate, samples=whole.samples[:, : int(seconds * whole.rate)]
    )


def silence(samples: int, channels: int = 2) -> bytes:
    return b"\xff" * samples * channels


def frames(audio: CallAudio, start: int = 0, size: int = 400) -> Iterator[bytes]:
    """The audio from sample `start` on as binary messages."""
    for position in range(start, audio.samples.shape[1], size):
        channels = audio.samples[:, position : position + size]
        yield audio_message(
            position,
            interleave(Encoding.MULAW, tuple(encode(Encoding.MULAW, channel) for channel in channels)),
        )


@dataclass
class Client:
    """A client without manners: sends what it likes and keeps what it hears."""

    socket: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, *messages: object) -> Client:
        """Dicts as JSON, text and bytes as they are; a socket that closes meanwhile is no error."""
        try:
            for message in messages:
                raw = message if isinstance(message, str | bytes) else json.dumps(message)
                await self.socket.send(raw)
        except ConnectionClosed:
            pass
        return self

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of that type; those before it are kept."""
        while True:
            message: dict[str, Any] = json.loads(await self.socket.recv())
            self.heard.append(message)
            if message["type"] == kind:
                return message

    async def begin(self, **changes: object) -> dict[str, Any]:
        """Say hello and return the ready message."""
        await self.say(hello(**changes))  # type: ignore[arg-type]
        return await self.until("ready")

    async def play(self, audio: CallAudio, start: int = 0, *, ahead: float = 1.5) -> None:
        """Send the audio no faster than the service takes it up."""
        taken = asyncio.Event()
        position = heard = start

        async def listen() -> None:
            nonlocal heard
            async for text in self.socket:
                message = json.loads(text)
                self.heard.append(message)
                if message["type"] == "ack":
                    heard = message["heard"]
                    taken.set()

        listening = asyncio.ensure_future(listen())
        try:
            for frame in frames(audio, start):
                position = struct.unpack(">I", frame[:4])[0]
                while position - heard > ahead * audio.rate:
                    taken.clear()
                    await taken.wait()
                await self.socket.send(frame)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def closed(self) -> tuple[int | None, dict[str, Any] | None]:
        """Wait for the close: its code, and the error message that came before it."""
        try:
            async for text in self.socket:
                self.heard.append(json.loads(text))
        except ConnectionClosed:
            pass
        errors = self.of("error")
        return self.socket.close_code, errors[-1] if errors else None

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == kind]

    def abort(self) -> None:
        """Vanish: half a frame, then a TCP reset."""
        transport = self.socket.transport
        transport.write(b"\x82\x7e\x01\x44\x00\x00")  # a frame's beginning
        raw = transport.get_extra_info("socket")
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


@asynccontextmanager
async def attacker(
    service: Running, path: str = "/v1/calls/stream", **options: Any
) -> AsyncGenerator[Client, None]:
    async with connect(service.ws + path, max_size=None, close_timeout=2, **options) as socket:
        yield Client(socket)


async def refused(
    service: Running, *messages: object, path: str = "/v1/calls/stream", **options: Any
) -> tuple[int | None, dict[str, Any] | None]:
    """Say `messages` on a new socket: its close code and the error message before it."""
    async with attacker(service, path, **options) as client:
        await client.say(*messages)
        return await client.closed()


# What must hold around every attack


def facts(records: list[Record]) -> list[Any]:
    """What does not depend on timing: final lines, final judgements, and the scorecard."""
    kept = [
        to_json(record.event)
        for record in records
        if (isinstance(record.event, Utterance) and record.event.final)
        or (isinstance(record.event, Detection) and not record.event.provisional)
        or isinstance(record.event, Scorecard)
    ]
    return sorted(kept, key=lambda event: json.dumps(event, sort_keys=True, default=str))


async def healthy_call(service: Running) -> list[Any]:
    """Play the bystander's call to its end; returns its facts."""
    call = CallInfo(call_id=new_id("good"), agent="a1", customer_name="David Miller")
    card = await service.phone(call=call).play(excerpt())
    assert card["items"], "the bystander's call must end with its scorecard"
    return facts(await service.node.repository.events(call.call_id))


async def check_store(service: Running) -> None:
    """Nothing half-written: every call is live here, or ends with CallEnded and its scorecard."""
    await service.node.writer.flush()
    repository = service.node.repository
    for row in await repository.calls(limit=500):
        records = await repository.events(row.call_id, limit=5000)
        assert [record.seq for record in records] == list(range(1, len(records) + 1)), row.call_id
        if service.node.switchboard.find(row.call_id) is not None:
            continue
        kinds = [type(record.event) for record in records]
        assert row.state == "ended" and row.scorecard is not None, row
        assert kinds.count(CallEnded) == 1 and kinds[-1] is Scorecard, row.call_id


async def gone(service: Running, call_id: str, within: float = 8.0) -> None:
    """Wait until the call is over on this node."""
    live = service.node.switchboard.find(call_id)
    if live is not None:
        await asyncio.wait([live.result], timeout=within)
    async with asyncio.timeout(within):
        while service.node.switchboard.find(call_id) is not None:
            await asyncio.sleep(0.01)


def counted(service: Running, name: str, **labels: str) -> float:
    return service.node.metrics.registry.get_sample_value(f"callcue_{name}", labels) or 0.0


@contextmanager
def watching_logs() -> Iterator[list[dict[str, Any]]]:
    """Every structlog entry of the block."""
    with capture_logs() as entries:
        yield entries  # type: ignore[misc]


def closings(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["event"] in CLOSINGS]


def tone(seconds: float, *, rate: int = 8000, channels: int = 2) -> bytes:
    """µ-law of a voice-like tone, the same on every channel."""
    time = np.arange(int(seconds * rate)) / rate
    wave = (0.2 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
    return interleave(Encoding.MULAW, (encode(Encoding.MULAW, wave),) * channels)
