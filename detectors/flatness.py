"""tone.flat: is the agent's voice lively or flat over stretches of 20 to 30 seconds of her speech?

From the `f0_slope`, `f0_sd` and `voiced_seconds` signals of each agent utterance. Without a baseline a
stretch is flat below both norms (slope 12 st/s, SD 1.3 st: MEASURED.md, where normal speech has 19 to 32
and 1.9 to 3.7 in windows of ten seconds); with one, also when it is well below the agent's own median in
this call. Rate only supports. Energy does not count: it was near chance.

Voice measures of an employee are judged under the profile `full` alone (EU AI Act art. 5(1)(f); under
`training` they are for the agent's own eyes, never for scorecards or supervisors).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from detectors.base import Judge
from streaming.events import (
    CallInfo,
    Detection,
    Event,
    Party,
    Profile,
    Seconds,
    Signal,
    SignalSpan,
    Utterance,
    Verdict,
)
from streaming.ports import Policy

BEHAVIOUR = "tone.flat"
_NAMES = frozenset({"f0_slope", "f0_sd", "voiced_seconds", "speech_rate"})
_LEAST_VOICED = 0.3  # seconds in one utterance; shorter ones have no melody to speak of
_LEAST_CONFIDENCE = 0.2  # little more than noise below; above, voiced seconds weigh each utterance
_RATE_STEP = 0.15  # share of the own rate from which rate counts as slower or livelier
_RATE_WEIGHT = 0.05


@dataclass(slots=True)
class _Measured:
    """One agent utterance's voice; `values` by signal name."""

    start: Seconds
    end: Seconds
    values: dict[str, float] = field(default_factory=dict)

    @property
    def voiced(self) -> float:
        return self.values.get("voiced_seconds", 0.0)

    @property
    def usable(self) -> bool:
        return {"f0_slope", "f0_sd"} <= self.values.keys() and self.voiced >= _LEAST_VOICED


class Flatness(Judge):
    """One call's judge of tone.flat; under any profile but `full` it sees and says nothing."""

    name = "flatness"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._on = call.profile is Profile.FULL
        self._coming: _Measured | None = None
        self._stretch: list[_Measured] = []
        self._before: list[_Measured] = []
        self._count = 0

    def feed(self, event: Event, /) -> Iterable[Detection]:
        if not self._on or getattr(event, "speaker", None) is not Party.AGENT:
            return []
        if isinstance(event, Signal):
            return list(self._measure(event))
        if isinstance(event, Utterance) and event.final:
            return list(self._utterance_over())
        return []

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        return list(self._utterance_over())

    def _measure(self, signal: Signal) -> Iterator[Detection]:
        if signal.name not in _NAMES or signal.confidence < _LEAST_CONFIDENCE:
            return
        coming = self._coming
        if coming is None or (signal.start, signal.end) != (coming.start, coming.end):
            yield from self._utterance_over()
            self._coming = coming = _Measured(signal.start, signal.end)
        coming.values[signal.name] = signal.value

    def _utterance_over(self) -> Iterator[Detection]:
        """All signals of an utterance are in: add it to the stretch; judge the stretch when it is long."""
        done, self._coming = self._coming, None
        if done is None or not done.usable:
            return
        oldest = done.end - self._threshold("apart_seconds")
        self._stretch = [*(one for one in self._stretch if one.start >= oldest), done]
        if sum(one.end - one.start for one in self._stretch) < self._threshold("stretch_seconds"):
            return
        stretch, self._stretch = self._stretch, []
        if sum(one.voiced for one in stretch) >= self._threshold("voiced_seconds"):
            yield self._judge(stretch)
        self._before.extend(stretch)

    def _judge(self, stretch: Sequence[_Measured]) -> Detection:
        self._count += 1
        slope, sd = _mean(stretch, "f0_slope"), _mean(stretch, "f0_sd")
        share = self._share_of_own(slope, sd)
        flat = slope < self._threshold("slope_floor") and sd < self._threshold("sd_floor")
        flat = flat or (share is not None and self._is_well_below(share, slope))
        margin = self._margin(slope, sd, share)
        confidence = min(0.95, 0.65 + 0.5 * margin) if flat else min(0.95, 0.6 + 0.35 * margin)
        confidence += self._rate_support(stretch) * (1 if flat else -1)
        return self.detect(
            BEHAVIOUR,
            Verdict.MISSED if flat else Verdict.DELIVERED,
            where=str(self._count),
            start=stretch[0].start,
            end=stretch[-1].end,
            kind="flat" if flat else "lively",
            confidence=round(max(0.5, min(0.95, confidence)), 2),
            evidence=_evidence(stretch, slope, sd),
            note=_note(flat, slope, sd),
        )

    def _share_of_own(self, slope: float, sd: float) -> float | None:
        """This stretch against the agent's own median so far (1.0: as usual), None without a baseline."""
        if sum(one.voiced for one in self._before) < self._threshold("baseline_seconds"):
            return None
        own_slope = median(one.values["f0_slope"] for one in self._before)
        own_sd = median(one.values["f0_sd"] for one in self._before)
        if own_slope <= 0.0 or own_sd <= 0.0:
            return None
        return max(slope / own_slope, sd / own_sd)

    def _is_well_below(self, share: float, slope: float) -> bool:
        """Both measures fell to the share, and not from very lively to still lively."""
        return share < self._threshold("own_share") and slope < self._threshold("lively_slope")

    def _margin(self, slope: float, sd: float, share: float | None) -> float:
        """How far from the border, 0 to 1, by the nearer of norm and own baseline."""
        norm = max(slope / self._threshold("slope_floor"), sd / self._threshold("sd_floor"))
        gaps = [abs(1.0 - norm)]
        if share is not None:
            gaps.append(abs(1.0 - share / self._threshold("own_share")))
        return min(1.0, max(gaps))

    def _rate_support(self, stretch: Sequence[_Measured]) -> float:
        """Slower than usual supports flat, faster speaks against it; 0 where rate was not measured."""
        now = [one.values["speech_rate"] for one in stretch if "speech_rate" in one.values]
        own = [one.values["speech_rate"] for one in self._before if "speech_rate" in one.values]
        if not now or len(own) < len(now):
            return 0.0
        change = median(now) / median(own) - 1.0 if median(own) > 0.0 else 0.0
        return -_RATE_WEIGHT * (change > _RATE_STEP) + _RATE_WEIGHT * (change < -_RATE_STEP)

    def _threshold(self, key: str) -> float:
        return self.threshold(BEHAVIOUR, key)


def _mean(stretch: Sequence[_Measured], name: str) -> float:
    """Mean over the stretch, each utterance weighing by its voiced seconds."""
    return sum(one.values[name] * one.voiced for one in stretch) / sum(one.voiced for one in stretch)


def _evidence(stretch: Sequence[_Measured], slope: float, sd: float) -> tuple[SignalSpan, ...]:
    """The means over the stretch, then each utterance's slope, to be drawn as a strip."""
    start, end = stretch[0].start, stretch[-1].end
    whole = [_span("f0_slope", start, end, slope), _span("f0_sd", start, end, sd)]
    return (*whole, *(_span("f0_slope", one.start, one.end, one.values["f0_slope"]) for one in stretch))


def _span(name: str, start: Seconds, end: Seconds, value: float) -> SignalSpan:
    return SignalSpan(name=name, speaker=Party.AGENT, start=start, end=end, value=round(value, 3))


def _note(flat: bool, slope: float, sd: float) -> str:
    found = "little" if flat else "lively"
    return f"Pitch movement is {found}: {slope:.0f} semitones per second, spread {sd:.1f} semitones."
