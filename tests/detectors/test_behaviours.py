"""The catalogue is whole: ids, detectors, thresholds and what a supervisor is told."""

from __future__ import annotations

import re

import pytest

from detectors import REGISTRY, agent_voice, flatness
from detectors.base import Behaviour, catalogue, parse_catalogue, signals_read, switched_off
from streaming.events import Party, Severity, Verdict

IDS = {  # asked for by name, and the rest of the catalogue
    "courtesy.greeting",
    "courtesy.please_thanks",
    "courtesy.request_form",
    "courtesy.willingness",
    "courtesy.hold",
    "courtesy.closing",
    "name.use",
    "listening.acknowledgement",
    "tone.flat",
    "emotion.leakage",
    "emotion.recovery",
    "courtesy.words",
    "emotion.abuse",
    "emotion.empathy",
    "emotion.frustration",
    "emotion.frustration_clock",
    "listening.comprehension",
    "listening.interruption",
    "listening.pause",
    "language.positive",
    "sales.opening",
    "service.effort",
    "service.escalation",
    "service.next_issue",
    "service.ownership",
    "service.resolution",
    "call.dead_air",
    "call.handle_time",
    "call.hang_up",
    "call.rate",
    "call.talk_ratio",
}
NEGATIVE = re.compile(r"\b(don't|do not|never|stop|avoid|wrong|bad|rude|fail\w*|mistake|curt|forgot)\b", re.I)
ROWS = pytest.mark.parametrize("row", catalogue().values(), ids=lambda row: row.id)


def test_the_catalogue_has_every_behaviour_asked_for() -> None:
    assert set(catalogue()) >= IDS


@ROWS
def test_a_row_says_what_is_meant_and_when_its_chance_opens(row: Behaviour) -> None:
    assert row.title and row.meaning.endswith(".") and row.opportunity.endswith(".")
    assert set(row.why) <= set(row.thresholds)


@ROWS
def test_coaching_and_whispers_say_what_to_do_next_in_positive_words(row: Behaviour) -> None:
    for rule in row.alerts:
        assert rule.behaviour == row.id
        assert 1 <= len(rule.whispers) <= 3
        for text in (rule.title, rule.coaching, *rule.whispers):
            if text != "Check the customer's name":
                assert not NEGATIVE.search(text), text


def test_alert_rules_are_those_of_the_table() -> None:
    rules = {
        (rule.behaviour, rule.verdict, rule.kind): rule for row in catalogue().values() for rule in row.alerts
    }
    curt = rules["courtesy.please_thanks", Verdict.HARMFUL, "curt"]
    unheard = rules["listening.acknowledgement", Verdict.MISSED, ""]
    assert curt.count == 2
    assert (unheard.count, unheard.in_a_row) == (2, True)
    assert rules["name.use", Verdict.HARMFUL, "wrong_name"].severity is Severity.CRITICAL
    assert rules["emotion.leakage", Verdict.HARMFUL, ""].count == 1
    assert rules["courtesy.willingness", Verdict.MISSED, ""].severity is Severity.INFO
    assert ("courtesy.request_form", Verdict.MISSED, "demand") in rules
    assert ("name.use", Verdict.OBSERVED, "waiting") in rules


def test_follow_through_names_behaviours_that_exist() -> None:
    for row in catalogue().values():
        for rule in row.alerts:
            assert set(rule.follow) <= set(catalogue())


def test_courtesy_and_names_are_judged_by_detectors_that_exist() -> None:
    for name in ("courtesy", "names"):
        assert any(row.detector == name for row in catalogue().values())
        assert name in REGISTRY


def test_an_id_twice_is_refused() -> None:
    row = """[[behaviour]]\nid="a.b"\ntitle="t"\nmeaning="m"\nopportunity="o"\ndetector="d"\n"""
    with pytest.raises(ValueError, match="twice"):
        parse_catalogue(2 * (row + "[behaviour.thresholds]\n"))


def test_the_catalogue_names_every_voice_measure_that_a_detector_reads() -> None:
    """What it does not name is not measured, and would be missing without a word."""
    read = {
        row.id: {party: set(names) for party, names in row.signals.items()} for row in catalogue().values()
    }
    assert read["tone.flat"] == {Party.AGENT: flatness._NAMES}
    assert read["emotion.leakage"][Party.AGENT] == {*agent_voice._LEARNT, "arousal"}
    assert read["emotion.leakage"][Party.CUSTOMER] == read["emotion.recovery"][Party.CUSTOMER] == {"arousal"}


def test_without_the_behaviours_that_read_it_the_customer_s_voice_is_not_asked_for() -> None:
    assert signals_read(frozenset({"emotion.leakage"}))[Party.CUSTOMER] == {"arousal"}
    off = frozenset({"emotion.leakage", "emotion.recovery", "emotion.frustration"})
    assert Party.CUSTOMER not in signals_read(off)
    assert signals_read(off | {"tone.flat"}) == {}


def test_what_is_off_as_shipped_says_why_and_can_be_switched_on() -> None:
    assert switched_off() == {"listening.pause", "sales.opening"}
    assert catalogue()["sales.opening"].off_because.endswith(".")
    assert switched_off({"name.use"}, {"listening.pause", "sales.opening"}) == {"name.use"}
