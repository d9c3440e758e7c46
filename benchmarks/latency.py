"""From what a console received and when audio was sent to how late each line and card was (pure).

Two clocks meet here: an event's place in the call (stream seconds) and the moment at which it reached a
console (the load generator's monotonic clock). `SentTimes` joins them: it knows when the sample at any
stream second left the generator. All waits are in seconds of that clock.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streaming.events import Seconds

Event = Mapping[str, Any]
"""One event as JSON, as a console gets it."""

_EDGE = 0.005  # event times are rounded to milliseconds on the wire
_AT_ONCE: Seconds = 1.0
"""An utterance that is judged by itself is judged at its endpoint, half a second behind its speech, or on the
tick before. What is judged later waits for what comes after it: a turn that goes on, a number corrected."""
_DEMAND = "demand"  # the one kind of a missed chance that an utterance shows by itself


@dataclass(frozen=True, slots=True)
class SentTimes:
    """When each frame of a call was sent; frame ``k`` holds the samples of ``[k, k + 1) * frame`` seconds."""

    times: Sequence[float]
    frame: Seconds

    def at(self, stream: Seconds) -> float | None:
        """When the last sample before `stream` was sent; None when nothing was."""
        if not len(self.times):
            return None
        index = math.ceil(round(stream / self.frame, 6)) - 1
        return self.times[min(max(index, 0), len(self.times) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of seconds in four numbers; without samples all but `count` are None."""

    count: int
    p50: float | None = None
    p95: float | None = None
    max: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        ordered = sorted(values)
        if not ordered:
            return cls(0)
        p50, p95 = (round(percentile(ordered, share), 3) for share in (0.5, 0.95))
        return cls(len(ordered), p50, p95, round(ordered[-1], 3))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: always one of the values, so that small samples flatter nobody."""
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(slots=True)
class Waits:
    """What was measured, one entry an event.

    `final`: end of speech → the finished line. `cut`: the same for the pieces of a turn that was cut because
    it went on too long (there is no end of speech; counted from the cut). `partial`: the newest sample in a
    partial line → that line. `alert`: end of the speech that a card is about → the card, where the utterance
    itself shows what the card is about. `early`: for cards raised while that utterance was still going on:
    the newest sample in the partial line that shows it → the card. `decided`: for cards about something that
    was not done, or that only what came after could show, and for those that had to wait while an earlier
    card was open: from the moment of the call that released them.
    """

    final: list[float] = field(default_factory=list)
    cut: list[float] = field(default_factory=list)
    partial: list[float] = field(default_factory=list)
    alert: list[float] = field(default_factory=list)
    early: list[float] = field(default_factory=list)
    decided: list[float] = field(default_factory=list)
    wordless: int = 0
    gaps: list[tuple[str, Seconds]] = field(default_factory=list)

    @property
    def gap_seconds(self) -> dict[str, float]:
        """Seconds not heard, by reason."""
        total: Counter[str] = Counter()
        for reason, seconds in self.gaps:
            total[reason] += seconds  # type: ignore[assignment]
        return {reason: round(seconds, 3) for reason, seconds in total.items()}


class CallWaits:
    """Follows one call's events in the order in which they came, and adds what it finds to `waits`.

    Only what was sent within `window` (from, to) is counted; gaps always are.
    """

    def __init__(self, sent: SentTimes, waits: Waits, window: tuple[float, float]) -> None:
        self._sent = sent
        self._waits = waits
        self._window = window
        self._speech_ends: dict[str, list[Seconds]] = {}
        self._ends: dict[str, Seconds] = {}  # utterance id → where its speech ended
        self._heard: dict[str, Seconds] = {}  # utterance id → how far its newest partial line goes
        self._judged: dict[str, Seconds] = {}  # detection id → when it could be judged

    def take(self, event: Event, received: float) -> None:
        match event["type"]:
            case "speech_ended":
                self._speech_ends.setdefault(event["speaker"], []).append(event["at"])
            case "utterance":
                self._utterance(event, received)
            case "detection":
                self._judged.setdefault(event["id"], event["at"])
            case "alert":
                self._alert(event, received)
            case "audio_gap":
                self._waits.gaps.append((event["reason"], event["end"] - event["start"]))

    def _utterance(self, event: Event, received: float) -> None:
        if not event["final"]:
            self._heard[event["id"]] = event["end"]
            self._count(self._waits.partial, event["end"], received)
            return
        end = self._ends[event["id"]] = self._end_of_speech(event)
        if not event["words"]:
            self._waits.wordless += 1
        elif event["continues"]:
            self._count(self._waits.cut, end, received)
        else:
            self._count(self._waits.final, end, received)

    def _end_of_speech(self, event: Event) -> Seconds:
        """Its last voiced moment; an utterance's own `end` includes padding behind that."""
        known = self._speech_ends.get(event["speaker"], ())
        inside = [at for at in known if event["start"] <= at <= event["end"] + _EDGE]
        return float(inside[-1] if inside else event["end"])

    def _alert(self, event: Event, received: float) -> None:
        named = _utterances(event)
        going_on = [self._heard[one] for one in named if one in self._heard and one not in self._ends]
        ended = [self._ends[one] for one in named if one in self._ends]
        judged = max((self._judged.get(one, 0.0) for one in event["detections"]), default=0.0)
        waited = event["at"] > judged + _EDGE
        if going_on and not waited:
            self._count(self._waits.early, max(going_on), received)
        elif _is_said(event) and ended and not waited and judged <= max(ended) + _AT_ONCE:
            self._count(self._waits.alert, max(ended), received)
        else:
            self._count(self._waits.decided, event["at"], received)

    def _count(self, into: list[float], stream: Seconds, received: float) -> None:
        sent = self._sent.at(stream)
        if sent is not None and self._window[0] <= sent <= self._window[1]:
            into.append(received - sent)


def _utterances(alert: Event) -> list[str]:
    return [span["utterance_id"] for span in alert["evidence"] if span["kind"] == "words"]


def _is_said(alert: Event) -> bool:
    return bool(alert["verdict"] == "harmful" or alert["kind"] == _DEMAND)
