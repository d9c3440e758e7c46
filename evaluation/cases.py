"""A labelled call, whatever form it came in: its turns in time, its moments, and what to judge it from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from evaluation.derived import name_marks
from evaluation.events import SECONDS_A_WORD, Said, events_of, said
from evaluation.labels import CODES, UNSIGNED, Moment
from evaluation.script import Call, spoken
from evaluation.timeline import Spoken, Timeline, lay_out, pieces
from streaming.events import CallInfo, Event, Party, Profile, Seconds

TURN_SILENCE: Seconds = 2.0
"""Speech behind a longer silence is a turn of its own, whoever spoke last."""


@dataclass(frozen=True, slots=True)
class Span:
    """One turn in time: the unit in which labels and detections are compared."""

    speaker: Party
    start: Seconds
    end: Seconds
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled call. `events` are what it would be judged from, had every word been heard rightly."""

    name: str
    info: CallInfo
    turns: tuple[Span, ...]
    moments: tuple[Moment, ...]
    events: tuple[Event, ...] = ()
    exact: bool = True  # the turns' times are those of the recording

    def under(self, profile: Profile) -> Case:
        return replace(self, info=replace(self.info, profile=profile))


def joined(pieces: Iterable[Span]) -> tuple[Span, ...]:
    """Pieces of speech as turns: what one party says until the other does, or until a long silence."""
    found: list[Span] = []
    for one in sorted(pieces, key=lambda piece: (piece.start, piece.end)):
        last = found[-1] if found else None
        if last is not None and last.speaker is one.speaker and one.start - last.end < TURN_SILENCE:
            found[-1] = replace(last, end=max(last.end, one.end), text=f"{last.text} {one.text}")
        else:
            found.append(one)
    return tuple(found)


def estimated(call: Call) -> Timeline:
    """The call in time at an even pace, where nobody has spoken it yet."""
    return lay_out(call, [SECONDS_A_WORD * max(1, len(spoken(piece.text))) for piece in pieces(call)])


def case_of(call: Call, timeline: Timeline | None = None) -> Case:
    """A call as written, with the times at which it was spoken (default: estimated)."""
    time = timeline or estimated(call)
    when = {one.turn: one for one in time.said if one.inside is None}
    turns = tuple(Span(turn.speaker, *_times(when[turn.number]), turn.text) for turn in call.turns)
    return Case(
        name=call.name,
        info=CallInfo(
            call_id=call.id,
            agent=call.agent.name,
            customer_name=call.customer.name if call.name_known else None,
            source="replay",
        ),
        turns=turns,
        moments=tuple(_moments(call, turns)),
        events=events_of(_said(call, time), until=time.seconds),
    )


def _times(one: Spoken) -> tuple[Seconds, Seconds]:
    return one.start, one.end


def _said(call: Call, time: Timeline) -> Iterator[Said]:
    for one in time.said:
        turn = call.turns[one.turn]
        text = turn.text if one.inside is None else turn.back_channels[one.inside].text
        yield said(one.speaker, spoken(text), one.start, one.end)


def _moments(call: Call, turns: tuple[Span, ...]) -> Iterator[Moment]:
    derived = name_marks(call)
    for turn, span in zip(call.turns, turns, strict=True):
        also = (derived[turn.number],) if turn.number in derived else ()
        for mark in (*turn.marks, *also):
            yield Moment(
                meaning=CODES[UNSIGNED.get(mark.code, mark.code)],
                start=span.start,
                end=span.end,
                unsure=mark.unsure,
                words=mark.words,
            )
