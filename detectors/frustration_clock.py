"""emotion.frustration_clock: the time from the first sign of frustration to the agent's acknowledging it.

It runs while the customer is frustrated and nobody has said so; ticks drive it. The first time in a call
that it is stopped is credited; each time that it runs up is missed, while there is still time to act.
"""

from __future__ import annotations

from collections.abc import Iterator

from detectors.emotion_part import Answer, Part, Talk
from detectors.frustration import Cue
from detectors.text import Line
from streaming.events import Detection, Evidence, Seconds, Verdict

CLOCK = "emotion.frustration_clock"


class FrustrationClock(Part):
    """One clock a call; it starts anew with a new sign behind an acknowledgement."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk)
        self._since: Line | None = None
        self._cause: tuple[Evidence, ...] = ()
        self._credited = False
        self._alerted = False

    def heard(self, line: Line, cue: Cue) -> Iterator[Detection]:
        if cue.weight:
            if self._since is None:
                self._since, self._cause, self._alerted = line, cue.evidence, False
        elif cue.eases and self._since is not None:
            yield from self._stop("eased", line)

    def answered(self, answer: Answer) -> Iterator[Detection]:
        good = answer.feeling is not None or (answer.offers and not answer.cold)
        if self._since is not None and not answer.leaks and good:
            yield from self._stop("acknowledged", answer.line)

    def passed(self) -> Iterator[Detection]:
        since, now = self._since, self.talk.now
        if since is None:
            return
        if not self.talk.frustrated(now):
            self._since = None
        elif not self._alerted and now - since.start >= self.judge.threshold(CLOCK, "alert_seconds"):
            self._alerted = True
            yield self._verdict(Verdict.MISSED, "unresolved", since, now, self._cause)

    def _stop(self, kind: str, line: Line) -> Iterator[Detection]:
        since, self._since = self._since, None
        limit = self.judge.threshold(CLOCK, "limit_seconds")
        if since is None or self._credited or self._alerted or line.end - since.start > limit:
            return
        self._credited = True
        yield self._verdict(Verdict.DELIVERED, kind, since, line.end, (*self._cause, line.whole()))

    def _verdict(
        self, verdict: Verdict, kind: str, since: Line, end: Seconds, evidence: tuple[Evidence, ...]
    ) -> Detection:
        seconds = round(end - since.start)
        said = {
            "unresolved": f"The customer has been frustrated for {seconds} seconds, and nobody has said so.",
            "acknowledged": f"The customer's frustration was acknowledged after {seconds} seconds.",
            "eased": f"The customer's frustration eased after {seconds} seconds.",
        }
        return self.judge.detect(
            CLOCK,
            verdict,
            where=f"{since.id}.{kind}",
            start=since.start,
            end=end,
            at=max(self.talk.now, end),
            kind=kind,
            confidence=0.8,
            evidence=evidence,
            note=said[kind],
        )
