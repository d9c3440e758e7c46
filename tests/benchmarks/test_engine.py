"""How words are compared, and how a difference between two ways of hearing is told from chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.engine import Contender, measure
from benchmarks.utterances import SpeechSet, Utterance, words
from models import catalog
from streaming.errors import WeightsError

ROOT = Path(__file__).parents[2]


def utterance(part: str) -> Utterance:
    return Utterance(audio=np.zeros(16000, np.float32), voiced=((0.0, 1.0),), part=part)


def test_a_word_spelled_in_capitals_counts_as_its_letters_unless_it_was_said_as_a_word() -> None:
    spelled = ["j", "o", "s", "e", "p", "h"]
    assert words("JOSEPH.", spelled) == words("J-O-S-E-P-H", spelled) == words("J O S E P H", spelled)
    assert words("On TV", ["on", "tv"]) == ["on", "tv"]
    assert words("I'm 42!") == ["im", "four", "two"]


def rows(
    heard: dict[str, Sequence[str]], *, machine_made: bool = False
) -> list[tuple[str, float, float, int]]:
    said = {"a": words("good morning to you"), "b": words("it was five"), "c": words("no no no no no")}
    speech = SpeechSet(
        name="s", utterances=[utterance(part) for part in said], said=said, is_machine_made=machine_made
    )
    ways = []
    for name, texts in heard.items():
        by_audio = dict(zip(map(id, speech.utterances), texts, strict=True))
        ways.append(Contender(name, lambda some, by=by_audio: [by[id(one)] for one in some]))  # type: ignore[misc]
    found = list(measure(speech, ways, "tiny.en"))
    assert all((row.worse_interval is None) == machine_made for row in found)
    return [(row.way, row.wer, row.worse, row.loops) for row in found]


def test_errors_are_counted_against_the_padded_way_and_loops_only_where_nobody_said_them() -> None:
    right = ["Good morning to you.", "It was 5.", "No, no, no, no, no!"]
    short = ["Good morning.", "It was 5.", "No, no, no, no, no!"]
    looping = ["Good good good good.", "It was 5.", "No, no, no, no, no!"]
    assert rows({"peer": right, "padded": right, "own": short, "batches": looping}) == [
        ("peer", 0.0, 0.0, 0),
        ("padded", 0.0, 0.0, 0),
        ("own", 16.7, 16.67, 0),
        ("batches", 25.0, 25.0, 1),
    ]


@pytest.mark.weights
@pytest.mark.shared
def test_the_bench_hears_real_utterances_four_ways(tmp_path: Path) -> None:
    folder = ROOT.parent / "shared" / "data" / "an4"
    if not folder.exists():
        pytest.skip("../shared is not here")
    try:
        catalog.locate("tiny.en")
    except WeightsError as error:
        pytest.skip(error.message)
    from benchmarks.engine import run

    run([folder], ["tiny.en"], 3, "cpu", tmp_path / "engine.json")
    found = json.loads((tmp_path / "engine.json").read_text())
    assert [row["way"] for row in found] == [
        "faster-whisper",
        "30 s windows",
        "own windows",
        "own windows, batches",
    ]
    assert found[2]["wer"] == found[3]["wer"]
    assert all(row["cpu_ms"] > 0 and row["wer"] < 60 for row in found)
