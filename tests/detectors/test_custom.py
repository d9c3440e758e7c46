"""Custom behaviours: each way a chance opens, what closes it, and that silence judges only what was heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from detectors.bench import Bench
from detectors.score import WORDS_ONLY, ScoreKeeper
from service.behaviours import read_behaviours
from streaming.alerts import AlertDesk
from streaming.events import (
    Alert,
    AudioGap,
    CallInfo,
    Detection,
    DetectorFailed,
    Event,
    Party,
    Verdict,
    Word,
    WordsHeldBack,
)
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken
from tests.detectors.meanings import WordBag

CALL = CallInfo(call_id="c1")
TALK = ("A: Hello, this is Ruth.", "C: Hi, I have a question about my meter.", "A: Go ahead, please.")
MORE = ("C: It shows two numbers.", "A: The upper one is the right one.", "C: Okay, thanks.", "A: Bye.")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def row(tmp_path: Path, opens: str, says: str, who: str = "agent") -> Path:
    head = f'[[behaviour]]\nid = "custom.it"\ntitle = "It"\nmeaning = "It is said."\nwho = "{who}"\n'
    return written(tmp_path, f"{head}[behaviour.opens]\n{opens}\n{says}")


RECORDED = '[behaviour.delivered]\nphrases = ["call is recorded"]'


def found(path: Path, events: Sequence[Event], *, end: float | None = None) -> list[Detection]:
    [behaviour] = read_behaviours(path).values()
    return judge(behaviour(CALL, Policy(meaning=WordBag())), events, end=end)


def told(detections: Sequence[Detection]) -> list[str]:
    return [one.verdict.value for one in detections]


# --- at the start


def test_said_in_time_is_delivered_once_with_its_words(tmp_path: Path) -> None:
    path = row(tmp_path, 'when = "start"\nseconds = 20', RECORDED)
    events = dialogue(
        "A: Hello, this call is recorded.", *TALK[1:], "A: The call is recorded, as I said.", "…30"
    )
    [one] = found(path, events)
    assert (one.verdict, one.behaviour, one.id) == (Verdict.DELIVERED, "custom.it", "custom.it@start")
    assert spoken(one, events) == "call is recorded."


def test_not_said_in_time_is_missed_and_said_later_does_not_undo_it(tmp_path: Path) -> None:
    path = row(tmp_path, 'when = "start"\nseconds = 20', RECORDED)
    assert told(found(path, dialogue(*TALK, "…30", "A: The call is recorded."))) == ["missed"]


def test_a_sentence_that_begins_in_time_is_waited_for(tmp_path: Path) -> None:
    path = row(tmp_path, 'when = "start"\nseconds = 20', RECORDED)
    long = "A @18: Before we begin there is one thing that I have to tell you today, the call is recorded."
    assert told(found(path, dialogue(*TALK, long, "…10"))) == ["delivered"]


@pytest.mark.parametrize(
    "unheard",
    [
        AudioGap(speaker=Party.AGENT, start=5.0, end=9.0, reason="lost"),
        WordsHeldBack(
            speaker=Party.AGENT,
            utterance_id="a9",
            start=5.0,
            end=6.0,
            words=(Word(text="recorded", start=5.0, end=6.0),),
            reason="low_confidence",
        ),
    ],
)
def test_nothing_is_missed_where_not_all_was_heard(tmp_path: Path, unheard: Event) -> None:
    path = row(tmp_path, 'when = "start"\nseconds = 20', RECORDED)
    events = dialogue(*TALK, "…30")
    assert told(found(path, events)) == ["missed"]
    assert told(found(path, (unheard, *events))) == []


def test_who_said_nothing_left_nothing_out(tmp_path: Path) -> None:
    path = row(tmp_path, 'when = "start"\nseconds = 20', RECORDED)
    assert told(found(path, dialogue("C: Hello? Is anybody there?", "…30"))) == []


# --- at the end, every so often, whenever


def test_at_the_end_the_last_minute_counts(tmp_path: Path) -> None:
    path = row(tmp_path, 'when = "end"\nseconds = 15', RECORDED)
    early = dialogue("A: This call is recorded.", *TALK[1:], "…30", *MORE)
    late = dialogue(*TALK, "…30", *MORE[:3], "A: The call is recorded, by the way. Bye.")
    assert told(found(path, early)) == ["missed"]
    assert told(found(path, late)) == ["delivered"]
    assert told(found(path, dialogue("A: Hello.", "C: Wrong number."))) == []


def test_every_so_often_is_a_chance_for_each_stretch(tmp_path: Path) -> None:
    path = row(tmp_path, 'when = "every"\nseconds = 20', RECORDED)
    events = dialogue(
        "A: The call is recorded.", "A @25: So, the meter.", "A @45: The call is recorded.", "…20"
    )
    assert told(found(path, events)) == ["delivered", "missed", "delivered"]


def test_harm_is_told_whenever_it_is_said_and_only_of_the_one_who_is_judged(tmp_path: Path) -> None:
    path = row(tmp_path, "", '[behaviour.harmful]\nphrases = ["never go up"]')
    events = dialogue(
        "C: Will it never go up?", "A: It will never go up.", "A: He said it would never go up."
    )
    [one] = found(path, events)
    assert one.verdict is Verdict.HARMFUL and one.id == "custom.it@a1.harmful"


# --- when somebody says something

ASKS = '[behaviour.delivered]\nphrases = ["may i ask why"]\n[behaviour.missed]\nphrases = ["it is cancelled"]'
LEAVES = 'when = "said"\nby = "customer"\nturns = 2\nseconds = 60\nphrases = ["cancel my contract"]'


@pytest.mark.parametrize(
    "lines, verdicts",
    [
        (("C: I want to cancel my contract.", "A: May I ask why?"), ["delivered"]),
        (("C: I want to cancel my contract.", "A: Okay.", "C: Yes.", "A: May I ask why?"), ["delivered"]),
        (("C: I want to cancel my contract.", "A: Okay.", "C: Yes.", "A: Sure.", "C: So?"), ["missed"]),
        (("C: I want to cancel my contract.", "A: Okay, it is cancelled."), ["missed"]),
        (("C: I want to cancel my contract.", "A: Hm, okay.", "…70"), ["missed"]),
        (("C: I want to cancel my contract.", "…70"), []),
        (("C: My sister said to cancel my contract now.", "A: Okay.", "C: Yes.", "A: Sure.", "C: So?"), []),
        (("A: May I ask why?", "C: Because."), []),
        (
            (
                "C: I want to cancel my contract.",
                "A: May I ask why?",
                "C: I said, cancel my contract.",
                "A: Why?",
            ),
            ["delivered"],
        ),
    ],
)
def test_a_chance_that_somebodys_words_open(
    tmp_path: Path, lines: tuple[str, ...], verdicts: list[str]
) -> None:
    assert told(found(row(tmp_path, LEAVES, ASKS), dialogue(*lines))) == verdicts


def test_a_miss_points_at_the_words_that_opened_it(tmp_path: Path) -> None:
    events = dialogue("C: Good morning. I want to cancel my contract.", "A: Hm, okay.", "…70")
    [one] = found(row(tmp_path, LEAVES, ASKS), events)
    assert spoken(one, events) == "cancel my contract."


def test_examples_are_found_by_meaning_and_the_other_verdicts_count_against(tmp_path: Path) -> None:
    says = (
        '[behaviour.delivered]\nexamples = ["What is the reason you leave?", "Why do you leave us?", '
        '"May I know why you leave?"]\n[behaviour.missed]\nexamples = ["Okay you leave today.", '
        '"You leave on Friday then.", "Done you leave at once."]'
    )
    path = row(tmp_path, "", says)
    assert told(found(path, dialogue("A: May I know why you leave us?"))) == ["delivered"]
    assert told(found(path, dialogue("A: Okay, you leave on Friday."))) == ["missed"]


# --- in the whole


def test_without_a_network_what_is_told_by_examples_is_not_judged_and_the_scorecard_says_so(
    tmp_path: Path,
) -> None:
    says = RECORDED + '\nexamples = ["one here", "two here", "three here"]'
    [behaviour] = read_behaviours(row(tmp_path, 'when = "start"\nseconds = 5', says)).values()
    events = dialogue(*TALK, *MORE, "…30")
    assert judge(behaviour(CALL, Policy()), events) == []
    keeper = ScoreKeeper(CALL, Policy(), rows={"custom.it": behaviour.row})
    for event in events:
        keeper.feed(event)
    assert [(one.behaviour, one.reason) for one in keeper.card(60.0).not_judged] == [
        ("custom.it", WORDS_ONLY)
    ]


def test_one_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    says = '[behaviour.harmful]\nexamples = ["one thing here", "two things here", "three things here"]'
    words = row(tmp_path, "", '[behaviour.harmful]\nphrases = ["never go up"]')
    by_words = read_behaviours(words)["custom.it"]
    by_meaning = read_behaviours(row(tmp_path, "", says))["custom.it"]
    bag = WordBag()
    bench = Bench(CALL, Policy(meaning=bag), {"broken": by_meaning, "custom.it": by_words})
    bag.broken = True
    told = [one for event in dialogue("A: It will never go up.") for one in bench.feed(event)]
    assert [type(one) for one in told] == [DetectorFailed, Detection]


def test_a_teams_thresholds_and_alerts_are_heeded(tmp_path: Path) -> None:
    alert = (
        '[[behaviour.alert]]\nverdict = "missed"\nseverity = "warning"\ntitle = "Due"\ncoaching = "Say it."\n'
        'whispers = ["Please say it."]'
    )
    [behaviour] = read_behaviours(
        row(tmp_path, 'when = "start"\nseconds = 10', f"{RECORDED}\n{alert}")
    ).values()
    patient = Policy(thresholds={"custom.it.seconds": 1000.0})
    events = dialogue(*TALK, "…30")
    assert judge(behaviour(CALL, patient), events) == []
    desk = AlertDesk(behaviour.row.alerts)
    bench = Bench(CALL, Policy(), {"custom.it": behaviour})
    raised = [
        card
        for event in events
        for one in bench.feed(event)
        for card in desk.feed(one)
        if isinstance(card, Alert)
    ]
    assert [(card.behaviour, card.title) for card in raised] == [("custom.it", "Due")]


def test_the_same_call_gives_the_same_judgements(tmp_path: Path) -> None:
    path = row(tmp_path, LEAVES, ASKS)
    events = dialogue("C: I want to cancel my contract.", "A: Okay.", "C: Yes.", "A: May I ask why?")
    assert found(path, events) == found(path, events)
