"""Courtesy words as facts of the call: each thanks, please and apology that the agent says and means."""

from __future__ import annotations

from collections.abc import Iterable

from detectors.courtesy_acts import Kind
from detectors.courtesy_part import Part, Reading
from streaming.events import Detection, Party, Verdict

_ID = "courtesy.words"
_NOD = 2  # tokens
_NOTES: dict[Kind, str] = {
    "thanks": "The agent thanks the customer.",
    "please": "The agent says please.",
    "apology": "The agent apologises.",
}


class Words(Part):
    """Counted, not judged: whether one was called for is what the other behaviours say."""

    def heard(self, reading: Reading) -> Iterable[Detection]:
        line = reading.line
        if not reading.by_agent or self._may_be_a_nod(reading):
            return ()
        return [
            self.judge.detect(
                _ID,
                Verdict.OBSERVED,
                where=f"{line.id}/{act.kind}/{number}",
                kind=act.kind,
                start=line.seconds(act.first, act.last)[0],
                end=line.seconds(act.first, act.last)[1],
                at=line.end,
                evidence=(line.evidence(act.first, act.last),),
                note=_NOTES[act.kind],
            )
            for number, act in enumerate(reading.acts)
        ]

    def _may_be_a_nod(self, reading: Reading) -> bool:
        """A word or two into the customer's sentence: "mm-hm" is often heard as "thank you"."""
        line = reading.line
        start, end = line.seconds(0, len(line.tokens) - 1)
        under = self.floor.overlap(Party.CUSTOMER, start, end)
        return len(line.tokens) <= _NOD and under > 0.5 * (end - start)
