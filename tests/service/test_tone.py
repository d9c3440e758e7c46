"""The agent's tone as a line of text."""

from __future__ import annotations

from service.tone import tone_line
from streaming.events import Detection, Party, Severity, SignalSpan, Tick, Verdict


def stretch(number: int, start: float, verdict: Verdict, *slopes: float) -> Detection:
    return Detection(
        id=f"tone.flat@{number}",
        behaviour="tone.flat",
        verdict=verdict,
        kind="flat" if verdict is Verdict.MISSED else "lively",
        speaker=Party.AGENT,
        start=start,
        end=start + 20.0,
        at=start + 20.0,
        confidence=0.9,
        severity=Severity.NOTICE,
        evidence=tuple(
            SignalSpan(
                name="utterance_f0_slope", speaker=Party.AGENT, start=start, end=start + 1.0, value=slope
            )
            for slope in slopes
        ),
    )


def test_a_bar_an_utterance_and_flat_stretches_in_brackets() -> None:
    lively = stretch(1, 0.0, Verdict.DELIVERED, 22.0, 39.0, 90.0)
    flat = stretch(2, 65.0, Verdict.MISSED, 4.0, 6.0)
    assert tone_line([lively, Tick(at=1.0), flat]) == "tone: ▅██ [▁▂]  (flat at 1:05.0–1:25.0)"
    assert tone_line([lively]) == "tone: ▅██  (no stretch flat)"


def test_nothing_judged_is_no_line() -> None:
    assert tone_line([Tick(at=1.0)]) is None
