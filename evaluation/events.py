"""Text with times → the events a call would have had: speech edges, final utterances, ticks.

Used where there is no audio: reference transcripts here, written dialogues in the detectors' tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from streaming.calllog import EventOrder
from streaming.events import Event, Party, Seconds, SpeechEnded, SpeechStarted, Utterance, Word

SECONDS_A_WORD: Seconds = 0.35
ENDPOINT_DELAY: Seconds = 0.45
"""After the last voice the segmenter waits this long before an utterance is final."""


@dataclass(frozen=True, slots=True)
class Said:
    speaker: Party
    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    continues: bool = False


def said(
    speaker: Party,
    text: str | Sequence[str],
    start: Seconds,
    end: Seconds | None = None,
    *,
    confidence: float = 0.9,
) -> Said:
    """Spread the words evenly between `start` and `end`."""
    words = text.split() if isinstance(text, str) else text
    end = start + SECONDS_A_WORD * max(1, len(words)) if end is None else end
    step = (end - start) / max(1, len(words))
    spread = tuple(
        Word(text=word, start=start + n * step, end=start + (n + 1) * step, confidence=confidence)
        for n, word in enumerate(words)
    )
    return Said(speaker, start, end, spread)


def events_of(turns: Iterable[Said], *, until: Seconds, prefix: str = "") -> tuple[Event, ...]:
    """In log order: each utterance when its endpoint was decided, a tick a second up to `until`."""
    ordered = sorted(turns, key=lambda one: (one.start, one.end))
    order = EventOrder()
    for party in Party:
        mine = [one for one in ordered if one.speaker is party]
        for start, end in _stretches(mine):
            order.add(SpeechStarted(speaker=party, at=start), due=start)
            order.add(SpeechEnded(speaker=party, at=end), due=end + ENDPOINT_DELAY)
        for number, (one, following) in enumerate(zip_longest(mine, mine[1:]), start=1):
            due = one.end + ENDPOINT_DELAY
            due = min(due, max(one.end, following.start)) if following else due
            order.add(_utterance(one, prefix, number), due=due)
    order.hear(math.floor(until) + 0.5)  # the tick at `until` itself is due
    return tuple(order.drain())


def _stretches(turns: Sequence[Said]) -> list[tuple[Seconds, Seconds]]:
    """Speech without a pause long enough to end it."""
    found: list[tuple[Seconds, Seconds]] = []
    for one in turns:
        if found and one.start - found[-1][1] < ENDPOINT_DELAY:
            found[-1] = (found[-1][0], max(found[-1][1], one.end))
        else:
            found.append((one.start, one.end))
    return found


def _utterance(one: Said, prefix: str, number: int) -> Utterance:
    return Utterance(
        speaker=one.speaker,
        id=f"{prefix}{one.speaker.value[0]}{number}",
        revision=1,
        start=one.start,
        end=one.end,
        words=one.words,
        final=True,
        continues=one.continues,
    )
