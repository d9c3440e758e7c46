"""Made-up calls are calls as the service sends them, and the tables say what was measured."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.stage import Manner, script
from benchmarks.wall_table import tables
from service.live import LiveView
from streaming.events import Alert, CallEnded, Detection, Record, Tick, Utterance


def test_a_made_up_call_is_the_same_every_time_and_taken_as_a_real_one() -> None:
    made = script(7, Manner())
    assert made == script(7, Manner())
    assert made != script(8, Manner())
    view, seq = LiveView(), 0
    for due in made:
        seq += not due.passing
        record = Record(call_id="stage-00007", seq=0 if due.passing else seq, event=due.event)
        assert view.apply(record) or due.passing, due
    shown = view.view("stage-00007")
    assert shown is not None and shown.state == "ended"
    kinds = {type(due.event) for due in made}
    assert {Utterance, Detection, Alert, Tick, CallEnded} <= kinds
    assert len(shown.alerts) == sum(isinstance(due.event, Alert) for due in made)


def test_it_is_as_busy_as_it_is_told_to_be() -> None:
    busy = script(3, Manner())
    calm = script(3, replace(Manner(), partials=False, tick=5))
    assert 2 < len(busy) / busy[-1].at < 4  # records a second
    assert not any(due.passing for due in calm)
    assert sum(isinstance(due.event, Tick) for due in calm) < sum(isinstance(d.event, Tick) for d in busy) / 4


def test_the_tables_stand_between_the_markers_of_their_kind() -> None:
    frames = {"per_second": 59.7, "p50_ms": 16.7, "p95_ms": 17, "p99_ms": 33.3, "max_ms": 66.7}
    run = {
        "calls": 200,
        "records_per_second": 595.1,
        "frames": frames,
        "main_thread_share": {"all": 0.177, "script": 0.044, "style": 0.009, "layout": 0.016},
        "long_tasks": {"count": 1, "max_ms": 52.0},
        "keys": {"max_ms": 0},
        "card_on_page_seconds": {"count": 0, "p50": None, "p95": None},
        "heap_mb": 19.8,
        "nodes": 3599,
        "priority": "nice 0",
        "load_average": [6.6, 1.0, 1.0],
    }
    found = tables([{"kind": "console", "command": "callcue bench console", "runs": [run]}, [], {"runs": []}])
    assert list(found) == ["console"]
    row = found["console"].splitlines()[-1]
    assert "| 60; 16.7 / 17 / 33.3 / 66.7 | 17.7: 4.4 + 0.9 + 1.6 | 1 (52 ms) | ≤ 16 | – |" in row
