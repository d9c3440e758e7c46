"""The bus inside one process: the production default on one machine."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from streaming.bus.base import LOST, Bell, Position, Ring
from streaming.errors import CursorLost, Draining


class MemoryBus:
    """Each topic keeps its newest `retain` payloads; every subscriber reads them from its own position.

    There is no queue per subscriber, so a slow one costs nothing and stalls nobody. When the ring has
    gone round past it, its iteration raises `CursorLost`, and it must resync from the store. A topic is
    made by its first use and never dropped: topics are a program's constants, not data.
    """

    healthy = True
    lost = 0

    def __init__(self, retain: int = 4096) -> None:
        self._retain = retain
        self._topics: dict[str, _Topic] = {}
        self._closed = False

    async def publish(self, topic: str, payload: bytes, /) -> str:
        """Never waits. Raises Draining after `close`."""
        if self._closed:
            raise Draining("the bus is closed")
        return self._topic(topic).publish(payload)

    @asynccontextmanager
    async def subscribe(
        self, topic: str, /, *, after: str | None = None
    ) -> AsyncGenerator[AsyncIterator[tuple[str, bytes]], None]:
        """See `Bus.subscribe`; the iterator ends when the bus is closed."""
        source = self._topic(topic)
        start = source.ring.last if after is None else source.resume(Position.parse(after))
        async with aclosing(self._read(source, start)) as entries:
            yield entries

    async def close(self) -> None:
        self._closed = True
        for topic in self._topics.values():
            topic.bell.ring()

    async def _read(self, topic: _Topic, n: int) -> AsyncGenerator[tuple[str, bytes], None]:
        while True:
            while n < topic.ring.last:
                n += 1
                yield topic.cursor(n), topic.ring[n]
            if self._closed:
                return
            await topic.bell.wait()

    def _topic(self, name: str) -> _Topic:
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = _Topic(self._retain)
        return topic


class _Topic:
    def __init__(self, retain: int) -> None:
        self._epoch = time.time_ns() // 1000
        self.ring: Ring[bytes] = Ring(retain)
        self.bell = Bell()

    def publish(self, payload: bytes) -> str:
        n = self.ring.append(payload)
        self.bell.ring()
        return self.cursor(n)

    def cursor(self, n: int) -> str:
        return str(Position(self._epoch, n))

    def resume(self, after: Position) -> int:
        """The number to go on behind; raises CursorLost when what followed `after` is not held."""
        held = range(self.ring.first - 1, self.ring.last + 1)
        if after.epoch != self._epoch or after.n not in held:
            raise CursorLost(LOST)
        return after.n
