"""From one machine's figures to many: arithmetic that can be checked by hand, and the pages it goes into."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import pages, scaling, trade
from benchmarks.scaling import FULL, Inputs, cell_calls, growth, limits, nodes_for, plan

KNOWN = Inputs(
    calls_per_node=20,
    cores_per_node=2,
    node_bytes=1e9,
    service_cpu=0.02,
    engine_cpu=0.05,
    follow_cpu=0.0002,
    records=4.0,
    console_bytes=1500.0,
    redis_commands=10.0,
    redis_cpu=0.0004,
    redis_in=2000.0,
    redis_read_cpu=0.00002,
    redis_read_bytes=2000.0,
    commits=4.0,
    rows=3.0,
    wal=1500.0,
    postgres_cpu=0.0005,
    stored=1000.0,
)


def test_a_thousand_calls_by_hand() -> None:
    known = replace(KNOWN, follow_cpu=0.0)
    one = plan(300, known)
    assert (one.cells, one.nodes, one.cores) == (1, 15, 30)
    assert one.memory == 15e9
    assert (one.rows, one.redis_commands) == (900, 3000)
    assert one.redis_out == 300 * 15 * 2000
    assert one.redis_cores == pytest.approx(300 * (0.0004 + 14 * 0.00002))
    assert one.stored_per_day == 300 * 1000 * 8 * 3600
    assert (one.audio, one.messages) == (4_800_000, 15_000)


def test_following_foreign_calls_takes_room_from_a_nodes_own() -> None:
    dear = replace(KNOWN, follow_cpu=0.0005)
    assert nodes_for(1000, replace(KNOWN, follow_cpu=0.0)) == 50
    # 0.7 of a core, 0.5 of it following: 0.2 / 0.02 = 10 calls of its own
    assert nodes_for(1000, dear) == pytest.approx(100, abs=1)


def test_a_cell_is_as_large_as_following_allows() -> None:
    assert cell_calls(KNOWN) == 500  # a tenth of a core / 0.2 ms
    assert plan(100_000, KNOWN).cells == 200
    assert plan(40, KNOWN).cells == 1


def test_fewer_cells_take_more_nodes() -> None:
    one, two = plan(1000, KNOWN, cells=1), plan(1000, KNOWN)
    assert (one.cells, two.cells) == (1, 2)
    assert one.nodes == two.nodes == 50, "following still leaves room for all that the engine does"
    tight = replace(KNOWN, service_cpu=0.03)
    assert plan(1000, tight, cells=1).nodes > plan(1000, tight).nodes


def test_a_cell_is_never_smaller_than_a_node() -> None:
    assert cell_calls(replace(KNOWN, follow_cpu=0.1)) == KNOWN.calls_per_node


def test_redis_bounds_a_cell_where_reading_is_dear() -> None:
    dear = replace(KNOWN, follow_cpu=0.0, redis_read_cpu=0.0002)
    most = cell_calls(dear)
    assert plan(most, dear).redis_cores <= FULL + 0.02
    assert scaling._redis_cores(2 * most, nodes_for(2 * most, dear), dear) > 1.5 * FULL


@given(calls=st.integers(1, 200_000), more=st.integers(0, 100_000))
def test_every_call_has_a_place_and_more_calls_never_take_less(calls: int, more: int) -> None:
    one, other = plan(calls, KNOWN), plan(calls + more, KNOWN)
    assert one.cells * one.calls_per_cell >= calls
    assert one.nodes * KNOWN.calls_per_node >= calls
    assert other.cells >= one.cells and other.audio >= one.audio
    assert one.calls_per_cell <= cell_calls(KNOWN)


def test_limits_come_in_the_order_in_which_they_are_reached() -> None:
    found = limits(KNOWN)
    assert [one.calls for one in found] == sorted(one.calls for one in found)
    assert found[0].what == "one node's engine" and found[0].calls == 20
    following = next(one for one in found if "following" in one.what)
    assert following.calls == pytest.approx(3500, abs=1)


@given(base=st.floats(0, 1), slope=st.floats(0.001, 1))
def test_a_straight_line_is_found_again(base: float, slope: float) -> None:
    runs = [
        {"calls": calls, "cpu_seconds_per_call_second": {"service": (base + slope * calls) / calls}}
        for calls in (1, 8, 16, 40)
    ]
    assert list(growth(runs)) == pytest.approx([base, slope, 1.0], abs=1e-9)


def test_a_bend_shows_in_the_fit() -> None:
    runs = [
        {"calls": calls, "cpu_seconds_per_call_second": {"service": 0.001 * calls}}
        for calls in (1, 10, 20, 40)
    ]
    assert growth(runs)[2] < 0.97


def load_run(calls: int, model: str = "tiny.en", *, holds: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "calls": calls,
        "model": model,
        "framing": "native",
        "settings": {},
        "seconds": 60.0,
        "latency": {name: {"count": 9, "p50": 0.8, "p95": 1.2} for name in ("final", "partial")},
        "holds": holds,
        "cpu_seconds_per_call_second": {"service": 0.03, "worker": 0.06, "generator": 0.01},
        "peak_rss_mb": {"service": 300, "worker": 500, "together": 800},
        **changes,
    }


def load(*runs: dict[str, Any]) -> dict[str, Any]:
    return {
        "command": "callcue bench load",
        "when": "2026-01-01T00:00",
        "machine": {"cores": 2},
        "runs": [*runs],
    }


def engine(model: str, **changes: Any) -> dict[str, Any]:
    row = {"set": "an4", "model": model, "way": "own windows", "machine_made_reference": False}
    return row | {"wer": 10.0, "cpu_ms": 40.0, "seconds": 30.0} | changes


def test_a_model_is_held_to_the_most_calls_that_held_with_its_own_windows_errors() -> None:
    loads = [load(load_run(8), load_run(24)), load(load_run(40, holds=False), load_run(12, "base"))]
    engines = [
        engine("tiny.en", way="30 s windows", wer=1.0, cpu_ms=400.0),
        engine("tiny.en", wer=20.0),
        engine("tiny.en", set="ravdess", wer=4.0, cpu_ms=70.0, seconds=60.0),
        engine("tiny.en", set="call", wer=90.0, machine_made_reference=True, seconds=0.0),
        engine("base", cpu_ms=90.0),
        engine("small.en"),
    ]
    tiny, base = trade.measured(loads, engines)
    assert (tiny["name"], tiny["calls_held"], tiny["cores"]) == ("tiny.en", 24, 2)
    assert tiny["word_errors"] == {"an4": 20.0, "ravdess": 4.0}
    assert tiny["cpu_ms"] == 60.0, "weighted by the seconds of each set"
    assert (base["name"], base["calls_held"]) == ("base", 12)


def test_a_run_on_a_gpu_is_no_figure_of_the_cpu() -> None:
    on_gpu = load_run(300, settings={"CALLCUE_MODEL__DEVICE": "cuda"})
    rows = trade.measured([load(load_run(24), on_gpu)], [engine("tiny.en")])
    assert [(row["device"], row["calls_held"], row["cores"]) for row in rows] == [
        ("cpu", 24, 2),
        ("cuda", 300, 1),
    ]
    assert "300" not in trade.table(rows)


PAGES = {
    "README.md": ("models", "live"),
    "benchmarks/README.md": ("threads",),
    "docs/scaling.md": ("growth", "inputs", "needs", "limits"),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_have_the_markers(page: str) -> None:
    text = (pages.ROOT / page).read_text(encoding="utf-8")
    for name in PAGES[page]:
        assert f"<!-- {name} -->" in text and f"<!-- /{name} -->" in text


def test_figures_reach_every_page_and_the_data_that_auto_reads(tmp_path: Path) -> None:
    for page, names in PAGES.items():
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / page).write_text("".join(f"<!-- {name} -->\n<!-- /{name} -->\n" for name in names))
    (tmp_path / "models").mkdir()
    row = {"redis_commands": 9, "redis_in": 2000, "redis_out": 3000, "redis_cpu": 0.0004, "commits": 1,
           "rows": 3, "wal": 1500, "postgres_cpu": 0.0005, "stored_bytes": 900, "last_node_cpu": 0.0002,
           "records": 4.5, "console_bytes": 1600, "nodes": 1}  # fmt: skip
    layout = {"model": "tiny.en", "layout": "2 × 1", "per_wall": 41.4, "per_cpu": 32.2, "alone": 0.16}
    pages.publish(
        [
            load(load_run(1), load_run(24)),
            [engine("tiny.en", wer=17.25)],
            {"threads": [layout]},
            {"command": "callcue bench traffic", "traffic": [row, {**row, "nodes": 2, "redis_out": 5000}]},
            {"rows": [], "command": "callcue bench voice"},
        ],
        tmp_path,
    )
    texts = {page: (tmp_path / page).read_text(encoding="utf-8") for page in PAGES}
    assert "| 24, tiny.en |" in texts["README.md"]
    assert "17.25" in texts["README.md"] and "41.4" in texts["benchmarks/README.md"]
    assert "100,000 calls |" in texts["docs/scaling.md"] and "4.50" in texts["docs/scaling.md"]
    assert (tmp_path / pages.GROWTH).is_file() and (tmp_path / trade.PLOT).is_file()
    written = json.loads((tmp_path / "models" / "figures.json").read_text(encoding="utf-8"))
    assert written["models"][0]["calls_held"] == 24


def test_without_measurements_nothing_is_touched(tmp_path: Path) -> None:
    pages.publish([], tmp_path)
    assert not list(tmp_path.iterdir())
