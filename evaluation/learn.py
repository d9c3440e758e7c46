"""`python -m evaluation.learn`: learns classes of sentences from evaluation/lines into detectors/learnt.

The lines were written for learning alone, by writers who saw none of the labelled calls; so `dev` may
judge what was learnt from them, and `held_out` all the more. What is shipped is a plane in the sentence
encoder's space: learning from a thousand lines at every start would take seconds.
"""

from __future__ import annotations

import json
from pathlib import Path

from detectors.meaning import Plane, learn
from evaluation.sets import HERE
from models.meaning import shared_meaning
from streaming.ports import Meaning

LINES = HERE / "lines"
LEARNT = HERE.parent / "detectors" / "learnt"
CLASSES = {"harsh": ("agent", "leak")}
"""Class → whose lines it is learnt from, and the label of those that belong to it."""


def lines(who: str) -> list[tuple[str, str]]:
    """(label, sentence) of every file of `who`. Raises ValueError on a line that is not both."""
    found: list[tuple[str, str]] = []
    for path in sorted(LINES.glob(f"{who}-*.tsv")):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            label, tab, sentence = text.partition("\t")
            if not (tab and label and sentence.strip()):
                raise ValueError(f"{path.name}, line {number}: a label, a tab and a sentence are wanted")
            found.append((label, sentence.strip()))
    return found


def plane(name: str, meaning: Meaning) -> Plane:
    who, label = CLASSES[name]
    said = lines(who)
    return learn(
        [text for of, text in said if of == label], [text for of, text in said if of != label], meaning
    )


def main(folder: Path = LEARNT) -> None:
    for name in CLASSES:
        weights = [round(float(weight), 4) for weight in plane(name, shared_meaning())]
        (folder / f"{name}.json").write_text(json.dumps(weights) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
