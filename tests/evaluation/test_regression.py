"""Today's judgements are as right as those that were committed; a detector that breaks is noticed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from detectors.courtesy import Courtesy
from evaluation.document import document
from evaluation.judging import judging_everything
from evaluation.regression import fallen
from evaluation.report import MAIN, RESULTS
from evaluation.run import evaluate
from evaluation.sets import TEXT, own_set
from service.judging import Judging
from service.settings import Settings
from streaming.events import Detection, Event, Profile


@pytest.fixture(scope="module")
def judges() -> Judging:
    return judging_everything(Settings(_env_file=None))


def committed(which: str) -> dict[str, Any]:
    path = RESULTS / f"{which}.json"
    if not path.exists():
        pytest.skip(f"{which} was not measured yet")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def measured(which: str, judges: Judging, *conditions: str, behaviour: str | None = None) -> dict[str, Any]:
    labelled = own_set(which)
    there = [one for one in conditions if one in labelled.conditions]
    narrow = [] if behaviour is None else [behaviour]
    results = [
        evaluate(labelled, one, profile=Profile.FULL, judges=judges, behaviours=narrow) for one in there
    ]
    return document(labelled, results, judges, profile=Profile.FULL)


@pytest.mark.parametrize("which", ["dev", "held_out", "held_out_b"])
def test_no_class_has_fallen_by_more_than_its_noise(which: str, judges: Judging) -> None:
    before = committed(which)
    if before["meaning"] and judges.policy.meaning is None:
        pytest.skip("the sentence encoder that the results were measured with is not here")
    assert fallen(before, measured(which, judges, TEXT, MAIN)) == []


class HalfDeaf(Courtesy):
    """Courtesy as it would be with a slip in it: every other judgement of a request is lost."""

    def feed(self, event: Event, /) -> Iterable[Detection]:
        found = list(super().feed(event))
        return [one for one in found if one.behaviour != "courtesy.request_form" or round(one.start) % 2]


def test_a_detector_that_breaks_is_noticed(judges: Judging) -> None:
    requests = "courtesy.request_form"
    whole = measured("dev", judges, TEXT, behaviour=requests)
    broken = replace(judges, factories={**judges.factories, "courtesy": HalfDeaf})
    assert fallen(whole, whole) == []
    lines = fallen(whole, measured("dev", broken, TEXT, behaviour=requests))
    assert any("friendly request: recall" in line for line in lines), lines


def figures(tp: int, fp: int, fn: int, low: float) -> dict[str, Any]:
    shares = {"precision": tp / (tp + fp), "recall": tp / (tp + fn)}
    told = {name: {"value": value, "low": low, "high": 1.0} for name, value in shares.items()}
    row = {"title": "leakage", "tp": tp, "fp": fp, "fn": fn, **told}
    return {"set": "dev", "set_hash": "1", "conditions": {"text": {"calls": 9, "classes": [row]}}}


def test_within_the_interval_nothing_has_fallen_and_below_it_something_has() -> None:
    before = figures(18, 2, 2, low=0.8)
    assert fallen(before, figures(17, 3, 3, low=0.7)) == []
    assert len(fallen(before, figures(14, 6, 6, low=0.5))) == 2


def test_a_class_of_few_labels_is_not_held_to_its_figures() -> None:
    assert fallen(figures(4, 1, 1, low=0.7), figures(1, 4, 4, low=0.1)) == []


def test_other_labels_want_other_results() -> None:
    with pytest.raises(ValueError, match="callcue evaluate --set dev --json"):
        fallen(figures(9, 1, 1, low=0.8), {**figures(9, 1, 1, low=0.8), "set_hash": "2"})
