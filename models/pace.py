"""How often a growing line may be transcribed again, by how busy the engine is (pure).

Finals come first and take what they take. What they leave of a target is for partials: while partials
take more, they are asked for less often, and more often again when there is room. Both shares are
measured, as the smoothed part of the engine's slots that was at work for each kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from streaming.events import Seconds
from streaming.ports import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceConfig:
    """Shares are of all slots, 0 to 1; times in seconds.

    Finals and partials together should keep at most `target` of the slots busy: above it waiting times
    grow faster than the load (tests/models/test_overload.py shows where). Partials alone get at most
    `partials`; where less than `least` is left for them, they are asked for more and more rarely. They are
    up to `sparsest` apart. Shares are smoothed over `smoothing`; every `step` the pace changes by at most
    `slower` or `faster`, so that it follows the load and not every sentence.
    """

    target: float = 0.65
    partials: float = 0.4
    least: float = 0.02
    sparsest: Seconds = 4.0
    smoothing: Seconds = 3.0
    step: Seconds = 0.5
    slower: float = 1.5
    faster: float = 0.75


class EngineUse:
    """The smoothed share of the engine's slots at work for each kind of request, from begins and ends."""

    def __init__(self, slots: int, smoothing: Seconds) -> None:
        self._slots = slots
        self._smoothing = smoothing
        self._running: dict[Priority, int] = {"final": 0, "partial": 0, "batch": 0}
        self._share: dict[Priority, float] = {"final": 0.0, "partial": 0.0, "batch": 0.0}
        self._at: Seconds | None = None

    def began(self, kind: Priority, now: Seconds) -> None:
        self._advance(now)
        self._running[kind] += 1

    def ended(self, kind: Priority, now: Seconds) -> None:
        self._advance(now)
        self._running[kind] -= 1

    def share(self, kind: Priority, now: Seconds) -> float:
        self._advance(now)
        return self._share[kind]

    def _advance(self, now: Seconds) -> None:
        if self._at is not None and now > self._at:
            kept = math.exp((self._at - now) / self._smoothing)
            for kind, running in self._running.items():
                level = running / self._slots
                self._share[kind] = level + (self._share[kind] - level) * kept
        self._at = now if self._at is None else max(self._at, now)


class PartialPace:
    """The pace of partial lines for every call of a node alike."""

    def __init__(self, use: EngineUse, config: PaceConfig | None = None) -> None:
        self._use = use
        self._config = config or PaceConfig()
        self._stretch = 1.0
        self._stepped: Seconds | None = None

    def every(self, densest: Seconds, now: Seconds, *, off: bool = False) -> Seconds:
        """Seconds of speech between two partials of a line: `densest` when the engine has time.

        While partials are `off` it slows down, so that they come back sparse.
        """
        config = self._config
        if self._stepped is None:
            self._stepped = now
        if now - self._stepped >= config.step:
            self._stepped = now
            most = max(1.0, config.sparsest / densest)
            self._stretch = min(max(1.0, self._stretch * self._correction(now, off)), most)
        return densest * self._stretch

    def _correction(self, now: Seconds, off: bool) -> float:
        """Asked for twice as rarely, partials take half: so the share's excess is the factor."""
        config = self._config
        left = config.target - self._use.share("final", now)
        if off or left < config.least:  # that partials take little then tells nothing: they get no turn
            return config.slower
        excess = self._use.share("partial", now) / min(left, config.partials)
        return min(max(excess, config.faster), config.slower)
