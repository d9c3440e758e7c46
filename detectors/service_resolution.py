"""Is it settled? Whether the agent asks before the call ends, and what the customer says to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import Match, lexicon
from detectors.meaning import examples, likeness
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict

RESOLUTION = "service.resolution"
_NEAR = 4  # tokens
_OPENERS = frozenset({"is", "are", "do", "does", "will", "anything", "need", "what"})
_TURNS = 3  # agent lines before it can be asked: an opening asks what it is about, not whether it is settled


class Resolution(Part):
    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._likeness = likeness(examples("service", "settles"), judge.policy.meaning)
        self._lines = 0
        self._asked = False
        self._answer_due = False
        self._confirmed = False
        self._farewell: Line | None = None

    def heard(self, reading: Reading) -> Iterable[Detection]:
        if lexicon("conversation").has(reading.line, "farewell"):
            self._farewell = reading.line
        return list(self._agent(reading) if reading.by_agent else self._customer(reading))

    def finish(self, at: Seconds) -> Iterable[Detection]:
        end = self._farewell
        if self._asked or end is None or self._lines <= _TURNS:
            return ()
        note = "The call ended without asking whether everything was settled."
        return (self._found(end, 0, len(end.tokens) - 1, Verdict.MISSED, "", 0.8, note, Party.AGENT, at),)

    def _agent(self, reading: Reading) -> Iterator[Detection]:
        self._lines += 1
        line = reading.line
        self._answer_due = False
        if self._lines <= _TURNS:
            return
        asks = [match for match in reading.of("asks_settled") if _is_asked(line, match)]
        found = (asks[0].first, asks[0].last, 0.85) if asks else None
        likely = self._likeness.best(line) if found is None and line.asks else None
        if likely is not None and likely.score >= self.judge.threshold(RESOLUTION, "meaning"):
            found = (likely.piece.first, likely.piece.last, round(0.5 + 0.4 * likely.score, 2))
        if found is None:
            return
        self._answer_due = True
        if not self._asked:
            self._asked = True
            note = "The agent asks whether everything is settled."
            yield self._found(line, *found[:2], Verdict.DELIVERED, "", found[2], note, Party.AGENT)

    def _customer(self, reading: Reading) -> Iterator[Detection]:
        due = self._answer_due
        if reading.slight and not due:
            return
        self._answer_due = False
        line = reading.line
        yes = reading.of("confirms", "confirms_alone")
        yes = yes if due else reading.of("confirms_alone")
        if self._confirmed or not (due or yes) or line.asks or _goes_on(reading):
            return
        if yes or (due and line.texts[0] in ("no", "nope", "nah", "yes", "yep", "yeah")):
            self._confirmed = True
            first, last = (yes[0].first, yes[0].last) if yes else (0, 0)
            note = "The customer confirms that it is settled."
            yield self._found(line, first, last, Verdict.OBSERVED, "confirmed", 0.8, note, Party.CUSTOMER)

    def _found(
        self,
        line: Line,
        first: int,
        last: int,
        verdict: Verdict,
        kind: str,
        confidence: float,
        note: str,
        speaker: Party,
        at: Seconds | None = None,
    ) -> Detection:
        start, end = line.seconds(first, last)
        return self.judge.detect(
            RESOLUTION,
            verdict,
            where=line.id if kind else "end" if verdict is Verdict.MISSED else "asked",
            kind=kind,
            start=start,
            end=end,
            at=max(line.end, at or 0.0),
            confidence=confidence,
            evidence=(line.evidence(first, last),),
            note=note,
            speaker=speaker,
        )


def _is_asked(line: Line, match: Match) -> bool:
    """By its mark, or by how it opens: the recogniser often ends a question like a statement."""
    return line.sentence_of(match.first).mark in ("?", "") or line.texts[match.first] in _OPENERS


def _goes_on(reading: Reading) -> bool:
    """ "No, but …": something is left, said near the beginning."""
    return any(match.first <= _NEAR for match in reading.of("not_yet"))
