"""Uvicorn's websocket protocol with a short way for what comes in: no queue, no task step, few wake-ups.

A call sends a hundred small messages a second. Uvicorn takes each through a queue and a task, and stops and
starts reading the socket for it; and waking up for one frame costs more than the frame. A route whose peer
must never be held up (audio that finds no room is dropped, and said so) asks for its messages as they come
(`divert_from`), and its socket is read in rounds, together with all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where it was built
from websockets.http11 import Request
from websockets.protocol import State
from websockets.streams import StreamReader

ROUND = 0.1
"""Seconds between rounds: what a session takes up at once. A frame waits half of it on average."""

_FAST = 300  # messages a second: a client that plays faster than real time is not made to wait
_NAME = "callcue.divert"
_TURN = 64  # messages taken without a pause: a millisecond, of a stalled network's burst of many
_SLOW = 8192  # bytes left to `websockets` without a pause: a round's, and 10 ms of the smallest messages
_PAUSE = 0.005  # seconds between two turns: the session takes up what came before it finds no more room
_BETWEEN = StreamReader.at_eof.__code__  # where the parser waits for the first byte of a frame
_TEXT, _BINARY = 0x81, 0x82  # first byte of a whole, plain message
_MASKED, _LONG = 0x80, 126

Taker = Callable[[str | bytes], None]
"""Takes one whole message at once and must not raise."""


class Rounds:
    """Wakes the sockets that rest, all at the same moment, and sleeps while none does."""

    def __init__(self, every: float = ROUND) -> None:
        self._every = every
        self._resting: list[asyncio.Transport] = []

    def rest(self, transport: asyncio.Transport) -> None:
        """What `transport` receives waits in the kernel's buffer until the next round."""
        transport.pause_reading()
        if not self._resting:
            asyncio.get_running_loop().call_later(self._every, self._wake)
        self._resting.append(transport)

    def _wake(self) -> None:
        resting, self._resting = self._resting, []
        for transport in resting:
            if not transport.is_closing():
                transport.resume_reading()


Divert = Callable[[Taker, Rounds], None]


def divert_from(scope: MutableMapping[str, Any]) -> Divert | None:
    """How to have this connection's messages diverted; None under another server than ours.

    Behind it `receive` tells of nothing but the end of the connection.
    """
    return cast("Divert | None", scope.get("extensions", {}).get(_NAME, {}).get("divert"))


class DivertedProtocol(WebSocketsSansIOProtocol):
    """Whole small frames are read here, which is most of them; all else is left to `websockets`: control
    frames, fragments, what is too large or wrong, frames that came in parts."""

    _taker: Taker | None = None
    _rounds: Rounds
    _taken = 0  # messages since `_counted_from`
    _counted_from = 0.0
    _fast = False
    _left = b""  # read from the socket and not looked at; meanwhile the socket is not read

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][_NAME] = {"divert": self._divert}

    def _divert(self, taker: Taker, rounds: Rounds) -> None:
        self._taker, self._rounds = taker, rounds
        self._hand_over(taker)

    def _hand_over(self, taker: Taker) -> None:
        """What waits for `receive` is taken; only the connection's end stays."""
        for message in [self.queue.get_nowait() for _ in range(self.queue.qsize())]:
            if message["type"] == "websocket.receive":
                text = message.get("text")
                self._taken += 1
                taker(text if text is not None else message.get("bytes") or b"")
            else:
                self.queue.put_nowait(message)
        if self.read_paused and not self.disconnected:
            self.read_paused = False
            self.transport.resume_reading()

    def send_receive_event_to_app(self) -> None:
        super().send_receive_event_to_app()
        if self._taker is not None:
            self._hand_over(self._taker)

    def data_received(self, data: bytes) -> None:
        if self._taker is None:
            super().data_received(data)
            return
        if self._left:
            self._left += data
        else:
            self._turn(data, self._taker)

    def connection_lost(self, exc: Exception | None) -> None:
        while self._left and self._taker is not None:
            self._left = self._some(self._left, self._taker)
        super().connection_lost(exc)

    def _turn(self, data: bytes, taker: Taker) -> None:
        """Take some of `data`, and go on with the rest when the others had their turn."""
        before = self._taken
        self._left = self._some(data, taker)
        if self._left:
            self.transport.pause_reading()
            self.loop.call_later(_PAUSE if self._taken > before else 0.0, self._go_on, taker)
        elif self._may_rest():
            self._rounds.rest(self.transport)

    def _go_on(self, taker: Taker) -> None:
        if not self._left:  # the connection was lost
            return
        self.transport.resume_reading()  # unless this turn pauses it again
        self._turn(self._left, taker)

    def _some(self, data: bytes, taker: Taker) -> bytes:
        """Of `data`; returns what is left when a turn is over; nothing where nothing more counts."""
        until = self._taken + _TURN
        if self.conn.state is State.OPEN and self.conn.current_size is None and self._between_frames():
            data = self._take_whole(data, taker, until)
        if data and self._taken < until:
            super().data_received(data[:_SLOW])
            data = data[_SLOW:]
        return b"" if self.conn.parser_exc is not None else data

    def _between_frames(self) -> bool:
        """Whether no part of a frame came: an empty buffer may also mean that its header was read."""
        step: Any = self.conn.parser
        while step.gi_yieldfrom is not None:
            step = step.gi_yieldfrom
        return step.gi_code is _BETWEEN

    def _may_rest(self) -> bool:
        now = self.loop.time()
        if (elapsed := now - self._counted_from) >= ROUND:
            self._fast = self._taken > _FAST * elapsed
            self._counted_from, self._taken = now, 0
        return not (self._fast or self.close_sent or self.transport.is_closing())

    def _take_whole(self, data: bytes, taker: Taker, until: int) -> bytes:
        """Take the whole, plain frames that `data` begins with, up to `until`; returns the rest."""
        at, end, largest = 0, len(data), min(self.config.ws_max_size, 0xFFFF)
        while end - at > 8 and self._taken < until and not self.close_sent:
            kind, size = data[at], data[at + 1] ^ _MASKED
            begin = at + 6
            if size == _LONG:
                size = data[at + 2] << 8 | data[at + 3]
                begin += 2
            elif size > _LONG:
                break
            if kind not in (_TEXT, _BINARY) or begin + size > end or size > largest:
                break
            message = apply_mask(data[begin : begin + size], data[begin - 4 : begin])
            if kind == _BINARY:
                taker(message)
            else:
                try:
                    taker(message.decode())
                except UnicodeDecodeError:
                    break
            self._taken += 1
            at = begin + size
        return data[at:] if at else data
