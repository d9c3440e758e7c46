"""listening.acknowledgement: does the agent say back what the customer stated before moving on?

An opportunity is one customer turn (over its utterances, the agent's nods in between, and what is said
again when the agent asks for it). It gets one verdict or none. Delivered: key words, a paraphrase or the
number come back. Missed: a turn that matters, and the agent moves on. Harmful, kind ``wrong_readback``:
the number comes back otherwise, and the customer says so or leaves a clearly heard error standing.
In doubt nothing is judged: lost audio, unsure words, half an echo, an answer to a question.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from detectors.acknowledgement_verdicts import BEHAVIOUR, TAKEN_UP, TurnJudge
from detectors.correction import corrected, is_bare_objection, is_disputed, is_objection, retracted
from detectors.customer_turn import CustomerTurn, Limits
from detectors.echo import Stated, listen, question_words
from detectors.figures import flow
from detectors.floor import Floor
from detectors.keywords import keywords, stems
from detectors.lexicon import lexicon
from detectors.matter import Matter, Move, Remark, move, remark
from detectors.meaning import examples, likeness
from detectors.readback import Answer, Misreading, answer_to
from detectors.text import Line
from detectors.uptake import is_refusal, light_tokens
from streaming.events import (
    CallInfo,
    Detection,
    Event,
    Party,
    Seconds,
    Tick,
    Utterance,
    Verdict,
    WordsHeldBack,
)
from streaming.ports import Policy

_OPEN = 3  # customer turns waiting at once: an older one is not judged any more
_LATELY = 3  # agent lines
_UNHEARD = frozenset({"low_confidence", "overrun"})
"""Reasons that hold back words somebody may have said; the others hold back what nobody did."""


class Acknowledgement(TurnJudge):
    """One call's judge of listening.acknowledgement."""

    name = "acknowledgement"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        lexicon("acknowledgement")  # read once a process, before the first word waits for it
        self._light = likeness(examples("acknowledgement", "light"), policy.meaning)
        self._floor = Floor()
        self._limits = Limits(
            close=self.threshold(BEHAVIOUR, "close"),
            apart=self.threshold(BEHAVIOUR, "apart"),
            statement_words=self.threshold(BEHAVIOUR, "statement_words"),
        )
        self._asked: frozenset[str] = frozenset()  # stems of the agent's last question
        self._agent: deque[Line] = deque(maxlen=12)
        self._used: deque[frozenset[str]] = deque(maxlen=12)  # stems of each of these lines
        self._customer: deque[Line] = deque(maxlen=8)

    def feed(self, event: Event, /) -> Iterable[Detection]:
        if isinstance(event, Utterance) and not event.final:
            return []
        line = self._floor.feed(event)
        if line is not None:
            self._now = max(self._now, line.end)
            return list(self._hear_agent(line) if line.speaker is Party.AGENT else self._hear_customer(line))
        if isinstance(event, WordsHeldBack) and event.speaker is Party.AGENT and event.reason in _UNHEARD:
            for turn in self._open:
                turn.doubtful = turn.doubtful or event.end >= turn.start
        if isinstance(event, Tick):
            self._now = max(self._now, event.at)
            return list(self._wait())
        return []

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        self._now = max(self._now, at)
        found = [*self._unanswered(), *self._turn_over()]
        self._open = []
        return found

    # --- the customer speaks

    def _hear_customer(self, line: Line) -> Iterator[Detection]:
        nods = move(line) is Move.NOD
        corrects = any(turn.rivals for turn in self._open)
        yield from self._answered(line, nods)
        cuts_in = any(turn.is_cut_by(line) for turn in self._open)
        if not (nods and (cuts_in or any(turn.held for turn in self._open))):
            yield from self._turn_over(cut_short=cuts_in)
        said = self._remark(line)
        if nods and not said.accepts:
            return
        turn = self._open[-1] if self._open and self._open[-1].goes_on else self._begin(line)
        turn.corrects = turn.corrects or corrects
        if said.accepts and not turn.stated.lines:
            turn.recall(line, self._customer, self._asked)
        else:
            turn.take(line, said, given=self._asked, settled=self._settled, known=self._told())
        self._customer.append(line)
        yield from self._overlapped(turn, line)

    def _remark(self, line: Line) -> Remark:
        said = remark(line, self.call.customer_name)
        if not self._light.present:
            return said
        easy = light_tokens(line, said.easy, self._light, self.threshold(BEHAVIOUR, "light"))
        return replace(said, easy=easy, surely=True)

    def _told(self) -> frozenset[str]:
        """Figures that the agent said lately."""
        return frozenset(one.value for one in flow(list(self._agent)[-_LATELY:]))

    def _begin(self, line: Line) -> CustomerTurn:
        used = [said for said, one in zip(self._used, self._agent, strict=True) if one.end < line.start]
        turn = CustomerTurn(
            where=line.id, limits=self._limits, stated=Stated(familiar=frozenset().union(*used))
        )
        self._open = [*self._open, turn][-_OPEN:]
        return turn

    def _overlapped(self, turn: CustomerTurn, line: Line) -> Iterator[Detection]:
        """The agent may have said it back before the customer's utterance was over."""
        during = [one for one in self._agent if one.end > line.start and one.start < line.end]
        during = [one for one in during if move(one) is not Move.NOD]
        if not during or turn.recap or turn.matter is Matter.NONE:
            return
        echo = listen(turn.stated, during, in_overlap=True)
        if echo.enough:
            yield self._delivered(turn, echo, during)

    # --- the agent speaks

    def _hear_agent(self, line: Line) -> Iterator[Detection]:
        self._agent.append(line)
        self._used.append(stems(keywords(line)))
        went = move(line)
        if went is Move.NOD and self._floor.overlap(Party.CUSTOMER, line.start, line.end) > 0.0:
            return  # the customer has the floor
        newest = self._open[-1] if self._open else None
        if went is Move.REPAIR and newest is not None and newest.goes_on:
            return  # what the customer says again belongs to the same turn
        if went is not Move.NOD:
            self._asked = question_words(line)
            yield from self._settle_disputes(line)
            self._open = [turn for turn in self._open if turn.matter is not Matter.NONE]
        least = self.threshold(BEHAVIOUR, "least_confidence")
        for turn in list(self._open):
            if went is Move.NOD and not turn.reply and not (is_refusal(line) and turn.told):
                continue  # the customer still has the floor
            unsure = line.confidence(0, len(line.tokens) - 1) < least
            turn.compare(line, went, unsure=unsure, meaning=self.policy.meaning)
            if turn.is_acknowledged:
                yield self._delivered(turn, turn.echo, turn.reply)

    def _settle_disputes(self, line: Line) -> Iterator[Detection]:
        """What the agent says to what may have been a correction."""
        for turn in [turn for turn in self._open if turn.contested is not None]:
            answer = turn.contested
            found = retracted(turn.rivals, turn.reply, answer, line) if answer is not None else None
            if found is not None:
                yield self._wrong(turn, found.sides, confidence=0.85, answer=answer)
            elif turn.misread is not None and answer is not None:
                yield from self._decide(turn, turn.misread, answer)
            elif turn.is_echoed:
                yield self._delivered(turn, turn.echo, turn.reply)
            else:
                self._open.remove(turn)

    # --- time passes

    def _wait(self) -> Iterator[Detection]:
        """Silence after the agent's words settles what a customer's answer could still change."""
        last = self._floor.last(Party.AGENT)
        if last is None or any(self._floor.speaking(party) is not None for party in Party):
            return
        quiet = self._now - max(line.end for line in (last, self._floor.lines[-1]))
        if quiet >= self.threshold(BEHAVIOUR, "correction_seconds"):
            yield from self._unanswered()
        if quiet >= self.threshold(BEHAVIOUR, "moved_on_seconds"):
            for turn in [turn for turn in self._open if turn.move is Move.ON]:
                yield from self._close_reply(turn, cut_short=False)

    def _answered(self, line: Line, nods: bool) -> Iterator[Detection]:
        """The customer's next words settle a suspected misreading, or a number that broke off."""
        for turn in list(self._open):
            corrects = corrected(turn.rivals, turn.reply, line) if turn.rivals else None
            if corrects is not None:
                yield self._wrong(
                    turn, corrects.sides, confidence=0.95 if is_objection(line) else 0.85, answer=line
                )
            elif turn.misread is not None and answer_to(turn.misread, line) is not Answer.SILENT:
                yield from self._decide(turn, turn.misread, line)
            elif turn.rivals and (is_bare_objection(line) or is_disputed(turn.rivals, line)):
                turn.contested = line
            elif turn.misread is not None:
                yield from self._decide(turn, turn.misread, line)
            elif turn.is_echoed and (turn.rivals or (turn.held and not nods)):
                yield self._delivered(turn, turn.echo, turn.reply)

    def _decide(self, turn: CustomerTurn, found: Misreading, line: Line) -> Iterator[Detection]:
        answer = answer_to(found, line)
        if answer is Answer.CORRECTED:
            yield self._wrong(turn, found.sides, confidence=0.95, answer=line)
        elif answer is Answer.REFUSED and found.last:
            yield self._wrong(turn, found.sides, confidence=0.8, answer=line)
        elif answer is Answer.CONFIRMED:
            # It looked wrong, yet the customer says it is right: the recogniser erred, not the agent.
            self._settled.add(found.stated.value)
            yield self._verdict(turn, Verdict.DELIVERED, turn.reply, 0.7, found.sides)
        else:
            yield from self._stands(turn, found)

    def _unanswered(self) -> Iterator[Detection]:
        for turn in list(self._open):
            if turn.misread is not None:
                yield from self._stands(turn, turn.misread)
            elif turn.is_echoed and (turn.held or turn.rivals):
                yield self._delivered(turn, turn.echo, turn.reply)

    def _stands(self, turn: CustomerTurn, found: Misreading) -> Iterator[Detection]:
        """Nobody corrected it: charged only where no recogniser makes such an error by itself; else it is
        far likelier that a digit was misheard than that agent and customer both let it pass."""
        if found.clear and not turn.doubtful:
            yield self._wrong(turn, found.sides, confidence=0.65)
        else:
            yield self._verdict(turn, Verdict.DELIVERED, turn.reply, 0.6, found.sides)

    def _turn_over(self, *, cut_short: bool = False) -> Iterator[Detection]:
        for turn in [turn for turn in self._open if turn.reply and not turn.contested]:
            yield from self._close_reply(turn, cut_short=cut_short)

    def _close_reply(self, turn: CustomerTurn, *, cut_short: bool) -> Iterator[Detection]:
        """The agent's turn is over without an acknowledgement."""
        turn.turns += 1
        credit = 0.0 if cut_short else turn.credit()
        sure = 0.0 if cut_short or credit or not self._heard(turn) else turn.missed()
        if credit:
            evidence = turn.echo.evidence or (*turn.stated.evidence(), turn.reply[0].whole())
            note = "" if turn.echo.evidence else TAKEN_UP
            yield self._verdict(turn, Verdict.DELIVERED, turn.reply, credit, evidence, note=note)
        elif sure:
            evidence = (*turn.stated.evidence(), turn.reply[-1].whole())
            yield self._verdict(turn, Verdict.MISSED, turn.reply, sure, evidence)
        elif turn.is_spent or turn.turns >= self.threshold(BEHAVIOUR, "turns"):
            self._open.remove(turn)
        else:
            turn.await_next()

    def _heard(self, turn: CustomerTurn) -> bool:
        """Whether both sides were heard well enough to say that something is missing."""
        lost = self._floor.missing(turn.end, self._now, Party.AGENT)
        sure = turn.stated.confidence >= self.threshold(BEHAVIOUR, "least_confidence")
        return sure and not lost and not turn.doubtful
