"""name.use: the customer's name is learned from data or talk, used early and spaced, never wrong or forced.

Every conversational use is delivered, once an utterance. Harmful are a name that is not the customer's
(``wrong_name``), and uses so many that they are a tic (``forced``). Missed is a name that was known for
ninety seconds and never used (``unused``). Observed, and judging nobody, are where the name was
``learned``, that its first use is ``waiting``, and that it has been absent for minutes (``spacing``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.acquaintance import Acquaintance
from detectors.base import Judge
from detectors.floor import Floor
from detectors.name_absence import Absence
from detectors.name_calling import Calling
from detectors.name_learning import ID, Learning
from detectors.text import Line
from streaming.events import CallInfo, Detection, Event, Party, Seconds, SpeechStarted, Tick
from streaming.ports import Policy

_TURN = 2  # tokens of a line above which the agent has taken the floor


class Names(Judge):
    """Judges `name.use`."""

    name = "names"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._floor = Floor()
        self._known = Acquaintance(call)
        self._learning = Learning(self, self._known)
        self._calling = Calling(self, self._known)
        self._absence = Absence(self, self._floor, self._known)
        self._stated: tuple[str, ...] = ()  # parts of the name in the customer's last line
        self._agent_has_floor = False

    @property
    def known(self) -> tuple[str, ...]:
        """The customer's name as far as it is known, normalised, part by part."""
        return self._known.texts

    def feed(self, event: Event, /) -> Iterable[Detection]:
        line = self._floor.feed(event)
        if line is not None:
            return list(self._agent_says(line) if line.speaker is Party.AGENT else self._customer_says(line))
        if isinstance(event, SpeechStarted) and event.speaker is Party.CUSTOMER and self.known:
            self._absence.begin(event.at)
        if isinstance(event, Tick):
            return [*self._unanswered(event.at), *self._absence.passed(event.at)]
        return ()

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        return [*self._settled(self._calling.settle(at)), *self._absence.finish(at)]

    def _customer_says(self, line: Line) -> Iterator[Detection]:
        self._agent_has_floor = False
        asked = self._learning.asked
        greets = self._floor.last(Party.AGENT) is not None
        yield from self._settled(self._calling.hear_customer(line, asked=asked))
        yield from self._learning.hear_customer(line, greets=greets)
        self._stated = self._known.said_of(line)
        if self.known:
            self._absence.begin(line.end)

    def _agent_says(self, line: Line) -> Iterator[Detection]:
        self._learning.hear_agent(line)
        turn = not self._agent_has_floor and len(line.tokens) > _TURN
        self._agent_has_floor = self._agent_has_floor or turn
        stated, self._stated = self._stated, ()
        opening = self._floor.last(Party.CUSTOMER) is None
        yield from self._calling.hear_agent(
            line, turn=turn, continued=self._floor.continued, opening=opening, stated=stated
        )
        self._absence.hear_agent(self._calling.used_until)

    def _settled(self, found: Iterator[Detection]) -> Iterator[Detection]:
        """What the agent called somebody before the name was known may have been it."""
        yield from found
        if self._calling.used_until is not None:
            self._absence.use(self._calling.used_until)

    def _unanswered(self, at: Seconds) -> Iterator[Detection]:
        since = self._calling.waits_since
        speaking = self._floor.speaking(Party.CUSTOMER) is not None
        if since is not None and at - since >= self.threshold(ID, "answer_seconds") and not speaking:
            yield from self._settled(self._calling.settle(at))
