"""`python -m evaluation.temper`: what speaks for frustration besides the turn itself, from ``calls/tune``.

A logistic regression on `detectors.temper.FEATURES`, on turns that the reader has not learnt from. Writes
``detectors/learnt/temper.json``; `evaluation.limits` comes after it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import detectors
from detectors.meaning import logistic
from detectors.temper import FEATURES, Temper
from detectors.turns import Reading, Turns
from evaluation.cases import Case
from evaluation.judging import judging_everything
from evaluation.limits import side_of
from evaluation.sets import own_set
from service.settings import Settings
from streaming.events import Party
from streaming.ports import Policy

TEMPER = Path(detectors.__file__).parent / "learnt" / "temper.json"


def told(case: Case, policy: Policy) -> list[tuple[tuple[float, ...], int]]:
    """Features and label (1, 0) of every customer turn that is surely one or the other."""
    turns, reading, temper = Turns(), Reading(policy.reader), Temper()
    found: dict[int, tuple[tuple[float, ...], int]] = {}
    for event in case.events:
        if (turn := turns.feed(event)) is None:
            continue
        scores = reading.of(turn)
        if turn.speaker is Party.AGENT:
            temper.answered(scores["leak"])
        else:
            features = temper.features(turn.number, scores["frus"], turn.lines[-1])
            found[turn.number] = features, side_of(case, turn, "frus")
    return [(features, side) for features, side in found.values() if side >= 0]


def main(out: Path = TEMPER) -> None:
    policy = judging_everything(Settings()).policy
    rows = [row for case in own_set("tune").cases for row in told(case, policy)]
    values = np.array([features for features, _ in rows])
    middle, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    plane = logistic(
        (values - middle) / spread, np.array([float(side) for _, side in rows]), np.ones(len(rows))
    )
    weights = plane[:-1] / spread
    kept = dict(zip(FEATURES, (round(float(one), 3) for one in weights), strict=True))
    kept["offset"] = round(float(plane[-1] - weights @ middle), 3)
    out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
