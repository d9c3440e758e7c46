"""Which detection answers which label: one to one, nearest first, counted in turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evaluation.cases import Case, Span
from evaluation.judging import Judged
from evaluation.labels import WHOLE_CALL, Meaning, Moment
from streaming.events import Detection, Party, Seconds, Utterance, WordSpan

SLACK: Seconds = 0.3
"""How far words as heard may lie outside the turn in which they were said."""


@dataclass(slots=True)
class Outcome:
    """One class in one call."""

    pairs: list[tuple[Moment, Detection]] = field(default_factory=list)
    missed: list[Moment] = field(default_factory=list)
    false: list[Detection] = field(default_factory=list)
    again: list[Detection] = field(default_factory=list)  # further ones on a turn that was matched
    doubtful: list[Detection] = field(default_factory=list)  # on an unsure label


def match(case: Case, judged: Judged, meanings: Iterable[Meaning]) -> dict[str, Outcome]:
    """Code → what became of its labels and detections in this call."""
    place = _Places(case.turns, judged.utterances)
    unsure = [(one, place.of_moment(one)) for one in case.moments if one.unsure]
    return {
        meaning.code: _match(
            meaning,
            [
                (one, place.of_moment(one))
                for one in case.moments
                if one.meaning == meaning and not one.unsure
            ],
            [(one, place.of_detection(one, meaning.on)) for one in judged.detections if meaning.claims(one)],
            unsure,
        )
        for meaning in meanings
    }


_Placed = tuple[Moment, frozenset[int]]


def _match(
    meaning: Meaning,
    labels: Sequence[_Placed],
    detections: Sequence[tuple[Detection, frozenset[int]]],
    unsure: Sequence[_Placed],
) -> Outcome:
    outcome = Outcome()
    near = sorted(
        (distance, abs(label.start - one.start), which, index)
        for which, (label, turns) in enumerate(labels)
        for index, (one, places) in enumerate(detections)
        if (distance := _apart(turns, places)) <= meaning.reach
    )
    answered: dict[int, int] = {}
    for _, _, which, index in near:
        if which not in answered and index not in answered.values():
            answered[which] = index
    outcome.pairs = [(labels[which][0], detections[index][0]) for which, index in sorted(answered.items())]
    outcome.missed = [label for which, (label, _) in enumerate(labels) if which not in answered]
    taken = [labels[which][1] for which in answered]
    for index, (one, places) in enumerate(detections):
        if index in answered.values():
            continue
        if any(_apart(turns, places) == 0 for turns in taken):
            outcome.again.append(one)
        elif any(_leaves_open(label.meaning, meaning, _apart(turns, places)) for label, turns in unsure):
            outcome.doubtful.append(one)
        else:
            outcome.false.append(one)
    return outcome


def _leaves_open(doubt: Meaning, meaning: Meaning, distance: int) -> bool:
    """Whether an unsure label that far away leaves a detection of `meaning` neither right nor wrong."""
    if doubt == meaning:
        return distance <= meaning.reach
    if doubt.topic != meaning.topic or doubt.reach >= WHOLE_CALL:
        return False
    return distance <= min(doubt.reach, meaning.reach)


def _apart(one: frozenset[int], other: frozenset[int]) -> int:
    return min((abs(a - b) for a in one for b in other), default=WHOLE_CALL + 1)


class _Places:
    """Turns by number, for labels and detections that lie in time."""

    def __init__(self, turns: Sequence[Span], utterances: Mapping[str, Utterance]) -> None:
        self._turns = turns
        self._utterances = utterances

    def of_moment(self, moment: Moment) -> frozenset[int]:
        """The turn the label stands on: of its speaker, else whatever lies there."""
        party = moment.speaker or moment.meaning.on
        mine = self._on(party, moment.start, moment.end, slack=0.0)
        return mine or self._around(moment.start, moment.end)

    def of_detection(self, one: Detection, on: Party) -> frozenset[int]:
        """The turns of the party that the label is about; nowhere when only the other party spoke."""
        if one.speaker is on:
            mine = self._on(on, one.start, one.end, slack=SLACK)
            return mine or self._around(one.start, one.end)
        said = [span for span in one.evidence if isinstance(span, WordSpan)]
        found: set[int] = set()
        for span in said:
            heard = self._utterances.get(span.utterance_id)
            if heard is not None and heard.speaker is on:
                words = heard.words[span.first : span.last + 1]
                found |= self._on(on, words[0].start, words[-1].end, slack=SLACK) if words else set()
        return frozenset(found) or self._around(one.start, one.end)

    def _on(self, party: Party, start: Seconds, end: Seconds, *, slack: Seconds) -> frozenset[int]:
        """Turns of `party` under the stretch; those only brushed by it count where there are no others."""
        under = {
            number: min(end, turn.end) - max(start, turn.start)
            for number, turn in enumerate(self._turns)
            if turn.speaker is party
        }
        plain = frozenset(number for number, seconds in under.items() if seconds > slack)
        best = max(under, key=lambda number: under[number], default=None)
        if plain or best is None:
            return plain
        return frozenset({best}) if under[best] >= -slack else frozenset()

    def _around(self, start: Seconds, end: Seconds) -> frozenset[int]:
        """Whatever turns lie under the stretch; for a silence, the turns on both sides of it."""
        under = {n for n, turn in enumerate(self._turns) if turn.start < end and turn.end > start}
        if under:
            return frozenset(under)
        before = [n for n, turn in enumerate(self._turns) if turn.end <= start]
        after = [n for n, turn in enumerate(self._turns) if turn.start >= end]
        return frozenset({*before[-1:], *after[:1]})
