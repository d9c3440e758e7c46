"""Hands records to this node's consoles: written once, sent in batches, and never waited for."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streaming.errors import Overloaded
from streaming.events import Alert, AlertUpdate, BetweenPeople, Event, Record, Utterance

_URGENT = Alert | AlertUpdate | BetweenPeople  # and finished lines
_REPLIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FanoutLimits:
    """`queue`: records a console may be behind before it is given a new snapshot instead; one that stays
    behind for `slow_seconds` is let go. `ring`: records kept for consoles that come back. Records wait up
    to `batch_seconds` for company; finished lines, alerts and whispers do not."""

    queue: int = 512
    ring: int = 4096
    batch_seconds: float = 0.05
    slow_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class _Line:
    n: int
    team: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    """One message for every console of a team; `count` records."""

    count: int
    text: str


@dataclass(slots=True, kw_only=True)
class FanoutStatistics:
    consoles: int = 0
    records: int = 0
    frames: int = 0
    snapshots: int = 0
    coalesced: int = 0


@dataclass(eq=False)
class Subscription:
    """What one console has still to be sent."""

    fanout: Fanout
    team: str | None
    frames: deque[_Frame] = field(default_factory=deque)
    waiting: int = 0
    stale: bool = True  # the next message is a snapshot
    behind_since: float | None = None
    _replies: deque[str] = field(default_factory=deque)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self) -> str:
        """The next message, waiting for one. Raises Overloaded when the console stays behind."""
        while True:
            self._check_pace()
            if self._replies:
                return self._replies.popleft()
            if self.stale:
                return self._snapshot()
            if self.frames:
                frame = self.frames.popleft()
                self.waiting -= frame.count
                return frame.text
            self.behind_since = None
            self._woken.clear()
            await self._woken.wait()

    def reply(self, text: str) -> None:
        """Send to this console only. Raises Overloaded when it asks on without reading answers."""
        if len(self._replies) >= _REPLIES:
            raise Overloaded("the console does not read its replies: connect again", retry_after=1.0)
        self._replies.append(text)
        self._woken.set()

    def push(self, frame: _Frame) -> None:
        if not self.stale:
            self.frames.append(frame)
            self.waiting += frame.count
            if self.waiting > self.fanout.limits.queue:
                self.coalesce()
        self._woken.set()

    def coalesce(self) -> None:
        """Give up the deltas: a snapshot says the same in less."""
        self.stale = True
        self.frames.clear()
        self.waiting = 0
        self.fanout.statistics.coalesced += 1
        if self.behind_since is None:
            self.behind_since = asyncio.get_running_loop().time()

    def restart(self) -> None:
        """The deltas were lost upstream; no fault of the console."""
        self.stale = True
        self.frames.clear()
        self.waiting = 0
        self._woken.set()

    def _snapshot(self) -> str:
        self.fanout.flush()
        self.frames.clear()
        self.waiting = 0
        self.stale = False
        return self.fanout.snapshot(self.team)

    def _check_pace(self) -> None:
        if self.behind_since is None:
            return
        behind = asyncio.get_running_loop().time() - self.behind_since
        if behind >= self.fanout.limits.slow_seconds:
            raise Overloaded("the console reads too slowly: connect again with after=", retry_after=1.0)


class Fanout:
    """Cursors are ``boot-n``: a console that comes back to the same process resumes, elsewhere it gets a
    snapshot. `calls` writes the snapshot's calls (a JSON list) for a team, `team` tells a call's team,
    `head` is JSON that every snapshot carries besides (``"behaviours":[…]``).
    """

    def __init__(
        self,
        *,
        calls: Callable[[str | None], bytes],
        team: Callable[[str], str | None],
        head: bytes = b'"behaviours":[]',
        limits: FanoutLimits | None = None,
    ) -> None:
        self.limits = limits or FanoutLimits()
        self.statistics = FanoutStatistics()
        self._calls, self._team, self._head = calls, team, head
        self._boot = secrets.token_hex(4)
        self._last = 0
        self._ring: deque[_Line] = deque(maxlen=self.limits.ring)
        self._batch: list[_Line] = []
        self._timer: asyncio.Handle | None = None
        self._hurried = False
        self._subscriptions: set[Subscription] = set()
        self._snapshots: dict[str | None, str] = {}

    @property
    def cursor(self) -> str:
        return f"{self._boot}-{self._last}"

    def put(self, record: Record, data: bytes) -> None:
        """Show `record`, whose JSON is `data`, to every console that wants it."""
        self._last += 1
        self._snapshots.clear()
        self.statistics.records += 1
        line = _Line(self._last, self._team(record.call_id), data)
        self._ring.append(line)
        if not self._subscriptions:
            return
        self._batch.append(line)
        if len(self._batch) >= self.limits.queue:
            self.flush()
        elif _is_urgent(record.event):
            self._flush_soon()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.limits.batch_seconds, self.flush)

    def refresh(self) -> None:
        """More has changed than deltas can say: everybody gets a snapshot, and no older cursor resumes."""
        self._last += 1
        self._snapshots.clear()
        self._ring.clear()
        self._batch.clear()
        for subscription in self._subscriptions:
            subscription.restart()

    def flush(self) -> None:
        """Send what waits for company."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._hurried = False
        batch, self._batch = self._batch, []
        if not batch:
            return
        frames = {team: self._frame(batch, team) for team in {one.team for one in self._subscriptions}}
        for subscription in self._subscriptions:
            frame = frames[subscription.team]
            if frame.count:
                subscription.push(frame)

    def _flush_soon(self) -> None:
        """Behind what comes in the same breath: a line and the card that it leads to are one message."""
        if not self._hurried:
            self._hurried = True
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_soon(self.flush)

    @contextmanager
    def subscribe(self, *, team: str | None = None, after: str | None = None) -> Iterator[Subscription]:
        """Behind `after` where that is still known, else from a snapshot on."""
        self.flush()
        subscription = Subscription(self, team)
        missed = self._missed(after)
        if missed is not None:
            frame = self._frame(missed, team)
            if frame.count <= self.limits.queue:
                subscription.stale = False
                subscription.push(frame)  # even if empty: it tells the console that it has resumed
        self._subscriptions.add(subscription)
        self.statistics.consoles += 1
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            self.statistics.consoles -= 1

    def snapshot(self, team: str | None) -> str:
        """The snapshot message; made once for all consoles of a team that need it between two records."""
        if team not in self._snapshots:
            cursor = self.cursor.encode()
            parts = (b'{"type":"snapshot","cursor":"', cursor, b'",', self._head, b',"calls":')
            self._snapshots[team] = b"".join((*parts, self._calls(team), b"}")).decode()
        self.statistics.snapshots += 1
        return self._snapshots[team]

    def _missed(self, after: str | None) -> list[_Line] | None:
        """What came behind that cursor; None when it is not one that can be resumed."""
        boot, _, number = (after or "").partition("-")
        if boot != self._boot or not (number.isascii() and number.isdigit()):
            return None
        oldest = self._ring[0].n if self._ring else self._last + 1
        if not oldest - 1 <= int(number) <= self._last:
            return None
        return [line for line in self._ring if line.n > int(number)]

    def _frame(self, lines: Iterable[_Line], team: str | None) -> _Frame:
        wanted = [line for line in lines if team is None or line.team == team]
        cursor = f"{self._boot}-{self._last}".encode()
        data = b",".join(line.data for line in wanted)
        text = b'{"type":"records","cursor":"%b","records":[%b]}' % (cursor, data)
        self.statistics.frames += 1
        return _Frame(len(wanted), text.decode())


def _is_urgent(event: Event) -> bool:
    return event.final if isinstance(event, Utterance) else isinstance(event, _URGENT)
