"""Emotion: the customer's frustration as a fact of the call, and how the agent meets it.

Words and the conversation's dynamics decide; voice supports, the agent's only under the profile `full`.
Each part judges one kind of moment and shares the customer's state (`Frustration`) and one reading of
every line. Partials are judged for leakage only, and nothing is remembered of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from detectors.abuse import Abuse
from detectors.base import Judge
from detectors.cues import warm
from detectors.emotion_part import Part, Talk, read_answer
from detectors.empathy import Empathy
from detectors.frustration import Cue, Frustration
from detectors.frustration_clock import FrustrationClock
from detectors.leakage import Leakage
from detectors.matter import Move
from detectors.meaning import examples, likeness
from detectors.recovery import Recovery
from detectors.temper import Temper
from detectors.text import Line
from detectors.turns import Reading, Turns
from streaming.events import (
    CallInfo,
    Detection,
    Event,
    Evidence,
    Party,
    Seconds,
    Signal,
    Tick,
    Utterance,
    Verdict,
    WordsHeldBack,
)
from streaming.ports import Policy

FRUSTRATION = "emotion.frustration"


class Emotion(Judge):
    """One call's judge of `emotion.*`."""

    name = "emotion"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        warm()
        like = likeness(examples("emotion", "frustrated"), policy.meaning)
        state = Frustration(
            self.threshold(FRUSTRATION, "half_life_seconds"),
            like if like.present else None,
            shows=self.threshold(FRUSTRATION, "observed_surely", 2.0),
        )
        self._reading = Reading(policy.reader)
        self._talk = Talk(self, state, self._reading)
        self._turns = Turns(self._talk.floor)
        self._temper = Temper()
        self._leakage = Leakage(self._talk)
        others = (Abuse, Recovery, Empathy, FrustrationClock)
        self._parts: tuple[Part, ...] = (self._leakage, *(part(self._talk) for part in others))

    def feed(self, event: Event, /) -> Iterable[Detection]:
        return list(self._feed(event))

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        self._talk.now = max(self._talk.now, at)
        return [one for part in self._parts for one in part.finish()]

    def _feed(self, event: Event) -> Iterator[Detection]:
        talk = self._talk
        if isinstance(event, Utterance) and not event.final:
            yield from self._leakage.glimpsed(event)
            return
        line = talk.floor.feed(event)
        if line is not None:
            talk.now = max(talk.now, line.end)
            yield from self._hear(line) if line.speaker is Party.CUSTOMER else self._answered(line)
        elif isinstance(event, Signal):
            self._sense(event)
        elif isinstance(event, WordsHeldBack) and event.speaker is Party.AGENT:
            self._leakage.doubt(event)
        elif isinstance(event, Tick):
            talk.now = max(talk.now, event.at)
            for part in self._parts:
                yield from part.passed()

    def _hear(self, line: Line) -> Iterator[Detection]:
        turn = self._turns.hear(line)
        scores = self._reading.of(turn)
        shows = self._temper.shows(turn.number, scores["frus"], line) if turn and "frus" in scores else None
        cue = self._talk.customer.hear(line, shows)
        if cue.weight and turn is not None and not cue.evidence:
            cue = replace(cue, evidence=(line.evidence(*self._reading.tells(turn, "frus")[1:]),))
        self._talk.cue = cue
        if cue.weight:
            yield self._observed(line, cue)
        for part in self._parts:
            yield from part.heard(line, cue)

    def _answered(self, line: Line) -> Iterator[Detection]:
        answer = read_answer(line, self._turns.hear(line), self._reading)
        self._temper.answered(answer.scores.get("leak", 0.0))
        leaked = tuple(self._leakage.judged(answer))
        yield from leaked
        answer = replace(answer, leaks=leaked)
        for part in self._parts:
            yield from part.answered(answer)
        again = answer.went is Move.REPAIR
        if not answer.nods or leaked:
            self._talk.customer.answer(line, hurts=bool(leaked), asks_again=again)

    def _observed(self, line: Line, cue: Cue) -> Detection:
        evidence: tuple[Evidence, ...] = (*cue.evidence, self._talk.customer.span(line))
        return self.detect(
            FRUSTRATION,
            Verdict.OBSERVED,
            where=line.id,
            start=line.start,
            end=line.end,
            at=max(self._talk.now, line.end),
            confidence=round(min(0.95, 0.5 + 0.25 * cue.weight), 2),
            evidence=evidence,
            note="The customer shows frustration.",
            speaker=Party.CUSTOMER,
        )

    def _sense(self, signal: Signal) -> None:
        if signal.speaker is Party.CUSTOMER:
            self._talk.customer.sense(signal)
        for part in self._parts:
            part.sensed(signal)
