"""Says how far this node's live calls are behind: to the metrics always, to consoles when they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
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
    missed it; that a call is no longer behind is told twice.
    """

    every: Seconds = 1.0
    least: Seconds = 1.0
    again: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class _Told:
    seconds: Seconds = 0.0
    partial_lines: bool = True
    when: float = 0.0
    again: bool = False  # to be told again


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
        """Once at every call. What the bus does not take within a round is told in the next one."""
        lags = {session: session.lag for session in self._calls()}
        self._metrics.lag(lags.values())
        shown = self._shows_partials()
        live = {session.call.call_id for session in lags}
        self._told = {call_id: told for call_id, told in self._told.items() if call_id in live}
        news: list[tuple[Record, _Told]] = []
        for session, lag in lags.items():
            call_id = session.call.call_id
            known = self._told.get(call_id, _WELL)
            now = self._now_told(known, lag, shown)
            if now is not known:
                event = Lag(at=session.heard, seconds=now.seconds, partial_lines=now.partial_lines)
                news.append((Record(call_id=call_id, seq=0, event=event), now))
        await self._tell(news)

    async def _tell(self, news: Iterable[tuple[Record, _Told]]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._config.every):
                for record, told in news:
                    await self._bus.publish(TOPIC, encode_record(record))
                    self._told[record.call_id] = told

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
        if same and not (known.again and clock - known.when >= self._config.again):
            return known
        return _Told(seconds, partial_lines, clock, again=not (well and same))
