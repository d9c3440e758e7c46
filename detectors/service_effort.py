"""The customer's effort: calling again, repeating data, being passed around, waiting: a running count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import word_list
from detectors.meaning import examples, likeness
from streaming.events import Detection, Party, Verdict

EFFORT = "service.effort"


class Effort(Part):
    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._likeness = likeness(examples("customer", "effort"), judge.policy.meaning)
        self._signs = 0

    def heard(self, reading: Reading) -> Iterable[Detection]:
        return () if reading.by_agent else list(self._customer(reading))

    def _customer(self, reading: Reading) -> Iterator[Detection]:
        line = reading.line
        found = reading.of("effort")
        times = reading.of("effort_times")
        doing = word_list("service", "doing")
        if not found and times and any(token.text in doing for token in line.tokens):
            found = times
        if found:
            yield self._sign(reading, found[0].first, found[0].last, 0.8)
            return
        likely = self._likeness.best(line, own=False)
        if likely is not None and likely.score >= self.judge.threshold(EFFORT, "meaning"):
            yield self._sign(
                reading, likely.piece.first, likely.piece.last, round(0.5 + 0.4 * likely.score, 2)
            )

    def _sign(self, reading: Reading, first: int, last: int, confidence: float) -> Detection:
        self._signs += 1
        line = reading.line
        start, end = line.seconds(first, last)
        count = "The first sign" if self._signs == 1 else f"Sign {self._signs}"
        return self.judge.detect(
            EFFORT,
            Verdict.OBSERVED,
            where=line.id,
            start=start,
            end=end,
            at=line.end,
            confidence=confidence,
            evidence=(line.evidence(first, last),),
            note=f"{count} of the customer's effort in this call.",
            speaker=Party.CUSTOMER,
        )
