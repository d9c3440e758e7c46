"""Which request the engine takes next, which one gives way, and when there is no room (pure).

Finals before partials before batch; calls take turns; a newer partial takes the place of a queued older
one. Time comes in as an argument, so tests need no clock.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Literal

from streaming.events import Seconds
from streaming.ports import Priority, SpeechRequest

ORDER: tuple[Priority, ...] = ("final", "partial", "batch")
Loss = Literal["superseded", "shed", "forgotten"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerConfig:
    """Bounds and budgets, in seconds of the clock that is handed in.

    `max_pending` queued requests in all, of which batch may take `max_batch`. A final should be answered
    within `latency_budget` of being asked for. When the oldest unanswered one has been over it for
    `partials_off_after`, partials are refused; after `refuse_after`, new calls are. Both end when nothing
    has been over budget for `recover_after`.
    """

    max_pending: int = 64
    max_batch: int = 32
    latency_budget: Seconds = 1.5
    partials_off_after: Seconds = 0.5
    refuse_after: Seconds = 5.0
    recover_after: Seconds = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ticket:
    """One request's place in the queue; `arrived` is when it was asked for."""

    request: SpeechRequest
    arrived: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """`ticket` is None when there is no room; `displaced` lost their places to it, and why."""

    ticket: Ticket | None
    displaced: tuple[tuple[Ticket, Loss], ...] = ()


@dataclass(slots=True)
class _Lane:
    """One priority's requests: calls in turn, each call's own in order."""

    calls: OrderedDict[str, deque[Ticket]] = field(default_factory=OrderedDict)
    size: int = 0

    def add(self, ticket: Ticket) -> None:
        self.calls.setdefault(ticket.request.call_id, deque()).append(ticket)
        self.size += 1

    def take(self) -> Ticket | None:
        """The first request of the call whose turn it is; that call then goes to the back."""
        if not self.calls:
            return None
        call_id, own = next(iter(self.calls.items()))
        ticket = own.popleft()
        self.size -= 1
        if own:
            self.calls.move_to_end(call_id)
        else:
            del self.calls[call_id]
        return ticket

    def remove(self, ticket: Ticket) -> bool:
        own = self.calls.get(ticket.request.call_id)
        if own is None or ticket not in own:
            return False
        own.remove(ticket)
        self.size -= 1
        if not own:
            del self.calls[ticket.request.call_id]
        return True

    def tickets(self) -> list[Ticket]:
        return [ticket for own in self.calls.values() for ticket in own]


class RequestQueue:
    """The scheduler's decisions. Every method takes `now`, which must not go backwards."""

    def __init__(self, config: SchedulerConfig) -> None:
        self._config = config
        self._lanes: dict[Priority, _Lane] = {priority: _Lane() for priority in ORDER}
        self._running: list[Ticket] = []
        self._over_since: Seconds | None = None
        self._last_over: Seconds | None = None

    def __len__(self) -> int:
        return sum(lane.size for lane in self._lanes.values())

    @property
    def running(self) -> int:
        return len(self._running)

    def queued(self, priority: Priority) -> int:
        return self._lanes[priority].size

    def offer(self, request: SpeechRequest, now: Seconds) -> Offered:
        """Takes a request in, or refuses it; a partial is also refused while partials are off."""
        self._observe(now)
        ticket = Ticket(request=request, arrived=now)
        if request.priority == "partial" and self.partials_off(now):
            return Offered(ticket=None)
        displaced: list[tuple[Ticket, Loss]] = [(old, "superseded") for old in self._outdated(request)]
        for old, _ in displaced:
            self._lanes["partial"].remove(old)
        full = len(self) >= self._config.max_pending
        if request.priority == "batch" and self.queued("batch") >= self._config.max_batch:
            full = True
        if full and (victim := self._make_room(request.priority)) is not None:
            displaced.append((victim, "shed"))
            full = False
        if full:
            return Offered(ticket=None, displaced=tuple(displaced))
        self._lanes[request.priority].add(ticket)
        return Offered(ticket=ticket, displaced=tuple(displaced))

    def take(self, now: Seconds) -> Ticket | None:
        """The next request to run; it counts as running until `finish`."""
        self._observe(now)
        for priority in ORDER:
            if (ticket := self._lanes[priority].take()) is not None:
                self._running.append(ticket)
                return ticket
        return None

    def finish(self, ticket: Ticket, now: Seconds) -> None:
        """A running request was answered, or failed."""
        self._observe(now)
        self._running.remove(ticket)
        self._observe(now)

    def withdraw(self, ticket: Ticket, now: Seconds) -> bool:
        """A queued request is no longer wanted; False when it was not queued."""
        self._observe(now)
        return self._lanes[ticket.request.priority].remove(ticket)

    def forget(self, call_id: str, now: Seconds) -> list[Ticket]:
        """Drops what is queued for a call; what runs goes on."""
        self._observe(now)
        dropped = [ticket for lane in self._lanes.values() for ticket in lane.calls.get(call_id, ())]
        for ticket in dropped:
            self._lanes[ticket.request.priority].remove(ticket)
        return dropped

    def oldest_live_age(self, now: Seconds) -> Seconds:
        """How long the oldest unanswered final has waited, running ones included; 0 when there is none."""
        oldest = self._oldest_final()
        return 0.0 if oldest is None else max(0.0, now - oldest)

    def partials_off(self, now: Seconds) -> bool:
        return self._over_for(now) >= self._config.partials_off_after

    def retry_after(self, now: Seconds) -> Seconds | None:
        """None while new calls are welcome, else in how many seconds to ask again."""
        if self._over_for(now) < self._config.refuse_after:
            return None
        return self._config.recover_after + self.oldest_live_age(now)

    def _over_for(self, now: Seconds) -> Seconds:
        """For how long the budget has been broken (kept through the recovery time), 0 when it is not."""
        self._observe(now)
        if self._over_since is None or self._last_over is None:
            return 0.0
        return max(0.0, self._last_over - self._over_since)

    def _observe(self, now: Seconds) -> None:
        """Called before and after every change: between two calls the oldest final stays the same."""
        oldest = self._oldest_final()
        over_from = None if oldest is None else oldest + self._config.latency_budget
        if over_from is not None and now > over_from:
            if self._over_since is None:
                self._over_since = over_from
            self._last_over = now
        elif self._last_over is not None and now - self._last_over >= self._config.recover_after:
            self._over_since = self._last_over = None

    def _oldest_final(self) -> Seconds | None:
        queued = (own[0].arrived for own in self._lanes["final"].calls.values())
        running = (ticket.arrived for ticket in self._running if ticket.request.priority == "final")
        return min((*queued, *running), default=None)

    def _outdated(self, request: SpeechRequest) -> list[Ticket]:
        """Queued partials of the same utterance, which this request makes pointless."""
        if request.priority == "batch":
            return []
        return [
            ticket
            for ticket in self._lanes["partial"].calls.get(request.call_id, ())
            if ticket.request.utterance_id == request.utterance_id
        ]

    def _make_room(self, priority: Priority) -> Ticket | None:
        """A final pushes out the oldest partial, else the newest batch request; nothing else may push."""
        if priority != "final":
            return None
        if partials := self._lanes["partial"].tickets():
            victim = min(partials, key=lambda ticket: ticket.arrived)
        elif batch := self._lanes["batch"].tickets():
            victim = max(batch, key=lambda ticket: ticket.arrived)
        else:
            return None
        self._lanes[victim.request.priority].remove(victim)
        return victim
