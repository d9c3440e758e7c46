"""listening.interruption: the agent starts in the middle of the customer's sentence and takes the turn.

Both channels' timing decides, words support it. A nod ("mm-hm", "right, okay") takes no turn, however
long it overlaps; coming in on a sentence's last word is how people talk; and an agent who starts while
the customer speaks, and is not yielded to, has not taken the turn.
"""

from __future__ import annotations

from collections.abc import Iterator

from detectors.base import Judge
from detectors.floor import Floor
from detectors.lexicon import word_list
from detectors.matter import Move, move
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict

INTERRUPTION = "listening.interruption"
_TURN_WORDS = 3  # fewer are a customer's own nod, said while the agent speaks
_BREATH = 2.0  # seconds behind the agent's open sentence
_ASSENT_WORDS = 8
_ASSENTS = 2  # of the first words: "oh, okay, that makes sense"
_SILENT = 0.25  # seconds of customer speech, right behind the overlap, that still count as yielding


class Interruptions:
    """Asked about every final line of the agent's, once the customer's cut line is known too."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        self._judge = judge
        self._floor = floor
        self._least = judge.threshold(INTERRUPTION, "overlap_seconds")
        self._yields = judge.threshold(INTERRUPTION, "yield_seconds")
        self._into = judge.threshold(INTERRUPTION, "into_seconds")
        self._on = judge.threshold(INTERRUPTION, "goes_on_seconds")
        self._seen: set[str] = set()

    def heard(self, line: Line, at: Seconds) -> Iterator[Detection]:
        """`line` is the newest final line, of either party."""
        if line.speaker is Party.AGENT:
            cut = next((one for one in reversed(self._floor.lines) if one.speaker is Party.CUSTOMER), None)
            yield from self._cuts(line, cut, at)
            return
        for own in [one for one in self._floor.lines if one.speaker is Party.AGENT][-2:]:
            yield from self._cuts(own, line, at)

    def _cuts(self, own: Line, cut: Line | None, at: Seconds) -> Iterator[Detection]:
        if cut is None or own.id in self._seen or move(own) is Move.NOD or len(cut.tokens) < _TURN_WORDS:
            return
        if self._takes_up_again(own, cut):
            return
        start, end = self._floor.voiced(own)
        spoken, stopped = self._floor.voiced(cut)
        overlap = stopped - start
        open_ended = left_open(cut)  # the recogniser mostly ends a sentence that was never ended
        if not (start - spoken >= self._into and self._least <= overlap <= self._yields):
            return
        if (
            end - stopped < (0.0 if open_ended else self._on)
            or self._holds_on(stopped, end)
            or self._floor.missing(spoken, end)
        ):
            return
        self._seen.add(own.id)
        yield self._judge.detect(
            INTERRUPTION,
            Verdict.HARMFUL,
            where=own.id,
            start=start,
            end=stopped,
            at=max(at, own.end, cut.end),
            kind="cut_off",
            confidence=round(min(0.95, 0.6 + 0.2 * overlap + (0.15 if open_ended else 0.0)), 2),
            evidence=(cut.evidence(max(0, len(cut.tokens) - 4), len(cut.tokens) - 1), own.evidence(0, 0)),
            note="The agent starts while the customer is in the middle of a sentence, and takes the turn.",
        )

    def _takes_up_again(self, own: Line, cut: Line) -> bool:
        """The agent was not done ("So …"): a few words of assent in between took no turn to be cut."""
        said = [one for one in self._floor.lines if one.speaker is Party.AGENT and one.end <= own.start]
        if not said or cut.start - said[-1].end > _BREATH or len(cut.tokens) > _ASSENT_WORDS:
            return False
        nods = word_list("acknowledgement", "nod")
        return left_open(said[-1]) and all(text in nods for text in cut.texts[:_ASSENTS])

    def _holds_on(self, stopped: Seconds, end: Seconds) -> bool:
        """The customer speaks on while the agent still does: the turn was not taken."""
        return self._floor.overlap(Party.CUSTOMER, stopped + 0.1, min(end, stopped + 1.0)) > _SILENT


def left_open(line: Line) -> bool:
    """The words break off: no end mark, or a last word that cannot end a sentence."""
    return not line.sentences[-1].mark or line.tokens[-1].text in word_list("leakage", "unfinished")
