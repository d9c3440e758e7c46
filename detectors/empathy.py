"""emotion.empathy: a customer tells of real trouble, and the agent names the feeling or the inconvenience.

Delivered at once with the words that do it; missed when the whole reply passes over plain trouble.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detectors.emotion_part import Answer, Part, Talk
from detectors.frustration import Cue
from detectors.leaks import consoles
from detectors.lexicon import Match, lexicon
from detectors.matter import Move, move
from detectors.text import Line
from streaming.events import Detection, Evidence, Party, Seconds, Verdict

EMPATHY = "emotion.empathy"
_BARE = 6  # tokens
_TOLD, _UNPROMPTED, _PASSED_OVER = 0.85, 0.7, 0.7


@dataclass(slots=True)
class _Told:
    """Trouble told in a line, and what the agent has said to it."""

    line: Line
    evidence: tuple[Evidence, ...]
    plain: bool  # by its own words, and not only by the tone of the turn
    first: bool  # the first that the agent hears of the customer's anger
    reply: list[Answer]


class Empathy(Part):
    """At most one verdict for each turn that tells of trouble."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk)
        self._told: _Told | None = None
        self._known = False  # that the customer is angry

    def heard(self, line: Line, cue: Cue) -> Iterator[Detection]:
        told = self._told
        if told is not None and told.reply and move(line) is not Move.NOD:
            yield from self._passed_over()
        found = trouble(line)
        if found or cue.weight:
            earlier = self._told if self._told is not None and not self._told.reply else None
            evidence = (*(earlier.evidence if earlier else ()), *(found or cue.evidence))
            plain = bool(found) or (earlier is not None and earlier.plain)
            first = not self._known or (earlier is not None and earlier.first)
            self._known = self._known or bool(cue.weight)
            self._told = _Told(line, evidence, plain, first and bool(cue.weight), [])

    def answered(self, answer: Answer) -> Iterator[Detection]:
        told = self._told
        feeling = answer.feeling
        if feeling is None:
            if told is not None and not answer.nods:
                told.reply.append(answer)
            return
        if told is not None:
            self._told = None
            yield self._delivered(answer.line, feeling, told.evidence)
        elif consoles(answer.line) and self._customer_spoke():
            yield self._delivered(answer.line, feeling, ())

    def finish(self) -> Iterable[Detection]:
        return self._passed_over()

    def _customer_spoke(self) -> bool:
        last = self.talk.floor.last(Party.CUSTOMER)
        return last is not None and move(last) is not Move.NOD

    def _passed_over(self) -> Iterator[Detection]:
        told, self._told = self._told, None
        if told is None or not told.reply or not (told.plain or (told.first and _is_bare(told.reply))):
            return
        if any(one.offers for one in told.reply) or self._unheard(told):
            return
        yield self.judge.detect(
            EMPATHY,
            Verdict.MISSED,
            where=told.line.id,
            start=told.line.start,
            end=told.reply[-1].line.end,
            at=max(self.talk.now, told.reply[-1].line.end),
            confidence=_PASSED_OVER,
            evidence=(*told.evidence, *(one.line.whole() for one in told.reply)),
            note="The customer told of trouble, and the agent's answer passes it over.",
        )

    def _unheard(self, told: _Told) -> bool:
        return self.talk.floor.missing(told.line.end, self.talk.now, Party.AGENT)

    def _delivered(self, line: Line, match: Match, cause: tuple[Evidence, ...]) -> Detection:
        start, end = line.seconds(match.first, match.last)
        at: Seconds = max(self.talk.now, line.end)
        return self.judge.detect(
            EMPATHY,
            Verdict.DELIVERED,
            where=line.id,
            start=start,
            end=end,
            at=at,
            confidence=_TOLD if cause else _UNPROMPTED,
            evidence=(*cause, line.evidence(match.first, match.last)),
            note="The agent names what the customer is going through, or apologises for it.",
        )


def _is_bare(reply: list[Answer]) -> bool:
    """A demand, and nothing else: longer answers may meet anger in other ways."""
    return reply[-1].went is Move.ON and sum(len(one.line.tokens) for one in reply) <= _BARE


def trouble(line: Line) -> tuple[Evidence, ...]:
    """The words that tell of loss, illness, fear or an ordeal."""
    return tuple(line.evidence(one.first, one.last) for one in lexicon("leakage").find(line, "trouble"))
