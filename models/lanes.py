"""Requests that wait: lanes of one urgency each, in which calls take turns (pure)."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal

from models.windows import filled_up
from streaming.events import Seconds
from streaming.ports import SpeechRequest

Urgency = Literal["final", "partial", "settling", "batch"]
"""As `Priority`; `settling` are finals of calls that are over, whose words nobody can act on any more."""

ORDER: tuple[Urgency, ...] = ("final", "partial", "settling", "batch")


@dataclass(slots=True, kw_only=True, eq=False)
class Ticket:
    """One request's place; `arrived` is when it was asked for, `since` when it came to its lane."""

    request: SpeechRequest
    arrived: Seconds
    urgency: Urgency
    since: Seconds


@dataclass(slots=True)
class Lane:
    """Requests of one urgency: calls in turn, each call's own in order."""

    calls: OrderedDict[str, deque[Ticket]] = field(default_factory=OrderedDict)
    size: int = 0

    def add(self, ticket: Ticket) -> None:
        self.calls.setdefault(ticket.request.call_id, deque()).append(ticket)
        self.size += 1

    def take(self) -> Ticket | None:
        """The first request of the call whose turn it is; that call then goes to the back."""
        if not self.calls:
            return None
        ticket = next(iter(self.calls.values()))[0]
        self.join(ticket)
        return ticket

    def join(self, ticket: Ticket) -> None:
        """Takes a request out of its turn; its call goes to the back as if it had been."""
        if self.remove(ticket) and ticket.request.call_id in self.calls:
            self.calls.move_to_end(ticket.request.call_id)

    def replace(self, old: Ticket, new: Ticket) -> None:
        """The newer one keeps the older one's turn."""
        own = self.calls[old.request.call_id]
        own[own.index(old)] = new

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

    def waiting_since(self) -> Seconds | None:
        """When what has been here longest came; each call's own came in order."""
        return min((own[0].since for own in self.calls.values()), default=None)

    def in_turn(self) -> Iterator[Ticket]:
        """The first of every call, then the second of every call …"""
        for round_of_calls in zip_longest(*self.calls.values()):
            yield from (ticket for ticket in round_of_calls if ticket is not None)


def kind(request: SpeechRequest) -> tuple[object, ...]:
    """What requests that one decoding can serve together have in common."""
    return request.language, filled_up(request.seconds)
