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
_REPAIRS = frozenset({"huh", "what", "eh", "why"})  # with a question mark: no back-channel once it is quiet
_CHALLENGES = frozenset({"yeah", "so", "and"})  # likewise: "Yeah?" to a complaint
_UNMARKED = frozenset(
    {"what", "huh", "eh", "yeah", "yes"}
)  # the recogniser may have dropped the question mark
_ANSWERS = frozenset({"yep", "yup", "nah", "nope"})
_REFUSALS = frozenset({"nah", "nope"})  # nobody nods with these
_CONTINUERS = frozenset({"uhhuh", "mhm", "uhuh"})
"""They invite to go on, and are curt only where a question was asked. By telephone "uh-huh" is often heard as
"uh-uh"."""
_NO = frozenset({"no"})  # an answer only where a question was asked: else it may be sympathy
_GOES_ON = frozenset(
    {"and", "so", "but", "because", "or", "then", "plus", "also", "like", "which", "that", "anyway"}
)
_OPEN = frozenset(
    {
        "a",
        "an",
        "and",
        "at",
        "for",
        "is",
        "my",
        "of",
        "or",
        "our",
        "the",
        "to",
        "but",
        "so",
        "with",
        "in",
        "on",
        "um",
    }
)
_BREATH = 0.4  # seconds: an unpunctuated line this far back was finished
_OVERLAP = 0.25  # seconds of customer speech under the token that make it a back-channel
_SHORT = 8  # tokens
_LATELY = 16  # tokens
_RECENT = 8.0  # seconds since the customer's last words in which the token can be an answer to them
_RECEIPTS = frozenset(
    {"okay", "oh", "good", "great", "all", "right", "thanks", "thank", "ah", "fine", "you", "cool"}
)
_YOURS = re.compile(r"^(and|but|so|oh|well|okay)? ?you (should|have|had|got|did|must)\b")
_TO_YOU = frozenset({"you", "your", "yours", "somebody", "anybody", "nobody", "manager"})
_TAG = re.compile(r"\b(you know|right|okay|you see|is it not|eh)$")
_ASKS_AFTER = re.compile(
    r"^(um )?(hello|what do you mean)\b|\b(are you (even |still )?(listening|there)|did you (hear|get))\b"
)
_INSISTS = re.compile(r"\bi (want|need|would like|demand|asked|told)\b")
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
    owed: bool  # what was said was put to the agent: only a customer who just goes on makes it listening
    nods: bool  # the token is one that people nod with
    confidence: float
    repeats: Line | None = None  # curt only if the customer then says this again: it was taken as a question


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
        texts = frozenset(line.texts)
        asks = line.asks and texts <= _REPAIRS | _CHALLENGES
        if self._customer is None or reading.continued:
            return None
        unmarked = not asks and texts <= _UNMARKED
        if not (asks or unmarked or texts <= _ANSWERS | _CONTINUERS | _NO):
            return None
        if self._customer.slight and not asks:
            return None  # nothing was said that wants an answer
        before = self._customer.line
        start, end = line.seconds(0, len(line.tokens) - 1)
        heard_well = line.confidence(0, len(line.tokens) - 1) >= self._least_confidence
        if not heard_well or not self._owed(before, start, end):
            return None
        asked = _asks(before) or (texts <= _ANSWERS and _about_you(before))
        put = asked or self._customer.has("wants") or bool(_TO_YOU & set(before.texts[-_LATELY:]))
        nods = bool(texts & (_CONTINUERS | _NO))
        if not (asks or asked) and _unfinished(before, start):
            return None
        if "why" in texts and not put:
            return None
        if unmarked:
            return None if asked else _Candidate(line, start, end, False, False, True, 0.65, before)
        certain = asks or (asked and not nods)
        return _Candidate(line, start, end, asked or asks, put, nods, 0.9 if certain else 0.7)

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
                if _is_answered(pending, heard.line):
                    yield self._curt(pending, now)
        elif customer is not None or now >= quick:
            self._pending = None
            if pending.sure or not pending.nods:
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


def _unfinished(line: Line, until: Seconds) -> bool:
    """A row of digits being dictated, or a sentence left open: the customer is still at it."""
    said = numbers_of(line)
    dictated = sum(number.last - number.first + 1 for number in said)
    if 2 * dictated >= len(line.tokens) or line.texts[-1] in _OPEN:
        return True
    if line.sentences[-1].mark:
        return False
    punctuated = len(line.sentences) > 1 or len(line.sentences[0].clauses) > 1
    return punctuated or line.utterance.words[-1].text.endswith((",", "-")) or until - line.end < _BREATH


def _is_answered(pending: _Candidate, line: Line) -> bool:
    """The customer took the token for the answer: with a receipt, a new start, or by asking after it."""
    if pending.repeats is not None:
        assures = "what" in pending.line.texts or line.texts[0] in {"yes", "yeah", "no", "what", "i"}
        return assures and _says_again(line, pending.repeats)
    if _ASKS_AFTER.search(" ".join(line.texts)) or (_takes_note(line) and not pending.nods):
        return True
    if not pending.owed or (pending.nods and not (line.asks or _INSISTS.search(" ".join(line.texts)))):
        return False
    return line.texts[0] not in _GOES_ON or bool(frozenset(pending.line.texts) <= _REFUSALS)


def _says_again(line: Line, before: Line) -> bool:
    """A short line, half of whose words of weight were in the one before."""
    words = {text for text in line.texts if len(text) > 3 and text not in _GOES_ON | _UNMARKED}
    again = words & set(before.texts)
    return len(line.tokens) <= _SHORT and bool(again) and 2 * len(again) >= len(words)


def _takes_note(line: Line) -> bool:
    """A short receipt ("Okay. Good."): what came before it was taken as an answer, not as listening."""
    return len(line.tokens) <= 4 and set(line.texts) <= _RECEIPTS
