"""Overload and churn: when all is well again, what counts as flat, and what the tables show."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report, strain
from benchmarks.expected import utterances
from benchmarks.flatness import Look, growth
from benchmarks.frames import read_loops
from benchmarks.overload import holds
from benchmarks.plans import Take
from benchmarks.recovery import Late, lines_again, welcome_again
from service.batch import BATCH, score_recording, stereo
from streaming.events import CallInfo, Utterance
from tests.running import SAMPLES, running, settings_for


def lines(*pairs: tuple[float, float]) -> list[Late]:
    return [Late(received, wait) for received, wait in pairs]


def test_lines_are_in_time_again_behind_the_last_that_was_late() -> None:
    seen = lines((95.0, 9.0), (101.0, 7.0), (104.5, 3.0), (105.0, 1.0), (106.0, 0.8))
    assert lines_again(seen, gone=100.0) == 4.5


def test_lines_that_were_never_late_are_in_time_at_once() -> None:
    assert lines_again(lines((101.0, 1.0)), gone=100.0) == 0.0


@pytest.mark.parametrize("seen", [[], lines((99.0, 0.5)), lines((101.0, 0.5), (109.0, 2.5))])
def test_nothing_seen_or_late_to_the_end_is_no_recovery(seen: list[Late]) -> None:
    assert lines_again(seen, gone=100.0) is None


def test_one_late_line_in_thirty_is_within_the_95th_percentile() -> None:
    seen = [Late(101.0 + n, 3.0 if n == 20 else 0.8) for n in range(30)]
    assert lines_again(seen, gone=100.0) == 0.0


def test_calls_are_welcome_from_where_none_is_refused_any_more() -> None:
    answers = [(98.0, False), (100.5, True), (101.0, False), (104.0, True), (104.5, True)]
    assert welcome_again(answers, gone=100.0) == 4.0
    assert welcome_again([*answers, (105.0, False)], gone=100.0) is None


def grown(mb_per_hour: float, *, jump: float = 0.0) -> list[Look]:
    """Forty looks in an hour of calls; `jump` MB in the warm-up."""
    return [
        Look(at=n, heard=90.0 * n, service=400 + (jump if n > 5 else 0) + mb_per_hour * n / 40, worker=300)
        for n in range(40)
    ]


@pytest.mark.parametrize(("slope", "flat"), [(0.0, True), (3.0, True), (5.0, False), (-9.0, True)])
def test_a_hundredth_an_hour_is_flat_and_more_is_not(slope: float, flat: bool) -> None:
    found = growth(grown(slope), lambda look: look.service)
    assert found.per_call_hour == pytest.approx(slope)
    assert found.flat is flat


def test_what_is_filled_in_the_warm_up_is_no_growth() -> None:
    assert growth(grown(0.0, jump=80.0), lambda look: look.service).flat


def test_too_few_looks_tell_nothing() -> None:
    with pytest.raises(ValueError, match="too little"):
        growth(grown(0.0)[:7], lambda look: look.service)


async def test_the_utterances_that_must_come_are_those_that_a_session_finds(tmp_path: Any) -> None:
    (loop,) = read_loops([SAMPLES / "good_call.flac"])
    async with running(settings_for(tmp_path)) as service:
        log = await score_recording(
            stereo(SAMPLES / "good_call.flac"), CallInfo(call_id="c"), service.node.parts
        )
    found = {record.event.id for record in log if isinstance(record.event, Utterance)}
    assert len(found) > 10
    assert BATCH.partial_every is None
    assert utterances(Take(loop=loop, offset=0, frames=loop.frames), loop.frames) == found


SPREAD = {"count": 4, "p50": 0.8, "p95": 1.2, "max": 1.3}


def overloaded(**changes: Any) -> dict[str, Any]:
    asked = {"times": 40, "refused": {"1013": 4}, "retry_after": SPREAD}
    phase = {"final": SPREAD, "partials_per_call_second": 0.5}
    run = {
        "calls": 8,
        "model": "tiny.en",
        "offered": 16,
        "taken": 12,
        "refused": {"1013": 4},
        "refused_of_base": 0,
        "unfinished": 0,
        "asked": asked,
        "utterances": {"expected": 90, "lost": 0},
        "gaps": {"count": 0},
        "phases": {"before": phase, "during": phase, "after": phase},
        "back_to_normal": {"lines": 3.0, "new_calls": 5.0, "seconds": 5.0},
        "peak_rss_mb": {"together": 700},
        "holds": True,
    }
    return {**run, **changes}


@pytest.mark.parametrize(
    "fault",
    [
        {"utterances": {"expected": 90, "lost": 1}},
        {"gaps": {"count": 1}},
        {"unfinished": 1},
        {"refused": {"1011": 1}},
        {"refused_of_base": 1},
        {"asked": {"times": 9, "refused": {"1013": 2}, "retry_after": {"count": 1}}},
        {"back_to_normal": {"seconds": 10.1}},
        {"back_to_normal": {"seconds": None}},
    ],
)
def test_lost_lines_rude_refusals_and_slow_recovery_do_not_hold(fault: dict[str, Any]) -> None:
    assert holds(overloaded())
    assert not holds(overloaded(**fault))


def test_every_kind_has_its_table_and_its_place_on_the_page() -> None:
    memory = {"settled_mb": 400, "end_mb": 401, "mb_per_call_hour": 0.4, "error_mb_per_call_hour": 0.2}
    churned = {"callers": 4, "model": "tiny.en", "settings": {}, "calls": 9, "close_codes": {"1000": 9}}
    churned |= {"call_seconds": 360.0, "times_real_time": 20.0, "flat": True}
    scored = {"recordings": 3, "recording_seconds": 240.0, "model": "base", "times_real_time": 20.0}
    scored |= {"times_real_time_with_start": 15.0, "of_the_machine": 0.95, "of_the_engines_limit": 0.7}
    scored |= {"cpu_seconds_per_recording_second": {"engine": 0.05, "rest": 0.02}}
    runs = {
        "overload": overloaded(),
        "churn": churned | {"memory": {"service": memory, "together": memory}},
        "score": scored | {"peak_rss_mb": {"rest": 300, "engine": 350}},
    }
    found = [{"kind": kind, "command": f"callcue bench {kind}", "runs": [run]} for kind, run in runs.items()]
    page = report.README.read_text(encoding="utf-8")
    for name, table in strain.tables(found).items():
        assert len({row.count("|") for row in table.splitlines()}) == 1
        assert table in report.between(page, name, table)
    assert "| 0 of 90 | 0 | 1.2 / 1.2 / 1.2 |" in strain.tables(found)["overload"]
