"""The load generator against a real service process, with a recogniser that knows the script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import cli_bench
from service.cli import app
from service.cli_bench import bench_app

SAMPLES = Path(__file__).parents[2] / "samples"


def test_two_calls_are_played_and_measured_at_a_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCUE_MODEL__WORKER", "scripted")
    monkeypatch.setenv("CALLCUE_MODEL__SCRIPT", str(SAMPLES / "good_call.truth.json"))
    out = tmp_path / "load.json"
    options = ["--calls", "2", "--seconds", "10", "--recordings", str(SAMPLES / "good_call.flac")]
    result = CliRunner().invoke(app, ["bench", "load", *options, "--json", str(out)])
    assert result.exit_code == 0, result.output
    (run,) = json.loads(out.read_text(encoding="utf-8"))["runs"]
    assert (run["refused"], run["unfinished"], run["gaps"]["count"]) == ({}, 0, 0)
    waits = run["latency"]
    assert waits["final"]["count"] + waits["cut"]["count"] + run["wordless_finals"] > 0
    assert waits["partial"]["count"] > 0
    # An endpoint is decided 0.45 s behind the last voiced window: nothing can be known before.
    assert waits["final"]["p50"] is None or waits["final"]["p50"] > 0.4
    assert 0 < run["cpu_seconds_per_call_second"]["service"] < 1
    assert run["generator_late_seconds"]["count"] == 2 * 500
    assert run["peak_rss_mb"]["service"] > 50


def test_without_a_checkout_bench_says_where_it_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli_bench, "CHECKOUT", tmp_path / "cli.py")
    result = CliRunner().invoke(bench_app(), [])
    assert result.exception is not None
    assert "runs from a checkout" in str(result.exception)
