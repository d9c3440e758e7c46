"""A call's messages on their short way in: the same however their bytes are cut, and no way round a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from service import server
from service.diverted import ROUND, DivertedProtocol, Rounds, divert_from
from streaming.events import CallEnded, CallInfo
from tests.running import running, sample, settings_for
from tests.virtual_time import run_virtually

LARGEST = 5_000
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

Message = str | bytes


class Wire(asyncio.Transport):
    """The connection's other end: what was written, and whether it is being read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.reading = True
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def rests(self) -> bool:
        return not self.reading

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


class Connection:
    """A connection whose application diverts its messages; `ended` is how `receive` told of its end."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.ended: dict[str, Any] = {}
        self.wire = Wire()
        config = uvicorn.Config(
            self._app, interface="asgi3", ws_max_size=LARGEST, ws_ping_interval=None, log_config=None
        )
        config.load()
        self.protocol = DivertedProtocol(config, ServerState(), {})
        self.protocol.connection_made(self.wire)

    async def open(self) -> None:
        self.protocol.data_received(HANDSHAKE)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert b"101" in self.wire.written

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        divert = divert_from(scope)
        assert divert is not None
        divert(self.taken.append, Rounds())
        self.ended = await receive()

    def feed(self, data: bytes) -> None:
        self.protocol.data_received(data)

    @property
    def close_code(self) -> int:
        """Of the close frame that was written last."""
        at = self.wire.written.rindex(b"\x88")
        return int.from_bytes(self.wire.written[at + 2 : at + 4])


def frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def framed(message: Message, pieces: int = 1) -> bytes:
    """The message in so many fragments."""
    data = message.encode() if isinstance(message, str) else message
    size = -(-len(data) // pieces) or 1
    parts = [data[at : at + size] for at in range(0, max(1, len(data)), size)]
    first = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
    return b"".join(
        frame(Opcode.CONT if index else first, part, fin=index == len(parts) - 1)
        for index, part in enumerate(parts)
    )


MESSAGES = st.lists(
    st.tuples(st.one_of(st.binary(max_size=400), st.text(max_size=200)), st.integers(1, 3), st.booleans()),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(messages=MESSAGES, cuts=st.lists(st.integers(0, 6000), max_size=8))
def test_messages_are_the_same_however_their_bytes_are_cut(
    messages: Sequence[tuple[Message, int, bool]], cuts: Sequence[int]
) -> None:
    async def play() -> None:
        connection = Connection()
        await connection.open()
        data = b"".join(
            framed(message, pieces) + (frame(Opcode.PING, b"?") if ping else b"")
            for message, pieces, ping in messages
        )
        edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        for begin, end in pairwise(edges):
            connection.feed(data[begin:end])
        connection.feed(frame(Opcode.CLOSE, b"\x03\xe8"))
        await asyncio.sleep(0)
        assert connection.taken == [message for message, _, _ in messages]
        assert connection.wire.written.count(frame(Opcode.PONG, b"?", mask=False)) == sum(
            m[2] for m in messages
        )
        await asyncio.sleep(0)
        assert connection.ended == {"type": "websocket.disconnect", "code": 1000, "reason": ""}

    asyncio.run(play())


@pytest.mark.parametrize(
    "wrong, code",
    [
        (frame(Opcode.BINARY, b"abc", mask=False), 1002),
        (frame(Opcode.BINARY, bytes(LARGEST + 1)), 1009),
        (framed(bytes(LARGEST + 1), 4), 1009),
        (frame(Opcode.TEXT, b"\xff\xfe"), 1007),
        (frame(Opcode.CONT, b"abc"), 1002),
        (b"\xc2" + frame(Opcode.BINARY, b"abc")[1:], 1002),
    ],
    ids=["unmasked", "too large", "too large in fragments", "not UTF-8", "no beginning", "compressed"],
)
async def test_what_is_wrong_closes_as_ever_and_is_not_taken(wrong: bytes, code: int) -> None:
    connection = Connection()
    await connection.open()
    connection.feed(framed(b"good") + wrong + framed(b"late"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert connection.taken == [b"good"]
    assert connection.close_code == code
    assert connection.ended["code"] == code
    assert connection.wire.closed


_INNER = b"\x82\x85" + bytes(4) + b"inner" + b"ab"
_OUTER = bytes((0x82, 0x80 | len(_INNER))) + bytes(4) + _INNER


@pytest.mark.parametrize("cut", range(1, len(_OUTER)))
async def test_a_frame_within_a_frame_that_came_in_parts_is_its_data(cut: int) -> None:
    """Also when the header came alone: its data may begin like a frame."""
    connection = Connection()
    await connection.open()
    connection.feed(_OUTER[:cut])
    connection.feed(_OUTER[cut:])
    connection.feed(framed(b"next"))
    assert connection.taken == [_INNER, b"next"]


BURST = [b"%d" % number + bytes(200) for number in range(500)]


def test_a_burst_is_taken_in_turns_while_the_socket_is_not_read() -> None:
    async def play() -> None:
        connection = Connection()
        await connection.open()
        connection.feed(
            b"".join(framed(one) + frame(Opcode.PING, b"?") * (one == BURST[99]) for one in BURST)
        )
        most = 0
        while len(connection.taken) < len(BURST):
            assert connection.wire.rests()
            before = len(connection.taken)
            await asyncio.sleep(0.001)
            most = max(most, len(connection.taken) - before)
        assert most < len(BURST) / 2
        assert connection.taken == BURST
        await asyncio.sleep(2 * ROUND)
        assert not connection.wire.rests()

    run_virtually(play())


async def test_what_was_read_counts_though_the_connection_is_lost() -> None:
    connection = Connection()
    await connection.open()
    connection.feed(b"".join(framed(one) for one in BURST))
    connection.wire.close()
    connection.protocol.connection_lost(None)
    assert connection.taken == BURST
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert connection.ended["type"] == "websocket.disconnect"


async def test_nothing_is_taken_behind_a_fault_in_a_burst() -> None:
    connection = Connection()
    await connection.open()
    wrong = frame(Opcode.BINARY, b"abc", mask=False)
    connection.feed(b"".join(framed(one) for one in BURST) + wrong + b"".join(framed(one) for one in BURST))
    while not connection.wire.closed:
        await asyncio.sleep(0.001)
    connection.protocol.connection_lost(None)
    assert connection.taken == BURST and connection.close_code == 1002


async def test_a_message_between_the_fragments_of_another_is_refused() -> None:
    connection = Connection()
    await connection.open()
    connection.feed(frame(Opcode.BINARY, b"begun", fin=False))
    connection.feed(framed(b"another"))
    assert connection.taken == [] and connection.close_code == 1002


async def test_nothing_is_taken_behind_a_close() -> None:
    connection = Connection()
    await connection.open()
    connection.feed(frame(Opcode.CLOSE, b"\x03\xe8"))
    connection.feed(framed(b"late"))
    assert connection.taken == []


async def test_largest_message_is_taken() -> None:
    connection = Connection()
    await connection.open()
    connection.feed(framed(bytes(LARGEST)))
    assert connection.taken == [bytes(LARGEST)]


def test_a_socket_rests_between_rounds_and_a_fast_one_does_not() -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        connection = Connection()
        await connection.open()
        for _ in range(3):
            connection.feed(framed(b"a") * 5)
            assert connection.wire.rests()
            began = loop.time()
            await asyncio.sleep(ROUND + 0.001)
            assert not connection.wire.rests() and loop.time() - began < 2 * ROUND
        connection.feed(framed(b"a") * 200)
        await asyncio.sleep(ROUND + 0.001)
        connection.feed(framed(b"a") * 200)
        await asyncio.sleep(ROUND / 3)  # a few turns, no round
        assert not connection.wire.rests(), (
            "it plays faster than anybody speaks: it need not wait for a round"
        )

    run_virtually(play())


async def test_a_call_under_another_server_is_the_same_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for place, protocol in (("ours", DivertedProtocol), ("another", WebSocketsSansIOProtocol)):
        (tmp_path / place).mkdir()
        monkeypatch.setattr(server, "DivertedProtocol", protocol)
        call = CallInfo(call_id="same")
        async with running(settings_for(tmp_path / place)) as service:
            await service.phone(call=call).play(sample("good_call"))
            events = [one.event for one in await service.node.repository.events("same", limit=5000)]
        assert isinstance(events[-2], CallEnded)
        told.append(events[1:])
    assert told[0] == told[1]
