"""All detectors of one call behind one door: one that fails is dropped, recorded, and never raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detectors.score import one_sided
from streaming.events import (
    CallInfo,
    Detection,
    DetectionWithdrawn,
    DetectorFailed,
    Event,
    Seconds,
    Utterance,
)
from streaming.ports import Detector, DetectorFactory, Policy


@dataclass(frozen=True, slots=True)
class _Provisional:
    detector: str
    utterance: str


class Bench:
    """Feeds every event of a call to each of its detectors (`streaming.ports.Judges`).

    A detection id is let through once; a final one may repeat the id of a provisional one, which
    confirms it. A provisional detection that its utterance's final does not confirm is withdrawn.
    Behaviours that the policy has switched off are not reported, nor those that need a party who is not
    on the recording: a silence of one side is no silence of the call.
    """

    def __init__(self, call: CallInfo, policy: Policy, factories: Mapping[str, DetectorFactory]) -> None:
        self.failed: dict[str, str] = {}
        """Detectors that judge no more in this call, and the type name of what they raised."""
        self._off = policy.off
        self._call = call
        self._detectors: dict[str, Detector] = {}
        self._judged: set[str] = set()
        self._provisional: dict[str, _Provisional] = {}
        self._unreported: list[Event] = []
        for name, factory in factories.items():
            try:
                self._detectors[name] = factory(call, policy)
            except Exception as error:  # supervision: a detector that cannot start is out of this call
                self._unreported += self._drop(name, error, 0.0)

    def feed(self, event: Event, /) -> Sequence[Event]:
        """What follows from `event`: detections, withdrawals, detector failures."""
        found, self._unreported = self._unreported, []
        for name in list(self._detectors):
            found += self._ask(name, event, _time(event))
        if isinstance(event, Utterance) and event.final:
            found += self._withdraw(_time(event), utterance=event.id)
        return found

    def finish(self, at: Seconds, /) -> Sequence[Event]:
        """The call is over: the last judgements, and nothing stays provisional."""
        found, self._unreported = self._unreported, []
        for name in list(self._detectors):
            found += self._ask(name, None, at)
        return found + self._withdraw(at)

    def _ask(self, name: str, event: Event | None, at: Seconds) -> list[Event]:
        """What one detector says to an event, or (None) at the call's end."""
        detector = self._detectors[name]
        try:
            judged = list(detector.finish(at) if event is None else detector.feed(event))
        except Exception as error:  # supervision: the call goes on without this detector
            return self._drop(name, error, at)
        partial = event if isinstance(event, Utterance) and not event.final else None
        return [*self._let_through(name, judged, partial)]

    def _let_through(
        self, name: str, judged: Iterable[Detection], partial: Utterance | None
    ) -> Iterable[Detection]:
        for one in judged:
            known = one.id in self._judged or (one.provisional and one.id in self._provisional)
            if known or one.behaviour in self._off or (partial is not None and not one.provisional):
                continue
            if one_sided(self._call, one.behaviour) is not None:
                continue
            if one.provisional and partial is not None:
                self._provisional[one.id] = _Provisional(name, partial.id)
            else:
                self._judged.add(one.id)
                self._provisional.pop(one.id, None)
            yield one

    def _withdraw(
        self, at: Seconds, *, utterance: str | None = None, detector: str | None = None
    ) -> list[Event]:
        """Take back what is still provisional: of one utterance, of one detector, or all of it."""
        gone = [
            key
            for key, one in self._provisional.items()
            if utterance in (None, one.utterance) and detector in (None, one.detector)
        ]
        for key in gone:
            del self._provisional[key]
        return [DetectionWithdrawn(id=key, at=at) for key in gone]

    def _drop(self, name: str, error: Exception, at: Seconds) -> list[Event]:
        self._detectors.pop(name, None)
        self.failed[name] = type(error).__name__
        failure = DetectorFailed(detector=name, at=at, error=type(error).__name__)
        return [failure, *self._withdraw(at, detector=name)]


def _time(event: Event) -> Seconds:
    return float(getattr(event, "at", getattr(event, "end", 0.0)))
