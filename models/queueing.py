"""Which request the engine takes next, which one gives way, and when there is no room (pure).

Finals before partials before batch; calls take turns; a newer partial takes the place of a queued older
one; what a call that is over still waits for comes behind live ones. Time comes in as an argument, so tests
need no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from models.ladder import Ladder, LadderConfig
from models.lanes import ORDER, Lane, Ticket, Urgency, kind
from models.windows import STEP, filled_up
from streaming.events import Seconds
from streaming.ports import Priority, SpeechRequest

Loss = Literal["superseded", "shed", "forgotten"]

_FEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerConfig:
    """`max_pending` queued requests in all leave no room for a partial or a batch request, of which there
    may be `max_batch`. Finals still find room: a call has a few at most (`SessionConfig.outstanding`), and
    one that is refused is lost words. `max_finals` only keeps the queue bounded whatever callers do. Calls
    count as live until `live_for` seconds after their last request. Nothing but finals starts while one has
    been owed for `close` seconds, but what a call that is over has waited for `settle_within` does, and takes
    one turn in `settle_every` while finals wait. The finals of live calls may take the part `full` of the
    slots: the rest of the processor is the service's own (a quarter of a call's cost, benchmarks/README.md).
    """

    max_pending: int = 64
    max_batch: int = 32
    max_finals: int = 8192
    live_for: Seconds = 10.0
    close: Seconds = 0.5
    settle_within: Seconds = 30.0
    settle_every: int = 4
    full: float = 0.7
    ladder: LadderConfig = field(default_factory=LadderConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """`ticket` is None when there is no room; `displaced` lost their places to it, and why."""

    ticket: Ticket | None
    displaced: tuple[tuple[Ticket, Loss], ...] = ()


class RequestQueue:
    """The scheduler's decisions. Every method takes `now`, which must not go backwards."""

    def __init__(self, config: SchedulerConfig) -> None:
        self._config = config
        self._lanes: dict[Urgency, Lane] = {urgency: Lane() for urgency in ORDER}
        self._settling: set[str] = set()
        self._running: list[Ticket] = []
        self._ladder = Ladder(config.ladder)
        self._live_until: Seconds | None = None
        self._since_settled = 0

    def __len__(self) -> int:
        return sum(lane.size for lane in self._lanes.values())

    @property
    def running(self) -> int:
        return len(self._running)

    def queued(self, urgency: Urgency) -> int:
        return self._lanes[urgency].size

    def offer(self, request: SpeechRequest, now: Seconds) -> Offered:
        """Takes a request in, or refuses it; a partial is also refused while partials are off."""
        self._observe(now)
        if request.priority != "batch":
            self._live_until = now + self._config.live_for
        ticket = Ticket(request=request, arrived=now, urgency=self._urgency(request), since=now)
        if request.priority == "partial" and self._ladder.partials_off:
            return Offered(ticket=None)
        displaced: list[tuple[Ticket, Loss]] = []
        if (old := self._outdated(request)) is not None:
            displaced.append((old, "superseded"))
            if request.priority == "partial":
                self._lanes["partial"].replace(old, ticket)
                return Offered(ticket=ticket, displaced=tuple(displaced))
            self._lanes["partial"].remove(old)
        if not self._has_room(request.priority):
            victim = self._make_room(request.priority)
            if victim is not None:
                displaced.append((victim, "shed"))
            elif request.priority != "final" or len(self) >= self._config.max_finals:
                return Offered(ticket=None, displaced=tuple(displaced))
        self._lanes[ticket.urgency].add(ticket)
        return Offered(ticket=ticket, displaced=tuple(displaced))

    def take(self, now: Seconds, *, last: bool = False) -> Ticket | None:
        """The next request to run; it counts as running until `finish`.

        `last`: it would take the last idle slot of several, which is kept from recordings while calls are
        live. Where a final has been owed for long already, more will be close to late: nothing else starts.
        """
        self._observe(now)
        for urgency in self._allowed(now, last):
            if (ticket := self._lanes[urgency].take()) is not None:
                self._running.append(ticket)
                self._since_settled = 0 if urgency == "settling" else self._since_settled + 1
                return ticket
        return None

    def _allowed(self, now: Seconds, last: bool) -> tuple[Urgency, ...]:
        settling = self._lanes["settling"].waiting_since()
        if settling is not None and now - settling >= self._config.settle_within and self._may_settle():
            return ("settling",)
        if self.oldest_live_age(now) >= self._config.close:
            return ORDER[:1]
        if last and self._is_live(now):
            return ORDER[:2]
        return ORDER

    def _may_settle(self) -> bool:
        return not self.queued("final") or self._since_settled >= self._config.settle_every - 1

    def _is_live(self, now: Seconds) -> bool:
        return self._live_until is not None and now < self._live_until

    def take_group(self, now: Seconds, batch: int, *, last: bool = False, only: bool = False) -> list[Ticket]:
        """As `take`, and with it what can be decoded together, calls in turn; [] for nothing.

        `batch` of the shortest utterances, fewer of longer ones: no group holds its slot much longer than
        another. `only`: there is no other slot, so that while calls are live what is no final is taken in
        twos at most.
        """
        first = self.take(now, last=last)
        if first is None:
            return []
        lane = self._lanes[first.urgency]
        room = int(batch * STEP // filled_up(first.request.seconds)) - 1
        if only and first.urgency != "final" and self._is_live(now):
            room = min(room, _FEW - 1)
        alike = (ticket for ticket in lane.in_turn() if kind(ticket.request) == kind(first.request))
        joining = list(islice(alike, max(0, room)))
        for ticket in joining:
            lane.join(ticket)
            self._running.append(ticket)
        return [first, *joining]

    def finish(self, ticket: Ticket, now: Seconds) -> None:
        """A running request was answered, or failed."""
        self._observe(now)
        self._running.remove(ticket)

    def withdraw(self, ticket: Ticket, now: Seconds) -> bool:
        """A queued request is no longer wanted; False when it was not queued."""
        self._observe(now)
        return self._lanes[ticket.urgency].remove(ticket)

    def settle(self, call_id: str, now: Seconds) -> None:
        """The call is over: what it still waits for may wait behind live calls, and is no lateness."""
        self._observe(now)
        self._settling.add(call_id)
        owed = [ticket for ticket in self._running if ticket.request.call_id == call_id]
        queued = list(self._lanes["final"].calls.get(call_id, ()))
        for ticket in queued:
            self._lanes["final"].remove(ticket)
        for ticket in (*owed, *queued):
            if ticket.urgency == "final":
                ticket.urgency, ticket.since = "settling", now
        for ticket in queued:
            self._lanes["settling"].add(ticket)

    def forget(self, call_id: str, now: Seconds) -> list[Ticket]:
        """Drops what is queued for a call; what runs goes on."""
        self._observe(now)
        self._settling.discard(call_id)
        dropped = [ticket for lane in self._lanes.values() for ticket in lane.calls.get(call_id, ())]
        for ticket in dropped:
            self._lanes[ticket.urgency].remove(ticket)
        return dropped

    def oldest_live_age(self, now: Seconds) -> Seconds:
        """How long the oldest unanswered final has waited, running ones included; 0 when there is none."""
        oldest = self._oldest_final()
        return 0.0 if oldest is None else max(0.0, now - oldest)

    def partials_off(self, now: Seconds) -> bool:
        self._observe(now)
        return self._ladder.partials_off

    def retry_after(self, now: Seconds) -> Seconds | None:
        """None while new calls are welcome, else in how many seconds to ask again."""
        self._observe(now)
        if not self._ladder.refusing:
            return None
        return self._ladder.welcome_in() + self.oldest_live_age(now)

    def _observe(self, now: Seconds) -> None:
        """Called before every change: between two calls the oldest final stays the same."""
        self._ladder.observe(self._oldest_final(), now)

    def _oldest_final(self) -> Seconds | None:
        queued = (own[0].arrived for own in self._lanes["final"].calls.values())
        running = (ticket.arrived for ticket in self._running if ticket.urgency == "final")
        return min((*queued, *running), default=None)

    def _urgency(self, request: SpeechRequest) -> Urgency:
        if request.priority == "final" and request.call_id in self._settling:
            return "settling"
        return request.priority

    def _outdated(self, request: SpeechRequest) -> Ticket | None:
        """The queued partial of the same utterance, which this request makes pointless."""
        if request.priority == "batch":
            return None
        queued = self._lanes["partial"].calls.get(request.call_id, ())
        return next((one for one in queued if one.request.utterance_id == request.utterance_id), None)

    def _has_room(self, priority: Priority) -> bool:
        if priority == "batch" and self.queued("batch") >= self._config.max_batch:
            return False
        return len(self) - self.queued("settling") < self._config.max_pending

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
        self._lanes[victim.urgency].remove(victim)
        return victim
