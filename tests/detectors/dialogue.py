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

from detectors.text import Line, read
from evaluation.events import Said, events_of, said
from streaming.events import Detection, Event, Party, Seconds, Tick, Utterance, Verdict
from streaming.ports import Detector

_LINE = re.compile(r"^([AC])(~?)\s*(?:@([\d.]+)|([+-][\d.]+))?(~?):\s*(.*)$", re.S)
_SILENCE = re.compile(r"^(?:…|\.\.\.)\s*([\d.]+)$")


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
