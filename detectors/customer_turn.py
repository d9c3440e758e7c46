"""One customer turn on its way to being acknowledged, and what the agent's replies do to it (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from detectors.correction import Rival, rivals
from detectors.echo import NOTHING, Echo, Stated, listen
from detectors.keywords import PROPER
from detectors.matter import Matter, Move, Remark, answers, is_courteous, matter
from detectors.readback import Misreading, misreading
from detectors.text import Line
from streaming.events import Seconds

_HALF = 0.35  # an echo this strong is too much to call it missed
_RECAP_POINTS = 2  # after "yes, I'll take that" the terms must come back, not one word of them
_FRAGMENT = 2  # tokens
_MEMORY: Seconds = 90.0  # how far back what the customer said can be what an agreement is about


@dataclass(slots=True, eq=False)
class CustomerTurn:
    """What was stated, and the agent's reply so far."""

    where: str
    stated: Stated = field(default_factory=Stated)
    matter: Matter = Matter.NONE
    wants_action: bool = False
    asks: bool = False  # it ended in a question
    recap: bool = False  # an agreement: what was said before is to come back
    reply: list[Line] = field(default_factory=list)
    turns: int = 0  # agent turns that are over
    move: Move = Move.NOD
    courteous: bool = False
    answered: bool = False
    doubtful: bool = False  # the reply was not heard whole or not surely
    echo: Echo = NOTHING
    misread: Misreading | None = None
    rivals: tuple[Rival, ...] = ()  # wrong read-backs, should the customer correct them
    contested: bool = False  # "no": what is wrong with it comes next

    @property
    def start(self) -> Seconds:
        return self.stated.lines[0].start

    @property
    def end(self) -> Seconds:
        return self.stated.lines[-1].end

    @property
    def goes_on(self) -> bool:
        """Nobody has replied yet: what the customer says next belongs to it."""
        return not self.reply and self.turns == 0

    @property
    def held(self) -> bool:
        """The reply breaks off in the middle of a number it reads back."""
        return self.echo.unfinished and self.misread is None

    @property
    def is_acknowledged(self) -> bool:
        return self.is_echoed and self.misread is None and not self.rivals and not self.held

    @property
    def is_echoed(self) -> bool:
        return self.echo.enough and (not self.recap or self.echo.points >= _RECAP_POINTS)

    @property
    def is_spent(self) -> bool:
        """No later reply can change anything: half an echo, an answer, or nothing that had to come back."""
        return self.matter is not Matter.DOES or self.echo.score >= _HALF or (self.asks and self.answered)

    def take(self, line: Line, said: Remark, *, given: frozenset[str], settled: Collection[str]) -> None:
        """The customer goes on; `given` are the question's stems, `settled` figures already read back."""
        self.stated.add(line, given=given, names=said.names)
        self.stated.figures = [one for one in self.stated.figures if one.value not in settled]
        self.matter = max(self.matter, matter(said, self.stated.figures, self.stated.weight))
        if self.matter is Matter.NONE and self.stated.names:
            self.matter = Matter.MAY  # nothing but a name: that is what can come back
        self.doubtful = False  # whatever was not heard before, the customer went on behind it
        self.wants_action = self.wants_action or said.action
        self.asks = said.question

    def recall(self, line: Line, earlier: Iterable[Line], given: frozenset[str]) -> None:
        """The customer agrees to what was arranged: its terms are what the customer said of it before."""
        for one in earlier:
            if one.end > line.start - _MEMORY:
                self.stated.add(one)
        self.stated.add(line, given=given)
        self.stated.words = [pair for pair in self.stated.words if pair[1].weight >= PROPER]
        self.stated.familiar = frozenset()  # the terms are the agent's own offer
        self.matter, self.recap = Matter.MAY, True

    def compare(self, line: Line, went: Move, *, unsure: bool) -> None:
        """The agent goes on replying. A word or two that say nothing back leave the customer the floor."""
        self.reply.append(line)
        self.echo = listen(self.stated, self.reply)
        if len(line.tokens) <= _FRAGMENT and went is Move.STAY and not self.echo.points:
            self.reply.pop()
            return
        self.misread = None if self.recap else misreading(self.stated.figures, self.reply)
        self.rivals = () if self.recap else rivals(self.stated.lines, self.reply)
        self.move = max(self.move, went)
        self.courteous = self.courteous or is_courteous(line)
        self.answered = self.answered or answers(line)
        self.doubtful = self.doubtful or unsure

    def missed(self, statement_words: int) -> float:
        """How sure it is that the agent moved on, 0 where it is not or not yet.

        A new question at once is plain. After "I can help with that" the agent has one more turn. A
        statement is taken for an answer, unless something was to be done and it says nothing of it.
        """
        if self.matter is not Matter.DOES or self.echo.score >= _HALF or self.courteous:
            return 0.0
        if self.move is Move.ON:
            if self.asks and self.answered:
                return 0.0
            return 0.85 if self.turns == 1 else 0.5
        words = sum(len(line.tokens) for line in self.reply)
        evades = self.wants_action and not self.answered and words >= statement_words
        return 0.65 if evades and self.turns == 1 else 0.0

    def await_next(self) -> None:
        """The reply neither acknowledged nor moved on: the agent's next turn may."""
        self.reply, self.move, self.echo, self.rivals = [], Move.NOD, NOTHING, ()
        self.answered = self.courteous = False
