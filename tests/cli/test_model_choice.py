"""What `auto` stands for is told before it is loaded, and by every command in the same words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.catalog import SUMS
from models.choice import measured
from service.cli_serve import with_options
from service.settings import load_settings
from tests.cli.running import assert_one_line, callcue, callcue_process


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A cache that has tiny.en and base, as far as a listing looks."""
    for name in ("tiny.en", "base"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / SUMS).touch()
    return tmp_path / "models"


def shown(folder: Path, shelf: Path, **settings: str) -> dict[str, object]:
    ran = callcue("config", "show", cwd=folder, CALLCUE_MODELS_DIR=str(shelf), **settings)
    assert ran.status == 0, ran
    engine: dict[str, object] = json.loads(ran.out)["engine"]
    return engine


def test_the_default_is_loaded_as_configured(tmp_path: Path, shelf: Path) -> None:
    engine = shown(tmp_path, shelf)
    assert (engine["model"], engine["why"]) == ("tiny.en", "as configured")
    assert (engine["device"], engine["compute_type"]) == ("cpu", "int8")


def test_auto_is_told_with_its_reason_and_hangs_on_the_calls(tmp_path: Path, shelf: Path) -> None:
    few = shown(tmp_path, shelf, CALLCUE_MODEL__NAME="auto", CALLCUE_MODEL__CALLS_EXPECTED="1")
    many = shown(tmp_path, shelf, CALLCUE_MODEL__NAME="auto", CALLCUE_MODEL__CALLS_EXPECTED="100000")
    holds_most = max(measured(), key=lambda one: one.calls_held / one.cores)
    assert many["model"] == holds_most.name and "no model here holds 100000 calls" in str(many["why"])
    best = min(measured(), key=lambda one: one.mean_errors)
    assert few["model"] == best.name and "errs least" in str(few["why"])


def test_auto_takes_what_is_here_and_names_what_is_not(tmp_path: Path, shelf: Path) -> None:
    (shelf / "base" / SUMS).unlink()
    engine = shown(tmp_path, shelf, CALLCUE_MODEL__NAME="auto", CALLCUE_MODEL__CALLS_EXPECTED="1")
    assert engine["model"] == "tiny.en" and "callcue models fetch base" in str(engine["why"])


def test_the_list_of_models_has_the_figures_and_what_auto_would_take(tmp_path: Path, shelf: Path) -> None:
    ran = callcue("models", "list", cwd=tmp_path, CALLCUE_MODELS_DIR=str(shelf))
    assert ran.status == 0
    assert "auto, on this machine: " in ran.out
    for one in measured():
        assert f"{one.mean_errors:.1f} %" in ran.out


def test_the_number_of_calls_is_an_option_beside_the_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = with_options(load_settings(), model="auto", calls_expected=33)
    assert (settings.model.name, settings.model.calls_expected) == ("auto", 33)
    assert with_options(load_settings(), calls_expected=5).model.name == "tiny.en"


def test_a_gpu_that_is_not_there_is_told_in_one_line(tmp_path: Path, shelf: Path) -> None:
    if "error" not in shown(tmp_path, shelf, CALLCUE_MODEL__DEVICE="cuda"):
        pytest.skip("this machine has a GPU")
    refused = callcue_process(
        "serve", cwd=tmp_path, CALLCUE_MODEL__DEVICE="cuda", CALLCUE_MODELS_DIR=str(shelf)
    )
    assert_one_line(refused, "CALLCUE_MODEL__DEVICE=cuda", "no GPU is seen here")
