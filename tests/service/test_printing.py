"""What a supervisor reads in a terminal: what was judged as a table, the rest in a line each."""

from __future__ import annotations

from rich.console import Console

from detectors.base import catalogue
from service.printing import Teleprinter, scorecard_table
from streaming.events import (
    Detection,
    Event,
    NotJudged,
    Party,
    Scorecard,
    ScoreItem,
    Severity,
    Utterance,
    Verdict,
    Word,
    WordSpan,
)


def item(
    behaviour: str, delivered: int = 0, missed: int = 0, harmful: int = 0, observed: int = 0
) -> ScoreItem:
    chances = delivered + missed
    return ScoreItem(
        behaviour=behaviour,
        opportunities=chances,
        delivered=delivered,
        missed=missed,
        harmful=harmful,
        observed=observed,
        rate=delivered / chances if chances else None,
        moments=tuple(f"{behaviour}@{at}" for at in range(chances + harmful + observed)),
    )


def printed(card: Scorecard, notes: dict[str, str] | None = None) -> str:
    console = Console(width=80)
    with console.capture() as out:
        console.print(scorecard_table(card, catalogue(), title="[one] call", notes=notes))
    return out.get()


def test_rows_are_what_was_judged_and_the_rest_is_told_below() -> None:
    away = "The customer was not recorded."
    card = Scorecard(
        at=60.0,
        items=(
            item("courtesy.greeting", delivered=1),
            item("courtesy.hold", missed=2, harmful=1),
            item("call.talk_ratio", observed=1),
            item("courtesy.words", observed=3),
            item("emotion.empathy"),
        ),
        heard=(),
        not_judged=(
            NotJudged(behaviour="name.use", reason=away),
            NotJudged(behaviour="call.dead_air", reason=away),
        ),
    )
    told = printed(card, {"call.talk_ratio@0": "The agent had 44% of the talk."})
    assert "[one] call: 1 of 3 opportunities delivered, 1 harmful moment" in told
    table, below = told.split("noticed: ")
    assert "Warm opening" in table and "Considerate holds" in table and "Empathy" not in table
    assert below.startswith("Courtesy words (3); The agent had 44% of the talk\n")
    assert "no opportunity: Empathy\n" in below
    assert below.count(away.rstrip(".")) == 1
    assert "): Use of the customer's name; Dead air\n" in below


def detection(behaviour: str, verdict: Verdict, first: int) -> Detection:
    return Detection(
        id=f"{behaviour}@a1",
        behaviour=behaviour,
        verdict=verdict,
        speaker=Party.AGENT,
        start=0.0,
        end=1.0,
        at=1.0,
        confidence=0.9,
        severity=Severity.INFO,
        evidence=(WordSpan(utterance_id="a1", first=first, last=first),),
    )


def test_a_word_is_told_once_though_it_is_also_counted() -> None:
    words = tuple(Word(text=text, start=0.0, end=1.0) for text in ("Sorry,", "one", "please."))
    events: tuple[Event, ...] = (
        Utterance(speaker=Party.AGENT, id="a1", revision=0, start=0, end=1, words=words, final=True),
        detection("courtesy.please_thanks", Verdict.DELIVERED, 2),
        detection("courtesy.words", Verdict.OBSERVED, 2),
    )
    console = Console(width=200)
    with console.capture() as out:
        printer = Teleprinter(console, catalogue())
        for event in events:
            printer.show(event)
        printer.show(detection("courtesy.words", Verdict.OBSERVED, 0))
    lines = out.get().splitlines()
    assert [line.split("+")[-1].split("·")[-1].split(",")[0].strip() for line in lines[1:]] == [
        "Please and thank you",
        "Courtesy words",
    ]
