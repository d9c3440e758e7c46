"""Curt answers: "huh?", "yep", "nah", "what?", "uh-huh" where the customer was owed an answer.

The same words said while the customer speaks are listening, so a token is curt only when it is the
agent's whole turn, the customer had come to a stop, and neither goes on as if it were a back-channel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.numerals import numbers_of
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict

_ID = "courtesy.please_thanks"
_REPAIRS = frozenset({"huh", "what", "eh"})  # with a question mark: never a back-channel once it is quiet
_ANSWERS = frozenset({"yep", "yup", "nah", "nope", "uhuh"})
_CONTINUERS = frozenset({"uhhuh", "mhm"})  # invite to go on; curt only where a question was asked
_OVERLAP = 0.25  # seconds of customer speech under the token that make it a back-channel
_RECENT = 8.0  # seconds since the customer's last words in which the token can be an answer to them
_RECEIPTS = frozenset(
    {"okay", "oh", "good", "great", "all", "right", "thanks", "thank", "ah", "fine", "you", "cool"}
)
_YOURS = re.compile(r"^(and|but|so|oh|well|okay)? ?you (should|have|had|got|did|must)\b")
_TAG = re.compile(r"\b(you know|right|okay|you see|is it not|eh)$")
_INVERTED = re.compile(
    r"^((and|but|so|okay|what|where|when|who|why|how) )*"
    r"(is|are|was|were|do|does|did|can|could|will|would|have|has|should|may|am)( not)? "
    r"(i|you|he|she|it|we|they|there|this|that|the|my|your|anyone|someone)\b"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    line: Line
    start: Seconds
    end: Seconds
    sure: bool  # a question was asked, or the token itself asks: no back-channel whatever follows
    confidence: float


class CurtAnswers(Part):
    """Waits a moment after the token: only what follows tells an answer from a back-channel."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._gap = judge.threshold(_ID, "turn_gap_seconds")
        self._least_confidence = judge.threshold(_ID, "curt_confidence")
        self._pending: _Candidate | None = None
        self._customer: Reading | None = None

    def heard(self, reading: Reading) -> Iterable[Detection]:
        line = reading.line
        found = list(self._settle(line.end, reading))
        if reading.by_agent:
            self._pending = self._candidate(reading)
        else:
            self._customer = reading
        return found

    def passed(self, at: Seconds) -> Iterable[Detection]:
        return list(self._settle(at))

    def finish(self, at: Seconds) -> Iterable[Detection]:
        return list(self._settle(at + 2 * self._gap))

    def _candidate(self, reading: Reading) -> _Candidate | None:
        line = reading.line
        texts = set(line.texts)
        repair = texts <= _REPAIRS and line.asks
        if self._customer is None or reading.continued or not (repair or texts <= _ANSWERS | _CONTINUERS):
            return None
        if self._customer.slight and not repair:
            return None  # nothing was said that wants an answer
        before = self._customer.line
        start, end = line.seconds(0, len(line.tokens) - 1)
        heard_well = line.confidence(0, len(line.tokens) - 1) >= self._least_confidence
        if not heard_well or not self._owed(before, start, end):
            return None
        asked = _asks(before) or (texts <= _ANSWERS and _about_you(before))
        if not repair and not asked and (texts & _CONTINUERS or _unfinished(before)):
            return None
        certain = repair or (asked and not texts & _CONTINUERS)
        return _Candidate(line, start, end, asked or repair, 0.9 if certain else 0.7)

    def _owed(self, before: Line, start: Seconds, end: Seconds) -> bool:
        """The customer had stopped, a moment ago, and the agent has said nothing since."""
        if self.floor.overlap(Party.CUSTOMER, start, end) > min(_OVERLAP, 0.5 * (end - start)):
            return False
        stopped = self.floor.ended(Party.CUSTOMER, start + _OVERLAP)
        if stopped is None or start - stopped > _RECENT or stopped > before.end + _RECENT:
            return False
        since_own = self.floor.overlap(Party.AGENT, stopped, start - 0.05)
        return since_own < 0.1 and not self.floor.missing(stopped - 1.0, end, Party.CUSTOMER)

    def _settle(self, now: Seconds, heard: Reading | None = None) -> Iterator[Detection]:
        pending = self._pending
        if pending is None:
            return
        agent = self.floor.resumed(Party.AGENT, pending.end + 0.05)
        customer = self.floor.resumed(Party.CUSTOMER, pending.end - _OVERLAP)
        quick = pending.end + self._gap
        if agent is not None and agent <= quick and (customer is None or agent < customer):
            self._pending = None  # the agent goes on: the token was not the whole turn
        elif customer is not None and customer < quick and not pending.sure:
            if heard is not None and not heard.by_agent and heard.line.end > pending.end:
                self._pending = None
                if _takes_note(heard.line):
                    yield self._curt(pending, now)
        elif customer is not None or now >= quick:
            self._pending = None
            yield self._curt(pending, now)

    def _curt(self, pending: _Candidate, at: Seconds) -> Detection:
        return self.judge.detect(
            _ID,
            Verdict.HARMFUL,
            where=f"{pending.line.id}/curt",
            kind="curt",
            start=pending.start,
            end=pending.end,
            at=max(at, pending.line.end),
            confidence=pending.confidence,
            evidence=(pending.line.whole(),),
            note="A whole sentence here would tell the customer that the answer was heard.",
        )


def _asks(line: Line) -> bool:
    """The line ends in a question that wants an answer; "you know?" and "right?" do not."""
    last = line.sentences[-1]
    text = " ".join(line.texts[last.first : last.last + 1])
    if _TAG.search(text):
        return False
    return last.mark == "?" or (not last.mark and bool(_INVERTED.match(text)))


def _about_you(line: Line) -> bool:
    """ "You should have that already." asks about what only the agent can know."""
    last = line.sentences[-1]
    return bool(last.mark) and bool(_YOURS.match(" ".join(line.texts[last.first : last.last + 1])))


def _unfinished(line: Line) -> bool:
    """A row of digits being dictated, or a sentence left open: the customer is still at it."""
    said = numbers_of(line)
    dictated = sum(number.last - number.first + 1 for number in said)
    return not line.sentences[-1].mark or 2 * dictated >= len(line.tokens)


def _takes_note(line: Line) -> bool:
    """A short receipt ("Okay. Good."): what came before it was taken as an answer, not as listening."""
    return len(line.tokens) <= 4 and set(line.texts) <= _RECEIPTS
