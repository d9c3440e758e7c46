"""tone.flat: is the agent's voice lively or flat over stretches of 20 to 30 seconds of her speech?

*Liveliness* is how much the pitch moves against what is usual, 1.0 being as usual:
(slope / usual slope)^2/3 · (SD / usual SD)^1/3, of the mean absolute F0 slope and the F0 standard deviation
within utterances, both in semitones. The slope counts twice because it tells flat from lively better
(docs/tone.md), and it holds the rate: the same melody spoken faster is steeper. What is usual is the median
of the agent's own utterances in this call, mixed with the norm of speech as long as little of her was heard,
and never less than three quarters of the norm, so that who is flat from the first word does not become her
own normal. Against the norm only what is rare among readers is flat; against her own usual, a clear fall.
Rate only supports. Energy does not count: it was near chance.

Left out: utterances with no credited words (laughter, music, noise, people in the background), and those
far quieter than the agent's own, or quieter and of another pitch (another person at her microphone).

Voice measures of an employee are judged under the profile `full` alone (EU AI Act art. 5(1)(f); under
`training` they are for the agent's own eyes, never for scorecards or supervisors).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
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

_NAMES = frozenset({"f0_slope", "f0_sd", "voiced_seconds", "f0_median", "energy_db"})
_SLOPE_WEIGHT = 2 / 3
_LEAST_VOICED: Seconds = 0.4  # of one utterance; shorter ones have no melody to speak of
_LEAST_CONFIDENCE = 0.2  # little more than noise below; above, voiced seconds weigh each utterance
_SPREAD = 0.35  # of the log liveliness of one voiced second, within a speaker (read and real speech)
_RECENT = 24  # utterances by which the agent's own level and pitch are known …
_KNOWN = 4  # … from this many on
_QUIETER = 12.0  # dB below the own level: another person in the room, or the other party's echo …
_OTHER_PITCH = 6.0  # … or less, so many semitones from the own pitch (the sexes lie 10 to 12 apart)
_QUIETER_AND_OTHER = 5.0  # dB; one's own voice may well go so far up, but not while it gets quieter
_LEAST_OWN = 0.75  # of the norm: who moves less than that from the first word on is flat, not used to it
_ROLLING = 400  # utterances of the own baseline: hours of a call
_RATE_STEP = 0.15  # share of the own rate from which rate counts as slower or livelier
_RATE_WEIGHT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One agent utterance: its pitch movement (semitones/s, semitones), voicing and rate (words/s)."""

    start: Seconds
    end: Seconds
    slope: float
    sd: float
    voiced: Seconds
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What liveliness 1.0 is: slope in semitones/s, SD in semitones, rate in words/s (None: not known)."""

    slope: float
    sd: float
    flat: float
    """Liveliness below which speech is flat against this."""

    rate: float | None = None
    own: float = 0.0
    """The weight of the agent's own speech in it against the norm's, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some agent speech against what is usual; the numbers are means, each utterance by its voicing."""

    spoken: tuple[Spoken, ...]
    usual: Usual

    @property
    def voiced(self) -> Seconds:
        return sum(one.voiced for one in self.spoken)

    @property
    def slope(self) -> float:
        return sum(one.slope * one.voiced for one in self.spoken) / self.voiced

    @property
    def sd(self) -> float:
        return sum(one.sd * one.voiced for one in self.spoken) / self.voiced

    @property
    def rate(self) -> float:
        return sum(one.rate * one.voiced for one in self.spoken) / self.voiced

    @property
    def liveliness(self) -> float:
        slope, sd = max(self.slope, 0.01) / self.usual.slope, max(self.sd, 0.01) / self.usual.sd
        return float(slope**_SLOPE_WEIGHT * sd ** (1 - _SLOPE_WEIGHT))

    def surely_below(self, liveliness: float) -> float:
        """How likely this speech, heard for as long as it was, is less lively than that; 0 to 1."""
        error = _SPREAD / math.sqrt(self.voiced)
        return 0.5 * (1 + math.erf(math.log(liveliness / self.liveliness) / error / math.sqrt(2)))


@dataclass(slots=True)
class _OwnVoice:
    """The agent's level and pitch in the last utterances: who is speaking into the agent's microphone."""

    levels: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    pitches: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def is_own(self, values: dict[str, float]) -> bool:
        """Whether this may be the agent; whoever speaks for long becomes the agent (a call handed on)."""
        level, hertz = values.get("energy_db"), values.get("f0_median", 0.0)
        if level is None or hertz <= 0.0:
            return True
        pitch = 12.0 * math.log2(hertz)
        quieter = median(self.levels) - level if len(self.levels) >= _KNOWN else 0.0
        off = abs(pitch - median(self.pitches)) if len(self.pitches) >= _KNOWN else 0.0
        self.levels.append(level)
        self.pitches.append(pitch)
        return quieter < (_QUIETER if off < _OTHER_PITCH else _QUIETER_AND_OTHER)


class Flatness(Judge):
    """One call's judge of tone.flat; under any profile but `full` it sees and says nothing."""

    name = "flatness"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._on = call.profile is Profile.FULL
        self._coming: list[Signal] = []
        self._voice = _OwnVoice()
        self._stretch: list[Spoken] = []
        self._before: deque[Spoken] = deque(maxlen=_ROLLING)
        self._count = 0

    def feed(self, event: Event, /) -> Iterable[Detection]:
        """In a log an utterance's signals stand before it."""
        if not self._on or getattr(event, "speaker", None) is not Party.AGENT:
            return []
        if isinstance(event, Signal) and event.name in _NAMES and event.confidence >= _LEAST_CONFIDENCE:
            self._coming.append(event)
        elif isinstance(event, Utterance) and event.final:
            signals, self._coming = self._coming, []
            return list(self._hear(event, {one.name: one.value for one in signals if _of(one, event)}))
        return []

    def _hear(self, said: Utterance, values: dict[str, float]) -> Iterator[Detection]:
        spoken = _spoken(said, values)
        if spoken is None or not self._voice.is_own(values):
            return
        oldest = spoken.end - self._threshold("apart_seconds")
        self._stretch = [*(one for one in self._stretch if one.start >= oldest), spoken]
        if sum(one.end - one.start for one in self._stretch) < self._threshold("stretch_seconds"):
            return
        stretch, self._stretch = Stretch(spoken=tuple(self._stretch), usual=self._usual()), []
        if stretch.voiced >= self._threshold("voiced_seconds"):
            yield self._judge(stretch)
        self._before.extend(stretch.spoken)

    def _usual(self) -> Usual:
        """The norm, and the agent's own median before this stretch by how much of her was heard."""
        slope, sd = self._threshold("usual_slope"), self._threshold("usual_sd")
        before = self._before
        heard = sum(one.voiced for one in before)
        if not heard:
            return Usual(slope=slope, sd=sd, flat=self._threshold("flat_share"))
        own = heard / (heard + self._threshold("baseline_seconds"))
        return Usual(
            slope=_mixed(slope, max(median(one.slope for one in before), _LEAST_OWN * slope), own),
            sd=_mixed(sd, max(median(one.sd for one in before), _LEAST_OWN * sd), own),
            flat=_mixed(self._threshold("flat_share"), self._threshold("own_flat_share"), own),
            rate=median(one.rate for one in before),
            own=own,
        )

    def _judge(self, stretch: Stretch) -> Detection:
        self._count += 1
        below = stretch.surely_below(stretch.usual.flat)
        flat = below >= 0.5 and stretch.slope < self._threshold("lively_slope")
        confidence = (below if flat else 1.0 - below) + _rate_support(stretch) * (1 if flat else -1)
        return self.detect(
            BEHAVIOUR,
            Verdict.MISSED if flat else Verdict.DELIVERED,
            where=str(self._count),
            start=stretch.spoken[0].start,
            end=stretch.spoken[-1].end,
            kind="flat" if flat else "lively",
            confidence=round(max(0.5, min(0.95, confidence)), 2),
            evidence=_evidence(stretch),
            note=_note(stretch),
        )

    def _threshold(self, key: str) -> float:
        return self.threshold(BEHAVIOUR, key)


def _of(signal: Signal, said: Utterance) -> bool:
    return signal.start < said.end and signal.end > said.start


def _spoken(said: Utterance, values: dict[str, float]) -> Spoken | None:
    """None without a melody to measure or words: then it was no speech, or nobody knows whose."""
    voiced = values.get("voiced_seconds", 0.0)
    if not said.words or voiced < _LEAST_VOICED or not {"f0_slope", "f0_sd"} <= values.keys():
        return None
    seconds = max(said.words[-1].end - said.words[0].start, voiced)
    return Spoken(
        start=said.start,
        end=said.end,
        slope=values["f0_slope"],
        sd=values["f0_sd"],
        voiced=voiced,
        rate=len(said.words) / seconds,
    )


def _mixed(norm: float, own: float, share: float) -> float:
    return float(norm ** (1 - share) * own**share)


def _rate_support(stretch: Stretch) -> float:
    """Slower than usual supports flat, faster speaks against it; 0 before a usual rate is known."""
    if not stretch.usual.rate:
        return 0.0
    change = stretch.rate / stretch.usual.rate - 1.0
    return -_RATE_WEIGHT * (change > _RATE_STEP) + _RATE_WEIGHT * (change < -_RATE_STEP)


def _evidence(stretch: Stretch) -> tuple[SignalSpan, ...]:
    """The strip that shows it: the stretch's numbers, the usual slope, the one below which it is flat (at
    the usual spread), then each utterance's slope."""
    start, end = stretch.spoken[0].start, stretch.spoken[-1].end
    whole = {
        "liveliness": stretch.liveliness,
        "f0_slope": stretch.slope,
        "f0_sd": stretch.sd,
        "speech_rate": stretch.rate,
        "usual_f0_slope": stretch.usual.slope,
        "flat_f0_slope": stretch.usual.slope * stretch.usual.flat,
    }
    spans = [_span(name, start, end, value) for name, value in whole.items()]
    return (*spans, *(_span("utterance_f0_slope", one.start, one.end, one.slope) for one in stretch.spoken))


def _span(name: str, start: Seconds, end: Seconds, value: float) -> SignalSpan:
    return SignalSpan(name=name, speaker=Party.AGENT, start=start, end=end, value=round(value, 3))


def _note(stretch: Stretch) -> str:
    whose = "the agent's own usual" if stretch.usual.own >= 0.5 else "usual in speech"
    return (
        f"The pitch moves {100 * stretch.liveliness:.0f} % as much as is {whose}: "
        f"{stretch.slope:.0f} semitones a second, spread {stretch.sd:.1f} semitones, "
        f"over {stretch.voiced:.0f} seconds of voiced speech."
    )
