"""One table says what labels mean; it agrees with LABELS.md, the catalogue and the classes of the report."""

from __future__ import annotations

import re
from collections import Counter

from detectors.base import catalogue
from evaluation.classes import CLASSES
from evaluation.labels import CODES, DERIVED, UNSIGNED, meaning_of
from evaluation.report import PAGE
from evaluation.sets import HERE
from streaming.events import Party, Verdict
from tests.evaluation.written import detection

TABLE_ROW = re.compile(r"^\| (`.*?) \| ([a-z_.]+) \|", re.MULTILINE)


def documented() -> dict[str, str]:
    text = (HERE / "LABELS.md").read_text(encoding="utf-8")
    rows = TABLE_ROW.findall(text)
    return {code: behaviour for codes, behaviour in rows for code in re.findall(r"`(.*?)`", codes)}


def test_the_codes_are_those_of_labels_md_and_of_the_same_behaviours() -> None:
    said = {code.lstrip("~"): behaviour for code, behaviour in documented().items()}
    assert set(said) == (set(CODES) - DERIVED) | set(UNSIGNED)
    assert {code: CODES[UNSIGNED.get(code, code)].behaviour for code in said} == said


def test_every_behaviour_is_in_the_catalogue() -> None:
    assert {row.behaviour for row in CODES.values()} <= set(catalogue())


def test_what_is_not_labelled_is_said_so() -> None:
    said = PAGE.read_text(encoding="utf-8").split("Not labelled, and so in none")[1].split("##")[0]
    unlabelled = set(catalogue()) - {row.behaviour for row in CODES.values()}
    assert set(re.findall(r"`(.*?)`", said)) == unlabelled | {"courtesy.please_thanks"}


def test_no_detection_is_claimed_by_two_codes() -> None:
    for code in CODES:
        claimed = [other.code for other in CODES.values() if other.claims(detection(code, 0.0, 1.0))]
        assert claimed == [code]


def test_every_code_is_counted_in_exactly_one_class() -> None:
    assert Counter(code for one in CLASSES for code in one.codes) == Counter(list(CODES))


def test_words_of_a_behaviour_find_their_row_and_a_custom_behaviour_gets_one() -> None:
    leak = meaning_of("emotion.leakage", Verdict.HARMFUL, "dismissive", Party.AGENT)
    assert leak is CODES["leak"]
    own = meaning_of("team.callback", Verdict.DELIVERED, "", Party.AGENT)
    assert own.behaviour == "team.callback" and own.code not in CODES


def test_words_that_are_observed_are_told_apart_by_their_kind() -> None:
    thanks = detection("thanks", 0.0, 1.0)
    assert CODES["thanks"].claims(thanks) and not CODES["sorry"].claims(thanks)
    assert CODES["thanks"].topic != CODES["sorry"].topic
    assert CODES["leak"].topic == CODES["steady"].topic
