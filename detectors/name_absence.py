"""How long the name has gone unused: its first use is waiting, it has been absent, it was never used."""

from __future__ import annotations

from collections.abc import Iterable

from detectors.acquaintance import Acquaintance
from detectors.base import Judge
from detectors.floor import Floor
from detectors.name_learning import ID
from streaming.events import Detection, Party, Seconds, Verdict

_LINES = 2  # agent lines since the name was known before its absence means anything
_NOTES = {
    "waiting": "The name is known, and its first use is still to come.",
    "spacing": "A few minutes have passed; the name would fit the next answer.",
    "unused": "The name was known, and the call went by without it.",
}


class Absence:
    """Observed while the call lasts, for the name may still come; missed when it ends without one."""

    def __init__(self, judge: Judge, floor: Floor, known: Acquaintance) -> None:
        self._judge = judge
        self._floor = floor
        self._known = known
        self._clock: Seconds | None = None  # since when the agent could have used the name
        self._since: Seconds = 0.0  # the last use, or when its absence was last told
        self._used = False
        self._lines = 0  # agent lines since the clock runs
        self._told = 0

    def begin(self, at: Seconds) -> None:
        """The name is known, and the customer is there."""
        if self._clock is None:
            self._clock = self._since = at

    def hear_agent(self, used_until: Seconds | None) -> None:
        """The agent has said a line; `used_until` is the end of the last one that used the name."""
        self._lines += self._clock is not None
        if used_until is not None:
            self.use(used_until)

    def use(self, until: Seconds) -> None:
        """The name was used, by a line that ends then."""
        self.begin(until)
        self._used, self._since = True, max(self._since, until)

    def passed(self, at: Seconds) -> Iterable[Detection]:
        if self._clock is None or self._lines < _LINES:
            return ()
        later = self._used or self._told
        wait = self._judge.threshold(ID, "spacing_seconds" if later else "first_use_seconds")
        due = self._since + wait
        since = self._floor.speaking(Party.AGENT)
        if at < due or (since is not None and since < due):
            return ()
        start, self._since = self._since, at
        self._told += 1
        if not self._is_judged(start, at):
            return ()
        kind = "spacing" if self._used else "waiting"
        return (self._detect(Verdict.OBSERVED, kind, f"absent{self._told}", start, at),)

    def finish(self, at: Seconds) -> Iterable[Detection]:
        if self._clock is None or self._used or self._lines < _LINES:
            return ()
        long = at - self._clock >= self._judge.threshold(ID, "unused_seconds")
        if not long or not self._is_judged(self._clock, at):
            return ()
        return (self._detect(Verdict.MISSED, "unused", "unused", self._clock, at),)

    def _is_judged(self, start: Seconds, end: Seconds) -> bool:
        """Not over lost audio, nor where the recogniser would hardly have written the name."""
        if self._known.is_doubtful and not self._used:
            return False
        return self._known.is_hearable() and not self._floor.missing(start, end, Party.AGENT)

    def _detect(self, verdict: Verdict, kind: str, where: str, start: Seconds, end: Seconds) -> Detection:
        said_at = self._known.said_at
        return self._judge.detect(
            ID,
            verdict,
            where=where,
            kind=kind,
            start=start,
            end=end,
            confidence=0.6 if kind == "spacing" else 0.9 if self._known.from_data else 0.8,
            evidence=(said_at,) if said_at else (),
            note=_NOTES[kind],
        )
