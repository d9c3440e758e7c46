"""The project's sample calls against their truth, and real conversations against absurd accusations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from detectors import REGISTRY
from detectors.base import catalogue
from detectors.bench import Bench
from detectors.leaks import leaks
from detectors.score import score
from detectors.text import read
from streaming.alerts import AlertDesk
from streaming.events import Alert, CallInfo, Detection, Event, Party, Utterance
from streaming.ports import Policy
from tests.detectors.dialogue import Said, events_of, said

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
DATA = ROOT.parent / "shared" / "data"
OURS = ("listening.acknowledgement", "emotion.leakage")

needs_shared = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is absent")


def truth(name: str) -> tuple[dict[str, Any], tuple[Event, ...]]:
    told = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    turns = [said(Party(t["speaker"]), t["text"], t["start"], t["end"]) for t in told["turns"]]
    return told, events_of(turns, until=told["seconds"])


def judged(events: tuple[Event, ...], call: CallInfo | None = None) -> list[Detection]:
    names = ("acknowledgement", "emotion")
    bench = Bench(call or CallInfo(call_id="t"), Policy(), {name: REGISTRY[name] for name in names})
    found = [*(one for event in events for one in bench.feed(event)), *bench.finish(events[-1].at)]  # type: ignore[union-attr]
    assert not bench.failed
    return [one for one in found if isinstance(one, Detection)]


@pytest.mark.parametrize("name", ["good_call", "curt_call", "bad_answer_call"])
@pytest.mark.parametrize("behaviour", OURS)
def test_every_moment_of_the_truth_is_found(name: str, behaviour: str) -> None:
    told, events = truth(name)
    call = CallInfo(call_id=name, customer_name=told["customer_name"] if told["name_in_call_data"] else None)
    found = [one for one in judged(events, call) if one.behaviour == behaviour]
    for moment in told["behaviours"]:
        if moment["behaviour"] != behaviour:
            continue
        assert any(
            one.verdict == moment["verdict"] and one.start < moment["end"] and one.end > moment["start"]
            for one in found
        ), moment["note"]


@pytest.mark.parametrize("name", ["good_call", "curt_call", "bad_answer_call"])
def test_nothing_is_charged_that_the_truth_does_not_know(name: str) -> None:
    told, events = truth(name)
    known = [
        (one["start"], one["end"]) for one in told["behaviours"] if one["verdict"] in ("missed", "harmful")
    ]
    for one in judged(events):
        if one.verdict in ("missed", "harmful"):
            assert any(one.start < end and one.end > start for start, end in known), one.note


def alerts(events: tuple[Event, ...]) -> list[Alert]:
    desk = AlertDesk([rule for row in catalogue().values() for rule in row.alerts])
    raised = [one for found in judged(events) for one in desk.feed(found)]
    return [one for one in [*raised, *desk.finish(events[-1].at)] if isinstance(one, Alert)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "behaviours"),
    [
        ("good_call", []),
        ("curt_call", ["listening.acknowledgement"]),
        ("bad_answer_call", ["emotion.leakage"]),
    ],
)
def test_which_cards_a_sample_call_raises(name: str, behaviours: list[str]) -> None:
    raised = alerts(truth(name)[1])
    assert sorted({one.behaviour for one in raised}) == behaviours
    assert all(one.count >= 2 for one in raised if one.behaviour == "listening.acknowledgement")


# --- real speech


def real_call(model: str) -> tuple[Event, ...]:
    heard = json.loads((DATA / "aws_calls" / "asr" / "auto_repairs_49.json").read_text(encoding="utf-8"))
    turns = [
        said(Party(u["role"]), u["text"], u["start"], max(u["end"], u["start"] + 0.1)) for u in heard[model]
    ]
    return events_of(turns, until=238.0)


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize("model", ["whisper_base", "whisper_tiny_en"])
def test_the_real_call_is_credited_and_accused_of_nothing(model: str) -> None:
    events = real_call(model)
    found = judged(events)
    assert [one for one in found if one.verdict == "harmful"] == []
    assert [one for one in found if one.verdict == "missed" and one.confidence >= 0.6] == []
    assert any(
        one.behaviour == "listening.acknowledgement"
        and one.verdict == "delivered"
        and 24.0 <= one.start <= 27.0
        and 28.0 <= one.end <= 31.0
        for one in found
    )
    assert [one for one in found if one.behaviour == "emotion.leakage"] == []
    card = score(CallInfo(call_id="t"), [*events, *found])
    assert next(one for one in card.items if one.behaviour == "emotion.leakage").opportunities == 0


def conversations(agent: str) -> Iterator[tuple[Event, ...]]:
    """Telephone conversations between strangers, one of them taken for an agent."""
    lines = (DATA / "swda_text" / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        clock, turns = 0.0, list[Said]()
        for turn in row["turns"]:
            words = len(turn["text"].split())
            party = Party.AGENT if turn["speaker"] == agent else Party.CUSTOMER
            if words:
                turns.append(said(party, turn["text"], clock, clock + 0.3 * words))
                clock += 0.3 * words + 0.3
        yield events_of(turns, until=clock + 2.0)


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize("agent", ["A", "B"])
def test_friendly_strangers_are_accused_of_nothing(agent: str) -> None:
    found = [one for events in conversations(agent) for one in judged(events)]
    assert [one.note for one in found if one.verdict == "harmful"] == []
    assert len(found) > 50, "the detectors saw the talk"


@pytest.mark.shared
@needs_shared
def test_phrases_are_rare_even_if_everyone_were_frustrated() -> None:
    """Precision of the phrases alone: of 7,000 friendly utterances hardly any holds one."""
    lines = [read(event) for events in conversations("A") for event in events if isinstance(event, Utterance)]
    kinds = [one.kind for line in lines if line.tokens for one in leaks(line, frustrated=True)]
    assert len(kinds) <= 15, kinds  # nearly all of them "like I said"
    assert set(kinds) <= {"dismissive", "sarcastic"}


@pytest.mark.shared
@needs_shared
def test_an_utterance_costs_well_under_a_millisecond() -> None:
    calls = [events for number, events in enumerate(conversations("A")) if number < 8]
    utterances = sum(isinstance(event, Utterance) for events in calls for event in events)
    judged(calls[0])
    started = process_time()
    for events in calls:
        judged(events)
    assert (process_time() - started) / utterances < 0.002  # both detectors; measured about 0.5 ms
