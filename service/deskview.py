"""What an agent sees of an own call: at most one cue, whispers, and how it went afterwards (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from detectors.base import Behaviour
from service.callview import AlertView, CallView
from service.explain import quotes
from streaming.events import Detection, Party, Profile, Seconds, Verdict

CUE_SECONDS: Seconds = 45.0
"""A cue is for what is being said now: stream seconds that it stays, unless done or turned down before."""

_WHISPERS = 5  # newest ones shown
_MOMENTS = 8  # of one behaviour, newest ones
_QUOTE_WORDS = 16
_CUED = frozenset({Verdict.MISSED, Verdict.HARMFUL, Verdict.OBSERVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCue:
    """`about` is the behaviour's title, `text` what to do now."""

    id: str
    at: Seconds
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskWhisper:
    id: str
    at: Seconds
    text: str
    by: str | None
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCall:
    """`listening`: a supervisor hears the call now."""

    call_id: str
    state: Literal["live", "ended"]
    at: Seconds
    customer: str | None
    listening: bool
    cue: DeskCue | None
    whispers: tuple[DeskWhisper, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskMessage:
    """All that a desk is sent: the call that runs, or the newest that ended, or none."""

    type: Literal["desk"] = "desk"
    agent: str
    call: DeskCall | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLine:
    """An own call that has ended, in a list; `started_at` in Unix seconds."""

    call_id: str
    started_at: float
    seconds: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskMoment:
    """`quote` are the agent's own words, None where the judgement rests on none of them."""

    at: Seconds
    verdict: Verdict
    note: str
    quote: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskBehaviour:
    id: str
    title: str
    delivered: int
    missed: int
    harmful: int
    moments: tuple[DeskMoment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskReview:
    """An own call that has ended: what was judged in it, what went well first."""

    call_id: str
    started_at: float  # Unix seconds
    seconds: Seconds
    customer: str | None
    complete: bool  # the scorecard is there
    behaviours: tuple[DeskBehaviour, ...]
    whispers: tuple[DeskWhisper, ...]


def desk_call(view: CallView, rows: Mapping[str, Behaviour], *, cues: bool) -> DeskCall:
    return DeskCall(
        call_id=view.call.call_id,
        state=view.state,
        at=view.at,
        customer=view.call.customer_name,
        listening=bool(view.listeners),
        cue=_cue(view, rows) if cues and view.state == "live" else None,
        whispers=_whispers(view, _WHISPERS),
    )


def desk_review(view: CallView, rows: Mapping[str, Behaviour]) -> DeskReview:
    shown = _judged(view, rows)
    return DeskReview(
        call_id=view.call.call_id,
        started_at=view.call.started_at,
        seconds=view.at,
        customer=view.call.customer_name,
        complete=view.scorecard is not None,
        behaviours=tuple(sorted(shown, key=lambda one: (one.missed + one.harmful > 0, -one.delivered))),
        whispers=_whispers(view, len(view.whispers)),
    )


def may_be_shown(behaviour: str, rows: Mapping[str, Behaviour], profile: Profile) -> bool:
    """Nothing that rests on the agent's voice where the profile leaves that alone.

    It is not measured there either (docs/privacy.md): this holds should a log come from elsewhere.
    """
    row = rows.get(behaviour)
    return row is not None and not (row.uses_agent_voice and profile is Profile.EU_WORKPLACE)


def _cue(view: CallView, rows: Mapping[str, Behaviour]) -> DeskCue | None:
    """The newest card that is still worth acting on; a provisional one may yet be withdrawn."""
    for shown in reversed(view.alerts):
        alert = shown.alert
        if view.at - alert.at > CUE_SECONDS:
            return None
        if _is_cue(shown) and may_be_shown(alert.behaviour, rows, view.call.profile):
            about = rows[alert.behaviour].title
            return DeskCue(id=alert.id, at=alert.at, about=about, text=alert.coaching)
    return None


def _is_cue(shown: AlertView) -> bool:
    alert = shown.alert
    standing = shown.state in ("open", "acked") and not alert.provisional
    return standing and alert.verdict in _CUED and bool(alert.coaching)


def _whispers(view: CallView, most: int) -> tuple[DeskWhisper, ...]:
    newest = view.whispers[max(0, len(view.whispers) - most) :]
    return tuple(
        DeskWhisper(
            id=one.whisper.id, at=one.whisper.at, text=one.whisper.text, by=one.whisper.by, seen=one.seen
        )
        for one in newest
    )


def _judged(view: CallView, rows: Mapping[str, Behaviour]) -> Iterable[DeskBehaviour]:
    found: dict[str, list[Detection]] = {}
    for detection in view.detections:
        judged = detection.verdict is not Verdict.OBSERVED and not detection.provisional
        of_agent = detection.speaker is Party.AGENT
        if judged and of_agent and may_be_shown(detection.behaviour, rows, view.call.profile):
            found.setdefault(detection.behaviour, []).append(detection)
    for behaviour, detections in found.items():
        counts = {verdict: sum(one.verdict is verdict for one in detections) for verdict in Verdict}
        yield DeskBehaviour(
            id=behaviour,
            title=rows[behaviour].title,
            delivered=counts[Verdict.DELIVERED],
            missed=counts[Verdict.MISSED],
            harmful=counts[Verdict.HARMFUL],
            moments=tuple(_moment(one, view) for one in sorted(detections, key=_begun)[-_MOMENTS:]),
        )


def _begun(detection: Detection) -> Seconds:
    return detection.start


def _moment(detection: Detection, view: CallView) -> DeskMoment:
    lines = {line.id: line for line in view.utterances if line.final}
    own = next((text for who, text in quotes(detection, lines) if who is Party.AGENT), None)
    return DeskMoment(
        at=detection.start,
        verdict=detection.verdict,
        note=detection.note,
        quote=None if own is None else _short(own),
    )


def _short(text: str) -> str:
    words = text.split()
    return text if len(words) <= _QUOTE_WORDS else " ".join(words[:_QUOTE_WORDS]) + " …"
