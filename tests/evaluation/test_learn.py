"""Classes learnt from lines: what is shipped is what the lines give, and bad lines are told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation import learn


@pytest.mark.weights
@pytest.mark.parametrize("name", learn.CLASSES)
def test_what_is_shipped_is_learnt_from_the_lines_that_are_here(name: str) -> None:
    from models.meaning import shared_meaning

    shipped = np.array(json.loads((learn.LEARNT / f"{name}.json").read_text(encoding="utf-8")))
    made = learn.plane(name, shared_meaning())
    assert made @ shipped / np.linalg.norm(made) / np.linalg.norm(shipped) > 0.999


def test_a_line_without_label_or_sentence_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "agent-x.tsv").write_text("leak\tWell, that is life.\nno tab here\n", encoding="utf-8")
    monkeypatch.setattr(learn, "LINES", tmp_path)
    with pytest.raises(ValueError, match=r"agent-x.tsv, line 2"):
        learn.lines("agent")


def test_every_class_has_lines_on_both_sides() -> None:
    for who, label in learn.CLASSES.values():
        labels = [of for of, _ in learn.lines(who)]
        assert 300 < labels.count(label) < len(labels) - 300
