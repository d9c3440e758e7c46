"""What this node publishes on one topic of a shared bus: waiting, sent, or lost (no I/O)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streaming.bus.base import Bell, Position, Ring


@dataclass(slots=True)
class Own:
    """One payload of this node. `position` is None until the shared bus has taken it."""

    k: int
    payload: bytes
    position: Position | None = None


class Outbox:
    """The newest `buffer` payloads, of which those behind number `sent` wait to be sent.

    When it is full of waiting ones, the oldest is lost and the row is `broken`: readers elsewhere cannot
    tell from what is sent next that something is missing, so they must be told.
    """

    def __init__(self, buffer: int) -> None:
        self._ring: Ring[Own] = Ring(buffer)
        self.bell = Bell()
        self.sent = 0
        self.broken = False
        self.known = Position(0, 0)  # the newest position that the shared bus told this node

    @property
    def last(self) -> int:
        return self._ring.last

    @property
    def waiting(self) -> int:
        return self._ring.last - self.sent

    def append(self, payload: bytes) -> tuple[Own, bool]:
        """Returns it numbered, and whether the oldest waiting one was lost for it."""
        own = Own(self._ring.last + 1, payload)
        self._ring.append(own)
        lost = self.sent < self._ring.first - 1
        if lost:
            self.sent = self._ring.first - 1
            self.broken = True
        self.bell.ring()
        return own, lost

    def batch(self, limit: int) -> list[Own]:
        """The oldest waiting ones."""
        return [self._ring[k] for k in range(self.sent + 1, min(self._ring.last, self.sent + limit) + 1)]

    def learn(self, position: Position) -> None:
        """The shared bus was seen to hold `position`."""
        self.known = max(self.known, position)

    def took(self, batch: list[Own], newest: Position, *, mended: bool) -> None:
        """The shared bus has `batch`, the last of it at `newest`; `mended`: it told readers of the loss.

        Positions are dense, but another try may have written a part of the batch earlier; the newest
        position is then too new for some, and a subscriber may be given one twice, never none.
        """
        for behind, own in enumerate(reversed(batch)):
            own.position = Position(newest.epoch, max(newest.n - behind, 0))
        self.sent = max(self.sent, batch[-1].k)
        self.learn(newest)
        self.broken = self.broken and not mended
        self.bell.ring()

    def unseen(self, seen: int, position: Position) -> Iterator[Own]:
        """Own payloads that a subscriber which has `seen` and read up to `position` was not given.

        Raises CursorLost when one of them is no longer held.
        """
        k = max(seen, 0)
        while k < self._ring.last:
            k += 1
            own = self._ring[k]
            if own.position is None or own.position > position:
                yield own
