"""Figures get into the page by themselves, between their markers and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import report

PAGE = "before\n<!-- load -->\nold\n<!-- /load -->\nafter\n<!-- machine -->\n<!-- /machine -->\nend\n"
SPREAD = {"count": 4, "p50": 0.81, "p95": 1.2, "max": 1.2}
NONE = {"count": 0, "p50": None, "p95": None, "max": None}


def run(**changes: Any) -> dict[str, Any]:
    latency = {"final": SPREAD, "cut": NONE, "alert": NONE, "decided": NONE, "partial": SPREAD}
    cpu = {"service": 0.03, "worker": 0.1, "generator": 0.01}
    figures = {"calls": 8, "model": "tiny.en", "framing": "native", "latency": latency, "holds": True}
    costs = {"cpu_seconds_per_call_second": cpu, "peak_rss_mb": {"service": 240, "worker": 330}}
    faults = {"gaps": {"count": 0}, "refused": {"1013": 2}, "unfinished": 1, "generator_late_seconds": SPREAD}
    return {**figures, **costs, **faults, **changes}


def document(*runs: dict[str, Any]) -> dict[str, Any]:
    machine = {"cores": 2, "processor": "P", "memory_gb": 8.0, "python": "3.11.7", "callcue": "0"}
    versions = {"ctranslate2": "4", "onnxruntime": "1"}
    when = "2026-01-02T03:04:05+00:00"
    return {"command": "callcue bench load", "when": when, "machine": {**machine, **versions}, "runs": runs}


def test_measured_figures_replace_what_stood_between_the_markers(tmp_path: Path) -> None:
    (tmp_path / "load.json").write_text(json.dumps(document(run())), encoding="utf-8")
    page = tmp_path / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    report.main(tmp_path, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- load -->\n| calls |")
    assert text.endswith("<!-- /machine -->\nend\n")
    assert "\nold\n" not in text
    assert "| 8 | tiny.en, native | 0.81 / 1.20 / 1.20 (4) | – | – | 0.81 / 1.20 | 0, 2, 1 |" in text
    assert "2 cores of P" in text


def test_every_row_has_every_column() -> None:
    without_cost = run(cpu_seconds_per_call_second={"service": None, "worker": None, "generator": 0.01})
    rows = report.load_table([document(run(), without_cost)]).splitlines()
    assert len({row.count("|") for row in rows}) == 1


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers named load"):
        report.between("nothing here", "load", "figures")


def test_the_page_has_all_markers() -> None:
    text = report.README.read_text(encoding="utf-8")
    for name in ("machine", "load", "engine", "voice-activity"):
        report.between(text, name, "x")
