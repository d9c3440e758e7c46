"""How aroused a speaker sounds against their own first minutes. Support for words, never judged alone.

No weights: four measures that rise together when a person gets excited or angry (pitch level, pitch
movement, brightness, energy), each as a z-score. Pitch level, brightness and energy only make sense
against the speaker's own beginning (sex, line). Pitch movement is mixed with a norm, so that somebody who
is angry from the first word does not quite become his own normal. Arousal is not valence: delight
and anger look alike here, and human listeners themselves recall 61 % of acted anger from voice alone.
"""

from __future__ import annotations

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

NORM_COUNTS_AS = 3
"""The norm weighs as much as three of the speaker's own utterances."""

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
    """One speaker's beginning: the measures of the utterances in it."""

    seen: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NORMS})
    until: Seconds | None = None

    def count(self) -> int:
        return len(self.seen["slope"])

    def learn(self, features: dict[str, float], at: Seconds) -> None:
        if self.until is None:
            self.until = at + BASELINE
        if at < self.until:
            for name, value in features.items():
                self.seen[name].append(value)

    def arousal(self, features: dict[str, float]) -> float | None:
        """Weighted mean z-score; None before anything is known to compare with."""
        scores = [(norm.weight, self._score(name, features[name], norm)) for name, norm in NORMS.items()]
        known = [(weight, score) for weight, score in scores if score is not None]
        if not self.count() or not known:
            return None
        return sum(weight * score for weight, score in known) / sum(weight for weight, _ in known)

    def _score(self, name: str, value: float, norm: Norm) -> float | None:
        own = self.seen[name]
        if not own:
            return None if norm.centre is None else (value - norm.centre) / norm.spread
        centre = median(own)
        if norm.centre is not None:
            centre = (len(own) * centre + NORM_COUNTS_AS * norm.centre) / (len(own) + NORM_COUNTS_AS)
        return float(np.clip((value - centre) / norm.spread, -4.0, 4.0))


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
