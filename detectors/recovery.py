"""emotion.recovery: after frustration the customer eases, once the agent has answered well.

Easing is words ("okay, I appreciate that"): turns that are merely calm ease nothing yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.emotion_part import Answer, Part, Talk
from detectors.frustration import Cue
from detectors.text import Line
from streaming.events import Detection, Seconds, Verdict

RECOVERY = "emotion.recovery"


class Recovery(Part):
    """Delivered at most once for each time that the customer was frustrated."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk)
        self._upset = False
        self._good: Answer | None = None  # the good answer that the customer may ease after

    def heard(self, line: Line, cue: Cue) -> Iterator[Detection]:
        if cue.weight:
            self._upset, self._good = True, None
            return
        good = self._good
        if not self._upset or good is None:
            return
        if line.start > good.line.end + self.judge.threshold(RECOVERY, "eases_seconds"):
            self._good = None
            return
        if cue.eases and "bye" not in line.texts and "goodbye" not in line.texts:
            self._upset = False
            yield self._eased(line, good)

    def answered(self, answer: Answer) -> Iterable[Detection]:
        if answer.leaks:
            self._good = None
        elif self._upset and (answer.feeling is not None or (answer.offers and not answer.cold)):
            self._good = answer
        return ()

    def _eased(self, line: Line, good: Answer) -> Detection:
        end: Seconds = line.end
        return self.judge.detect(
            RECOVERY,
            Verdict.DELIVERED,
            where=line.id,
            start=line.start,
            end=end,
            at=max(self.talk.now, end),
            confidence=0.8,
            evidence=(good.line.whole(), line.whole()),
            note="The customer eases after a good answer.",
        )
