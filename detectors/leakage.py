"""emotion.leakage and emotion.recovery: how a frustrated customer is answered, and whether it helps.

Leakage is harmful when the agent answers negatively (kinds ``dismissive``, ``blaming``, ``defensive``,
``sarcastic``, ``command``, ``talking_over``; ``raised_voice`` under the profile `full` only), at most one
a kind and utterance, with the id ``emotion.leakage@UTTERANCE.KIND``. Partials are judged on words that
are no longer the last ones, with that same id; nothing is remembered of them. Delivered is a reply that
is empathetic, or steady: neither negative nor cold. Recovery is delivered when the customer then eases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.agent_voice import AgentVoice
from detectors.base import Judge
from detectors.floor import Floor
from detectors.frustration import Cue, Frustration
from detectors.leaks import Leak, is_cold, is_empathetic, leaks
from detectors.lexicon import lexicon, word_list
from detectors.matter import Move, move
from detectors.text import Line, read
from streaming.events import (
    CallInfo,
    Detection,
    Event,
    Evidence,
    Party,
    Profile,
    Seconds,
    Signal,
    Tick,
    Utterance,
    Verdict,
    WordsHeldBack,
)
from streaming.ports import Policy

LEAKAGE = "emotion.leakage"
RECOVERY = "emotion.recovery"
_NOTES = {
    "dismissive": "The agent waves the customer's trouble away.",
    "blaming": "The agent puts the blame on the customer.",
    "defensive": "The agent defends instead of helping.",
    "sarcastic": "The agent answers with sarcasm.",
    "command": "The agent orders the customer about.",
    "talking_over": "The agent takes the turn while the frustrated customer is still speaking.",
    "raised_voice": "The agent's voice is raised well above its own usual pitch.",
    "empathetic": "The agent answers the frustrated customer with empathy.",
    "steady": "The agent answers the frustrated customer steadily.",
}
_EASED_TURNS = 2  # customer turns without a new cue that count as easing


class Leakage(Judge):
    """One call's judge of emotion.leakage and emotion.recovery."""

    name = "leakage"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        _warm()
        self._floor = Floor()
        self._customer = Frustration(self.threshold(LEAKAGE, "frustrated_seconds"))
        self._voice = AgentVoice() if call.profile is Profile.FULL else None
        self._owed: Line | None = None  # the frustrated turn that is still to be answered
        self._cause: tuple[Evidence, ...] = ()
        self._reply: list[Line] = []
        self._doubtful = False
        self._soothed: Line | None = None  # the empathetic reply after which the customer may ease
        self._calm_turns = 0
        self._now: Seconds = 0.0

    def feed(self, event: Event, /) -> Iterable[Detection]:
        if isinstance(event, Utterance) and not event.final:
            return list(self._glimpse(event))
        line = self._floor.feed(event)
        if line is not None:
            self._now = max(self._now, line.end)
            return list(self._hear_agent(line) if line.speaker is Party.AGENT else self._hear_customer(line))
        match event:
            case Signal():
                self._sense(event)
            case WordsHeldBack(speaker=Party.AGENT, reason="low_confidence" | "overrun"):
                self._doubtful = True
            case Tick():
                self._now = max(self._now, event.at)
                return list(self._wait())
        return []

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        self._now = max(self._now, at)
        return list(self._answered())

    # --- the customer speaks

    def _hear_customer(self, line: Line) -> Iterator[Detection]:
        nods = move(line) is Move.NOD
        overlaps = bool(self._reply) and line.start < self._reply[-1].end
        if not (nods and overlaps):
            yield from self._answered()
        cue = self._customer.hear(line)
        yield from self._eased(line, cue, nods)
        if cue.weight and self._customer.is_frustrated(line.end):
            self._owed, self._cause, self._reply, self._doubtful = line, cue.evidence, [], False
            self._soothed = None

    def _eased(self, line: Line, cue: Cue, nods: bool) -> Iterator[Detection]:
        reply = self._soothed
        if reply is None:
            return
        if line.start > reply.end + self.threshold(RECOVERY, "eases_seconds"):
            self._soothed = None
            return
        self._calm_turns += 0 if nods or cue.weight else 1
        if cue.weight or not (cue.eases or self._calm_turns >= _EASED_TURNS):
            return
        self._soothed = None
        yield self.detect(
            RECOVERY,
            Verdict.DELIVERED,
            where=line.id,
            start=line.start,
            end=line.end,
            at=max(self._now, line.end),
            confidence=0.8 if cue.eases else 0.6,
            evidence=(reply.whole(), line.whole()),
            note="The customer eases after an empathetic answer.",
        )

    # --- the agent speaks

    def _glimpse(self, partial: Utterance) -> Iterator[Detection]:
        if partial.speaker is not Party.AGENT or not partial.words:
            return
        line = read(partial)
        if line.tokens:
            for leak in leaks(line, frustrated=self._customer.is_frustrated(line.start), whole=False):
                yield self._leaked(line, leak, provisional=True)

    def _hear_agent(self, line: Line) -> Iterator[Detection]:
        went = move(line)
        if went is Move.REPAIR:
            self._customer.asked_again()
        frustrated = self._customer.is_frustrated(line.start)
        found = [self._leaked(line, leak) for leak in leaks(line, frustrated=frustrated)]
        found += self._taken_over(line, went)
        found += self._raised(line, frustrated)
        yield from found
        if found:
            self._owed, self._reply, self._soothed = None, [], None
        elif self._owed is not None and went not in (Move.NOD, Move.REPAIR):
            self._reply.append(line)

    def _leaked(self, line: Line, leak: Leak, *, provisional: bool = False) -> Detection:
        start, end = line.seconds(leak.first, leak.last)
        evidence: tuple[Evidence, ...] = leak.evidence
        if self._customer.is_frustrated(line.start):
            evidence += self._customer.evidence
        return self._harmful(line, leak.kind, start, end, leak.confidence, evidence, provisional)

    def _harmful(
        self,
        line: Line,
        kind: str,
        start: Seconds,
        end: Seconds,
        confidence: float,
        evidence: tuple[Evidence, ...],
        provisional: bool = False,
    ) -> Detection:
        return self.detect(
            LEAKAGE,
            Verdict.HARMFUL,
            where=f"{line.id}.{kind}",
            start=start,
            end=end,
            at=max(self._now, line.end),
            kind=kind,
            confidence=confidence,
            evidence=evidence,
            note=_NOTES[kind],
            provisional=provisional,
        )

    def _taken_over(self, line: Line, went: Move) -> list[Detection]:
        """The agent starts in the middle of the frustrated customer's turn, and the customer yields."""
        cut = self._floor.last(Party.CUSTOMER)
        if cut is None or went is Move.NOD or not self._customer.is_frustrated(line.start):
            return []
        into, overlap, on = line.start - cut.start, cut.end - line.start, line.end - cut.end
        least = self.threshold(LEAKAGE, "overlap_seconds")
        yields = least <= overlap <= self.threshold(LEAKAGE, "yield_seconds")
        if not (yields and into >= 1.0 and on >= 1.0 and _is_cut_off(cut)):
            return []
        evidence = (cut.evidence(len(cut.tokens) - 1, len(cut.tokens) - 1), line.evidence(0, 0))
        return [self._harmful(line, "talking_over", line.start, cut.end, 0.7, evidence)]

    def _raised(self, line: Line, frustrated: bool) -> list[Detection]:
        span = self._voice.raised(line) if self._voice is not None else None
        if span is None or not frustrated:
            return []
        return [self._harmful(line, "raised_voice", line.start, line.end, 0.6, (span,))]

    # --- the reply is over

    def _wait(self) -> Iterator[Detection]:
        if not self._reply or any(self._floor.speaking(party) is not None for party in Party):
            return
        if self._now - self._reply[-1].end >= self.threshold(LEAKAGE, "reply_seconds"):
            yield from self._answered()

    def _answered(self) -> Iterator[Detection]:
        """Credit the agent's whole reply to the frustrated turn, once it is over."""
        owed, reply = self._owed, self._reply
        if owed is None or not reply:
            return
        self._owed, self._reply = None, []
        soothing = is_empathetic(reply)
        words = sum(len(line.tokens) for line in reply)
        if soothing is not None:
            yield self._steady(reply, "empathetic", 0.85)
            self._soothed, self._calm_turns = reply[-1], 0
        elif not is_cold(reply) and words >= self.threshold(LEAKAGE, "steady_words") and self._heard(owed):
            yield self._steady(reply, "steady", 0.6)

    def _heard(self, owed: Line) -> bool:
        return not self._doubtful and not self._floor.missing(owed.end, self._now, Party.AGENT)

    def _steady(self, reply: list[Line], kind: str, confidence: float) -> Detection:
        first = reply[0]
        return self.detect(
            LEAKAGE,
            Verdict.DELIVERED,
            where=first.id,
            start=first.start,
            end=reply[-1].end,
            at=max(self._now, reply[-1].end),
            kind=kind,
            confidence=confidence,
            evidence=(*self._cause, *(line.whole() for line in reply)),
            note=_NOTES[kind],
        )

    def _sense(self, signal: Signal) -> None:
        if signal.speaker is Party.CUSTOMER:
            self._customer.sense(signal)
        elif self._voice is not None:
            self._voice.feed(signal)


def _warm() -> None:
    """Read the lexicons (0.1 s, once a process) before the first word waits for them."""
    for name in ("leakage", "frustration", "acknowledgement"):
        lexicon(name)


def _is_cut_off(line: Line) -> bool:
    """The words break off: no end mark, or a last word that cannot end a sentence."""
    return not line.sentences[-1].mark or line.tokens[-1].text in word_list("leakage", "unfinished")
