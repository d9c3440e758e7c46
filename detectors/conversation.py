"""The conversation's dynamics: interruptions, a beat before answering, dead air, shares, rates and the end.

Everything but interruptions and pauses is `observed`: shown beside the behaviours, never a goal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detectors.base import Judge
from detectors.floor import Floor
from detectors.interruption import Interruptions
from detectors.lexicon import lexicon
from detectors.matter import Move, move
from detectors.text import Line
from streaming.events import (
    CallInfo,
    Detection,
    Event,
    Party,
    Seconds,
    SignalSpan,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    Verdict,
)
from streaming.ports import Policy

_PAUSE = "listening.pause"
_DEAD_AIR = "call.dead_air"
_LEAST_SPEECH = 5.0  # seconds of both parties' speech below which a share or a rate says nothing
_NEAR = 0.25  # the agent's rate within this share of the customer's matches it


@dataclass(slots=True)
class _Voice:
    """What one party said so far: `since` while it speaks."""

    speech: Seconds = 0.0
    words: int = 0
    since: Seconds | None = None

    def seconds(self, at: Seconds) -> Seconds:
        return self.speech + (max(0.0, at - self.since) if self.since is not None else 0.0)


class Conversation(Judge):
    """Judges `listening.interruption`, `listening.pause` and `call.*`."""

    name = "conversation"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._floor = Floor()
        self._interruptions = Interruptions(self, self._floor)
        self._voices = {party: _Voice() for party in Party}
        self._farewell: Line | None = None
        self._long: Line | None = None  # the customer's long turn that is to be answered
        self._shortest: Seconds | None = None  # the agent's quickest answer: what the line itself delays
        self._dead_since: Seconds | None = None
        self._now: Seconds = 0.0

    def feed(self, event: Event, /) -> Iterable[Detection]:
        line = self._floor.feed(event)
        match event:
            case SpeechStarted():
                return list(self._starts(event))
            case SpeechEnded():
                self._ends(event)
            case Utterance(final=True):
                self._voices[event.speaker].words += len(event.words)
            case Tick():
                self._now = max(self._now, event.at)
                self._watch_silence(event.at)
        return list(self._hear(line)) if line is not None else []

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        self._now = max(self._now, at)
        return [*self._shares(at), *self._rates(at), self._length(at), *self._end(at)]

    def _hear(self, line: Line) -> Iterator[Detection]:
        self._now = max(self._now, line.end)
        if lexicon("conversation").has(line, "farewell"):
            self._farewell = line
        if line.speaker is Party.AGENT:
            yield from self._beat(line)
        else:
            words = sum(1 for _ in line.tokens)
            self._long = line if words >= self.threshold(_PAUSE, "turn_words") else None
        yield from self._interruptions.heard(line, self._now)

    # A beat before answering

    def _beat(self, line: Line) -> Iterator[Detection]:
        before = self._floor.last(Party.CUSTOMER)
        if before is None or move(line) is Move.NOD or self._floor.missing(before.start, line.end):
            return
        waited = line.seconds(0, 0)[0] - before.end
        long, self._long = self._long, None
        if waited < 0 or waited > self.threshold(_PAUSE, "most_seconds"):
            return
        delay = self._shortest if self._shortest is not None else 0.0
        self._shortest = waited if self._shortest is None else min(self._shortest, waited)
        if long is None:
            return
        rested = waited - delay >= self.threshold(_PAUSE, "beat_seconds")
        yield self.detect(
            _PAUSE,
            Verdict.DELIVERED if rested else Verdict.MISSED,
            where=line.id,
            start=before.end,
            end=before.end + waited,
            at=max(self._now, line.end),
            confidence=0.6,
            evidence=(line.evidence(0, 0),),
            note="A beat before the answer." if rested else "A beat here would show that it was heard.",
        )

    # Silence

    def _watch_silence(self, at: Seconds) -> None:
        silence = self._floor.silent_since()
        long = silence is not None and at - silence[0] >= self.threshold(_DEAD_AIR, "silence_seconds")
        self._dead_since = silence[0] if silence is not None and long else None

    def _starts(self, event: SpeechStarted) -> Iterator[Detection]:
        voice = self._voices[event.speaker]
        voice.since = event.at if voice.since is None else voice.since
        since, self._dead_since = self._dead_since, None
        if since is None or event.at <= since or self._floor.missing(since, event.at):
            return
        value = round(event.at - since, 1)
        span = SignalSpan(name="silence", speaker=event.speaker, start=since, end=event.at, value=value)
        yield self.detect(
            _DEAD_AIR,
            Verdict.OBSERVED,
            where=f"{since:.2f}",
            start=since,
            end=event.at,
            at=max(self._now, event.at),
            evidence=(span,),
            note=f"Nobody spoke for {value:.0f} seconds.",
        )

    def _ends(self, event: SpeechEnded) -> None:
        voice = self._voices[event.speaker]
        if voice.since is not None:
            voice.speech += max(0.0, event.at - voice.since)
            voice.since = None

    # The call's end

    def _shares(self, at: Seconds) -> Iterator[Detection]:
        agent, customer = (self._voices[party].seconds(at) for party in (Party.AGENT, Party.CUSTOMER))
        if len(self.call.parties) < len(Party) or agent + customer < _LEAST_SPEECH:
            return
        share = round(agent / (agent + customer), 3)
        note = f"The agent had {share:.0%} of the talk."
        yield self._figure("call.talk_ratio", at, {Party.AGENT: share}, "talk_ratio", note)

    def _rates(self, at: Seconds) -> Iterator[Detection]:
        rates = {
            party: round(60 * voice.words / voice.seconds(at), 1)
            for party, voice in self._voices.items()
            if voice.seconds(at) >= _LEAST_SPEECH and voice.words
        }
        if Party.AGENT not in rates:
            return
        said = f"The agent spoke {rates[Party.AGENT]:.0f} words a minute"
        customer = f", the customer {rates[Party.CUSTOMER]:.0f}" if Party.CUSTOMER in rates else ""
        note = f"{said}{customer}{_match(rates)}."
        yield self._figure("call.rate", at, rates, "words_per_minute", note)

    def _length(self, at: Seconds) -> Detection:
        minutes, seconds = divmod(round(at), 60)
        note = f"The call took {minutes}:{seconds:02} minutes."
        return self._figure("call.handle_time", at, {Party.AGENT: round(at, 1)}, "handle_time", note)

    def _end(self, at: Seconds) -> Iterator[Detection]:
        if not self._floor.lines:
            return
        last = self._floor.lines[-1]
        speaking = next((party for party in Party if self._floor.speaking(party) is not None), None)
        if speaking is Party.AGENT:
            kind, note = "closing_cut_off", "The call ended while the agent was speaking."
        elif self._farewell is None:
            kind, note = "abrupt", f"The call ended without a goodbye; the {last.speaker} spoke last."
        else:
            gap = round(max(0.0, at - self._farewell.end))
            kind = "after_farewell"
            seconds = "1 second" if gap == 1 else f"{gap} seconds"
            note = f"The call ended {seconds} after the {self._farewell.speaker} had said goodbye."
        yield self.detect(
            "call.hang_up",
            Verdict.OBSERVED,
            where="end",
            start=min(at, last.start),
            end=at,
            kind=kind,
            evidence=((self._farewell or last).whole(),),
            note=note,
            speaker=last.speaker,
        )

    def _figure(
        self, behaviour: str, at: Seconds, values: dict[Party, float], name: str, note: str
    ) -> Detection:
        spans = tuple(
            SignalSpan(name=name, speaker=party, start=0.0, end=at, value=value)
            for party, value in values.items()
        )
        return self.detect(
            behaviour, Verdict.OBSERVED, where="end", start=0.0, end=at, evidence=spans, note=note
        )


def _match(rates: dict[Party, float]) -> str:
    """How the agent's rate goes with the customer's, where both are known."""
    if not rates.get(Party.CUSTOMER):  # absent, or so slow that it rounds to nothing
        return ""
    ratio = rates[Party.AGENT] / rates[Party.CUSTOMER]
    if abs(ratio - 1.0) <= _NEAR:
        return "; they match"
    return "; the agent is faster" if ratio > 1.0 else "; the agent is slower"
