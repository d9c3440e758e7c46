"""What the parts of emotion have in common: the customer's state, the floor, and an answer as read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from detectors.base import Judge
from detectors.floor import Floor
from detectors.frustration import Cue, Frustration
from detectors.leaks import is_cold, names_feeling, offers
from detectors.lexicon import Match
from detectors.matter import Move, move
from detectors.text import Line
from detectors.turns import Reading, Turn
from streaming.events import Detection, Party, Seconds, Signal


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent's line, read once for all parts. `leaks` are the harmful detections of it.

    `scores` is what the turn reader says of `turn`, the answer so far, by code; empty without one.
    """

    line: Line
    went: Move
    feeling: Match | None  # where it names the feeling or the inconvenience
    offers: bool
    cold: bool
    leaks: tuple[Detection, ...] = ()
    turn: Turn | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def nods(self) -> bool:
        return self.went is Move.NOD


def read_answer(line: Line, turn: Turn | None, reading: Reading) -> Answer:
    feeling, scores = names_feeling(line), reading.of(turn)
    return Answer(line, move(line), feeling, offers(line), is_cold(line), turn=turn, scores=scores)


class Talk:
    """What is known of the call so far, shared by the parts; the judge keeps it."""

    def __init__(self, judge: Judge, customer: Frustration, reading: Reading) -> None:
        self.judge = judge
        self.reading = reading
        self.floor = Floor()
        self.customer = customer
        self.cue = Cue(0.0, eases=False)  # of the customer's last line
        self.now: Seconds = 0.0

    def frustrated(self, at: Seconds) -> bool:
        return self.customer.is_frustrated(at)

    def silent(self) -> bool:
        return all(self.floor.speaking(party) is None for party in Party)


class Part:
    """One kind of judgement. `heard` and `answered` are called for every final line of customer and agent."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.judge = talk.judge

    def heard(self, line: Line, cue: Cue) -> Iterable[Detection]:
        return ()

    def answered(self, answer: Answer) -> Iterable[Detection]:
        return ()

    def sensed(self, signal: Signal) -> None:
        """A measurement of anybody's voice."""

    def passed(self) -> Iterable[Detection]:
        return ()

    def finish(self) -> Iterable[Detection]:
        return ()
