"""Scored recordings as files: JSON for programs, CSV for a spreadsheet or a warehouse."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_json as dump_json

from detectors.base import Behaviour
from service.batch import scorecard_of
from service.explain import explain, quotes
from service.recordings import Recording
from service.wire import to_json
from streaming.events import CallInfo, Detection, Record, Scorecard, Utterance

_COLUMNS = (
    "recording",
    "agent",
    "team",
    "seconds",
    "behaviour",
    "opportunities",
    "delivered",
    "missed",
    "harmful",
    "observed",
    "rate",
    "not_judged",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A recording and its whole log."""

    recording: Recording
    call: CallInfo
    records: Sequence[Record]

    @property
    def scorecard(self) -> Scorecard:
        return scorecard_of(self.records)


def write_json(
    path: Path, scored: Sequence[Scored], failed: Mapping[str, str], rows: Mapping[str, Behaviour]
) -> None:
    """Every call with scorecard, transcript and moments, and the recordings that failed.

    `rows`: the behaviours that were judged, a team's own among them.
    """
    body = {"calls": [_call(one, rows) for one in scored], "failed": dict(failed)}
    path.write_bytes(dump_json(body, indent=2))


def write_csv(path: Path, scored: Sequence[Scored]) -> None:
    """One row per call and behaviour; `rate` is empty without an opportunity."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        for one in scored:
            writer.writerows(_rows(one))


def _call(one: Scored, rows: Mapping[str, Behaviour]) -> dict[str, Any]:
    events = [record.event for record in one.records]
    lines = [event for event in events if isinstance(event, Utterance) and event.final and event.words]
    spoken = {line.id: line for line in lines}
    moments = [event for event in events if isinstance(event, Detection) and not event.provisional]
    return {
        "recording": one.recording.name,
        "call": to_json(one.call),
        "seconds": round(one.recording.seconds, 3),
        "scorecard": to_json(one.scorecard),
        "moments": [_moment(moment, rows, spoken) for moment in moments],
        "transcript": [
            {"id": line.id, "speaker": line.speaker, "start": line.start, "end": line.end, "text": line.text}
            for line in lines
        ],
    }


def _moment(
    moment: Detection, rows: Mapping[str, Behaviour], spoken: Mapping[str, Utterance]
) -> dict[str, Any]:
    return {
        **to_json(moment),
        "quotes": [quote for _, quote in quotes(moment, spoken)],
        "explanation": explain(moment, rows, spoken),
    }


def _rows(one: Scored) -> list[dict[str, object]]:
    call: dict[str, object] = {
        "recording": one.recording.name,
        "agent": one.call.agent,
        "team": one.call.team,
        "seconds": round(one.recording.seconds, 1),
    }
    judged: list[dict[str, object]] = [
        {
            **call,
            "behaviour": item.behaviour,
            "opportunities": item.opportunities,
            "delivered": item.delivered,
            "missed": item.missed,
            "harmful": item.harmful,
            "observed": item.observed,
            "rate": None if item.rate is None else round(item.rate, 4),
        }
        for item in one.scorecard.items
    ]
    left = [
        {**call, "behaviour": row.behaviour, "not_judged": row.reason} for row in one.scorecard.not_judged
    ]
    return judged + left
