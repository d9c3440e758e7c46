"""What the agent calls the customer: uses of the name, too many of them, and wrong names.

Spelled as known, or plainly another, a name is judged at once; anything between when the customer has
answered: not corrected, what is like the name was the name, and what the agent called somebody of whom
nothing was known is learned; corrected, it was a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from detectors.acquaintance import Acquaintance
from detectors.addressing import Use, uses
from detectors.base import Judge
from detectors.introducing import named_first
from detectors.lexicon import lexicon, word_list
from detectors.name_asking import asks_name, is_verified
from detectors.name_learning import ID
from detectors.naming import Name, is_known, like, roles, said_as, same
from detectors.rhythm import Rhythm, Tempo
from detectors.text import Line
from detectors.vocative import Call, calls
from streaming.events import Detection, Seconds, Verdict

_NOTES = {
    "": "The customer's name is used in the conversation.",
    "forced": "The name comes so often that it sounds like a script; a little less sounds warmer.",
    "wrong_name": "The customer is addressed by a name other than the one known.",
    "corrected": "The customer is called by another name, and puts it right.",
}
_CONFIDENCE = {"exact": 0.9, "alike": 0.8, "forced": 0.75, "adopted": 0.7}


@dataclass(frozen=True, slots=True)
class _Called:
    """By what the customer was called, to be judged by the answer; `credit` is due if it is not corrected."""

    line: Line
    first: int
    last: int
    texts: tuple[str, ...]
    credit: Detection | None
    adopts: tuple[Name, ...] = ()


class Calling:
    """Judges each line of the agent's that calls the customer by a name."""

    def __init__(self, judge: Judge, known: Acquaintance) -> None:
        self._judge = judge
        self._known = known
        self._called: list[_Called] = []
        keys = ("burst_uses", "burst_seconds", "turns_share", "turns_least")
        self._rhythm = Rhythm(Tempo(**{key: judge.threshold(ID, key) for key in keys}))
        self.used_until: Seconds | None = None  # the end of the last line that used the name

    @property
    def waits_since(self) -> Seconds | None:
        """The end of the newest line that waits for the customer's answer."""
        return self._called[-1].line.end if self._called else None

    def hear_agent(
        self, line: Line, *, turn: bool, continued: bool, opening: bool, stated: Sequence[str]
    ) -> Iterator[Detection]:
        """`turn`: the agent takes the floor with it; `continued`: it goes on with an open sentence.

        `opening`: the customer has said nothing yet, so that "Hello, Larkspur" greets nobody.
        """
        if turn:
            self._rhythm.turn()
        found = uses(line, self._known.names, stated=stated)
        if found:
            yield from self._use(line, found)
            return
        self._known.doubt(line)
        if not continued and not lexicon("names").has(line, "checks_name"):
            called = (one for one in calls(line) if one.plain or not opening)
            yield from self._call(line, [one for one in called if self._known.may_be_own(one)])

    def hear_customer(self, line: Line, *, asked: bool) -> Iterator[Detection]:
        """`asked`: for the name, so that saying it corrects nothing."""
        corrected = () if asked else self._corrected_to(line)
        if corrected or not set(line.texts) <= word_list("names", "nods"):
            yield from self.settle(line.end, corrected)

    def settle(self, at: Seconds, corrected: tuple[str, ...] = ()) -> Iterator[Detection]:
        """What waited for an answer is credited, unless the last of it is corrected."""
        called, self._called = self._called, []
        for number, one in enumerate(called, start=1):
            if corrected and number == len(called):
                self._known.know(roles([(text,) for text in corrected]))
                yield self._wrong(one.line, one.first, one.last, at, "corrected")
            elif one.credit is not None:
                self._adopt(one)
                yield replace(one.credit, at=max(at, one.credit.at))

    # The name.

    def _use(self, line: Line, found: tuple[Use, ...]) -> Iterator[Detection]:
        exact = any(use.exact for use in found)
        begins = [line.seconds(use.first, use.last)[0] for use in found]
        forced = self._rhythm.use(begins, line.end)
        self.used_until = line.end
        credit = self._credit(line, found, "forced" if forced else "exact" if exact else "alike")
        if exact:
            yield credit
        else:
            first, last = found[0].first, found[-1].last
            texts = tuple(said_as(token) for token in line.tokens[first : last + 1])
            self._called.append(_Called(line, first, last, texts, credit))

    def _credit(self, line: Line, found: tuple[Use, ...], how: str) -> Detection:
        kind = "forced" if how == "forced" else ""
        return self._judge.detect(
            ID,
            Verdict.HARMFUL if kind else Verdict.DELIVERED,
            where=line.id,
            kind=kind,
            start=line.seconds(found[0].first, found[0].last)[0],
            end=line.seconds(found[-1].first, found[-1].last)[1],
            at=line.end,
            confidence=_CONFIDENCE[how],
            evidence=tuple(line.evidence(use.first, use.last) for use in found),
            note=_NOTES[kind],
        )

    # Another name, or one that nobody had heard before.

    def _call(self, line: Line, others: Sequence[Call]) -> Iterator[Detection]:
        for one in others:
            if (
                one.plain
                and self._is_well_heard(line, one)
                and self._known.may_be_called(one)
                and self._known.is_other(one)
            ):
                yield self._wrong(line, one.span.first, one.span.last, line.end, "wrong_name")
                return
        for one in others[-1:]:
            self._called.append(self._unjudged(line, one))

    def _is_well_heard(self, line: Line, call: Call) -> bool:
        heard = line.confidence(call.span.first, call.span.last)
        return heard >= self._judge.threshold(ID, "wrong_confidence")

    def _unjudged(self, line: Line, call: Call) -> _Called:
        first, last = call.span.first, call.span.last
        verifies = is_verified(line, call.span) or asks_name(line)
        alone = call.span.titled or line.tokens[first].word == line.tokens[last].word
        if not (alone and call.own) or verifies or not self._known.lacks(call):
            return _Called(line, first, last, call.texts, None)
        adopts = roles([(text,) for text in call.texts], titled=call.span.titled, sure=False)
        credit = self._credit(line, (Use(first=first, last=last, exact=False),), "adopted")
        return _Called(line, first, last, call.texts, credit, adopts)

    def _adopt(self, one: _Called) -> None:
        if one.adopts:
            self._known.know(one.adopts)
            self._rhythm.use([one.line.start], one.line.end)
            self.used_until = one.line.end

    def _wrong(self, line: Line, first: int, last: int, at: Seconds, how: str) -> Detection:
        start, end = line.seconds(first, last)
        shown = (line.evidence(first, last),)
        said_at = self._known.said_at
        return self._judge.detect(
            ID,
            Verdict.HARMFUL,
            where=f"{line.id}/wrong",
            kind="wrong_name",
            start=start,
            end=end,
            at=at,
            confidence=0.9 if self._known.from_data or how == "corrected" else 0.8,
            evidence=(*shown, said_at) if said_at else shown,
            note=_NOTES[how],
        )

    def _corrected_to(self, line: Line) -> tuple[str, ...]:
        """The name that the customer puts in the place of the one just used, or ()."""
        if not self._called or not line.tokens or line.texts[0] in word_list("names", "accepts"):
            return ()
        last = self._called[-1]
        called = last.texts
        echoed = line.sentences[0].mark == "?" and line.texts[0] in called
        at = line.sentences[0].last + 1 if echoed else 0
        texts = named_first(line, at)
        if not texts or self._known.agent & set(texts):
            return ()
        differs = not any(text in called for text in texts)
        own = any(same(text, known) for text in texts for known in self._known.texts)
        near = any(like(text, other) for text in texts for other in called)
        told = is_known(texts[0]) and line.texts[at : at + 2] == ("it", "is") and not last.line.asks
        return texts if differs and (own or near or echoed or told) else ()
