"""One call as a supervisor sees it: a projection of the call's records, of bounded size (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from streaming.events import (
    Alert,
    AlertState,
    AlertUpdate,
    AudioGap,
    CallEnded,
    CallInfo,
    CallStarted,
    Detection,
    DetectionWithdrawn,
    Event,
    Lag,
    ListeningEnded,
    ListeningStarted,
    Party,
    Scorecard,
    Seconds,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    Whisper,
    WhisperDelivered,
    WhisperSeen,
    WordsHeldBack,
)

_Key = TypeVar("_Key", str, int)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much of one call is held in memory; older things are read from the store.

    A ten-hour call has some 10,000 utterances (0.7 kB each as JSON); 500 are the last half hour.
    """

    utterances: int = 500
    detections: int = 500
    alerts: int = 200
    whispers: int = 200
    gaps: int = 200
    listeners: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    alert: Alert
    state: Literal["open"] | AlertState = "open"
    by: str | None = None
    useful: bool | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperView:
    whisper: Whisper
    delivered: bool = False
    seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """What `GET /v1/calls/{id}` and the console's snapshot show of a call.

    `utterances` are finals in log order, then the newest partial of each party that is speaking. `truncated`:
    there was more than is shown here; the store has all of it. `seq` is that of the last record in it.
    `lag` and `partial_lines` are those of the last `Lag`: how far a live call is behind. `listeners` hear the
    call now.
    """

    call: CallInfo
    state: Literal["live", "ended"]
    at: Seconds
    seq: int
    speaking: tuple[Party, ...]
    utterances: tuple[Utterance, ...]
    detections: tuple[Detection, ...]
    alerts: tuple[AlertView, ...]
    whispers: tuple[WhisperView, ...]
    gaps: tuple[AudioGap, ...]
    held_back: int
    scorecard: Scorecard | None
    truncated: bool = False
    lag: Seconds = 0.0
    partial_lines: bool = True
    listeners: tuple[ListeningStarted, ...] = ()


class CallProjection:
    """Takes a call's events in log order, partial utterances whenever they come."""

    def __init__(self, call_id: str, keep: Keep) -> None:
        self.call = CallInfo(call_id=call_id)
        self.state: Literal["live", "ended"] = "live"
        self.at: Seconds = 0.0
        self.truncated = False
        self.lag: Seconds = 0.0
        self.partial_lines = True
        self._keep = keep
        self._speaking: set[Party] = set()
        self._finals: dict[str, Utterance] = {}
        self._partials: dict[Party, Utterance] = {}
        self._detections: dict[str, Detection] = {}
        self._alerts: dict[str, AlertView] = {}
        self._whispers: dict[str, WhisperView] = {}
        self._listeners: dict[str, ListeningStarted] = {}
        self._gaps: dict[int, AudioGap] = {}
        self._gap_count = 0
        self._held_back = 0
        self._scorecard: Scorecard | None = None

    def view(self, *, seq: int, utterances: int | None = None) -> CallView:
        """The call now; with `utterances`, no more than that many finals."""
        finals = list(self._finals.values())
        shown = finals if utterances is None else finals[max(0, len(finals) - utterances) :]
        partials = sorted(self._partials.values(), key=lambda one: one.start)
        return CallView(
            call=self.call,
            state=self.state,
            at=self.at,
            seq=seq,
            speaking=tuple(sorted(self._speaking)),
            utterances=(*shown, *partials),
            detections=tuple(self._detections.values()),
            alerts=tuple(self._alerts.values()),
            whispers=tuple(self._whispers.values()),
            gaps=tuple(self._gaps.values()),
            held_back=self._held_back,
            scorecard=self._scorecard,
            truncated=self.truncated or len(shown) < len(finals),
            lag=self.lag,
            partial_lines=self.partial_lines,
            listeners=tuple(self._listeners.values()),
        )

    def has_alert(self, alert_id: str) -> bool:
        return alert_id in self._alerts

    def apply(self, event: Event) -> None:
        self._move(event)
        match event:
            case CallStarted(call=call):
                self.call = call
            case CallEnded():
                self.state = "ended"
                self.lag, self.partial_lines = 0.0, True
                self._speaking.clear()
                self._partials.clear()
                self._listeners.clear()
            case SpeechStarted(speaker=speaker):
                self._speaking.add(speaker)
            case SpeechEnded(speaker=speaker):
                self._speaking.discard(speaker)
            case Utterance():
                self._say(event)
            case WordsHeldBack():
                self._held_back += event.doubtful
            case AudioGap():
                self._gap_count += 1
                self._put(self._gaps, self._gap_count, event, self._keep.gaps)
            case Scorecard():
                self._scorecard = event
            case Lag():
                self._fall_behind(event)
            case _:
                self._decide(event)

    def _decide(self, event: Event) -> None:
        match event:
            case Detection():
                self._put(self._detections, event.id, event, self._keep.detections)
                self._confirm(event)
            case DetectionWithdrawn(id=key):
                self._detections.pop(key, None)
            case Alert():
                self._put(
                    self._alerts, event.id, AlertView(alert=event, count=event.count), self._keep.alerts
                )
            case AlertUpdate():
                self._update(event)
            case _:
                self._between_people(event)

    def _between_people(self, event: Event) -> None:
        match event:
            case Whisper():
                self._put(self._whispers, event.id, WhisperView(whisper=event), self._keep.whispers)
            case WhisperDelivered(id=key) if key in self._whispers:
                self._whispers[key] = replace(self._whispers[key], delivered=True)
            case WhisperSeen(id=key) if key in self._whispers:
                self._whispers[key] = replace(self._whispers[key], seen=True)
            case ListeningStarted():
                self._put(self._listeners, event.id, event, self._keep.listeners)
            case ListeningEnded(id=key):
                self._listeners.pop(key, None)
            case _:
                pass

    def _move(self, event: Event) -> None:
        if isinstance(event, Tick | CallEnded | SpeechStarted | SpeechEnded):
            self.at = max(self.at, event.at)

    def _fall_behind(self, lag: Lag) -> None:
        if self.state == "live":
            self.lag, self.partial_lines = lag.seconds, lag.partial_lines

    def _say(self, said: Utterance) -> None:
        shown = self._partials.get(said.speaker)
        if said.final:
            self._put(self._finals, said.id, said, self._keep.utterances)
            if shown is not None and (shown.id == said.id or shown.start < said.start):
                del self._partials[said.speaker]
        elif self.state == "live" and said.id not in self._finals and _newer(said, shown):
            self._partials[said.speaker] = said

    def _confirm(self, detection: Detection) -> None:
        """The final detection of the same id is what confirms a card raised on a provisional one."""
        if detection.provisional:
            return
        for key, shown in self._alerts.items():
            if shown.alert.provisional and detection.id in shown.alert.detections:
                self._alerts[key] = replace(shown, alert=self._as_found(shown.alert))

    def _as_found(self, alert: Alert) -> Alert:
        found = [self._detections[key] for key in alert.detections if key in self._detections]
        return replace(
            alert,
            provisional=any(one.provisional for one in found),
            evidence=tuple(span for one in found for span in one.evidence),
            note=found[-1].note,
        )

    def _update(self, update: AlertUpdate) -> None:
        shown = self._alerts.get(update.id)
        if shown is None:
            return
        self._alerts[update.id] = AlertView(
            alert=shown.alert,
            state=shown.state if update.state == "merged" else update.state,
            by=shown.by if update.by is None else update.by,
            useful=shown.useful if update.useful is None else update.useful,
            count=shown.count if update.count is None else update.count,
        )

    def _put(self, kept: dict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
        kept[key] = value
        if len(kept) > most:
            del kept[next(iter(kept))]
            self.truncated = True


def _newer(said: Utterance, shown: Utterance | None) -> bool:
    if shown is None:
        return True
    if shown.id == said.id:
        return said.revision > shown.revision
    return said.start >= shown.start
