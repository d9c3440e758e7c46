"""Whether one more call would be more than the engine can do, from what calls have cost it (pure).

Lateness shows too late: a call speaks some seconds after it was taken, is heard for minutes, and cannot be
sent away. So a node that knows what a call costs refuses the one too many before anybody waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from streaming.events import Seconds
from streaming.ports import SpeechRequest

CROWDED = (0.74, 0.91)
"""Of an engine that decodes utterances together: see `CapacityConfig.crowded`. Whisper on a CPU, with
encoding and aligning (benchmarks/README.md, "Batches")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityConfig:
    """Finals of all live calls may take the part `full` of the engine's slots: more, and they queue up.

    A call's cost is measured over about the last `memory` seconds of calls, from `enough` answers on (the
    first ones after a start are slow). Before that much was seen the estimate leans on what a second of
    audio costs and on calls with speech in the part `speech` of their time (either party; two-party calls
    on file: 0.6 to 0.8), and weighs as much as `prior` call seconds. One answer counts as no more than
    `slowest` average ones: a machine that stood still for a minute is no dearer for it. A full node decodes
    utterances in threes and more: one that was decoded alone, or with one other, will cost the part
    `crowded` of that then.
    """

    full: float = 0.9
    crowded: tuple[float, ...] = ()
    memory: Seconds = 1800.0
    enough: int = 20
    speech: float = 0.75
    prior: Seconds = 60.0
    slowest: float = 4.0


class Capacity:
    """A call counts here from its first request on, so that its cost and its time begin together."""

    def __init__(self, slots: int, config: CapacityConfig | None = None) -> None:
        self._slots = slots
        self._config = config or CapacityConfig()
        self._calls: set[str] = set()
        self._ended: set[str] = set()
        self._call_seconds = 0.0
        self._final_work = 0.0
        self._work = 0.0
        self._audio = 0.0
        self._answers = 0.0
        self._at: Seconds | None = None

    def asked(self, request: SpeechRequest, now: Seconds) -> None:
        if request.priority == "batch" or self._knows(request.call_id):
            return
        self._advance(now)
        self._calls.add(request.call_id)

    def over(self, call_id: str, now: Seconds) -> None:
        """Nothing more is said in the call; its last words may still be asked for until `forget`."""
        self._advance(now)
        self._calls.discard(call_id)
        self._ended.add(call_id)

    def forget(self, call_id: str, now: Seconds) -> None:
        self.over(call_id, now)
        self._ended.discard(call_id)

    def answered(self, request: SpeechRequest, work: Seconds, now: Seconds, *, together: int = 1) -> None:
        """The request took `work` seconds of a slot, its part of what `together` decoded ones took."""
        self._advance(now)
        if together <= len(self._config.crowded):
            work *= self._config.crowded[together - 1]
        if self._known:
            work = min(work, self._config.slowest * self._work / self._answers)
        self._answers += 1
        self._work += work
        self._audio += request.seconds
        if request.priority == "final":
            self._final_work += work

    def has_room(self, calls: int, now: Seconds) -> bool:
        """May there be one more beside `calls` live ones? Yes while too little is known."""
        self._advance(now)
        if calls == 0 or not self._known:
            return True
        return (calls + 1) * self.call_cost() <= self._config.full * self._slots

    def call_cost(self) -> float:
        """Seconds of a slot that the finals of one call take per second; 0 while too little is known."""
        if not self._known:
            return 0.0
        config = self._config
        expected = config.speech * self._work / self._audio
        return (self._final_work + config.prior * expected) / (self._call_seconds + config.prior)

    def _knows(self, call_id: str) -> bool:
        return call_id in self._calls or call_id in self._ended

    @property
    def _known(self) -> bool:
        return self._answers >= self._config.enough

    def _advance(self, now: Seconds) -> None:
        if self._at is not None and now > self._at:
            passed = (now - self._at) * len(self._calls)
            kept = math.exp(-passed / self._config.memory)
            self._call_seconds = (self._call_seconds + passed) * kept
            self._final_work *= kept
            self._work *= kept
            self._audio *= kept
            self._answers *= kept
        self._at = now if self._at is None else max(self._at, now)
