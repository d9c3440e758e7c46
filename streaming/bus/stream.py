"""One topic's Redis stream: the four commands that the bus needs, with dense ids.

Every failure to get an answer is a `RedisError` or an `OSError`; nothing is tried twice here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from streaming.bus.base import LOST, Position
from streaming.bus.outbox import Own
from streaming.errors import CursorLost

BLOCK_SECONDS = 5.0  # how long one read waits; only bounds how long a silently dead connection is believed
ANSWER_SECONDS = 2.0  # an answer later than this means that Redis is away
READ_AHEAD = 256
MARK_SECONDS = (
    86_400  # how long it is remembered up to where a node wrote; outlives any outage worth retrying
)

# KEYS: stream, this node's mark. ARGV: maxlen, node, number of the first payload, newest epoch and n this
# node knows, "1" to number anew, seconds to keep the mark, payloads…
# A stream behind what a node knows of it came back from an older state; its numbers must not be used again.
APPEND = """
local epoch, n = 0, 0
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 then
  local e, m = string.match(last[1][1], '^(%d+)-(%d+)$')
  epoch, n = tonumber(e), tonumber(m)
end
local known, kn = tonumber(ARGV[4]), tonumber(ARGV[5])
if epoch == 0 or ARGV[6] == '1' or epoch < known or (epoch == known and n < kn) then
  local now = redis.call('TIME')
  epoch = math.max(now[1] * 1000000 + now[2], epoch + 1, known + 1)
  n = 0
end
local mark = tonumber(redis.call('GET', KEYS[2]) or '0')
local k = tonumber(ARGV[3])
for i = 8, #ARGV do
  if k > mark then
    n = n + 1
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], string.format('%.0f-%.0f', epoch, n),
      'o', ARGV[2], 'k', string.format('%.0f', k), 'p', ARGV[i])
  end
  k = k + 1
end
redis.call('SET', KEYS[2], string.format('%.0f', k - 1), 'EX', ARGV[7])
return string.format('%.0f-%.0f', epoch, n)
"""


class Entry(NamedTuple):
    """`node` wrote it as its number `k`."""

    position: Position
    node: str
    k: int
    payload: bytes


class Clients:
    """One for short commands and one for reads that wait, so that neither holds up the other."""

    def __init__(self, url: str) -> None:
        self.short = _client(url, ANSWER_SECONDS)
        self.waiting = _client(url, BLOCK_SECONDS + ANSWER_SECONDS)

    async def ping(self) -> None:
        await _ask(self.short, "PING")

    async def aclose(self) -> None:
        await self.short.aclose()
        await self.waiting.aclose()


class Stream:
    """`key` in braces keeps a topic's keys on one shard of a cluster."""

    def __init__(self, clients: Clients, key: str, *, node: str, maxlen: int) -> None:
        self._clients = clients
        self._key = key
        self._node = node
        self._maxlen = maxlen

    async def append(self, batch: Sequence[Own], *, known: Position, anew: bool) -> Position:
        """Write `batch` behind what is there, passing over what an unanswered try already wrote.

        Returns the position of the stream's newest entry. `anew` begins a new epoch.
        """
        keys = (self._key, f"{self._key}:{self._node}")
        head = (self._maxlen, self._node, batch[0].k, known.epoch, known.n, int(anew), MARK_SECONDS)
        payloads = [own.payload for own in batch]
        return _position(await _ask(self._clients.short, "EVAL", APPEND, len(keys), *keys, *head, *payloads))

    async def newest(self) -> Position:
        """Position 0-0 when nothing was ever written."""
        found = await _ask(self._clients.short, "XREVRANGE", self._key, "+", "-", "COUNT", 1)
        return _position(found[0][0]) if found else Position(0, 0)

    async def check(self, after: Position) -> None:
        """Raises CursorLost unless the stream goes on right behind `after`."""
        newest = await self.newest()
        if newest == after:
            return
        if newest < after:
            raise CursorLost(LOST)
        following = await _ask(self._clients.short, "XRANGE", self._key, f"({after}", "+", "COUNT", 1)
        if not following or not _position(following[0][0]).follows(after):
            raise CursorLost(LOST)

    async def read(self, after: Position) -> list[Entry]:
        """What follows `after`, waiting up to BLOCK_SECONDS for it."""
        words = ("COUNT", READ_AHEAD, "BLOCK", int(BLOCK_SECONDS * 1000), "STREAMS", self._key, str(after))
        streams = await _ask(self._clients.waiting, "XREAD", *words)
        return [_entry(raw) for _, entries in streams or () for raw in entries]


async def _ask(client: Redis, *words: str | int | bytes) -> Any:
    return await client.execute_command(*words)  # type: ignore[no-untyped-call]


def _client(url: str, timeout: float) -> Redis:
    """One attempt a command: the bus itself decides when to try again."""
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )


def _position(raw: bytes) -> Position:
    return Position.parse(raw.decode())


def _entry(raw: tuple[bytes, dict[bytes, bytes]]) -> Entry:
    at, fields = raw
    return Entry(_position(at), fields[b"o"].decode(), int(fields[b"k"]), fields[b"p"])
