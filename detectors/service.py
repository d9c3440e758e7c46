"""Service: understanding, ownership, passing on, effort, the next call, resolution, offers.

Each part judges one kind of moment on one reading of a line, as courtesy does. Words go first; meaning
(`detectors.meaning`) finds what is said in other words. Everything is judged on final utterances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import lexicon
from detectors.service_effort import Effort
from detectors.service_escalation import Escalation
from detectors.service_language import Language
from detectors.service_resolution import Resolution
from detectors.service_sales import Offers
from streaming.events import CallInfo, Detection, Event, Seconds, Tick
from streaming.ports import Policy

_PARTS: tuple[Callable[[Judge, Floor], Part], ...] = (Language, Escalation, Effort, Resolution, Offers)


class Service(Judge):
    """Judges `service.*`, `language.positive`, `listening.comprehension` and `sales.opening`."""

    name = "service"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._floor = Floor()
        self._phrases = lexicon("service")
        self._parts = tuple(part(self, self._floor) for part in _PARTS)

    def feed(self, event: Event, /) -> Iterable[Detection]:
        line = self._floor.feed(event)
        if line is not None:
            reading = Reading(line, self._phrases.find(line), continued=self._floor.continued)
            return [found for part in self._parts for found in part.heard(reading)]
        if isinstance(event, Tick):
            return [found for part in self._parts for found in part.passed(event.at)]
        return []

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        return [found for part in self._parts for found in part.finish(at)]
