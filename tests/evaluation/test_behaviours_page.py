"""docs/behaviours.md is what the catalogue says."""

from __future__ import annotations

from detectors.base import catalogue
from evaluation import behaviours


def test_the_page_is_the_one_made_from_the_catalogue() -> None:
    made = behaviours.page(catalogue(), behaviours.measured())
    assert behaviours.PAGE.read_text(encoding="utf-8") == made, "run: python -m evaluation.behaviours"


def test_every_behaviour_every_number_and_every_card_stands_on_it() -> None:
    made = behaviours.page(catalogue(), None)
    for row in catalogue().values():
        assert f"## {row.title}\n" in made
        assert all(f"| `{key}` | {value:g} |" in made for key, value in row.thresholds.items())
        assert all(rule.coaching in made for rule in row.alerts)


def test_figures_are_shown_with_their_counts() -> None:
    row = {"title": "leakage", "codes": ["leak"], "tp": 9, "fp": 1, "fn": 3}
    nothing = {"title": "abuse", "codes": ["abuse"], "tp": 0, "fp": 2, "fn": 0}
    made = behaviours.page(catalogue(), {"conditions": {behaviours.CONDITION: {"classes": [row, nothing]}}})
    assert "leakage 0.90 / 0.75 (12)" in made
    assert "abuse –" not in made
