"""What both buses share: dense cursors and the ring that a topic's newest payloads lie in.

A cursor is ``epoch-n``. `epoch` is when the topic's numbering began (Unix milliseconds) and `n` counts
its payloads from 1 without a hole. So two cursors of one topic can be compared, and a reader knows from
the next one alone whether it missed anything: ``n + 1`` of the same epoch, or else it was lapped, or the
numbering began anew (a restart that kept nothing).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from streaming.errors import CursorLost

T = TypeVar("T")
LOST = "the bus no longer holds what followed: resync from the store"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A cursor taken apart; ordered as cursors are."""

    epoch: int
    n: int

    @classmethod
    def parse(cls, cursor: str) -> Position:
        """Raises CursorLost: a cursor that no bus wrote is one that no bus holds."""
        epoch, _, n = cursor.partition("-")
        if not (epoch.isascii() and epoch.isdigit() and n.isascii() and n.isdigit()):
            raise CursorLost("that is no cursor of this bus: resync from the store")
        return cls(int(epoch), int(n))

    def follows(self, other: Position) -> bool:
        """Whether this is the very next one. What follows n = 0 may begin an epoch of its own."""
        return self.n == other.n + 1 and (self.epoch == other.epoch or other.n == 0)

    def __str__(self) -> str:
        return f"{self.epoch}-{self.n}"


class Ring(Generic[T]):
    """The newest `retain` entries, numbered from 1 in order; older ones are forgotten."""

    def __init__(self, retain: int) -> None:
        if retain < 1:
            raise ValueError("a ring holds at least one entry")
        self._slots: list[T | None] = [None] * retain
        self.last = 0

    @property
    def first(self) -> int:
        """Number of the oldest entry still held; `last` + 1 when there is none."""
        return max(1, self.last - len(self._slots) + 1)

    @property
    def full(self) -> bool:
        return self.last >= len(self._slots)

    def append(self, entry: T) -> int:
        """Take `entry` in, forgetting the oldest when full; returns its number."""
        self.last += 1
        self._slots[self.last % len(self._slots)] = entry
        return self.last

    def __getitem__(self, n: int) -> T:
        """Raises CursorLost when `n` is forgotten or not yet there."""
        if not self.first <= n <= self.last:
            raise CursorLost(LOST)
        return cast(T, self._slots[n % len(self._slots)])


class Bell:
    """Wakes everybody who waits. Look first, then wait, without awaiting in between: no ring is missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        await self._event.wait()
