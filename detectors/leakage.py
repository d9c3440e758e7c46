"""emotion.leakage: how a frustrated customer is answered.

Harmful when the agent answers negatively (kinds ``dismissive``, ``blaming``, ``defensive``, ``sarcastic``,
``command``, ``harsh``, ``clipped``, ``talking_over``, ``silence``; ``raised_voice`` under `full` only), at
most one a kind and utterance, with the id ``emotion.leakage@UTTERANCE.KIND``. Partials are judged on words
that are no longer the last ones, with that same id; nothing is remembered of them. Delivered is a reply that
is empathetic, or steady: it brings something, and is neither negative nor cold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.agent_voice import AgentVoice
from detectors.emotion_part import Answer, Part, Talk
from detectors.frustration import Cue
from detectors.interruption import left_open
from detectors.leaks import Leak, leaks
from detectors.lexicon import lexicon
from detectors.matter import Move, move
from detectors.text import Line, read
from streaming.events import (
    Detection,
    Evidence,
    Party,
    Profile,
    Seconds,
    Signal,
    Utterance,
    Verdict,
    WordsHeldBack,
)

LEAKAGE = "emotion.leakage"
_NOTES = {
    "dismissive": "The agent waves the customer's trouble away.",
    "blaming": "The agent puts the blame on the customer.",
    "defensive": "The agent defends instead of helping.",
    "sarcastic": "The agent answers with sarcasm.",
    "command": "The agent orders the customer about.",
    "harsh": "The answer makes it worse, whatever its words.",
    "clipped": "The agent gives the frustrated customer a word or two for an answer.",
    "talking_over": "The agent takes the turn while the frustrated customer is still speaking.",
    "silence": "The agent leaves the frustrated customer without an answer for a long time.",
    "raised_voice": "The agent's voice is raised well above its own usual pitch.",
    "empathetic": "The agent answers the frustrated customer with empathy.",
    "steady": "The agent answers the frustrated customer steadily.",
}
_DOUBTS = ("low_confidence", "overrun")


class Leakage(Part):
    """Judges each line of the agent's (`judged`), and each reply to a frustrated turn once it is over."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk)
        self._voice = AgentVoice() if talk.judge.call.profile is Profile.FULL else None
        self._owed: Line | None = None  # the frustrated turn that is still to be answered
        self._cause: tuple[Evidence, ...] = ()
        self._reply: list[Answer] = []
        self._doubtful = False
        self._turn: int | None = None  # the newest turn of the agent's …
        self._told: set[str] = set()  # … and the kinds it was told of

    # --- the customer speaks

    def heard(self, line: Line, cue: Cue) -> Iterator[Detection]:
        nods = move(line) is Move.NOD
        overlaps = bool(self._reply) and line.start < self._reply[-1].line.end
        if not (nods and overlaps):
            yield from self._replied()
        if cue.weight:
            self._owed, self._cause, self._reply, self._doubtful = line, cue.evidence, [], False

    # --- the agent speaks

    def glimpsed(self, partial: Utterance) -> Iterator[Detection]:
        """Words of a line that still grows."""
        if partial.speaker is not Party.AGENT or not partial.words:
            return
        line = read(partial)
        if line.tokens:
            frustrated = self.talk.frustrated(line.start)
            for leak in leaks(line, frustrated=frustrated, whole=False):
                yield self._leaked(line, leak, provisional=True)

    def judged(self, answer: Answer) -> Iterator[Detection]:
        """What is harmful in a final line; the first thing asked of it. A turn is told once of each kind."""
        line, told = answer.line, self._told_of(answer)
        frustrated = self.talk.frustrated(line.start)
        answering = self._is_owed(line)
        found = [
            leak
            for leak in leaks(line, frustrated=frustrated, answering=answering)
            if leak.kind not in told and self._believes(answer, leak)
        ]
        for leak in found or (() if told or not frustrated else self._harsh(answer)):
            if leak.kind != "clipped" or not self._was_asked():
                told.add(leak.kind)
                yield self._leaked(line, leak)
        if not told:
            yield from self._taken_over(answer)
        yield from self._raised(line, frustrated)

    def _told_of(self, answer: Answer) -> set[str]:
        """The kinds that the answer's turn was told of; what it holds is remembered of the newest turn."""
        number = answer.turn.number if answer.turn is not None else None
        if number is None or number != self._turn:
            self._turn, self._told = number, set()
        return self._told

    def _believes(self, answer: Answer, leak: Leak) -> bool:
        """By the turn, or by the sentence that holds the words."""
        turn, least = answer.turn, self.judge.threshold(LEAKAGE, "harmful_hardly", 0.0)
        if turn is None or answer.scores.get("leak", 1.0) >= least:
            return True
        return self.talk.reading.of_words(turn, answer.line, leak.evidence, "leak") >= least

    def _harsh(self, answer: Answer) -> Iterator[Leak]:
        """Where no phrase tells: as the turn reader has it. Of a sentence that is not over nobody knows, and
        who concedes or helps makes nothing worse."""
        line = answer.line
        score = answer.scores.get("leak", 0.0)
        yields = (
            answer.feeling is not None or answer.offers or lexicon("acknowledgement").has(line, "takes_up")
        )
        over = bool(line.sentences[-1].mark)
        if score >= self.judge.threshold(LEAKAGE, "harmful_surely", 2.0) and over and not yields:
            last = len(line.tokens) - 1
            yield Leak("harsh", round(0.9 * score, 2), 0, last, (line.evidence(0, last),))

    def _is_owed(self, line: Line) -> bool:
        """The customer's last turn was said in anger, or in the middle of it."""
        if self._owed is not None:
            return not self._reply
        tense = self.talk.customer.level(line.start) >= self.judge.threshold(LEAKAGE, "tense_level")
        return tense and not self.talk.cue.eases

    def _was_asked(self) -> bool:
        """A short answer to a question is an answer."""
        last = self.talk.floor.last(Party.CUSTOMER)
        return last is None or last.sentences[-1].mark == "?"

    def answered(self, answer: Answer) -> Iterable[Detection]:
        if answer.leaks:
            self._owed, self._reply = None, []
        elif self._owed is not None and answer.went not in (Move.NOD, Move.REPAIR):
            self._reply.append(answer)
        return ()

    def doubt(self, held: WordsHeldBack) -> None:
        """Words of the agent that were not credited: what the reply was is not known."""
        self._doubtful = self._doubtful or held.reason in _DOUBTS

    def sensed(self, signal: Signal) -> None:
        if self._voice is not None and signal.speaker is Party.AGENT:
            self._voice.feed(signal)

    def _leaked(self, line: Line, leak: Leak, *, provisional: bool = False) -> Detection:
        start, end = line.seconds(leak.first, leak.last)
        evidence: tuple[Evidence, ...] = leak.evidence
        if self.talk.frustrated(line.start):
            evidence += self.talk.customer.evidence
        return self._harmful(line.id, leak.kind, start, end, leak.confidence, evidence, provisional)

    def _harmful(
        self,
        where: str,
        kind: str,
        start: Seconds,
        end: Seconds,
        confidence: float,
        evidence: tuple[Evidence, ...],
        provisional: bool = False,
    ) -> Detection:
        return self.judge.detect(
            LEAKAGE,
            Verdict.HARMFUL,
            where=f"{where}.{kind}",
            start=start,
            end=end,
            at=max(self.talk.now, end),
            kind=kind,
            confidence=confidence,
            evidence=evidence,
            note=_NOTES[kind],
            provisional=provisional,
        )

    def _taken_over(self, answer: Answer) -> Iterator[Detection]:
        """The agent starts in the middle of a turn that shows frustration, and the customer yields."""
        line, cut = answer.line, self.talk.floor.last(Party.CUSTOMER)
        if cut is None or answer.nods or not self.talk.cue.weight:
            return
        into, overlap, on = line.start - cut.start, cut.end - line.start, line.end - cut.end
        least = self.judge.threshold(LEAKAGE, "overlap_seconds")
        yields = least <= overlap <= self.judge.threshold(LEAKAGE, "yield_seconds")
        if yields and into >= 1.0 and on >= 0.2 and left_open(cut):
            evidence = (cut.evidence(len(cut.tokens) - 1, len(cut.tokens) - 1), line.evidence(0, 0))
            yield self._harmful(line.id, "talking_over", line.start, cut.end, 0.7, evidence)

    def _raised(self, line: Line, frustrated: bool) -> Iterator[Detection]:
        span = self._voice.raised(line) if self._voice is not None else None
        if span is not None and frustrated:
            yield self._harmful(line.id, "raised_voice", line.start, line.end, 0.6, (span,))

    # --- time passes, and the reply is over

    def passed(self) -> Iterator[Detection]:
        talk = self.talk
        if not talk.silent():
            return
        if self._reply and talk.now - self._reply[-1].line.end >= self.judge.threshold(
            LEAKAGE, "reply_seconds"
        ):
            yield from self._replied()
        owed, before = self._owed, talk.floor.last(Party.AGENT)
        if owed is None or self._reply or _waits(owed) or (before is not None and _waits(before)):
            return
        silent = talk.floor.silent_since()
        long = self.judge.threshold(LEAKAGE, "silence_seconds")
        if (
            silent is not None
            and silent[1] is Party.CUSTOMER
            and talk.now - silent[0] >= long
            and self._heard(owed)
        ):
            self._owed = None
            yield self._harmful(owed.id, "silence", silent[0], talk.now, 0.6, self._cause)

    def finish(self) -> Iterator[Detection]:
        yield from self._replied()

    def _replied(self) -> Iterator[Detection]:
        """Credit the agent's whole reply to the frustrated turn, once it is over."""
        owed, reply = self._owed, self._reply
        if owed is None or not reply:
            return
        self._owed, self._reply = None, []
        words = sum(len(one.line.tokens) for one in reply)
        enough = words >= self.judge.threshold(LEAKAGE, "steady_words")
        if any(one.feeling is not None for one in reply):
            yield self._steady(reply, "empathetic", 0.85)
        elif enough and _brings_something(reply) and self._heard(owed):
            yield self._steady(reply, "steady", 0.65)

    def _heard(self, owed: Line) -> bool:
        return not self._doubtful and not self.talk.floor.missing(owed.end, self.talk.now, Party.AGENT)

    def _steady(self, reply: list[Answer], kind: str, confidence: float) -> Detection:
        first, last = reply[0].line, reply[-1].line
        return self.judge.detect(
            LEAKAGE,
            Verdict.DELIVERED,
            where=first.id,
            start=first.start,
            end=last.end,
            at=max(self.talk.now, last.end),
            kind=kind,
            confidence=confidence,
            evidence=(*self._cause, *(one.line.whole() for one in reply)),
            note=_NOTES[kind],
        )


def _waits(line: Line) -> bool:
    """Somebody has been asked to wait, or is to."""
    return lexicon("leakage").has(line, "waits")


def _brings_something(reply: list[Answer]) -> bool:
    return any(one.offers for one in reply) and not any(one.cold for one in reply)
