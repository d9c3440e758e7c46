"""How late the recogniser has been lately, and what is given up for it, step by step (pure).

An account in seconds: it grows by the time in which some live final is over its latency budget, and
shrinks by the time in which none is. So one slow answer costs little, lateness without an end costs
everything, and lateness that comes and goes counts by how much of the time it takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from streaming.events import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderConfig:
    """`budget`: within which a final should be answered once asked for. The others are marks of the account.

    Partials go at `partials_off` and come back at 0; new calls are refused from `refuse` on and taken
    again below `welcome`. The account stays below `most`, which bounds the way back: when the last late
    final is answered, calls are welcome `most - welcome` seconds later, partials `most` seconds later.
    """

    budget: Seconds = 1.5
    partials_off: Seconds = 0.5
    refuse: Seconds = 5.0
    welcome: Seconds = 2.0
    most: Seconds = 6.0

    def __post_init__(self) -> None:
        if not 0 < self.partials_off <= self.welcome < self.refuse <= self.most:
            raise ValueError("need 0 < partials_off <= welcome < refuse <= most")


class Ladder:
    """Tell it of the oldest unanswered final before that changes, and before asking it anything."""

    def __init__(self, config: LadderConfig) -> None:
        self._config = config
        self._account: Seconds = 0.0
        self._at: Seconds | None = None
        self.partials_off = False
        self.refusing = False

    def observe(self, oldest: Seconds | None, now: Seconds) -> None:
        """Since the last call the oldest unanswered final was the one asked for at `oldest`, or none."""
        since = now if self._at is None else self._at
        late_from = now if oldest is None else min(max(oldest + self._config.budget, since), now)
        self._at = now
        self._move(since - late_from)
        self._move(now - late_from)

    def welcome_in(self) -> Seconds:
        """For how long calls would still be refused if no final were late from now on."""
        return max(0.0, self._account - self._config.welcome) if self.refusing else 0.0

    def _move(self, by: Seconds) -> None:
        config = self._config
        self._account = min(max(0.0, self._account + by), config.most)
        self.partials_off = self._account > 0.0 if self.partials_off else self._account >= config.partials_off
        mark = config.welcome if self.refusing else config.refuse
        self.refusing = self._account >= mark
