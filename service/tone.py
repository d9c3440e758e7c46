"""The agent's tone over a call as one line of text: a bar an utterance, flat stretches in brackets."""

from __future__ import annotations

from collections.abc import Iterable

from detectors.flatness import BEHAVIOUR
from service.printing import clock
from streaming.events import Detection, Event, SignalSpan

_BARS = "▁▂▃▄▅▆▇█"
_MOST = 40.0  # semitones a second of the highest bar; real agents lie at 23 to 32, read speech about 20


def tone_line(events: Iterable[Event]) -> str | None:
    """None where no stretch was judged: too little speech, or a profile that measures no agent's voice."""
    judged = [one for one in events if isinstance(one, Detection) and one.behaviour == BEHAVIOUR]
    if not judged:
        return None
    strip = " ".join(f"[{_bars(one)}]" if one.kind == "flat" else _bars(one) for one in judged)
    flat = [f"{clock(one.start)}–{clock(one.end)}" for one in judged if one.kind == "flat"]
    return f"tone: {strip}  ({'flat at ' + ', '.join(flat) if flat else 'no stretch flat'})"


def _bars(detection: Detection) -> str:
    slopes = (
        span.value
        for span in detection.evidence
        if isinstance(span, SignalSpan) and span.name == "utterance_f0_slope"
    )
    return "".join(_BARS[min(len(_BARS) - 1, int(slope / _MOST * len(_BARS)))] for slope in slopes)
