"""What went wrong, moment by moment: call, time, words, and what was judged there instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.cases import Span
from evaluation.labels import CODES, Moment
from evaluation.run import CallResult, Result
from streaming.events import Detection, Party, Seconds, WordSpan

_LETTER = {Party.AGENT: "A", Party.CUSTOMER: "C"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`kind` is "false" (judged, not labelled) or "missed" (labelled, not judged)."""

    title: str
    code: str
    kind: str
    call: str
    start: Seconds
    said: str  # the turn it is about, as labelled
    heard: str  # the words the detection points at, as heard
    instead: str  # what was labelled, or judged, there
    confidence: float | None = None


def examples(result: Result) -> Iterator[Example]:
    """Class by class, in order of calls and time."""
    for one in result.classes:
        for code in one.codes:
            for call in result.calls:
                yield from _of_call(one.title, code, call)


def _of_call(title: str, code: str, call: CallResult) -> Iterator[Example]:
    outcome = call.outcomes[code]
    for found in outcome.false:
        yield Example(
            title=title,
            code=code,
            kind="false",
            call=call.case.name,
            start=found.start,
            said=_turn(call, found.start, found.end, found.speaker),
            heard=_heard(call, found),
            instead=_labels(call, found),
            confidence=found.confidence,
        )
    for missed in outcome.missed:
        yield Example(
            title=title,
            code=code,
            kind="missed",
            call=call.case.name,
            start=missed.start,
            said=_turn(call, missed.start, missed.end, missed.meaning.on),
            heard="",
            instead=_judgements(call, missed),
        )


def _turn(call: CallResult, start: Seconds, end: Seconds, party: Party) -> str:
    """The turn of that party with most of the stretch, and in front of it what it answers."""
    mine = [n for n, turn in enumerate(call.case.turns) if turn.speaker is party]
    best = max(mine, key=lambda n: _overlap(call.case.turns[n], start, end), default=None)
    if best is None:
        return ""
    shown = call.case.turns[max(0, best - 1) : best + 2]
    return " / ".join(f"{_LETTER[turn.speaker]}: {turn.text}" for turn in shown)


def _overlap(turn: Span, start: Seconds, end: Seconds) -> Seconds:
    return min(end, turn.end) - max(start, turn.start)


def _heard(call: CallResult, found: Detection) -> str:
    return " … ".join(
        " ".join(word.text for word in heard.words[span.first : span.last + 1])
        for span in found.evidence
        if isinstance(span, WordSpan) and (heard := call.judged.utterances.get(span.utterance_id))
    )


def _labels(call: CallResult, found: Detection) -> str:
    """Labels of the same behaviour on what the detection spans."""
    return ", ".join(
        ("~" if one.unsure else "") + one.meaning.code
        for one in call.case.moments
        if one.meaning.behaviour == found.behaviour and one.start < found.end and one.end > found.start
    )


def _judgements(call: CallResult, missed: Moment) -> str:
    """What was judged of the same behaviour while the labelled turn was said or right behind it."""
    return ", ".join(
        " ".join(part for part in (one.verdict.value, one.kind) if part)
        for one in call.judged.detections
        if one.behaviour == missed.meaning.behaviour
        and one.start < missed.end + 8.0
        and one.end > missed.start
        and not CODES.get(missed.meaning.code, missed.meaning).claims(one)
    )
