"""What passes between nodes and is kept nowhere: a listened call's audio.

Unlike the bus, a relay stores nothing (no stream, no append-only file), repeats nothing and owes nothing:
who is not there, or is slow, misses what was sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

_MAILBOX = 64  # payloads that wait for a receiver: some six seconds of a call's audio, then the oldest go


class Relay(Protocol):
    """Sends to whoever receives at that moment, on any node."""

    async def send(self, channel: str, payload: bytes, /) -> None:
        """Raises `ConnectionError` while it cannot be sent."""
        ...

    def receive(self, channel: str, /) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Inside the context nothing sent later is missed, unless the receiver is slow.

        Entering or iterating raises `ConnectionError` while nothing can be received.
        """
        ...

    async def close(self) -> None: ...


class Mailbox:
    """The newest payloads for one receiver; the oldest give way."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque(maxlen=_MAILBOX)
        self._woken = asyncio.Event()
        self._over: BaseException | None = None

    def put(self, payload: bytes) -> None:
        self._waiting.append(payload)
        self._woken.set()

    def end(self, reason: BaseException) -> None:
        """The receiver is told `reason` behind what waits."""
        self._over = reason
        self._woken.set()

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._over is not None:
                raise self._over
            self._woken.clear()
            await self._woken.wait()


class MemoryRelay:
    """Inside one process."""

    def __init__(self) -> None:
        self._receivers: dict[str, set[Mailbox]] = {}

    async def send(self, channel: str, payload: bytes, /) -> None:
        for mailbox in self._receivers.get(channel, ()):
            mailbox.put(payload)

    @asynccontextmanager
    async def receive(self, channel: str, /) -> AsyncGenerator[AsyncIterator[bytes], None]:
        mailbox = Mailbox()
        self._receivers.setdefault(channel, set()).add(mailbox)
        try:
            yield aiter(mailbox)
        finally:
            self._receivers[channel].discard(mailbox)
            if not self._receivers[channel]:
                del self._receivers[channel]

    async def close(self) -> None:
        for mailboxes in list(self._receivers.values()):
            for mailbox in mailboxes:
                mailbox.end(ConnectionError("the relay is closed"))
