"""An offer (off as shipped): in the customer's terms, once the problem is solved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from streaming.events import Detection, Verdict

SALES = "sales.opening"


class Offers(Part):
    """Only the offer is found: what would serve whom is a deployment's own (custom behaviours say it)."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._lines = 0

    def heard(self, reading: Reading) -> Iterable[Detection]:
        if not reading.by_agent:
            return ()
        self._lines += 1
        return list(self._offer(reading)) if self._lines > self.judge.threshold(SALES, "agent_lines") else ()

    def _offer(self, reading: Reading) -> Iterator[Detection]:
        found = reading.of("offers")
        if not found or reading.has("asks_settled"):
            return
        line = reading.line
        start, end = line.seconds(found[0].first, found[0].last)
        yield self.judge.detect(
            SALES,
            Verdict.DELIVERED,
            where=line.id,
            start=start,
            end=end,
            at=line.end,
            confidence=0.5,
            evidence=(line.evidence(found[0].first, found[0].last),),
            note="The agent makes an offer.",
        )
