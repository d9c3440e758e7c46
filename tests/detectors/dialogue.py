"""A compact notation for calls: lines of (who, text) → the events a call would be fed.

    call = dialogue("A: Hello, how can I help you?", "C: Hi, my name is Suzanne.", "…6", "A +1.5: Thank you.")

Each line is one final utterance. "A" and "C" are agent and customer; behind the letter may stand
``+1.5`` (seconds of pause before it, default 0.4; negative overlaps what came before), ``@12`` (starts
at that second) and ``~`` (the utterance goes on in the speaker's next: `continues`). ``…6`` is six
seconds of silence. Speech takes 0.35 s a word unless the line is a list of `Word`s of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from detectors.text import Line, read
from streaming.events import (
    Detection,
    Event,
    Party,
    Seconds,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    Verdict,
    Word,
)
from streaming.ports import Detector

SECONDS_A_WORD = 0.35
ENDPOINT_DELAY = 0.45  # after the last voice the segmenter waits this long before an utterance is final
_LINE = re.compile(r"^([AC])(~?)\s*(?:@([\d.]+)|([+-][\d.]+))?(~?):\s*(.*)$", re.S)
_SILENCE = re.compile(r"^(?:…|\.\.\.)\s*([\d.]+)$")


@dataclass(frozen=True, slots=True)
class Said:
    speaker: Party
    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    continues: bool = False


def said(
    speaker: Party, text: str, start: Seconds, end: Seconds | None = None, *, confidence: float = 0.9
) -> Said:
    """Spread `text`'s words evenly between `start` and `end`."""
    words = text.split()
    end = start + SECONDS_A_WORD * max(1, len(words)) if end is None else end
    step = (end - start) / max(1, len(words))
    spread = tuple(
        Word(text=word, start=start + n * step, end=start + (n + 1) * step, confidence=confidence)
        for n, word in enumerate(words)
    )
    return Said(speaker, start, end, spread)


def dialogue(*lines: str, tail: Seconds = 2.0) -> tuple[Event, ...]:
    """The events of a call written in the notation above, ticks included, in log order."""
    found: list[Said] = []
    clock, pause = 0.0, 0.0
    for line in lines:
        if silence := _SILENCE.match(line):
            pause += float(silence.group(1))
            continue
        parsed = _LINE.match(line)
        if parsed is None:
            raise ValueError(f"not a line of dialogue: {line!r}")
        who, goes_on, at, gap, also, text = parsed.groups()
        start = float(at) if at else max(0.0, clock + (pause or float(gap or 0.4 if clock else gap or 0.0)))
        one = said(Party.AGENT if who == "A" else Party.CUSTOMER, text, start)
        found.append(Said(one.speaker, one.start, one.end, one.words, bool(goes_on or also)))
        clock, pause = max(clock, one.end), 0.0
    return events_of(found, until=clock + pause + tail)


def events_of(turns: Iterable[Said], *, until: Seconds, prefix: str = "") -> tuple[Event, ...]:
    """Speech edges, final utterances (at their endpoint decision) and ticks, ordered by stream time."""
    ordered = sorted(turns, key=lambda one: (one.start, one.end))
    placed: list[tuple[float, int, Event]] = []
    for party in Party:
        mine = [one for one in ordered if one.speaker is party]
        for start, end in _stretches(mine):
            placed.append((start, 1, SpeechStarted(speaker=party, at=start)))
            placed.append((end + ENDPOINT_DELAY, 2, SpeechEnded(speaker=party, at=end)))
        for number, (one, following) in enumerate(zip_longest(mine, mine[1:]), start=1):
            due = one.end + ENDPOINT_DELAY
            due = min(due, max(one.end, following.start)) if following else due
            placed.append((due, 6, _utterance(one, prefix, number)))
    placed.extend((float(second), 8, Tick(at=float(second))) for second in range(1, int(until) + 1))
    return tuple(event for _, _, event in sorted(placed, key=lambda row: row[:2]))


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


def judge(detector: Detector, events: Sequence[Event], *, end: Seconds | None = None) -> list[Detection]:
    """Everything the detector says of these events, `finish` included."""
    found: list[Detection] = []
    for event in events:
        found.extend(detector.feed(event))
    last = max((event.at for event in events if isinstance(event, Tick)), default=0.0)
    found.extend(detector.finish(last if end is None else end))
    return found


def verdicts(
    detections: Iterable[Detection], behaviour: str, *, kinds: bool = True
) -> list[tuple[str, str] | str]:
    """What was judged of one behaviour, in order: "delivered", or ("missed", "demand") with its kind."""
    return [
        (one.verdict.value, one.kind) if one.kind and kinds else one.verdict.value
        for one in detections
        if one.behaviour == behaviour
    ]


def spoken(detection: Detection, events: Sequence[Event]) -> str:
    """The words a detection points at, for tests that say which words must be shown."""
    lines = {event.id: event for event in events if isinstance(event, Utterance)}
    return " … ".join(
        " ".join(word.text for word in lines[span.utterance_id].words[span.first : span.last + 1])
        for span in detection.evidence
        if span.kind == "words"
    )


def line(text: str, *, speaker: Party = Party.AGENT, start: Seconds = 1.0) -> Line:
    """One utterance, read as the detectors read it."""
    one = said(speaker, text, start)
    return read(
        Utterance(speaker=speaker, id="a1", revision=1, start=start, end=one.end, words=one.words, final=True)
    )


__all__ = [
    "Detection",
    "Said",
    "Verdict",
    "dialogue",
    "events_of",
    "judge",
    "line",
    "said",
    "spoken",
    "verdicts",
]
