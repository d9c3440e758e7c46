"""Wakes the agents' desks of this node when a call of theirs changes; costs nothing while there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from service.live import LiveView


class DeskBoard:
    def __init__(self, view: LiveView) -> None:
        self.view = view
        self._desks: dict[str, set[asyncio.Event]] = {}

    def __len__(self) -> int:
        return sum(len(desks) for desks in self._desks.values())

    def of(self, agent: str) -> int:
        """How many desks the agent has open here."""
        return len(self._desks.get(agent, ()))

    def notice(self, call_id: str) -> None:
        """A record of that call was shown."""
        if self._desks and (agent := self.view.agent(call_id)) is not None:
            for desk in self._desks.get(agent, ()):
                desk.set()

    def refresh(self) -> None:
        """More changed than records told."""
        for desks in self._desks.values():
            for desk in desks:
                desk.set()

    @contextmanager
    def open(self, agent: str) -> Iterator[asyncio.Event]:
        """Set whenever a call of the agent's changes; who waits for it clears it."""
        desk = asyncio.Event()
        self._desks.setdefault(agent, set()).add(desk)
        try:
            yield desk
        finally:
            self._desks[agent].discard(desk)
            if not self._desks[agent]:
                del self._desks[agent]
