"""How aroused a speaker sounds against their own first minutes. Support for words, never judged alone.

No weights: four measures that rise together when a person gets excited or angry (pitch level, pitch
movement, brightness, energy), each as a z-score. Pitch level, brightness and energy only make sense
against the speaker's own beginning (sex, line). Pitch movement is held half against a norm, so that somebody
who is angry from the first word does not quite become his own normal; and once he has calmed for a while,
that is his normal, so that he is heard when he flares up again. Arousal is not valence: delight and anger
look alike here, and human listeners themselves recall 61 % of acted anger from voice alone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from models.prosody import PitchMeter, VoiceMeasures, signals_of
from streaming.events import Party, Seconds, Signal
from streaming.ports import SAMPLE_RATE, Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """`spread` is the usual within-speaker standard deviation from utterance to utterance; `centre` the
    norm over speakers, None where only the own beginning counts."""

    spread: float
    centre: float | None = None
    weight: float = 1.0


NORMS: dict[str, Norm] = {
    "pitch": Norm(spread=2.2, weight=1.2),  # semitones
    "slope": Norm(spread=8.0, centre=20.0),  # semitones/s
    "tilt": Norm(spread=2.5),  # dB, 1-3.4 kHz over 0.3-1 kHz; its centre depends on the line
    "energy": Norm(spread=2.5, weight=0.8),  # dB
}
"""Spreads from utterance to utterance of one real call (0.7-1.1 st, 4.5 st/s, 2-3 dB and 1.8 dB in read
speech), the centre between read speech (16-17) and that call (23). No classifier was trained."""

CALMER = -0.5
"""When `CALM_UTTERANCES` in a row all lie below this, they become the baseline: the beginning was excited."""

CALM_UTTERANCES = 6

BASELINE: Seconds = 120.0
"""The speaker's first two minutes (stream time from the first utterance) make the baseline."""

HIGHEST_CONFIDENCE = 0.6

AROUSAL = "arousal"

ENOUGH: Seconds = 3.0
"""As much of an utterance, where it is loudest, tells how aroused it is. On a real call that agrees with the
whole utterance (r = .98 and .93 for its parties, the same utterances above 2) at half to two thirds of the
CPU; 1.5 s no longer does (.92 and .76)."""


@dataclass(slots=True)
class Baseline:
    """One speaker's usual voice: the measures of the beginning's utterances, or of calmer ones since."""

    usual: list[dict[str, float]] = field(default_factory=list)
    until: Seconds | None = None
    recent: deque[dict[str, float]] = field(default_factory=lambda: deque(maxlen=CALM_UTTERANCES))

    def count(self) -> int:
        return len(self.usual)

    def learn(self, features: dict[str, float], at: Seconds) -> None:
        if self.until is None:
            self.until = at + BASELINE
        if at < self.until:
            self.usual.append(features)
            return
        self.recent.append(features)
        if len(self.recent) == CALM_UTTERANCES and max(map(self._weighed, self.recent)) <= CALMER:
            self.usual = list(self.recent)
            self.recent.clear()

    def arousal(self, features: dict[str, float]) -> float | None:
        """Weighted mean z-score; None before anything is known to compare with."""
        return self._weighed(features) if self.usual else None

    def _weighed(self, features: dict[str, float]) -> float:
        scores = (norm.weight * self._score(name, features[name], norm) for name, norm in NORMS.items())
        return sum(scores) / sum(norm.weight for norm in NORMS.values())

    def _score(self, name: str, value: float, norm: Norm) -> float:
        """Against the own median; the fewer utterances it is of, the wider it may be off."""
        centre = median(one[name] for one in self.usual)
        if norm.centre is not None:
            centre = (centre + norm.centre) / 2
        spread = norm.spread * math.sqrt(1 + 1 / len(self.usual))
        return float(np.clip((value - centre) / spread, -4.0, 4.0))


class CallVoice:
    """One call's `ProsodyMeter`: the pitch meter's signals and, from the second utterance on, ``arousal``.

    `wanted` names the signals that somebody reads, by party: no others are made, and a party of whom none
    are wanted is not measured at all.

    Arousal is a z-score: about 0 is the speaker's usual voice, over 1 clearly raised. Its confidence grows
    with the voicing and with what is known of the speaker, and never exceeds 0.6. Utterances of one speaker
    must come in order; not thread-safe (the session measures one at a time).
    """

    def __init__(self, meter: PitchMeter, wanted: Mapping[Party, frozenset[str]]) -> None:
        self._meter = meter
        self._wanted = wanted
        self._baselines: dict[Party, Baseline] = {}

    def measure(self, audio: Samples, /, *, speaker: Party, start: Seconds) -> Sequence[Signal]:
        wanted = self._wanted.get(speaker)
        if not wanted:
            return ()
        measured = self._meter.voice(loudest(audio, ENOUGH) if wanted == {AROUSAL} else audio)
        if measured is None:
            return ()
        end = start + len(audio) / SAMPLE_RATE
        made = signals_of(measured, speaker=speaker, start=start, end=end)
        signals = tuple(signal for signal in made if signal.name in wanted)
        if AROUSAL not in wanted:
            return signals
        baseline = self._baselines.setdefault(speaker, Baseline())
        features = features_of(measured)
        value = baseline.arousal(features)
        known = min(1.0, baseline.count() / 5)
        baseline.learn(features, start)
        if value is None:
            return signals
        sureness = HIGHEST_CONFIDENCE * known * min(1.0, measured.voiced_seconds / 1.5)
        arousal = Signal(
            name=AROUSAL,
            speaker=speaker,
            start=start,
            end=end,
            value=round(value, 3),
            confidence=round(sureness, 3),
        )
        return (*signals, arousal)


def loudest(audio: Samples, seconds: Seconds) -> Samples:
    """The stretch of that length with the most energy, to a twentieth of a second; all of a shorter one."""
    step, length = SAMPLE_RATE // 20, round(seconds * SAMPLE_RATE)
    if len(audio) <= length:
        return audio
    energy = np.square(audio[: len(audio) // step * step].reshape(-1, step)).sum(axis=1)
    heard = np.concatenate(([0.0], np.cumsum(energy, dtype=np.float64)))
    steps = length // step
    first = int(np.argmax(heard[steps:] - heard[:-steps])) * step
    return audio[first : first + length]


def features_of(measured: VoiceMeasures) -> dict[str, float]:
    return {
        "pitch": 12 * float(np.log2(measured.f0_median)),
        "slope": measured.f0_slope,
        "tilt": measured.tilt,
        "energy": measured.energy,
    }
