"""The relay between nodes: Redis publish and subscribe, which keeps nothing and writes nothing to disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streaming.bus.stream import ANSWER_SECONDS
from streaming.relay import Mailbox

_AWAY = "Redis cannot be reached"


class RedisRelay:
    """One connection sends; each receiver has one of its own, which somebody who listens in is worth."""

    def __init__(self, url: str, *, prefix: str = "callcue") -> None:
        self._url, self._prefix = url, prefix
        self._sender = self._client(ANSWER_SECONDS)

    async def send(self, channel: str, payload: bytes, /) -> None:
        try:
            await self._sender.execute_command("PUBLISH", self._key(channel), payload)  # type: ignore[no-untyped-call]
        except (RedisError, OSError):
            raise ConnectionError(_AWAY) from None

    @asynccontextmanager
    async def receive(self, channel: str, /) -> AsyncGenerator[AsyncIterator[bytes], None]:
        client = self._client(None)
        subscription = client.pubsub(ignore_subscribe_messages=True)
        mailbox = Mailbox()
        reading: asyncio.Task[None] | None = None
        try:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await subscription.subscribe(self._key(channel))
            except (RedisError, OSError, TimeoutError):
                raise ConnectionError(_AWAY) from None
            reading = asyncio.create_task(_read(subscription, mailbox), name="relay.read")
            yield aiter(mailbox)
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            with suppress(RedisError, OSError):
                await subscription.aclose()  # type: ignore[no-untyped-call]
                await client.aclose()

    async def close(self) -> None:
        with suppress(RedisError, OSError):
            await self._sender.aclose()

    def _key(self, channel: str) -> str:
        return f"{self._prefix}:{channel}"

    def _client(self, timeout: float | None) -> Redis:
        return Redis.from_url(
            self._url,
            protocol=2,
            socket_timeout=timeout,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )


async def _read(subscription: PubSub, mailbox: Mailbox) -> None:
    """Always reads on: what a slow receiver leaves lying must not pile up in Redis."""
    try:
        async for message in subscription.listen():
            mailbox.put(message["data"])
    except (RedisError, OSError):
        mailbox.end(ConnectionError(_AWAY))
