"""The calls of this node that somebody hears: their audio as it comes, to the relay, and to nobody else.

Nothing of it is stored. A call that nobody listens to has no tap: it costs one comparison a frame.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import structlog
from pydantic_core import to_json

from streaming.audio import Encoding, decode, encode
from streaming.channel import Piece
from streaming.events import ListeningEnded, ListeningStarted, Party, Seconds
from streaming.relay import Relay
from streaming.session import CallSession

HEAD, AUDIO, OVER = b"h", b"a", b"o"
"""First byte of what is relayed: JSON about the call, audio, the call's end."""

LEASE: Seconds = 15.0
"""A listener that is not heard of for so long has gone, and its node with it."""

_PARTIES = (Party.AGENT, Party.CUSTOMER)
_PREFIX = struct.Struct(">BI")
_WAITING: Seconds = 2.0  # audio of a party that may wait for the relay, then the oldest is dropped
_PIECES = 400  # and no more pieces than that, however short they are

log = structlog.get_logger()


def channel_of(call_id: str) -> str:
    return f"listen:{call_id}"


class Listening:
    """Who hears which of this node's calls; each begin and end is an event of the call."""

    def __init__(self, relay: Relay, session_of: Callable[[str], CallSession | None]) -> None:
        self._relay = relay
        self._session_of = session_of
        self._taps: dict[str, CallTap] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, call_id: str, listener: str, *, by: str | None) -> None:
        """Said again it extends the lease. Passed over when the call is not here, or over."""
        session = self._session_of(call_id)
        if session is None or session.ended:
            return
        tap = self._taps.get(call_id)
        if tap is None:
            tap = self._taps[call_id] = CallTap(session, self._relay)
            self._spawn(tap)
        tap.begin(listener, by=by)

    def end(self, call_id: str, listener: str) -> None:
        if (tap := self._taps.get(call_id)) is not None:
            tap.end(listener)

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, tap: CallTap) -> None:
        task = asyncio.create_task(self._run(tap), name="listening")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, tap: CallTap) -> None:
        call_id = tap.session.call.call_id
        tap.session.tap = tap
        log.info("listening_started", call_id=call_id)
        try:
            await tap.run()
        except Exception as error:  # supervision point: the call must not notice
            log.error("listening_failed", call_id=call_id, error=type(error).__name__)
        finally:
            tap.session.tap = None
            tap.end_all()
            del self._taps[call_id]
            log.info("listening_ended", call_id=call_id)


class CallTap:
    """One call's audio on its way to the relay, for as long as anybody holds a lease."""

    def __init__(self, session: CallSession, relay: Relay) -> None:
        self.session = session
        self._relay = relay
        self._leases: dict[str, float] = {}
        self._waiting: dict[Party, deque[Piece]] = {
            party: deque(maxlen=_PIECES) for party in session.call.parties
        }
        self._greet = False
        self._over = False
        self._woken = asyncio.Event()

    def begin(self, listener: str, *, by: str | None) -> None:
        if listener not in self._leases:
            self.session.note(ListeningStarted(id=listener, at=self.session.heard, by=by))
            self._greet = True
            self._woken.set()
        self._leases[listener] = asyncio.get_running_loop().time() + LEASE

    def end(self, listener: str) -> None:
        if self._leases.pop(listener, None) is not None:
            self.session.note(ListeningEnded(id=listener, at=self.session.heard))
            self._woken.set()

    def end_all(self) -> None:
        for listener in list(self._leases):
            self.end(listener)

    def hear(self, piece: Piece, /) -> None:
        waiting = self._waiting[piece.party]
        waiting.append(piece)
        while len(waiting) > 1 and waiting[-1].end - waiting[0].end > _WAITING * self.session.rate:
            waiting.popleft()
        self._woken.set()

    def over(self) -> None:
        """The call ends, and with it every listening."""
        self._over = True
        self.end_all()
        self._woken.set()

    async def run(self) -> None:
        while self._leases and not self._over:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._woken.wait()
            self._woken.clear()
            self._drop_expired()
            await self._relay_all()
        if self._over:
            await self._send([OVER])

    async def _relay_all(self) -> None:
        greeting = [HEAD + self._head()] if self._greet else []
        self._greet = False
        taken = {party: list(pieces) for party, pieces in self._waiting.items()}
        for pieces in self._waiting.values():
            pieces.clear()
        await self._send([*greeting, *(AUDIO + packet for packet in _packets(taken))])

    async def _send(self, payloads: Iterable[bytes]) -> None:
        channel = channel_of(self.session.call.call_id)
        try:
            for payload in payloads:
                await self._relay.send(channel, payload)
        except ConnectionError:  # late audio is worth nothing: listeners hear of the hole by the positions
            log.warning("listening_not_relayed", call_id=self.session.call.call_id)
            await asyncio.sleep(1.0)

    def _head(self) -> bytes:
        session = self.session
        at = session.inbox.received / session.rate
        return to_json({"rate": session.rate, "parties": session.call.parties, "at": round(at, 2)})

    def _drop_expired(self) -> None:
        now = asyncio.get_running_loop().time()
        for listener in [key for key, until in self._leases.items() if until < now]:
            self.end(listener)


def _packets(taken: dict[Party, list[Piece]]) -> Iterator[bytes]:
    """Party (0 agent, 1 customer), position (big-endian, wire rate), then samples as signed 16 bit,
    little-endian; one packet an unbroken stretch."""
    for party, pieces in taken.items():
        stretch: list[Piece] = []
        for piece in pieces:
            if stretch and stretch[-1].end != piece.position:
                yield _packet(party, stretch)
                stretch = []
            stretch.append(piece)
        if stretch:
            yield _packet(party, stretch)


def _packet(party: Party, stretch: list[Piece]) -> bytes:
    encoding = stretch[0].encoding
    data = b"".join(piece.data for piece in stretch)
    if encoding is not Encoding.PCM_S16LE:
        data = encode(Encoding.PCM_S16LE, decode(encoding, data))
    return _PREFIX.pack(_PARTIES.index(party), stretch[0].position) + data
