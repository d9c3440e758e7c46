"""`callcue evaluate` on our own sets: what it prints, what it refuses, and the same figures every time."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.running import assert_one_line, callcue

FEW = ("--call", "d01-router-third-visit", "--call", "d02-card-swallowed", "--condition", "text")
QUICK = (*FEW, "--behaviour", "courtesy.greeting")


def test_the_figures_of_a_call_are_written_and_are_the_same_again(tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        ran = callcue("evaluate", "--set", "dev", *QUICK, "--json", name, cwd=tmp_path)
        assert ran.status == 0, ran.err
        assert "dev: 2 calls" in ran.out and "greeting" in ran.out
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    told = json.loads((tmp_path / "one.json").read_text())
    row = told["conditions"]["text"]["classes"][0]
    assert row["codes"] == ["greet+", "greet-"] and row["tp"] + row["fn"] == 2
    assert len(row["confidence"]) == len(row["right"]) == row["tp"] + row["fp"]


def test_one_behaviour_by_its_id_or_by_a_code(tmp_path: Path) -> None:
    for asked in ("courtesy.greeting", "greet-"):
        ran = callcue(
            "evaluate", "--set", "dev", *FEW, "--behaviour", asked, "--json", "out.json", cwd=tmp_path
        )
        assert ran.status == 0, ran.err
        told = json.loads((tmp_path / "out.json").read_text())
        assert len(told["conditions"]["text"]["classes"]) == 1


def test_curves_are_drawn(tmp_path: Path) -> None:
    ran = callcue("evaluate", "--set", "dev", *QUICK, "--plots", "curves", cwd=tmp_path)
    assert ran.status == 0, ran.err
    drawn = {path.name for path in (tmp_path / "curves").iterdir()}
    assert drawn == {"dev-precision-recall.svg", "dev-calibration.svg"}


def test_nobody_is_shown_examples_of_the_held_out_calls_by_accident(tmp_path: Path) -> None:
    ran = callcue("evaluate", "--set", "held_out", "--examples", cwd=tmp_path)
    assert_one_line(ran, "only for measuring", "--open-held-out")
    assert not ran.out


def test_what_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    def ran(*words: str) -> tuple[str, ...]:
        done = callcue("evaluate", *words, cwd=tmp_path)
        assert_one_line(done)
        return (done.err,)

    assert "dev, train, tune, held_out" in ran("--set", "dve")[0]
    assert "emotion.leakage" in ran("--set", "dev", "--behaviour", "leakage")[0]
    assert "there are text" in ran("--set", "dev", "--condition", "loud")[0]
    assert "has no call" in ran("--set", "dev", "--call", "d99")[0]
    assert "such a folder" in ran("--set", "dev", "--json", "none/out.json")[0]


def test_help_says_how_with_an_example(tmp_path: Path) -> None:
    ran = callcue("evaluate", "--help", cwd=tmp_path)
    assert ran.status == 0
    assert "callcue evaluate --set my-calls --behaviour emotion.leakage --examples" in ran.out


def test_hearing_again_is_for_our_own_sets_and_needs_their_recordings(tmp_path: Path) -> None:
    ran = callcue("evaluate", "--set", "dev", "--hear", tmp_path, "--condition", "tel20-base", cwd=tmp_path)
    assert_one_line(ran, "evaluation.speak")
