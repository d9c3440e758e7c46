"""What the parts of courtesy have in common: one reading of a line, and where they may judge."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from detectors.base import Judge
from detectors.courtesy_acts import Act, Kind, acts_of
from detectors.courtesy_form import Ask, asks_of
from detectors.floor import Floor
from detectors.lexicon import Match
from detectors.text import Line, Sentence
from streaming.events import Detection, Party, Seconds, WordsHeldBack

BACK_CHANNELS = frozenset(
    {
        *("okay", "yeah", "yes", "yep", "yup", "right", "sure", "mhm", "uhhuh", "mm", "hmm", "huh", "oh"),
        *("ah", "aha", "wow", "all", "got", "it", "i", "see", "good", "fine", "great", "really", "no"),
    }
)


class Reading:
    """A line with the phrases found in it. `continued`: its first words go on with an open sentence."""

    def __init__(self, line: Line, matches: tuple[Match, ...], *, continued: bool) -> None:
        self.line = line
        self.matches = matches
        self.continued = continued

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """Thanks, please and apologies that are meant."""
        return acts_of(self.line, self.matches)

    @cached_property
    def asks(self) -> tuple[Ask, ...]:
        """What is asked of the other party, and in what form."""
        return asks_of(self.line, self.matches, self.acts, continued=self.continued)

    def does(self, *kinds: Kind) -> tuple[Act, ...]:
        return tuple(act for act in self.acts if act.kind in kinds)

    @property
    def by_agent(self) -> bool:
        return self.line.speaker is Party.AGENT

    def of(self, *labels: str, within: Sentence | None = None) -> tuple[Match, ...]:
        """Matches with one of `labels`, in one sentence when given."""
        return tuple(
            match
            for match in self.matches
            if match.label in labels and (within is None or within.first <= match.first <= within.last)
        )

    def overlaps(self, match: Match, *labels: str) -> bool:
        return any(one.first <= match.last and match.first <= one.last for one in self.of(*labels))

    def has(self, *labels: str) -> bool:
        return any(match.label in labels for match in self.matches)

    @property
    def slight(self) -> bool:
        """Nothing but back-channel words, few of them: it takes no turn."""
        texts = self.line.texts
        return len(texts) <= 4 and all(text in BACK_CHANNELS for text in texts)


class Part:
    """One kind of courtesy. `heard` is called for every final line with words, `passed` every second,
    `unheard` where words were held back."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        self.judge = judge
        self.floor = floor

    def heard(self, reading: Reading) -> Iterable[Detection]:
        return ()

    def passed(self, at: Seconds) -> Iterable[Detection]:
        return ()

    def unheard(self, held: WordsHeldBack) -> None:
        """Somebody spoke, and the words are not sure enough to be anybody's."""

    def finish(self, at: Seconds) -> Iterable[Detection]:
        return ()
