"""One customer turn on its way to being acknowledged, and what the agent's replies do to it (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from detectors.correction import Rival, rivals
from detectors.echo import NOTHING, Echo, Stated, listen
from detectors.figures import Figure
from detectors.keywords import PLAIN, PROPER
from detectors.matter import Matter, Move, Remark, answers, is_courteous, is_data, matter
from detectors.readback import Misreading, misreading
from detectors.text import Line
from detectors.uptake import Uptake, uptake
from streaming.events import Seconds
from streaming.ports import Meaning

_NEARLY = 0.5  # an echo this strong is credited when the turn is over
_HALF = 0.35  # an echo this strong is too much to call it missed
_RECAP_POINTS = 2  # after "yes, I'll take that" the terms must come back, not one word of them
_BESIDE_EASE = 3 * PLAIN  # behind "thank you" or "that's fine" a story is told by three words, not by one
_BESIDE_ECHO = 2 * PLAIN  # behind the agent's own words said back: the customer acknowledges her
_RICH, _SURELY = 3.0, 0.8  # weight and recogniser confidence of a statement that nothing need point at
_TIMING: Seconds = 0.25  # by which recognisers place words beside their sound
_LEAST_TOLD = 3  # tokens: fewer are an answer, and what was asked says what they mean
_CUT_IN: Seconds = 0.3  # a reply that starts this long before the customer's end does not answer her
_FRAGMENT = 2  # tokens
_MEMORY: Seconds = 90.0  # how far back what the customer said can be what an agreement is about


NO_REPLY = Uptake()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The behaviour's thresholds, as the catalogue names them."""

    close: float
    apart: float
    statement_words: float


@dataclass(slots=True, eq=False)
class CustomerTurn:
    """What was stated, and the agent's reply so far."""

    where: str
    limits: Limits
    stated: Stated = field(default_factory=Stated)
    fresh_figures: list[Figure] = field(default_factory=list)  # those that the agent did not tell first
    matter: Matter = Matter.NONE
    wants_action: bool = False
    asks: bool = False  # it ended in a question
    recap: bool = False  # an agreement: what was said before is to come back
    reply: list[Line] = field(default_factory=list)
    turns: int = 0  # agent turns that are over
    move: Move = Move.NOD
    courteous: bool = False
    promised: bool = False  # an earlier reply was courteous, and no more
    answered: bool = False
    doubtful: bool = False  # the reply was not heard whole or not surely
    echo: Echo = NOTHING
    misread: Misreading | None = None
    rivals: tuple[Rival, ...] = ()  # wrong read-backs, should the customer correct them
    uptake: Uptake = NO_REPLY
    eases: bool = True  # nothing but thanks, agreement, "go on"
    told: bool = False  # of the customer's own
    fresh: float = 0.0  # weight of the words that nobody had said yet
    agrees: bool = False  # it opens with a yes: the agent's own words were the matter
    retorts: bool = False
    accepts: bool = False
    contested: Line | None = (
        None  # the customer's "no" or number behind it, till it is told what of it is wrong
    )
    corrects: bool = False  # it follows a read-back that may have been wrong: it is about that

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

    def take(
        self,
        line: Line,
        said: Remark,
        *,
        given: frozenset[str],
        settled: Collection[str],
        known: Collection[str],
    ) -> None:
        """The customer goes on; `given` are the question's stems, `settled` figures already read back,
        `known` figures that the agent had told the customer."""
        self.stated.add(line, given=given, names=said.names)
        self.stated.figures = [one for one in self.stated.figures if one.value not in settled]
        self.fresh_figures = [one for one in self.stated.figures if one.value not in known]
        self.matter = max(self.matter, matter(said, self.fresh_figures, self.stated.weight))
        if self.matter is Matter.NONE and self.stated.names:
            self.matter = Matter.MAY  # nothing but a name: that is what can come back
        self.doubtful = False  # whatever was not heard before, the customer went on behind it
        self.wants_action = self.wants_action or said.action
        self.asks = said.question
        beside = said.eases and not said.surely
        least = _BESIDE_EASE if beside else _BESIDE_ECHO if self.stated.opens_familiar(line, known) else PLAIN
        fresh = self.stated.fresh_in(line, said.easy)
        self.fresh += fresh
        self.told = self.told or (fresh >= least and len(line.tokens) >= _LEAST_TOLD)
        self.eases = self.eases and said.eases and not (self.told or self.gives_data)
        self.agrees = self.agrees or said.agrees
        self.retorts, self.accepts = said.retorts, said.accepts

    def recall(self, line: Line, earlier: Iterable[Line], given: frozenset[str]) -> None:
        """The customer agrees to what was arranged: its terms are what the customer said of it before."""
        for one in earlier:
            if one.end > line.start - _MEMORY:
                self.stated.add(one)
        self.stated.add(line, given=given)
        self.stated.words = [pair for pair in self.stated.words if pair[1].weight >= PROPER]
        self.stated.familiar = frozenset()  # the terms are the agent's own offer
        self.matter, self.recap = Matter.MAY, True

    def compare(self, line: Line, went: Move, *, unsure: bool, meaning: Meaning | None = None) -> None:
        """The agent goes on replying. A word or two that say nothing back leave the customer the floor."""
        self.reply.append(line)
        self.echo = listen(self.stated, self.reply)
        self.rivals = () if self.recap else rivals(self.stated.lines, self.reply)
        fragment = len(line.tokens) <= _FRAGMENT and not (self.echo.points or self.rivals)
        if fragment and went is Move.STAY:
            self.reply.pop()
            return
        self.misread = None if self.recap else misreading(self.stated.figures, self.reply)
        self.uptake = uptake(self.stated.lines, self.reply, None if self.is_echoed else meaning)
        self.move = max(self.move, went)
        self.courteous = self.courteous or is_courteous(line)
        self.answered = self.answered or answers(line)
        self.doubtful = self.doubtful or unsure

    def credit(self) -> float:
        """How sure it is that a reply took the matter up, though too few of its words came back; 0: not."""
        done = self.uptake
        if self.matter is Matter.NONE or self.recap or done.refuses or self.misread is not None:
            return 0.0
        demanded = self.move is Move.ON and not done.says_first  # asked at once: nothing was taken up
        close = 0.0 if demanded or self.gives_data else done.closeness or 0.0  # a number is like any other
        if self.eases and self.matter is not Matter.DOES and not self.asks:
            return 0.6 if self.echo.score >= _NEARLY and close >= self.limits.close else 0.0
        nearly = self.echo.score >= _NEARLY if close >= self.limits.apart else self.echo.score > _NEARLY
        if nearly and self.echo.fresh:
            return 0.65
        if close >= self.limits.close and not done.deflects:
            return 0.65
        if done.says_first and done.complies and (self.wants_action or self.accepts or self.asks):
            return 0.7
        waited = self.reply[0].start >= self.end - _CUT_IN
        does = not self.wants_action or self.answered or done.complies or close >= self.limits.apart
        if self.asks and not self.retorts and done.says_first and not done.deflects and waited and does:
            return 0.7
        if done.takes_up and not done.deflects and self.told:
            return 0.6
        return 0.0

    def missed(self) -> float:
        """How sure it is that the agent moved on, 0 where it is not or not yet.

        A new question at once is plain. After "I can help with that" the agent has one more turn. A
        statement may be an answer: it is not where it turns the matter away or is about something else.
        """
        done = self.uptake
        if self.eases or not (self.matter is Matter.DOES or self.told) or self.echo.score >= _HALF:
            return 0.0
        close = self.limits.apart / 2 if done.closeness is None else done.closeness
        if self.rivals or self.corrects or (done.wraps_up and self.matter is not Matter.DOES):
            return 0.0
        at_once = self.move is Move.ON and not done.says_first
        limit = self.limits.close if at_once or done.deflects else self.limits.apart
        if done.takes_up or done.warm or close >= limit:
            return 0.0
        if self.courteous and not done.deflects:
            return 0.6 if self.gives_data and not at_once and self.turns == 1 else 0.0
        sure = 0.0
        if done.refuses:
            sure = 0.8
        elif self.move is Move.ON and not (done.bides or (done.says_first and self.asks)):
            sure = 0.85 if self.matter is Matter.DOES else 0.7
        elif self.asks and not self.retorts:
            sure = 0.0  # what follows may be the answer
        elif done.deflects:
            sure = 0.75
        elif done.closeness is not None and self.is_plain:
            sure = 0.65
        if self.evades:
            sure = max(sure, 0.65)
        if self.turns == 1:
            return sure
        return min(sure, 0.5) if self.promised else 0.0

    def is_cut_by(self, line: Line) -> bool:
        """Whether the customer goes on while the agent is replying, give or take how words are timed."""
        if not self.reply:
            return False
        last = self.reply[-1]
        return line.seconds(0, 0)[0] < last.seconds(0, len(last.tokens) - 1)[1] - _TIMING

    @property
    def is_plain(self) -> bool:
        """So much of the customer's own, surely heard, that a statement about something else is no answer."""
        rich = self.fresh >= _RICH and self.stated.confidence >= _SURELY
        return rich and not self.agrees and not any(line.asks for line in self.stated.lines)

    @property
    def evades(self) -> bool:
        """Something was to be done, and a long statement says nothing of it."""
        says = self.move is not Move.ON and not (self.answered or self.uptake.complies)
        return self.wants_action and says and self.words_replied >= self.limits.statement_words

    @property
    def gives_data(self) -> bool:
        return any(is_data(figure) for figure in self.fresh_figures)

    @property
    def words_replied(self) -> int:
        return sum(len(line.tokens) for line in self.reply)

    def await_next(self) -> None:
        """The reply neither acknowledged nor moved on: the agent's next turn may."""
        self.reply, self.move, self.echo, self.rivals = [], Move.NOD, NOTHING, ()
        self.uptake = NO_REPLY
        self.promised = self.promised or self.courteous
        self.answered = self.courteous = False
