"""How the customer's name is learned from a call: given, spelled, corrected, or confirmed when read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detectors.acquaintance import Acquaintance
from detectors.base import Judge
from detectors.introducing import introduced
from detectors.lexicon import lexicon
from detectors.name_asking import asked_about, asks_else, asks_name, asks_place
from detectors.name_given import Given, Setting
from detectors.name_runs import hailed, introduced_self, own_names
from detectors.naming import Name, is_known, is_title, roles
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict

ID = "name.use"
_OPENING = 2  # the customer's first lines, in which people say who they are
_GREETED: Seconds = 60.0  # until then "Hi Terry" tells the agent's name
_BRIEF = 2  # tokens of a line that leaves a question for the name open ("Sure.")


class Learning:
    """Observes where the name is learned; what is learned stands in the acquaintance."""

    def __init__(self, judge: Judge, known: Acquaintance) -> None:
        self._judge = judge
        self._known = known
        self._customer_lines = 0
        self._offered: tuple[Name, ...] = ()  # a name the agent asks the customer to confirm
        self._asked_about = False  # ... and plainly as a question
        self._elsewhere = False  # another's name, or something else, was asked for
        self._place = False  # a place was asked for, by itself
        self._answers = False  # to whatever was asked
        self.asked = False

    def hear_agent(self, line: Line) -> None:
        self._known.agent.update(introduced_self(line))
        if asks_name(line):
            self.asked, self._elsewhere = True, False
        elif asks_else(line):
            self.asked, self._elsewhere = False, True
        self._place = asks_place(line)
        self._answers = line.asks
        self._offer(line)

    def hear_customer(self, line: Line, *, greets: bool) -> Iterator[Detection]:
        """`greets`: the agent has spoken before, so that a hail is the agent's name."""
        self._customer_lines += 1
        if greets and line.start < _GREETED:
            self._known.agent.update(hailed(line))
        known = self._known.names
        yield from self._learn(line)
        told = self._known.names != known
        if self._offered and lexicon("names").has(line, "confirms"):
            self._known.know(self._offered)
        self._known.mention(line, answers=self.asked)
        if len(line.tokens) > _BRIEF or told:
            self.asked = self._elsewhere = False
        self._offered = ()

    def _offer(self, line: Line) -> None:
        self._asked_about = False
        for match in lexicon("names").find(line, "verifies"):
            self._take_offer(line, match.last + 1)
        for at in asked_about(line):
            self._asked_about |= self._take_offer(line, at, opens=True)

    def _take_offer(self, line: Line, at: int, *, opens: bool = False) -> bool:
        """Whether a person's name stands there; it is the one that the customer may confirm."""
        titled = at < len(line.tokens) and is_title(line.tokens[at])
        texts = [
            text for text in own_names(line, at=at + titled, opens=opens) if text not in self._known.agent
        ]
        if texts:
            self._offered = roles([(text,) for text in texts], titled=titled)
        return bool(texts) and (titled or is_known(texts[0]))

    def _learn(self, line: Line) -> Iterator[Detection]:
        known = self._known
        setting = Setting(
            asked=self.asked or self._asked_about,
            answers=self._answers,
            place=self._place,
            elsewhere=self._elsewhere,
            opening=self._customer_lines <= _OPENING,
            known=known.texts,
            others=known.agent,
        )
        told = introduced(line, setting)
        fresh = [one for one in told if self._is_new(one)]
        for given in told:
            known.know(given.names)
        if fresh:
            known.said_at = line.evidence(fresh[0].first, fresh[0].last)
            yield self._learned(line, fresh)

    def _is_new(self, given: Given) -> bool:
        """A part not known yet; letters of a name that was told are no news."""
        spelled = given.spelled and self._known.names
        return not spelled and any(name.text not in self._known.texts for name in given.names)

    def _learned(self, line: Line, fresh: Sequence[Given]) -> Detection:
        start, end = line.seconds(min(one.first for one in fresh), max(one.last for one in fresh))
        return self._judge.detect(
            ID,
            Verdict.OBSERVED,
            where=f"{line.id}/learned",
            kind="learned",
            speaker=Party.CUSTOMER,
            start=start,
            end=end,
            at=line.end,
            confidence=max(one.confidence for one in fresh),
            evidence=tuple(line.evidence(one.first, one.last) for one in fresh),
            note="The customer gives the name.",
        )
