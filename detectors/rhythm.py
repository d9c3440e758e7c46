"""When a name was used in a call: how often lately, and in how many of the turns (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from streaming.events import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """Uses are a tic: `burst_uses` in `burst_seconds`, or in over `turns_share` of `turns_least` turns."""

    burst_uses: float
    burst_seconds: Seconds
    turns_share: float
    turns_least: float


class Rhythm:
    """Fed with each agent turn and each line that uses the name; a tic is told once, then counted anew."""

    def __init__(self, tempo: Tempo) -> None:
        self._tempo = tempo
        self._uses: deque[Seconds] = deque(maxlen=32)
        self._turns = 0  # agent turns since the first use, or since the last tic
        self._turns_with = 0
        self.used = False

    def turn(self) -> None:
        """The agent takes the floor."""
        self._turns += self.used

    def use(self, at: Iterable[Seconds], end: Seconds) -> bool:
        """A line that ends at `end` uses the name at these times; whether that has become a tic."""
        self._turns = max(self._turns, 1)
        self.used = True
        self._turns_with += 1
        self._uses.extend(at)
        if not self._is_tic(end):
            return False
        self._uses.clear()
        self._turns = self._turns_with = 0
        return True

    def _is_tic(self, now: Seconds) -> bool:
        tempo = self._tempo
        if sum(at > now - tempo.burst_seconds for at in self._uses) >= tempo.burst_uses:
            return True
        return self._turns >= tempo.turns_least and self._turns_with / self._turns > tempo.turns_share
