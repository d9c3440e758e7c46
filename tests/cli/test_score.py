"""`callcue score`: files, folders, a file a party, mono, JSON, CSV, and one bad file among good ones."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import soundfile

from detectors.base import catalogue
from tests.cli.running import assert_one_line, callcue, callcue_process
from tests.processes import scripted
from tests.running import SAMPLES

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 s of a sample call, whole and cut into its parties, and what is no recording."""
    folder = tmp_path_factory.mktemp("recordings")
    samples, rate = soundfile.read(SAMPLES / "good_call.flac", frames=30 * 8000, dtype="int16")
    (folder / "calls").mkdir()
    soundfile.write(folder / "calls" / "first.flac", samples, rate)
    soundfile.write(folder / "calls" / "second.ogg", samples, rate)
    (folder / "calls" / "first.json").write_text('{"agent": "Dana", "team": "blue"}')
    soundfile.write(folder / "agent.wav", samples[:, 0], rate)
    soundfile.write(folder / "customer.wav", samples[:, 1], rate)
    (folder / "broken.wav").write_text("these are words, not sound")
    return folder


def test_a_folder_and_a_broken_file(recordings: Path, tmp_path: Path) -> None:
    ran = callcue_process(
        *("score", recordings / "calls", recordings / "broken.wav", recordings / "none.wav"),
        *("--json", "out.json", "--csv", "out.csv", "--transcript"),
        cwd=tmp_path,
        **scripted("good_call"),
    )
    assert ran.status == 1
    assert "broken.wav is not audio" in ran.err and "none.wav does not exist" in ran.err
    assert "Traceback" not in ran.err
    assert ran.out.count("opportunities delivered") == 2
    assert "agent" in ran.out and "words" in ran.out
    told = json.loads((tmp_path / "out.json").read_text())
    assert [call["recording"] for call in told["calls"]] == ["first", "second"]
    judged = [item for call in told["calls"] for item in call["scorecard"]["items"] if item["opportunities"]]
    assert judged and all(catalogue()[item["behaviour"]].title in ran.out for item in judged)
    assert [call["call"]["agent"] for call in told["calls"]] == ["Dana", None]
    assert {Path(name).name for name in told["failed"]} == {"broken.wav", "none.wav"}
    lines = [line["text"] for line in told["calls"][0]["transcript"]]
    assert lines and all(line in ran.out for line in lines)
    assert any(moment["quotes"] for moment in told["calls"][0]["moments"])
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["recording"] for row in rows} == {"first", "second"}
    assert {row["behaviour"] for row in rows} == set(catalogue())
    listed = {row["behaviour"]: row for row in rows if row["recording"] == "first"}
    cards = {item["behaviour"]: item for item in told["calls"][0]["scorecard"]["items"]}
    for behaviour, item in cards.items():
        assert int(listed[behaviour]["delivered"]) == item["delivered"]
        assert (listed[behaviour]["rate"] == "") == (item["rate"] is None)


def test_a_file_a_party_is_scored_as_one_call(recordings: Path, tmp_path: Path) -> None:
    sides = ("--agent-file", recordings / "agent.wav", "--customer-file", recordings / "customer.wav")
    ran = callcue(
        *("score", *sides, recordings / "calls" / "first.flac", "--json", "out.json"),
        cwd=tmp_path,
        **scripted("good_call"),
    )
    assert ran.status == 0, ran.err
    whole, split = json.loads((tmp_path / "out.json").read_text())["calls"]
    assert split["transcript"] == whole["transcript"]
    assert split["scorecard"] == whole["scorecard"]


def test_one_party_alone(recordings: Path, tmp_path: Path) -> None:
    shutil.copy(recordings / "agent.wav", tmp_path / "mono.wav")
    ran = callcue(
        *("score", "mono.wav", "--party", "agent", "--json", "out.json"),
        cwd=tmp_path,
        **scripted("good_call"),
    )
    assert ran.status == 0, ran.err
    (call,) = json.loads((tmp_path / "out.json").read_text())["calls"]
    assert {line["speaker"] for line in call["transcript"]} == {"agent"}
    assert any("customer" in row["reason"] for row in call["scorecard"]["not_judged"])
    refused = callcue("score", "mono.wav", cwd=tmp_path, **scripted("good_call"))
    assert refused.status == 1 and "--party" in refused.err and "--agent-file" in refused.err


def test_what_cannot_end_well_is_refused_before_the_work(recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_one_line(callcue("score", "empty", cwd=tmp_path), "wav")
    nowhere = callcue("score", recordings / "agent.wav", "--csv", "no/such/folder.csv", cwd=tmp_path)
    assert_one_line(nowhere, "folder.csv")


def test_a_short_recording_that_is_done_first_stays_in_its_place(tmp_path: Path) -> None:
    samples, rate = soundfile.read(SAMPLES / "good_call.flac", frames=30 * 8000, dtype="int16")
    lengths = {"a": 30, "b": 1, "c": 2, "d": 1}
    for name, seconds in lengths.items():
        soundfile.write(tmp_path / f"{name}.flac", samples[: seconds * rate], rate)
    ran = callcue_process("score", tmp_path, "--json", "out.json", cwd=tmp_path, **scripted("good_call"))
    assert ran.status == 0, ran.err
    told = json.loads((tmp_path / "out.json").read_text())
    assert [call["recording"] for call in told["calls"]] == list(lengths)
