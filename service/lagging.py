"""Says how far this node's live calls are behind: to the metrics always, to consoles when they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from service.feed import TOPIC
from service.telemetry.metrics import Metrics
from service.wire import encode_record
from streaming.events import Lag, Record, Seconds
from streaming.ports import Bus
from streaming.session import CallSession


@dataclass(frozen=True, slots=True, kw_only=True)
class LagConfig:
    """Calls are looked at `every` so often. Below `least` a call counts as not behind: an utterance takes
    that long when all is well. What is told again without a change after `again` reaches a node that has
    missed it; what is not behind is told once.
    """

    every: Seconds = 1.0
    least: Seconds = 1.0
    again: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class _Told:
    seconds: Seconds = 0.0
    partial_lines: bool = True
    when: float = 0.0


_WELL = _Told()


class LagWatch:
    """`calls` are the node's sessions, `partial_lines` whether the engine takes partials."""

    def __init__(
        self,
        bus: Bus,
        *,
        calls: Callable[[], Collection[CallSession]],
        partial_lines: Callable[[], bool],
        metrics: Metrics,
        config: LagConfig | None = None,
    ) -> None:
        self._bus = bus
        self._calls = calls
        self._partial_lines = partial_lines
        self._metrics = metrics
        self._config = config or LagConfig()
        self._told: dict[str, _Told] = {}
        self._were_off = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._config.every)
            await self.look()

    async def look(self) -> None:
        """Once at every call."""
        lags = {session: session.lag for session in self._calls()}
        self._metrics.lag(lags.values())
        shown = self._shows_partials()
        told, self._told = self._told, {}
        for session, lag in lags.items():
            call_id = session.call.call_id
            known = told.get(call_id, _WELL)
            now = self._now_told(known, lag, shown)
            if now is not known:
                event = Lag(at=session.heard, seconds=now.seconds, partial_lines=now.partial_lines)
                await self._bus.publish(TOPIC, encode_record(Record(call_id=call_id, seq=0, event=event)))
            if now != _WELL:
                self._told[call_id] = now

    def _shows_partials(self) -> bool:
        """Off only when they were so the last time, too: nobody need hear of a moment."""
        off = not self._partial_lines()
        shown = not (off and self._were_off)
        self._were_off = off
        return shown

    def _now_told(self, known: _Told, lag: Seconds, partial_lines: bool) -> _Told:
        """What is to be told: `known` itself when nothing is."""
        seconds = float(round(lag)) if lag >= self._config.least else 0.0
        clock = asyncio.get_running_loop().time()
        well = seconds == 0.0 and partial_lines
        same = (seconds, partial_lines) == (known.seconds, known.partial_lines)
        if same and (well or clock - known.when < self._config.again):
            return known
        return _Told() if well else _Told(seconds, partial_lines, clock)
