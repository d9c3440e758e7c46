"""What the agent's sentences do: check understanding, refuse or find a way, take on, look ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import Match
from detectors.meaning import Piece, examples, likeness, pieces
from detectors.numerals import numbers_of
from detectors.text import Line, Sentence
from streaming.events import Detection, Seconds, Verdict

COMPREHENSION = "listening.comprehension"
POSITIVE = "language.positive"
OWNERSHIP = "service.ownership"
NEXT = "service.next_issue"
_RIGHT_AFTER: Seconds = 8.0  # a way found this soon behind a refusal belongs to it
_LATELY = 2
_LEAST_CHECK = 6  # tokens of an understanding: fewer repeat a word
_LONG_NUMBER = 5  # digits
_OF_CUSTOMER = frozenset({"you", "your"})
_SUBJECT = 3  # tokens at a sentence's beginning in which it says whom it is about


@dataclass(slots=True)
class _Refusal:
    line: Line
    first: int
    last: int
    confidence: float


class Language(Part):
    """A refusal waits for the agent's next words: a way found there is what should have been said."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        meaning = judge.policy.meaning
        of = {key: likeness(examples("service", key), meaning) for key in _CLASSES}
        self._likeness = of
        self._refusal: _Refusal | None = None
        self._lately = 0  # agent lines left in which a way found answers the last refusal

    def heard(self, reading: Reading) -> Iterable[Detection]:
        if not reading.by_agent:
            return self._settle(reading.line.end) if not reading.slight else ()
        return [
            *self._checks(reading),
            *self._positive(reading),
            *self._owns(reading),
            *self._ahead(reading),
        ]

    def passed(self, at: Seconds) -> Iterable[Detection]:
        refusal = self._refusal
        return self._settle(at) if refusal and at > refusal.line.end + _RIGHT_AFTER else ()

    def finish(self, at: Seconds) -> Iterable[Detection]:
        return self._settle(at)

    # Understanding

    def _checks(self, reading: Reading) -> Iterator[Detection]:
        line = reading.line
        opens = reading.of("checks")
        asks = reading.of("confirms_ask")
        said = len(line.tokens) - sum(one.last - one.first + 1 for one in numbers_of(line))
        wordy = said >= _LEAST_CHECK and not reading.has("asks_settled")
        if wordy and opens and (asks or line.asks):
            yield self._found(COMPREHENSION, Verdict.DELIVERED, line, opens[0].first, opens[0].last, 0.85)
        elif (line.asks or asks) and not reading.has("asks_settled"):
            likely = self._likely(line, "checks", COMPREHENSION) if wordy else None
            likely = likely or _restated(reading)
            if likely is not None:
                yield self._found(COMPREHENSION, Verdict.DELIVERED, line, *likely)

    # What can be done

    def _positive(self, reading: Reading) -> Iterator[Detection]:
        line = reading.line
        downs = [
            match
            for match in reading.of("turns_down")
            if self._own(line, match.first) and not _asks(line, match.first) and not _idle(reading, match)
        ]
        surely = self._ways(reading, "finds_way_surely", ())
        ways = surely or self._ways(reading, "finds_way", downs)
        lately, self._lately = self._lately, max(0, self._lately - (0 if reading.slight else 1))
        if ways and (surely or downs or lately):
            self._refusal = None
            yield self._found(POSITIVE, Verdict.DELIVERED, line, ways[0].first, ways[0].last, 0.75)
            return
        likely = self._likely(line, "finds_a_way", POSITIVE)
        if likely is not None and (downs or lately):
            self._refusal = None
            yield self._found(POSITIVE, Verdict.DELIVERED, line, *likely)
        elif downs:
            self._lately = _LATELY
            if self._refusal is None:
                self._refusal = _Refusal(line, downs[0].first, downs[0].last, 0.7)

    def _ways(self, reading: Reading, label: str, downs: Sequence[Match]) -> list[Match]:
        """Own words that find a way; "there's no way" is none, nor what stands right behind it."""
        refused = {at for match in downs for at in range(match.first, match.last + 2)}
        return [
            match
            for match in reading.of(label)
            if self._own(reading.line, match.first) and refused.isdisjoint((match.first, match.last))
        ]

    def _settle(self, at: Seconds) -> Iterator[Detection]:
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            yield self._found(
                POSITIVE, Verdict.MISSED, refusal.line, refusal.first, refusal.last, refusal.confidence, at=at
            )

    # Ownership

    def _owns(self, reading: Reading) -> Iterator[Detection]:
        line = reading.line
        takes = [
            match
            for match in reading.of("takes_on")
            if self._own(line, match.first) and not reading.has("checks")
        ]
        away = [match for match in reading.of("sends_away") if self._own(line, match.first)]
        if takes and not _asks(line, takes[0].first):
            yield self._found(OWNERSHIP, Verdict.DELIVERED, line, takes[0].first, takes[0].last, 0.75)
        elif away and not _asks(line, away[0].first):
            yield self._found(OWNERSHIP, Verdict.MISSED, line, away[0].first, away[0].last, 0.75)
        elif not line.asks and not reading.has("turns_down"):
            taken = self._likely(line, "takes_on", OWNERSHIP)
            if taken is not None:
                yield self._found(OWNERSHIP, Verdict.DELIVERED, line, *taken)

    # The next call

    def _ahead(self, reading: Reading) -> Iterator[Detection]:
        line = reading.line
        told = [match for match in reading.of("looks_ahead") if not _asks(line, match.first)]
        likely = self._likely(line, "looks_ahead", NEXT)
        model = self._likeness["looks_ahead"]
        if likely is not None:
            yield self._found(NEXT, Verdict.DELIVERED, line, *likely)
        elif told and not model.present:
            yield self._found(NEXT, Verdict.DELIVERED, line, told[0].first, told[0].last, 0.6)
        elif told and self._score(line, told[0].first, model.score) >= self.judge.threshold(
            NEXT, "supported"
        ):
            yield self._found(NEXT, Verdict.DELIVERED, line, told[0].first, told[0].last, 0.7)

    def _score(self, line: Line, at: int, score: object) -> float:
        assert callable(score)  # noqa: S101 (a bound method)
        return max((score(one.text) for one in pieces(line) if one.first <= at <= one.last), default=0.0)

    # Common

    def _likely(self, line: Line, key: str, behaviour: str) -> tuple[int, int, float] | None:
        found = self._likeness[key].best(line)
        if found is None or found.score < self.judge.threshold(behaviour, "meaning"):
            return None
        return found.piece.first, found.piece.last, round(0.5 + 0.4 * found.score, 2)

    def _own(self, line: Line, at: int) -> bool:
        """The words are the agent's own: not reported, denied or supposed."""
        piece = _piece_at(line, at)
        return piece is None or piece.own

    def _found(
        self,
        behaviour: str,
        verdict: Verdict,
        line: Line,
        first: int,
        last: int,
        confidence: float,
        *,
        at: Seconds | None = None,
    ) -> Detection:
        start, end = line.seconds(first, last)
        return self.judge.detect(
            behaviour,
            verdict,
            where=line.id,
            start=start,
            end=end,
            at=max(line.end, at or line.end),
            confidence=confidence,
            evidence=(line.evidence(first, last),),
            note=_NOTES[behaviour, verdict],
        )


_CLASSES = ("takes_on", "finds_a_way", "checks", "looks_ahead")
_NOTES = {
    (COMPREHENSION, Verdict.DELIVERED): "The agent says what was understood, and asks whether it is right.",
    (POSITIVE, Verdict.DELIVERED): "The agent says what can be done where something cannot.",
    (POSITIVE, Verdict.MISSED): "A no with nothing beside it: what can be done would help here.",
    (OWNERSHIP, Verdict.DELIVERED): "The agent takes it on.",
    (OWNERSHIP, Verdict.MISSED): "The customer is sent to somebody else with it.",
    (NEXT, Verdict.DELIVERED): "The agent answers what the customer would have called about next.",
}


def _piece_at(line: Line, at: int) -> Piece | None:
    return next((piece for piece in pieces(line) if piece.first <= at <= piece.last), None)


def _asks(line: Line, at: int) -> bool:
    sentence: Sentence = line.sentence_of(at)
    return sentence.mark == "?"


def _restated(reading: Reading) -> tuple[int, int, float] | None:
    """What the customer told, or a long number, said as a statement, and then only whether that is so."""
    line = reading.line
    for match in reading.of("confirms_surely"):
        asked = line.sentence_of(match.first)
        told = next((one for one in line.sentences if one.last + 1 == asked.first), None)
        if told is None or told.mark == "?":
            continue
        begins = line.texts[told.first : told.first + _SUBJECT]
        of_customer = not _OF_CUSTOMER.isdisjoint(begins) and "thank" not in begins
        if (of_customer and len(told) >= _LEAST_CHECK) or _says_number(line, told):
            return told.first, match.last, 0.75
    return None


def _says_number(line: Line, told: Sentence) -> bool:
    said = [one for one in numbers_of(line) if told.first <= one.first <= told.last]
    return sum(len(one.digits) for one in said) >= _LONG_NUMBER


def _idle(reading: Reading, match: Match) -> bool:
    """ "We can't have that", "there's no hurry": words of refusal that refuse nothing."""
    return any(
        one.first <= match.last and one.last >= match.first for one in reading.of("turns_nothing_down")
    )
