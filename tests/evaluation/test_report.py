"""Figures reach the page between their markers, without anybody typing one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.plots import calibrated, curve
from evaluation.report import PAGE, RESULTS, between, main, section
from tests.evaluation.test_regression import committed


def test_a_curve_goes_from_the_surest_detection_on() -> None:
    row = {"tp": 2, "fn": 2, "confidence": [0.9, 0.8, 0.8, 0.5], "right": [1, 1, 0, 0]}
    assert curve(row) == ([0.25, 0.5, 0.5], [1.0, 2 / 3, 0.5])


def test_calibration_holds_confidence_against_the_share_that_was_right() -> None:
    (low, high) = calibrated([{"confidence": [0.9, 0.9, 0.5, 0.5], "right": [1, 1, 1, 0]}])
    assert low == (0.5, 0.5, 2) and high == (pytest.approx(0.9), 1.0, 2)


def test_markers_that_are_not_there_are_told() -> None:
    with pytest.raises(ValueError, match="no markers named dev"):
        between("nothing here", "dev", "figures")


def test_the_page_holds_what_was_committed(tmp_path: Path) -> None:
    """Whoever measures again runs `python -m evaluation.report`: the page is never behind."""
    results = sorted(RESULTS.glob("*.json"))
    if not results:
        pytest.skip("nothing was measured yet")
    page = tmp_path / "docs" / "accuracy.md"
    page.parent.mkdir()
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    main(RESULTS, page, page.parent / "images")
    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_the_figures_to_reach_are_marked_as_reached_or_not() -> None:
    text = section(committed("dev"))
    assert "0.97 / 0.95 ✓" in text or "0.97 / 0.95 ✗" in text
    assert f"{json.loads((RESULTS / 'dev.json').read_text())['labelled']['turns']:,} turns" in text
