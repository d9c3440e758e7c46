"""A customer's frustration as a state, from words first: cues add, time and easing words take away.

The voice (a raised `arousal` signal of the customer) only supports words: alone it is wrong too often
(calm real calls raise 5 to 18 % false alarms in the figures of MEASURED.md).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from detectors.keywords import keywords, stems
from detectors.lexicon import Match, lexicon
from detectors.text import Line
from streaming.events import Evidence, Seconds, Signal, SignalSpan

_LEXICON = "frustration"
_WEIGHTS = {"strong": 1.0, "medium": 0.4, "weak": 0.15}
FRUSTRATED = 0.5
"""Level from which a customer counts as frustrated: a strong cue for one half-life, or two medium ones."""
_MOST = 3.0
_REPETITION = 0.4
_AROUSED = 2.0  # z-score against the customer's own first minutes
_VOICE = 0.3
_VOICE_SECONDS = 15.0
_EASED = 0.3  # what is left of the level after thanks
_SAME_WORDS = 3  # key words in common with an earlier turn that make a repetition …
_SAME_SHARE = 0.6  # … and their share of this turn's
_EARLIER = 8.0  # seconds between a request and its repetition; sooner it is one turn
_NEGATIONS = frozenset({"not", "never", "no"})


@dataclass(frozen=True, slots=True)
class Cue:
    """What one customer turn shows: `weight` of frustration, whether it eases, and the words."""

    weight: float
    eases: bool
    evidence: tuple[Evidence, ...] = ()


class Frustration:
    """One customer's state; `half_life` in seconds."""

    def __init__(self, half_life: Seconds) -> None:
        self._half_life = half_life
        self._level = 0.0
        self._at: Seconds = 0.0
        self._evidence: tuple[Evidence, ...] = ()
        self._aroused: Signal | None = None
        self._earlier: deque[tuple[Seconds, frozenset[str]]] = deque(maxlen=6)
        self._asked_again = False

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The words (and the voice, where it helped) of the latest cue."""
        return self._evidence

    def level(self, at: Seconds) -> float:
        """0 (calm) to 3; half of it is left after one half-life."""
        return self._level * float(0.5 ** (max(0.0, at - self._at) / self._half_life))

    def is_frustrated(self, at: Seconds) -> bool:
        return self.level(at) >= FRUSTRATED

    def hear(self, line: Line) -> Cue:
        """A final utterance of the customer."""
        cue = self._cue(line)
        level = self.level(line.end)
        if cue.weight:
            self._level = min(_MOST, level + cue.weight)
            self._evidence = cue.evidence
        else:
            self._level = level * (_EASED if cue.eases else 1.0)
        self._at = line.end
        self._remember(line)
        return cue

    def asked_again(self) -> None:
        """The agent asked the customer to repeat: doing so is no sign of anything."""
        self._asked_again = True

    def sense(self, signal: Signal) -> None:
        """A measurement of the customer's voice."""
        if signal.name == "arousal" and signal.value >= _AROUSED:
            self._aroused = signal

    def _cue(self, line: Line) -> Cue:
        found = [match for match in lexicon(_LEXICON).find(line) if not _is_negated(line, match)]
        sour = any(match.label == "sour" for match in found)
        eases = not sour and any(match.label == "ease" for match in found)
        cues = _apart([match for match in found if match.label in _WEIGHTS])
        weight = sum(_WEIGHTS[match.label] for match in cues)
        if self._repeats(line):
            weight += _REPETITION
        strong = [match for match in cues if match.label != "weak"]
        if weight < _WEIGHTS["medium"]:  # weak words alone colour nothing
            weight = 0.0
        evidence: list[Evidence] = [line.evidence(match.first, match.last) for match in strong]
        voice = self._voice(line)
        if weight and voice is not None:
            weight += _VOICE
            evidence.append(voice)
        return Cue(min(_MOST, weight), eases and weight < FRUSTRATED, tuple(evidence))

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
        self._asked_again = False
        words = stems(keywords(line))
        if len(words) >= _SAME_WORDS:
            self._earlier.append((line.end, words))


def _is_negated(line: Line, match: Match) -> bool:
    """ "I'm not fed up": a negation right in front, in the same sentence."""
    first = line.sentence_of(match.first).first
    before = line.tokens[max(first, match.first - 2) : match.first]
    return any(token.text in _NEGATIONS for token in before)


def _apart(matches: list[Match]) -> list[Match]:
    """Matches that share no token, the weightiest and longest first: one phrase is one cue."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda one: (-_WEIGHTS[one.label], -len(one), one.first)):
        if all(match.last < one.first or match.first > one.last for one in kept):
            kept.append(match)
    return sorted(kept, key=lambda one: one.first)
