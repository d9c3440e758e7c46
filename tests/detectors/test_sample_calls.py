"""Courtesy and names on the sample calls' truth, on a real call's machine transcript, and on small talk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detectors.courtesy import Courtesy
from detectors.names import Names
from streaming.events import CallInfo, Detection, Event, Party
from streaming.ports import Policy
from tests.detectors.dialogue import Said, events_of, judge, said, spoken, verdicts

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "samples").glob("*.truth.json"))
SHARED = ROOT.parent / "shared" / "data"
ASR = SHARED / "aws_calls" / "asr" / "auto_repairs_49.json"
SMALL_TALK = SHARED / "swda_text" / "conversations.jsonl"
MODELS = ("whisper_base", "whisper_tiny_en")


def all_of(events: tuple[Event, ...], info: CallInfo, end: float) -> list[Detection]:
    return [one for factory in (Courtesy, Names) for one in judge(factory(info, Policy()), events, end=end)]


def sample(path: Path) -> tuple[dict[str, Any], list[Detection]]:
    truth = json.loads(path.read_text(encoding="utf-8"))
    turns = [said(Party(t["speaker"]), t["text"], t["start"], t["end"]) for t in truth["turns"]]
    name = truth["customer_name"] if truth["name_in_call_data"] else None
    info = CallInfo(call_id=truth["call"], agent=truth["agent"], customer_name=name)
    return truth, all_of(events_of(turns, until=truth["seconds"]), info, truth["seconds"])


def judged_here(row: dict[str, Any]) -> bool:
    return str(row["behaviour"]).startswith(("courtesy.", "name."))


def overlaps(one: Detection, row: dict[str, Any]) -> bool:
    return one.start <= float(row["end"]) + 0.5 and one.end >= float(row["start"]) - 0.5


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name.split(".")[0])
def test_every_moment_of_a_sample_s_truth_is_judged_so(path: Path) -> None:
    truth, found = sample(path)
    for row in filter(judged_here, truth["behaviours"]):
        assert any(
            (one.behaviour, one.verdict.value) == (row["behaviour"], row["verdict"]) and overlaps(one, row)
            for one in found
        ), row["note"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name.split(".")[0])
def test_nobody_is_accused_of_what_is_not_in_a_sample_s_truth(path: Path) -> None:
    truth, found = sample(path)
    rows = list(filter(judged_here, truth["behaviours"]))
    for one in found:
        alarming = one.verdict.value == "harmful" or one.kind in {"demand", "dead_air", "unused"}
        if alarming or one.behaviour in {"courtesy.greeting", "courtesy.closing"}:
            assert any(
                row["behaviour"] == one.behaviour
                and row["verdict"] == one.verdict.value
                and overlaps(one, row)
                for row in rows
            ), one.id


def real_call(model: str) -> tuple[tuple[Event, ...], list[Said]]:
    if not ASR.exists():
        pytest.skip("../shared is not here")
    rows = json.loads(ASR.read_text(encoding="utf-8"))[model]
    turns = [said(Party(r["role"]), r["text"], r["start"], max(r["end"], r["start"] + 0.05)) for r in rows]
    return events_of(turns, until=237.56), turns


@pytest.mark.shared
@pytest.mark.parametrize("model", MODELS)
def test_suzanne_is_found_as_the_customer_and_her_name_s_uses_are_credited(model: str) -> None:
    events, _ = real_call(model)
    detector = Names(CallInfo(call_id="c1"), Policy())
    found = judge(detector, events, end=237.5)
    assert detector.known == ("suzanne",)
    uses = [one for one in found if one.verdict.value == "delivered"]
    assert [round(one.start) for one in uses] == [108, 119]
    assert [spoken(one, events) for one in uses] == ["Suzanne,", "Suzanne,"]
    assert not [one for one in found if one.verdict.value == "harmful"]


@pytest.mark.shared
@pytest.mark.parametrize("model", MODELS)
def test_the_real_call_s_opening_closing_and_readiness_are_credited(model: str) -> None:
    events, _ = real_call(model)
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), events, end=237.5)
    assert verdicts(found, "courtesy.greeting") == ["delivered"]
    assert verdicts(found, "courtesy.willingness") == ["delivered"]
    (closing,) = [one for one in found if one.behaviour == "courtesy.closing"]
    assert closing.verdict.value == "delivered"
    assert closing.start <= 228.0 and closing.end >= 233.0
    assert "nything else" in spoken(closing, events)


@pytest.mark.shared
@pytest.mark.parametrize("model", MODELS)
def test_the_real_call_s_friendly_agent_is_never_called_curt_or_demanding(model: str) -> None:
    events, _ = real_call(model)
    found = all_of(events, CallInfo(call_id="c1"), 237.5)
    assert not [one for one in found if one.kind in {"curt", "demand", "dead_air", "wrong_name", "forced"}]


@pytest.mark.shared
def test_hours_of_small_talk_full_of_back_channels_hold_next_to_no_accusation() -> None:
    """40 conversations between strangers, each party as agent once: about ten hours, 2,600 back-channels."""
    if not SMALL_TALK.exists():
        pytest.skip("../shared is not here")
    found: list[Detection] = []
    for row in SMALL_TALK.read_text(encoding="utf-8").splitlines():
        turns = json.loads(row)["turns"]
        for agent in "AB":
            placed = _placed(turns, agent)
            found += all_of(events_of(placed, until=placed[-1].end), CallInfo(call_id="c1"), placed[-1].end)
    kinds = [one.kind for one in found]
    assert kinds.count("curt") <= 5  # each "uh-huh" or "what?" as the whole answer to a question
    assert kinds.count("demand") == kinds.count("wrong_name") == kinds.count("forced") == 0


def _placed(turns: list[dict[str, str]], agent: str) -> list[Said]:
    placed: list[Said] = []
    clock, before = 0.0, ""
    for turn in turns:
        clock += 0.5 if turn["speaker"] == before else 0.35
        party = Party.AGENT if turn["speaker"] == agent else Party.CUSTOMER
        placed.append(said(party, turn["text"], clock))
        clock, before = placed[-1].end, turn["speaker"]
    return placed
