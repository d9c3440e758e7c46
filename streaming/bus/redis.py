"""The bus between nodes: Redis Streams, with a local ring for when Redis is away.

Writing. Payloads of one topic are numbered by this node (`k`) and lie in a ring. One sender task takes
what waits and appends it to the topic's stream in one script call, in order; `publish` returns once
Redis has taken it. The script gives ids ``epoch-n`` with dense `n` (see `base`) and remembers how far it
got for each node, so a batch that is sent again after an unanswered attempt is not written twice.

Reading. Each subscription reads the stream from its own position (no consumer group). Dense ids tell it
at once when entries were trimmed before it read them, or when Redis came back without them.

Redis away. `publish` returns at once with the newest cursor known, and the ring keeps what waits.
Subscribers on this node go on with this node's own payloads straight from the ring (those of other nodes
come later). They carry the last cursor read before the outage: resuming behind it repeats some, so
readers drop what they know by (call_id, seq). When Redis is back, the ring is flushed in order and
subscribers pass over what they were already given. If the ring overflowed meanwhile, the oldest payloads
are lost to the bus (`lost`, `on_loss`), and the stream's numbering begins anew, which every reader of
every node sees as `CursorLost`: it resyncs from the store. `healthy` is False meanwhile, for readiness.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, TypeVar

import structlog
from redis.exceptions import RedisError

from streaming.bus.base import LOST, Bell, Position
from streaming.bus.outbox import Outbox, Own
from streaming.bus.stream import Clients, Entry, Stream
from streaming.errors import CursorLost, Draining

log = structlog.get_logger(__name__)

T = TypeVar("T")

BATCH = 256
BACKOFF_SECONDS = (0.05, 5.0)
AWAY = (RedisError, OSError)


class RedisBus:
    """`maxlen` is about how many payloads a stream keeps, `buffer` how many of this node's the ring keeps.

    `on_loss` is called with how many payloads were lost each time the ring overflows.
    """

    def __init__(
        self,
        url: str,
        *,
        maxlen: int = 50_000,
        prefix: str = "callcue",
        buffer: int = 4096,
        on_loss: Callable[[int], None] | None = None,
    ) -> None:
        self._clients = Clients(url)
        self._maxlen = maxlen
        self._prefix = prefix
        self._buffer = buffer
        self._on_loss = on_loss
        self._node = uuid.uuid4().hex
        self._outboxes: dict[str, Outbox] = {}
        self._sender: asyncio.Task[None] | None = None
        self._work = asyncio.Event()
        self._changed = Bell()  # away, back or closed
        self._away = False
        self._closed = False
        self.lost = 0

    @property
    def healthy(self) -> bool:
        """Whether Redis answered when last asked."""
        return not self._away

    async def publish(self, topic: str, payload: bytes, /) -> str:
        """Waits until Redis has it, or returns at once while Redis is away. Raises Draining when closed."""
        if self._closed:
            raise Draining("the bus is closed")
        outbox = self._outbox(topic)
        while outbox.waiting >= self._buffer and not self._away:
            await outbox.bell.wait()
        own = self._append(outbox, payload)
        while own.position is None and not self._away and not self._closed:
            await outbox.bell.wait()
        return str(own.position or outbox.known)

    def _append(self, outbox: Outbox, payload: bytes) -> Own:
        own, lost = outbox.append(payload)
        if lost:
            self.lost += 1
            if self._on_loss:
                self._on_loss(1)
        self._wake_sender()
        return own

    @asynccontextmanager
    async def subscribe(
        self, topic: str, /, *, after: str | None = None
    ) -> AsyncGenerator[AsyncIterator[tuple[str, bytes]], None]:
        """See `Bus.subscribe`; while iterating, `CursorLost` is raised when the reader was lapped.

        Entered while Redis is away: `after` is checked when it is back; without `after`, what the stream
        still holds whole is repeated then, or `CursorLost` raised.
        """
        outbox, stream = self._outbox(topic), self._stream(topic)
        seen = outbox.sent if after is None else 0
        start = None if after is None else Position.parse(after)
        try:
            if start is None:
                start = await stream.newest()
            else:
                await stream.check(start)
        except AWAY as error:
            self._set_away(error)
            start, seen = start or Position(0, 0), outbox.last if after is None else 0
        async with aclosing(self._read(outbox, stream, start, seen)) as entries:
            yield entries

    async def close(self) -> None:
        """Send what waits if Redis answers, then end every subscription."""
        if not self._closed:
            self._closed = True
            if self._sender is not None:
                self._sender.cancel()
                await asyncio.gather(self._sender, return_exceptions=True)
            with suppress(*AWAY):
                await self._flush()
            self._ring_all()
            await self._clients.aclose()

    # Reading

    async def _read(
        self, outbox: Outbox, stream: Stream, position: Position, seen: int
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """`seen` is the number of this node's newest payload that the subscriber was given."""
        while not self._closed:
            async with aclosing(self._own_while_away(outbox, position, seen)) as local:
                async for own in local:
                    seen = own.k
                    yield str(position), own.payload
            for entry in await self._entries(stream, position):
                if not entry.position.follows(position):
                    raise CursorLost(LOST)
                position = entry.position
                outbox.learn(position)
                if entry.node == self._node:
                    if entry.k <= seen:
                        continue
                    seen = entry.k
                yield str(position), entry.payload

    async def _own_while_away(
        self, outbox: Outbox, position: Position, seen: int
    ) -> AsyncGenerator[Own, None]:
        """This node's payloads that the subscriber was not given; ends when Redis is back."""
        while self._away and not self._closed:
            looked = outbox.last
            for own in outbox.unseen(seen, position):
                seen = own.k
                yield own
            if self._away and outbox.last == looked:
                await outbox.bell.wait()

    async def _entries(self, stream: Stream, position: Position) -> list[Entry]:
        """What follows `position`; nothing when Redis is or goes away, or when nothing came for a while."""
        if self._away or self._closed:
            return []
        try:
            found = await self._unless_changed(stream.read(position))
            if found == []:  # nothing new, or a stream that came back without what was read
                await stream.check(position)
            return found or []
        except AWAY as error:
            self._set_away(error)
            return []

    async def _unless_changed(self, work: Coroutine[Any, Any, T]) -> T | None:
        """`work`'s answer, or None when Redis is found to be away (by the sender) or the bus is closed.

        A connection whose other end vanished without a word would keep a reader waiting; this does not.
        """
        answer = asyncio.ensure_future(work)
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({answer, changed}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            answer.cancel()
            changed.cancel()
            await asyncio.gather(answer, changed, return_exceptions=True)

    # Writing

    async def _send(self) -> None:
        """The sender task: flush when there is work, and try again with growing pauses while away."""
        shortest, longest = BACKOFF_SECONDS
        pause = shortest
        while True:
            await self._work.wait()
            self._work.clear()
            try:
                if self._away:
                    await self._clients.ping()
                await self._flush()
            except Exception as error:  # supervised here: whatever it is, payloads wait and are tried again
                self._set_away(error)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the nodes
                pause = min(pause * 2, longest)
                self._work.set()
            else:
                pause = shortest
                self._set_back()

    async def _flush(self) -> None:
        for topic, outbox in list(self._outboxes.items()):
            stream = self._stream(topic)
            while batch := outbox.batch(BATCH):
                anew = outbox.broken
                outbox.took(batch, await stream.append(batch, known=outbox.known, anew=anew), mended=anew)

    def _wake_sender(self) -> None:
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="bus-sender")
        self._work.set()

    def _set_away(self, error: BaseException) -> None:
        if not self._away and not self._closed:
            self._away = True
            log.warning("bus_away", error=type(error).__name__)
            self._ring_all()
            self._wake_sender()

    def _set_back(self) -> None:
        if self._away:
            self._away = False
            log.info("bus_back", lost=self.lost)
            self._ring_all()

    def _ring_all(self) -> None:
        self._changed.ring()
        for outbox in self._outboxes.values():
            outbox.bell.ring()

    def _outbox(self, topic: str) -> Outbox:
        return self._outboxes.setdefault(topic, Outbox(self._buffer))

    def _stream(self, topic: str) -> Stream:
        key = f"{self._prefix}:{{{topic}}}"
        return Stream(self._clients, key, node=self._node, maxlen=self._maxlen)
