"""Passing on: the customer asks for a supervisor; a transfer is introduced, or cold, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.meaning import pieces
from streaming.events import Detection, Party, Verdict

ESCALATION = "service.escalation"
_TURNS = 2  # of the agent, in which a wish for a supervisor is answered


class Escalation(Part):
    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._asked = 0  # agent turns left to answer in
        self._introduced = False

    def heard(self, reading: Reading) -> Iterable[Detection]:
        return list(self._agent(reading) if reading.by_agent else self._customer(reading))

    def _customer(self, reading: Reading) -> Iterator[Detection]:
        asks = [match for match in reading.of("asks_boss") if _own(reading, match.first)]
        if not asks or reading.has("own_boss"):
            return
        self._asked = _TURNS
        yield self._found(
            reading,
            asks[0].first,
            asks[0].last,
            Verdict.OBSERVED,
            "asked",
            "The customer asks for a supervisor.",
        )

    def _agent(self, reading: Reading) -> Iterator[Detection]:
        asked, self._asked = self._asked, max(0, self._asked - (0 if reading.slight else 1))
        passes = reading.of("passes_on")
        introduces = reading.has("introduces")
        if passes:
            self._asked = 0
            warm = introduces or self._introduced
            note = "The agent introduces who takes over." if warm else "Passed on without a word about it."
            verdict, kind = (Verdict.DELIVERED, "warm") if warm else (Verdict.MISSED, "cold")
            yield self._found(reading, passes[0].first, passes[0].last, verdict, kind, note)
        elif asked and introduces:
            self._asked = 0
            note = "The agent explains what happens with the wish."
            yield self._found(reading, 0, len(reading.line.tokens) - 1, Verdict.DELIVERED, "warm", note)
        elif asked and (refuses := reading.of("refuses_boss")) and not reading.has("offers_call_back"):
            self._asked = 0
            note = "The wish for a supervisor is turned down without another way."
            yield self._found(reading, refuses[0].first, refuses[0].last, Verdict.MISSED, "refused", note)
        self._introduced = introduces

    def _found(
        self, reading: Reading, first: int, last: int, verdict: Verdict, kind: str, note: str
    ) -> Detection:
        line = reading.line
        start, end = line.seconds(first, last)
        return self.judge.detect(
            ESCALATION,
            verdict,
            where=f"{line.id}.{kind}",
            kind=kind,
            start=start,
            end=end,
            at=line.end,
            confidence=0.8,
            evidence=(line.evidence(first, last),),
            note=note,
            speaker=Party.CUSTOMER if kind == "asked" else Party.AGENT,
        )


def _own(reading: Reading, at: int) -> bool:
    return all(piece.own for piece in pieces(reading.line) if piece.first <= at <= piece.last)
