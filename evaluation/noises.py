"""Sounds of calls that are not speech, made by code: room noise, babble, hum and hold music.

All take a number of samples, a rate and a seeded generator, and return float64 of shape ``(n,)`` with an
RMS of 1.0 (`tune`: a peak of 1.0), so that the caller sets the level.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len  # type: ignore[import-untyped]

from evaluation.telephone import Signal

Random = np.random.Generator

_SCALES = ((0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 2, 3, 7, 8))  # semitones over the key
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # I vi IV V
_OVERTONES = (1.0, 0.45, 0.22, 0.1)


def unit(signal: Signal) -> Signal:
    """With an RMS of 1.0."""
    return signal / max(1e-12, float(np.sqrt(np.mean(signal**2))))


def pink(samples: int, rate: int, random: Random) -> Signal:
    """Falling 3 dB an octave from 20 Hz on: air conditioning, a room, a street far away."""
    return _coloured(samples, rate, random, lambda frequency: 1 / np.sqrt(np.maximum(frequency, 20.0)))


def white(samples: int, rate: int, random: Random) -> Signal:
    """Hiss."""
    return unit(random.standard_normal(samples))


def babble(samples: int, rate: int, random: Random, *, voices: int = 7) -> Signal:
    """A room of people too far away to be understood: noises of a voice's bands, waxing and waning like
    syllables, each with its pauses."""
    total = np.zeros(samples)
    for _ in range(voices):
        centres = random.uniform((250, 700, 1500), (600, 1500, 2800))
        bands = [_band(samples, rate, random, centre) for centre in centres]
        total += (bands[0] + 0.6 * bands[1] + 0.3 * bands[2]) * _syllables(samples, rate, random)
    return unit(total)


def _band(samples: int, rate: int, random: Random, centre: float) -> Signal:
    return _coloured(
        samples, rate, random, lambda frequency: np.exp(-(((frequency / centre - 1) / 0.18) ** 2))
    )


def _coloured(
    samples: int, rate: int, random: Random, height: Callable[[NDArray[Any]], NDArray[Any]]
) -> Signal:
    """Noise whose spectrum has the given height at each frequency in Hz."""
    longer = next_fast_len(samples, real=True)
    spectrum = np.fft.rfft(random.standard_normal(longer)) * height(np.fft.rfftfreq(longer, 1 / rate))
    return unit(np.fft.irfft(spectrum, n=longer)[:samples])


def _syllables(samples: int, rate: int, random: Random) -> Signal:
    """0 to 1, four or five rises a second, silent for about a third of the time."""
    knots = int(samples / rate * 9) + 3
    heights = random.uniform(0.1, 1.0, knots)
    heights[::2] *= 0.15
    phrase = np.repeat(random.uniform(size=knots // 12 + 1) > 0.35, 12)[:knots]
    return np.interp(np.arange(samples) * (knots - 1) / samples, np.arange(knots), heights * phrase)


def hum(samples: int, rate: int, random: Random, *, mains: float = 50.0) -> Signal:
    """Mains hum and its first overtones."""
    at = np.arange(samples) / rate
    waves = [np.sin(2 * np.pi * mains * k * at + random.uniform(0, 2 * np.pi)) / k for k in (1, 2, 3, 5, 7)]
    return unit(np.sum(waves, axis=0))


def office(samples: int, rate: int, random: Random) -> Signal:
    """Room, distant colleagues and hum, in shares that differ from seed to seed."""
    shares = random.dirichlet((3.0, 3.0, 0.6))
    parts = (
        pink(samples, rate, random),
        babble(samples, rate, random),
        hum(samples, rate, random),
    )
    return unit(np.sum([np.sqrt(share) * part for share, part in zip(shares, parts, strict=True)], axis=0))


def tune(samples: int, rate: int, random: Random, *, drums: bool = True) -> Signal:
    """Hold music: a slow four-chord round with a melody over it, and drums or none."""
    beat = 60.0 / random.uniform(72, 118)
    key = 220.0 * 2 ** (random.integers(-5, 6) / 12)
    scale = _SCALES[random.integers(len(_SCALES))]
    out = np.zeros(samples)
    for count in range(int(samples / rate / beat) + 1):
        at = int(count * beat * rate)
        if count % 4 == 0:
            for step in _CHORDS[count // 4 % 4]:
                _add(out, at, 0.22 * _note(key / 2 * 2 ** (step / 12), 4 * beat, rate))
        if random.uniform() < 0.75:
            tone = scale[random.integers(len(scale))] + 12 * random.integers(0, 2)
            _add(out, at, 0.5 * _note(key * 2 ** (tone / 12), beat * random.choice((0.5, 1.0, 2.0)), rate))
        if drums:
            _add(out, at, _drum(rate, random, low=count % 2 == 0))
    return out / max(1e-12, float(np.abs(out).max()))


def _note(frequency: float, seconds: float, rate: int) -> Signal:
    at = np.arange(int(seconds * rate)) / rate
    wave = sum(
        share * np.sin(2 * np.pi * frequency * (k + 1) * at)
        for k, share in enumerate(_OVERTONES)
        if frequency * (k + 1) < rate / 2
    )
    return wave * np.minimum(1.0, at / 0.01) * np.exp(-2.5 * at / seconds) * (1 - at / seconds)


def _drum(rate: int, random: Random, *, low: bool) -> Signal:
    at = np.arange(int(0.18 * rate)) / rate
    if low:
        return 0.6 * np.sin(2 * np.pi * 70 * at * np.exp(-3 * at)) * np.exp(-18 * at)
    return 0.25 * random.standard_normal(len(at)) * np.exp(-30 * at)


def _add(out: Signal, at: int, sound: Signal) -> None:
    part = sound[: max(0, len(out) - at)]
    out[at : at + len(part)] += part
