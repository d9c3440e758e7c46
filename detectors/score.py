"""Detections → scorecard (pure): what was delivered, missed, harmful; what was heard; what was not judged.

Finals only: partial utterances, provisional detections and withdrawals change nothing, so a call scores
the same live, in batch and in replay.

How opportunities are counted, a behaviour at a time:

- each `delivered` and each `missed` detection is one opportunity;
- a `harmful` one is something that should not have been said, beside the opportunities, except where it
  is itself the answer to one (`HARM_ANSWERS`): a frustrated customer answered badly, a number read back
  wrongly. There the harmful detections of one utterance count as one opportunity, whatever their kinds;
- `rate` is delivered over opportunities; None without any, and where only success is recorded
  (`CREDIT_ONLY`), because a rate of what cannot fail says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from detectors.base import Behaviour, catalogue
from streaming.events import (
    AudioGap,
    CallInfo,
    Detection,
    DetectorFailed,
    Event,
    Heard,
    NotJudged,
    Party,
    Profile,
    Record,
    Scorecard,
    ScoreItem,
    Seconds,
    SpeechEnded,
    SpeechStarted,
    Utterance,
    Verdict,
    WordsHeldBack,
)
from streaming.ports import Policy

HARM_ANSWERS = frozenset({"emotion.leakage", "listening.acknowledgement"})
CREDIT_ONLY = frozenset({"emotion.recovery"})
AGENT_ALONE = frozenset(
    {
        *("courtesy.greeting", "courtesy.request_form", "courtesy.words"),
        *("tone.flat", "call.rate", "call.handle_time"),
    }
)
"""Behaviours that can be judged of a recording with the agent's side only."""

LEAST_AGENT_SPEECH: Seconds = 2.0
"""With less than this of the agent's speech nothing is judged: every miss would be an accident."""

OFF = "Switched off by policy."
PROFILE = "The policy profile {profile} keeps voice measures of the agent out of scorecards."
FAILED = "The detector failed during the call."
WORDS_ONLY = "It is judged by meaning, and the sentence encoder is not on this machine."
NO_AGENT = "The agent was not recorded."
NO_CUSTOMER = "The customer was not recorded."
TOO_LITTLE = "Too little speech of the agent was heard."
TOO_LITTLE_VOICE = "No stretch of the agent's speech was long enough to judge the voice."


def score(
    call: CallInfo,
    events: Iterable[Event | Record],
    failed: Iterable[str] = (),
    policy: Policy | None = None,
    *,
    at: Seconds | None = None,
) -> Scorecard:
    """The scorecard of a call from its log; `failed` names detectors that failed (also read from the log).

    `at` is the call's end; by default the latest time in the log.
    """
    keeper = ScoreKeeper(call, policy or Policy(), failed=failed)
    for event in events:
        keeper.feed(event.event if isinstance(event, Record) else event)
    return keeper.card(keeper.now if at is None else at)


def one_sided(call: CallInfo, behaviour: str) -> str | None:
    """Why a behaviour cannot be judged with the parties on the line; None when it can."""
    if Party.AGENT not in call.parties:
        return NO_AGENT
    alone = Party.CUSTOMER not in call.parties
    return NO_CUSTOMER if alone and behaviour not in AGENT_ALONE else None


@dataclass(slots=True)
class _Side:
    """What was heard of one party so far."""

    speech: Seconds | None = None  # None until speech edges come: a log may lack them
    uttered: Seconds = 0.0
    since: Seconds | None = None
    words: int = 0
    held_back: int = 0
    gaps: list[tuple[Seconds, Seconds]] = field(default_factory=list)

    def spoken(self, at: Seconds) -> Seconds:
        """Seconds of speech by its edges, or by the utterances in a log without edges."""
        if self.speech is None:
            return self.uttered
        return self.speech + (max(0.0, at - self.since) if self.since is not None else 0.0)

    def lost(self) -> Seconds:
        """Seconds in gaps; gaps that overlap are lost once."""
        total, until = 0.0, 0.0
        for start, end in sorted(self.gaps):
            total += max(0.0, end - max(start, until))
            until = max(until, end)
        return total


class ScoreKeeper:
    """Keeps the tallies of one call as its events come (`streaming.ports.ScoreKeeper`)."""

    def __init__(
        self,
        call: CallInfo,
        policy: Policy,
        *,
        failed: Iterable[str] = (),
        rows: Mapping[str, Behaviour] | None = None,
    ) -> None:
        """`rows` are the behaviours to sum up, default: the catalogue as shipped."""
        self.now: Seconds = 0.0
        self._rows = catalogue() if rows is None else rows
        self._call = call
        self._policy = policy
        self._failed = set(failed)
        self._sides = {party: _Side() for party in Party}
        self._moments: dict[str, Detection] = {}

    def feed(self, event: Event, /) -> None:
        """Events in log order; those that do not count are passed over."""
        if isinstance(event, Utterance) and not event.final:
            return
        self.now = max(self.now, float(getattr(event, "at", getattr(event, "end", 0.0))))
        match event:
            case Detection(provisional=False):
                self._moments[event.id] = event
            case DetectorFailed():
                self._failed.add(event.detector)
            case SpeechStarted() | SpeechEnded():
                self._speech(self._sides[event.speaker], event)
            case AudioGap():
                self._sides[event.speaker].gaps.append((event.start, event.end))
            case Utterance():
                self._sides[event.speaker].words += len(event.words)
                self._sides[event.speaker].uttered += event.end - event.start
            case WordsHeldBack():
                self._sides[event.speaker].held_back += event.doubtful

    def card(self, at: Seconds, /) -> Scorecard:
        """The scorecard as of `at`; feeding may go on afterwards."""
        reasons = {row.id: self._why_not(row, at) for row in self._rows.values()}
        judged = [key for key, reason in reasons.items() if reason is None]
        return Scorecard(
            at=at,
            items=tuple(self._item(behaviour) for behaviour in judged),
            heard=tuple(self._heard(party, at) for party in self._call.parties),
            not_judged=tuple(
                NotJudged(behaviour=key, reason=reason)
                for key, reason in reasons.items()
                if reason is not None
            ),
        )

    def _speech(self, side: _Side, event: SpeechStarted | SpeechEnded) -> None:
        if isinstance(event, SpeechStarted):
            side.speech = side.speech or 0.0
            side.since = event.at if side.since is None else side.since
        elif side.since is not None:
            side.speech = (side.speech or 0.0) + max(0.0, event.at - side.since)
            side.since = None

    def _why_not(self, row: Behaviour, at: Seconds) -> str | None:
        """Why a behaviour is not judged in this call, the most lasting reason first; None when it is."""
        if row.id in self._policy.off:
            return row.off_because or OFF
        if row.uses_agent_voice and self._call.profile is not Profile.FULL:
            return PROFILE.format(profile=self._call.profile.value)
        missing = one_sided(self._call, row.id)
        if missing is not None:
            return missing
        if row.detector in self._failed:
            return FAILED
        if row.needs_meaning and self._policy.meaning is None:
            return WORDS_ONLY
        if self._sides[Party.AGENT].spoken(at) < LEAST_AGENT_SPEECH:
            return TOO_LITTLE
        unmeasured = row.uses_agent_voice and not any(self._of(row.id))
        return TOO_LITTLE_VOICE if unmeasured else None

    def _of(self, behaviour: str) -> Iterator[Detection]:
        return (one for one in self._moments.values() if one.behaviour == behaviour)

    def _item(self, behaviour: str) -> ScoreItem:
        moments = sorted(self._of(behaviour), key=lambda one: (one.start, one.id))
        by = {verdict: [one for one in moments if one.verdict is verdict] for verdict in Verdict}
        delivered, missed = len(by[Verdict.DELIVERED]), len(by[Verdict.MISSED])
        opportunities = delivered + missed
        if behaviour in HARM_ANSWERS:
            opportunities += len({one.id.removesuffix(f".{one.kind}") for one in by[Verdict.HARMFUL]})
        rated = opportunities > 0 and behaviour not in CREDIT_ONLY
        return ScoreItem(
            behaviour=behaviour,
            opportunities=opportunities,
            delivered=delivered,
            missed=missed,
            harmful=len(by[Verdict.HARMFUL]),
            rate=round(delivered / opportunities, 4) if rated else None,
            moments=tuple(one.id for one in moments),
            observed=len(by[Verdict.OBSERVED]),
        )

    def _heard(self, party: Party, at: Seconds) -> Heard:
        side = self._sides[party]
        lost = min(at, side.lost())
        return Heard(
            speaker=party,
            audio=round(at - lost, 3),
            speech=round(side.spoken(at), 3),
            lost=round(lost, 3),
            words=side.words,
            held_back=side.held_back,
        )
