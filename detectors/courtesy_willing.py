"""Readiness to help: a request is met with a willing word before the procedure starts."""

from __future__ import annotations

from collections.abc import Iterable

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import Match
from detectors.text import Line
from streaming.events import Detection, Evidence, Party, Seconds, Verdict

_ID = "courtesy.willingness"
_A_REASON = 7  # tokens: the customer's first line this long says why they call, however they put it
_OVERLAP = 0.3  # seconds: an agent who speaks into the customer's line had, or has taken, the floor
_AGAIN = 8.0  # seconds: a request restated this soon is the same one


class Willingness(Part):
    """One judgement a request. Asking for data straight away is missed at once; otherwise the agent
    has a few turns: hearing the problem out first is no lack of will."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._turns = int(judge.threshold(_ID, "turns"))
        self._seconds = judge.threshold(_ID, "answer_seconds")
        self._request: tuple[Line, tuple[int, int]] | None = None  # and the tokens that ask
        self._reason_heard = False
        self._answers: list[Line] = []
        self._taken = 0  # agent turns since the request
        self._agent_has_floor = False

    def heard(self, reading: Reading) -> Iterable[Detection]:
        if not reading.by_agent:
            return self._customer(reading)
        if self._request is None or (reading.slight and not reading.has("willing")):
            return ()
        line = reading.line
        if not self._agent_has_floor:
            self._agent_has_floor = True
            self._taken += 1
        self._answers.append(line)
        if reading.has("willing", "welcome"):
            return self._judge(Verdict.DELIVERED, line.end, reading.of("willing", "welcome")[0])
        spoken = sum(answer.end - answer.start for answer in self._answers)
        if any(ask.form == "demand" for ask in reading.asks) or spoken >= self._seconds:
            return self._judge(Verdict.MISSED, line.end)
        return ()

    def finish(self, at: Seconds) -> Iterable[Detection]:
        return self._judge(Verdict.MISSED, at) if self._answers else ()

    def _customer(self, reading: Reading) -> Iterable[Detection]:
        agent_since = self.floor.speaking(Party.AGENT)
        over = agent_since is not None and agent_since < reading.line.end - _OVERLAP
        if reading.slight or over:
            return ()  # an interjection takes no turn
        self._agent_has_floor = False
        found: tuple[Detection, ...] = ()
        if self._request and self._taken >= self._turns:
            found = self._judge(Verdict.MISSED, reading.line.end)
        wanted = self._wanted(reading)
        if wanted is not None:
            soon = self._request and reading.line.start - self._request[0].end < _AGAIN
            if self._answers and not soon:
                found = (*found, *self._judge(Verdict.MISSED, reading.line.end))
            clearer = reading.has("wants") and not self._answers
            if self._request is None or not soon or clearer:
                self._request = (reading.line, wanted)
        return found

    def _wanted(self, reading: Reading) -> tuple[int, int] | None:
        """The tokens that ask for something; the call's reason counts however it is put."""
        last = len(reading.line.tokens) - 1
        for match in reading.of("wants"):
            if not self._excused(reading, match):
                self._reason_heard = True
                return match.first, match.last
        if self._reason_heard or last + 1 < _A_REASON:
            return None
        self._reason_heard = True
        return 0, last

    def _excused(self, reading: Reading, match: Match) -> bool:
        return any(
            other.first <= match.last and match.first <= other.last for other in reading.of("not_wants")
        )

    def _judge(self, verdict: Verdict, at: Seconds, shown: Match | None = None) -> tuple[Detection, ...]:
        request, answers = self._request, self._answers
        self._request, self._answers, self._taken = None, [], 0
        if request is None or not answers:
            return ()
        line, asked = request
        if verdict is Verdict.MISSED and self.floor.missing(line.end, answers[-1].end, Party.AGENT):
            return ()
        answer: Evidence = answers[-1].evidence(shown.first, shown.last) if shown else answers[0].whole()
        return (
            self.judge.detect(
                _ID,
                verdict,
                where=line.id,
                start=answers[0].start,
                end=answers[-1].end,
                at=max(at, answers[-1].end),
                confidence=0.85 if shown else 0.7,
                evidence=(line.evidence(*asked), answer),
                note="The request is met with readiness to help."
                if shown
                else "The request leaves room for a word of readiness before the procedure.",
            ),
        )
