"""A customer's folder of labelled calls: the documented form works as documented, and faults are told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detectors.base import catalogue
from evaluation.folder import folder_set
from evaluation.report import PAGE
from evaluation.sets import HEARD_NOW, TEXT
from streaming.errors import ConfigError
from tests.cli.running import assert_one_line, callcue
from tests.processes import scripted
from tests.running import SAMPLES

Edit = Callable[[dict[str, Any]], object]


def documented(name: str) -> str:
    """An example of docs/accuracy.md."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- example: {name} -->\n```json\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The worked example of docs/accuracy.md."""
    where = tmp_path / "my-calls"
    where.mkdir()
    (where / "first.labels.json").write_text(documented("labels"))
    (where / "first.turns.json").write_text(documented("turns"))
    return where


def edited(folder: Path, edit: Edit) -> Path:
    path = folder / "first.labels.json"
    labels = json.loads(path.read_text())
    edit(labels)
    path.write_text(json.dumps(labels))
    return folder


def test_the_worked_example_gives_the_figures_one_would_expect(folder: Path) -> None:
    ran = callcue("evaluate", "--set", folder, "--examples", "--json", "out.json", cwd=folder.parent)
    assert ran.status == 0, ran.err
    told = json.loads((folder.parent / "out.json").read_text())
    assert (told["set"], told["labelled"]["calls"]) == ("my-calls", 1)
    assert (told["labelled"]["moments"], told["labelled"]["unsure"]) == (2, 1)
    classes = {row["title"]: row for row in told["conditions"]["text"]["classes"]}
    assert (classes["leakage"]["tp"], classes["leakage"]["fn"]) == (1, 0)
    assert (classes["greeting, warm or not"]["tp"], classes["greeting, warm or not"]["fp"]) == (1, 0)
    assert "thanks" not in classes  # nobody listened for it
    assert "leakage" in ran.out


def test_a_missed_and_a_false_moment_are_shown_with_call_time_and_words(folder: Path) -> None:
    def move(labels: dict[str, Any]) -> None:
        labels["moments"][1].update(start=0.5, end=4.0)

    ran = callcue("evaluate", "--set", edited(folder, move), "--examples", cwd=folder.parent)
    assert re.search(r"missed +leakage +first 0:00\.5", ran.out)
    assert re.search(r"false +leakage .*first 0:0[89]", ran.out)
    assert "you need to calm down" in ran.out


def test_a_recording_is_heard_by_the_product_and_what_it_heard_is_kept(folder: Path) -> None:
    shutil.copy(SAMPLES / "good_call.flac", folder / "good.flac")
    greeting = {"behaviour": "courtesy.greeting", "verdict": "delivered", "start": 0.8, "end": 4.0}
    (folder / "good.labels.json").write_text(json.dumps({"moments": [greeting]}))
    (folder / "first.labels.json").unlink()
    asked = ("evaluate", "--set", folder, "--keep", "kept", "--json", "out.json")
    first = callcue(*asked, cwd=folder.parent, **scripted("good_call"))
    assert first.status == 0, first.err
    assert "hearing good" in first.err
    assert (folder.parent / "kept" / HEARD_NOW / "good.jsonl.gz").exists()
    figures = json.loads((folder.parent / "out.json").read_text())["conditions"][HEARD_NOW]
    assert (figures["calls"], figures["classes"][0]["tp"]) == (1, 1)
    (folder / "good.flac").write_text("nothing that could be heard again")
    again = callcue(*asked, cwd=folder.parent, **scripted("good_call"))
    assert again.status == 0 and "hearing" not in again.err
    assert json.loads((folder.parent / "out.json").read_text())["conditions"][HEARD_NOW] == figures


def test_which_conditions_there_are_follows_from_the_files(folder: Path) -> None:
    assert folder_set(folder, behaviours=catalogue()).conditions == (TEXT,)
    shutil.copy(SAMPLES / "good_call.flac", folder / "first.flac")
    assert folder_set(folder, behaviours=catalogue()).conditions == (TEXT, HEARD_NOW)


def _mistyped(labels: dict[str, Any]) -> None:
    labels["moments"][0]["behaviour"] = "courtesy.greting"


def _late(labels: dict[str, Any]) -> None:
    labels["moments"][0].update(start=80.0, end=81.0)


def _backwards(labels: dict[str, Any]) -> None:
    labels["moments"][0].update(start=3.0, end=1.0)


def _unknown_verdict(labels: dict[str, Any]) -> None:
    labels["moments"][0]["verdict"] = "fine"


def _other_party(labels: dict[str, Any]) -> None:
    labels["moments"][1]["speaker"] = "customer"


def _unknown_key(labels: dict[str, Any]) -> None:
    labels["moments"][0]["comment"] = "a word said by a customer"


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (_mistyped, "no behaviour is called 'courtesy.greting'"),
        (_late, "moment 0 lies outside the call, which ends at 18.0 s"),
        (_backwards, "moment 0 ends before it starts"),
        (_unknown_verdict, "moments.0.verdict"),
        (_other_party, "is about the agent's words"),
        (_unknown_key, "moments.0.comment"),
    ],
)
def test_a_fault_is_told_with_its_file_and_place(folder: Path, edit: Edit, told: str) -> None:
    ran = callcue("evaluate", "--set", edited(folder, edit), cwd=folder.parent)
    assert_one_line(ran, "first.labels.json", told)
    assert "a word said by a customer" not in ran.err


def test_times_that_no_call_has_are_refused_at_once(folder: Path) -> None:
    """A tick a second up to then would fill the memory."""
    turn = {"speaker": "agent", "start": 1e9, "end": 1e9 + 1, "text": "Hello."}
    (folder / "first.turns.json").write_text(json.dumps([turn]))
    with pytest.raises(ConfigError, match=r"first\.turns\.json: 0\.start"):
        folder_set(folder, behaviours=catalogue())


def test_a_script_that_is_a_folder_is_told(folder: Path) -> None:
    (folder / "second.call").mkdir()
    with pytest.raises(ConfigError, match=r"second\.call"):
        folder_set(folder, behaviours=catalogue())


def test_a_name_with_brackets_finds_its_recording(folder: Path) -> None:
    (folder / "first.labels.json").rename(folder / "call[1].labels.json")
    shutil.copy(SAMPLES / "good_call.flac", folder / "call[1].flac")
    assert folder_set(folder, behaviours=catalogue()).conditions == (HEARD_NOW,)


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    path = folder / "first.turns.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(folder_set(folder, behaviours=catalogue()).cases) == 1


def test_files_that_cannot_be_used_are_told(folder: Path) -> None:
    (folder / "first.turns.json").write_text("[{]")
    assert_one_line(callcue("evaluate", "--set", folder, cwd=folder.parent), "first.turns.json", "JSON")
    (folder / "first.turns.json").unlink()
    assert_one_line(callcue("evaluate", "--set", folder, cwd=folder.parent), "neither a recording nor")
    (folder / "first.labels.json").unlink()
    with pytest.raises(ConfigError, match="no labelled call"):
        folder_set(folder, behaviours=catalogue())
