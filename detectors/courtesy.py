"""Courtesy: opening, requests, curt answers, readiness to help, holds and closing, judged by intent.

Each part judges one kind of moment and shares one reading of every line: tokens, phrases, and who
holds the floor. Everything is judged on final utterances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from detectors.base import Judge
from detectors.courtesy_closing import Closing
from detectors.courtesy_curt import CurtAnswers
from detectors.courtesy_hold import Holds
from detectors.courtesy_opening import Opening
from detectors.courtesy_part import Part, Reading
from detectors.courtesy_requests import Requests
from detectors.courtesy_willing import Willingness
from detectors.courtesy_words import Words
from detectors.floor import Floor
from detectors.lexicon import lexicon
from streaming.events import CallInfo, Detection, Event, Seconds, Tick, WordsHeldBack
from streaming.ports import Policy

_PARTS: tuple[Callable[[Judge, Floor], Part], ...] = (
    Opening,
    Requests,
    CurtAnswers,
    Willingness,
    Holds,
    Closing,
    Words,
)


class Courtesy(Judge):
    """Judges `courtesy.*`."""

    name = "courtesy"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._floor = Floor()
        self._phrases = lexicon("courtesy")
        self._parts = tuple(part(self, self._floor) for part in _PARTS)

    def feed(self, event: Event, /) -> Iterable[Detection]:
        return list(self._feed(event))

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        return [detection for part in self._parts for detection in part.finish(at)]

    def _feed(self, event: Event) -> Iterator[Detection]:
        line = self._floor.feed(event)
        if line is not None:
            reading = Reading(line, self._phrases.find(line), continued=self._floor.continued)
            for part in self._parts:
                yield from part.heard(reading)
        elif isinstance(event, WordsHeldBack):
            for part in self._parts:
                part.unheard(event)
        elif isinstance(event, Tick):
            for part in self._parts:
                yield from part.passed(event.at)
