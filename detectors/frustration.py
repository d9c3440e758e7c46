"""emotion.frustration: a customer's frustration as a state with evidence; cues add, time and ease take away.

What a turn shows is weighed against what the call has been through: a mild word in a tense call, or right
behind an answer that hurt, says more than in a calm one. The voice (a raised `arousal` signal of the
customer) only supports words: alone it is wrong too often (even classifiers trained on acted anger call
6 to 18 % of calm real speech angry), and so is meaning.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from detectors.cues import COLOUR, Found, cues, eases, is_statement, is_warm, spans
from detectors.keywords import keywords, stems
from detectors.matter import Move, move
from detectors.meaning import Likeness
from detectors.text import Line
from streaming.events import Evidence, Party, Seconds, Signal, SignalSpan

FRUSTRATED = 0.5
"""Level from which a customer counts as frustrated."""
_MOST = 3.0
_MOST_AT_ONCE = 1.5
_REPETITION = 0.4
_AROUSED = 2.0  # z-score against the customer's own first minutes
_VOICE = 0.3
_VOICE_SECONDS = 15.0
_EASED = 0.3  # what is left of the level after thanks
_SAME_WORDS = 3  # key words in common with an earlier turn that make a repetition …
_SAME_SHARE = 0.6  # … and their share of this turn's
_EARLIER = 8.0  # seconds between a request and its repetition; sooner it is one turn

# What speaks for frustration beside words, as shares of a turn's weight, and the weight from which it shows
# frustration. From a logistic regression on the development calls (words 4.5 : level 1.2 : an answer that
# hurt 1.7); meaning counts half of what it got there, because in small talk between strangers (SwDA), where
# nobody is upset, it raised more than it found.
_LEVEL = 0.25
_MEANING = 0.15
_HURT = 0.35
_SHOWS = 0.6
_STRONG = 1.0  # a cue that thanks do not take back

# In the heat of it words are not needed: of the development calls' statements without a cue, about eight in
# ten behind an answer that hurt, and as many that meant something like it, were labelled as frustrated.
_HEATED = 1.5
_HOT = 2.0
_MEANT = 0.5


@dataclass(frozen=True, slots=True)
class Cue:
    """What one customer turn shows: `weight` of frustration (0 for none), whether it eases, and the words."""

    weight: float
    eases: bool
    evidence: tuple[Evidence, ...] = ()


class Frustration:
    """One customer's state; `half_life` in seconds; `shows` is how sure the turn reader must be."""

    def __init__(self, half_life: Seconds, meaning: Likeness | None = None, *, shows: float = 1.0) -> None:
        self._half_life = half_life
        self._shows = shows
        self._meaning = meaning
        self._level = 0.0
        self._at: Seconds = 0.0
        self._evidence: tuple[Evidence, ...] = ()
        self._aroused: Signal | None = None
        self._earlier: deque[tuple[Seconds, frozenset[str]]] = deque(maxlen=6)
        self._asked_again = False
        self._answered: Line | None = None
        self._hurt = False

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The words (and the voice, where it helped) of the latest cue."""
        return self._evidence

    def level(self, at: Seconds) -> float:
        """0 (calm) to 3; half of it is left after one half-life."""
        return self._level * float(0.5 ** (max(0.0, at - self._at) / self._half_life))

    def is_frustrated(self, at: Seconds) -> bool:
        return self.level(at) >= FRUSTRATED

    def hear(self, line: Line, shows: float | None = None) -> Cue:
        """A final utterance of the customer; `shows` is how surely its turn does, where it was read."""
        before = self.level(line.start)
        cue = self._cue(line, before) if shows is None else self._read(line, shows)
        if cue.weight:
            self._level = min(_MOST, before + min(_MOST_AT_ONCE, cue.weight))
            self._evidence = cue.evidence
        else:
            self._level = self.level(line.end) * (_EASED if cue.eases else 1.0)
        self._at = line.end
        self._remember(line)
        return cue

    def answer(self, line: Line, *, hurts: bool, asks_again: bool) -> None:
        """A final utterance of the agent. Doing as asked and saying it again is no sign of anything."""
        self._answered = line
        self._hurt = hurts
        self._asked_again = asks_again

    def sense(self, signal: Signal) -> None:
        """A measurement of the customer's voice."""
        if signal.name == "arousal" and signal.value >= _AROUSED:
            self._aroused = signal

    def span(self, line: Line) -> SignalSpan:
        """The state right after `line`, as evidence that a console can draw."""
        return SignalSpan(
            name="frustration",
            speaker=Party.CUSTOMER,
            start=line.start,
            end=line.end,
            value=round(self.level(line.end), 2),
        )

    def _read(self, line: Line, score: float) -> Cue:
        """As the turn reader has it; words say where, and how much."""
        if score < self._shows:
            return Cue(0.0, eases(line, answered=self._answered, tense=True))
        found = cues(line, answered=self._answered, tense=True)
        weight = max(_SHOWS + score - self._shows, *(one.weight for one in found), 0.0)
        voice = self._voice(line)
        evidence: tuple[Evidence, ...] = spans(line, _telling(found))
        return Cue(weight, eases=False, evidence=evidence if voice is None else (*evidence, voice))

    def _cue(self, line: Line, level: float) -> Cue:
        tense = level >= FRUSTRATED or self._hurt
        found = cues(line, answered=self._answered, tense=tense)
        relieved = eases(line, answered=self._answered, tense=tense)
        if relieved and (is_warm(line) or all(one.weight < _STRONG for one in found)):
            return Cue(0.0, eases=True)
        repeated = _REPETITION if self._repeats(line) else 0.0
        if not repeated and all(one.name in COLOUR for one in found):
            return self._heated(line, level, relieved)
        weight = repeated + sum(one.weight for one in found) + self._support(line, level)
        if weight < _SHOWS:
            return self._heated(line, level, relieved)
        voice = self._voice(line)
        evidence: tuple[Evidence, ...] = spans(line, _telling(found))
        return Cue(weight, eases=False, evidence=evidence if voice is None else (*evidence, voice))

    def _heated(self, line: Line, level: float, relieved: bool) -> Cue:
        """A statement, of no cue by itself, in the middle of a quarrel."""
        asked = self._answered is not None and move(self._answered) is Move.ON
        heat = not (relieved or asked) and is_statement(line)
        if heat and not (self._hurt and level >= _HEATED):
            heat = level >= _HOT and self._meant(line) >= _MEANT
        return Cue(_SHOWS, eases=False, evidence=(line.whole(),)) if heat else Cue(0.0, relieved)

    def _meant(self, line: Line) -> float:
        likely = self._meaning.best(line) if self._meaning is not None else None
        return likely.score if likely is not None else 0.0

    def _support(self, line: Line, level: float) -> float:
        """What speaks for frustration beside words: the call so far, meaning, voice."""
        support = _LEVEL * min(level, _MOST_AT_ONCE) + (_HURT if self._hurt else 0.0)
        support += _MEANING * self._meant(line)
        return support + (_VOICE if self._voice(line) is not None else 0.0)

    def _voice(self, line: Line) -> SignalSpan | None:
        signal = self._aroused
        if signal is None or signal.end < line.start - _VOICE_SECONDS:
            return None
        return SignalSpan(
            name=signal.name, speaker=signal.speaker, start=signal.start, end=signal.end, value=signal.value
        )

    def _repeats(self, line: Line) -> bool:
        if self._asked_again:
            return False
        words = stems(keywords(line))
        return any(
            line.start - end > _EARLIER
            and len(words & earlier) >= _SAME_WORDS
            and len(words & earlier) >= _SAME_SHARE * len(words)
            for end, earlier in self._earlier
        )

    def _remember(self, line: Line) -> None:
        self._asked_again = self._hurt = False
        words = stems(keywords(line))
        if len(words) >= _SAME_WORDS:
            self._earlier.append((line.end, words))


def _telling(found: tuple[Found, ...]) -> tuple[Found, ...]:
    """What is worth pointing at: weak words only where there is nothing else."""
    return tuple(one for one in found if one.name not in COLOUR) or found
