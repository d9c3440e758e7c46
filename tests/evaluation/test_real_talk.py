"""The real call and Switchboard, where they are: their labels find their turns."""

from __future__ import annotations

import pytest

from detectors.base import catalogue
from evaluation.named import SHARED, labelled_set
from streaming.errors import ConfigError

pytestmark = pytest.mark.shared


@pytest.fixture(autouse=True)
def _there() -> None:
    if not SHARED.exists():
        pytest.skip("../shared is not here")


def test_the_real_call_has_its_turns_and_labels() -> None:
    labelled = labelled_set("auto_repairs", behaviours=catalogue())
    (case,) = labelled.cases
    assert labelled.conditions == ("text", "heard")
    assert 25 < len(case.turns) < 60 and len(case.moments) > 25
    assert max(turn.end - turn.start for turn in case.turns) < 60


def test_switchboard_s_acts_are_labels_of_either_side() -> None:
    labelled = labelled_set("swda", behaviours=catalogue())
    codes = [one.meaning.code for case in labelled.cases for one in case.moments if not one.unsure]
    assert len(labelled.cases) == 80
    assert (codes.count("thanks"), codes.count("sorry"), codes.count("check")) == (4, 1, 23)


def test_without_the_data_the_set_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.named.SHARED", SHARED / "elsewhere")
    for name in ("auto_repairs", "swda"):
        with pytest.raises(ConfigError, match="not part of the project"):
            labelled_set(name, behaviours=catalogue())
