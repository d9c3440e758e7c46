"""How a verdict on a customer turn is written, and the turns that wait for one."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.base import Judge
from detectors.customer_turn import CustomerTurn
from detectors.echo import Echo
from detectors.text import Line
from streaming.events import CallInfo, Detection, Seconds, Verdict, WordSpan
from streaming.ports import Policy

BEHAVIOUR = "listening.acknowledgement"
_NOTES = {
    Verdict.DELIVERED: "The agent says back what the customer stated.",
    Verdict.MISSED: "The agent moves on without saying back what the customer stated.",
    Verdict.HARMFUL: "The agent reads the customer's number back otherwise.",
}
TAKEN_UP = "The agent takes up what the customer stated, in other words."


class TurnJudge(Judge):
    """Holds the customer turns that are open; a verdict takes its turn from them."""

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._open: list[CustomerTurn] = []
        self._settled: set[str] = set()  # figures that came back rightly
        self._now: Seconds = 0.0

    def _delivered(self, turn: CustomerTurn, echo: Echo, reply: Sequence[Line]) -> Detection:
        if echo.figure:
            self._settled.update(one.value for one in turn.stated.figures)
        return self._verdict(turn, Verdict.DELIVERED, reply, echo.confidence, echo.evidence)

    def _wrong(
        self,
        turn: CustomerTurn,
        sides: tuple[WordSpan, ...],
        *,
        confidence: float,
        answer: Line | None = None,
    ) -> Detection:
        evidence = sides + ((answer.whole(),) if answer is not None else ())
        return self._verdict(turn, Verdict.HARMFUL, turn.reply, confidence, evidence, kind="wrong_readback")

    def _verdict(
        self,
        turn: CustomerTurn,
        verdict: Verdict,
        reply: Sequence[Line],
        confidence: float,
        evidence: tuple[WordSpan, ...],
        kind: str = "",
        note: str = "",
    ) -> Detection:
        self._open.remove(turn)
        return self.detect(
            BEHAVIOUR,
            verdict,
            where=turn.where,
            start=reply[0].start,
            end=reply[-1].end,
            at=max(self._now, reply[-1].end),
            kind=kind,
            confidence=confidence,
            evidence=evidence,
            note=note or _NOTES[verdict],
        )
