"""What `callcue score --json` writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from detectors.base import catalogue
from service.recordings import Recording, Source
from service.report import Scored, write_json
from streaming.events import CallInfo, Detection, Event, Party, Record, Scorecard, Severity, Verdict


def records(*events: Event) -> list[Record]:
    return [Record(call_id="c1", seq=number, event=event) for number, event in enumerate(events, start=1)]


def test_a_teams_own_behaviour_is_explained_by_its_title(tmp_path: Path) -> None:
    own = replace(catalogue()["courtesy.greeting"], id="custom.recording_notice", title="Says it is recorded")
    found = Detection(
        id="custom.recording_notice@a1",
        behaviour=own.id,
        verdict=Verdict.DELIVERED,
        speaker=Party.AGENT,
        start=3.0,
        end=4.0,
        at=4.5,
        confidence=0.9,
        severity=Severity.NOTICE,
        note="It was said.",
    )
    card = Scorecard(at=5.0, items=(), heard=(), not_judged=())
    scored = Scored(
        recording=Recording(
            sources=(Source(path=Path("x.wav"), parties=(Party.AGENT,)),), rate=8000, frames=40000
        ),
        call=CallInfo(call_id="c1"),
        records=records(found, card),
    )
    write_json(tmp_path / "out.json", [scored], {}, {**catalogue(), own.id: own})
    (call,) = json.loads((tmp_path / "out.json").read_text())["calls"]
    assert call["moments"][0]["explanation"] == "Says it is recorded, delivered at 0:03: it was said."
