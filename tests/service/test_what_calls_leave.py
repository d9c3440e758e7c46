"""A call that is over leaves its log behind, and nothing of what heard, judged and carried it."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from detectors.bench import Bench
from service.ingest import CallSocket
from service.jobs import Upload
from service.switchboard import LiveCall
from streaming.audio import Encoding
from streaming.calllog import EventOrder
from streaming.casefile import CaseFile
from streaming.channel import Ear
from streaming.dialects.native import audio_message, hello_message
from streaming.events import CallInfo
from streaming.inbox import Inbox
from streaming.scribe import Scribe
from streaming.session import CallSession
from tests.running import Running, running, sample, settings_for

MACHINERY = (
    *(CallSession, Ear, Inbox, Scribe, EventOrder, CaseFile, Bench, LiveCall, CallSocket, Upload),
    asyncio.Task,
)
NUMBERS = count()


def machinery() -> Counter[str]:
    gc.collect()
    kinds = map(type, gc.get_objects())  # isinstance would ask dead weak proxies for their class
    return Counter(one.__name__ for one in kinds if issubclass(one, MACHINERY))


async def whole(service: Running) -> None:
    audio = sample("good_call")
    await service.phone().play(replace(audio, samples=audio.samples[:, : 10 * audio.rate]))


async def vanished(service: Running) -> None:
    call_id = f"gone-{next(NUMBERS)}"
    async with connect(f"{service.ws}/v1/calls/stream") as socket:
        await socket.send(hello_message(CallInfo(call_id=call_id), Encoding.MULAW, 8000))
        await socket.recv()
        await socket.send(audio_message(0, b"\x7f" * 3200))
        socket.transport.abort()


async def refused(service: Running) -> None:
    async with connect(f"{service.ws}/v1/calls/stream") as socket:
        await socket.send("no hello")
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
            await socket.recv()


@pytest.mark.parametrize("way", [whole, vanished, refused])
async def test_what_heard_a_call_goes_with_it(
    tmp_path: Path, way: Callable[[Running], Awaitable[None]]
) -> None:
    async with running(settings_for(tmp_path)) as service:
        await way(service)  # what is made once and kept
        await until_over(service)
        before = machinery()
        for _ in range(3):
            await way(service)
        await until_over(service)
        assert not machinery() - before


async def until_over(service: Running) -> None:
    """No call is live, and no socket is being served, or so it should be by now."""
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while len(service.node.switchboard) or machinery()["CallSocket"]:
                await asyncio.sleep(0.01)
