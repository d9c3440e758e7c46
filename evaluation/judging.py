"""Runs the product's own judges over a call's events, and keeps what they stood by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from service.judging import Judging, judging
from service.settings import Settings
from streaming.events import (
    Alert,
    AlertUpdate,
    CallEnded,
    CallInfo,
    CallStarted,
    Detection,
    DetectionWithdrawn,
    DetectorFailed,
    Event,
    ListeningEnded,
    ListeningStarted,
    Party,
    Profile,
    Scorecard,
    Seconds,
    Signal,
    Utterance,
    Whisper,
    WhisperDelivered,
    WhisperSeen,
)

_NOT_HEARD = (
    CallStarted,
    CallEnded,
    Detection,
    DetectionWithdrawn,
    DetectorFailed,
    Alert,
    AlertUpdate,
    Whisper,
    WhisperDelivered,
    WhisperSeen,
    ListeningStarted,
    ListeningEnded,
    Scorecard,
)
"""What a log holds besides what was heard and measured."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`failed` are detectors that raised, and the type of what they raised."""

    detections: tuple[Detection, ...]
    utterances: Mapping[str, Utterance]
    failed: Mapping[str, str]


def judging_everything(settings: Settings) -> Judging:
    """What a service with these settings judges by, and what it has switched off besides."""
    ready = judging(settings.model_copy(update={"behaviours_off": frozenset(), "behaviours_on": frozenset()}))
    return replace(ready, policy=replace(ready.policy, off=frozenset()))


def narrowed(judges: Judging, behaviours: Collection[str]) -> Judging:
    """Only the detectors that judge those: none of them hears of what another one found."""
    wanted = {judges.rows[one].detector for one in behaviours if one in judges.rows}
    return replace(judges, factories={name: one for name, one in judges.factories.items() if name in wanted})


def judge(info: CallInfo, events: Iterable[Event], judges: Judging) -> Judged:
    """As a replay of the call's log would: every event once, in log order, then the end."""
    bench = judges.bench(info)
    found: dict[str, Detection] = {}
    utterances: dict[str, Utterance] = {}
    _keep(bench.feed(CallStarted(call=info)), found)
    last: Seconds = 0.0
    for event in events:
        if isinstance(event, CallEnded):
            last = event.at
        if isinstance(event, _NOT_HEARD) or _forbidden(event, info.profile):
            continue
        last = max(last, float(getattr(event, "at", getattr(event, "end", 0.0))))
        if isinstance(event, Utterance) and event.final:
            utterances[event.id] = event
        _keep(bench.feed(event), found)
    _keep(bench.finish(last), found)
    stood = (one for one in found.values() if not one.provisional)
    return Judged(tuple(sorted(stood, key=lambda one: (one.start, one.id))), utterances, bench.failed)


def _forbidden(event: Event, profile: Profile) -> bool:
    """Logs are kept of everything; a stricter profile does not measure the agent's voice at all."""
    mine = isinstance(event, Signal) and event.speaker is Party.AGENT
    return mine and profile is not Profile.FULL


def _keep(judged: Iterable[Event], found: dict[str, Detection]) -> None:
    for one in judged:
        if isinstance(one, Detection):
            found[one.id] = one
        elif isinstance(one, DetectionWithdrawn):
            found.pop(one.id, None)
