"""What an open line carries when nobody speaks: breaths, keys, crackle, bangs, coughs, signalling tones.

All take a number of samples, a rate and a seeded generator and return float64 of shape ``(n,)`` at the level
meant to be heard (full scale ±1.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from evaluation.noises import Random, pink, unit, white
from evaluation.telephone import Signal, gain

Sound = Callable[[int, int, Random], Signal]

STEP = 15.0  # seconds for which a steady sound keeps its level

_DTMF = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477, 1633)]


def at_levels(sound: Sound, low: float, high: float) -> Sound:
    """A steady sound of RMS 1.0, every `STEP` seconds at another level between `low` and `high` dBFS."""

    def made(samples: int, rate: int, random: Random) -> Signal:
        step = int(STEP * rate)
        levels = random.uniform(low, high, samples // step + 1)
        heights: Signal = np.repeat(10.0 ** (levels / 20.0), step)[:samples]
        return sound(samples, rate, random) * heights

    return made


def scattered(
    one: Sound, *, seconds: tuple[float, float], every: tuple[float, float], peak: tuple[float, float]
) -> Sound:
    """`one` again and again: how long it lasts, the pause behind it, its peak in dBFS, each drawn anew."""

    def made(samples: int, rate: int, random: Random) -> Signal:
        out, at = np.zeros(samples), 0
        while at < samples:
            sound = one(int(random.uniform(*seconds) * rate), rate, random)
            sound *= gain(random.uniform(*peak)) / max(1e-9, float(np.abs(sound).max()))
            part = sound[: samples - at]
            out[at : at + len(part)] += part
            at += len(sound) + int(random.uniform(*every) * rate)
        return out

    return made


def breath(samples: int, rate: int, random: Random) -> Signal:
    """In or out through nose or mouth."""
    shape = np.hanning(samples) ** random.uniform(0.6, 2.0)
    return _hollow(white(samples, rate, random), rate, random.uniform(400, 1600)) * shape


def cough(samples: int, rate: int, random: Random) -> Signal:
    """A burst with a tail, with some voice in it."""
    at = np.arange(samples) / rate
    voice = np.sign(np.sin(2 * np.pi * random.uniform(90, 260) * at)) * 0.3
    noise = _hollow(white(samples, rate, random) + voice, rate, random.uniform(500, 1200))
    return noise * np.minimum(1.0, at / 0.01) * np.exp(-at / random.uniform(0.05, 0.15))


def keystroke(samples: int, rate: int, random: Random) -> Signal:
    """Down and up again."""
    out = np.zeros(samples)
    for start, height in ((0.0, 1.0), (0.4 * samples / rate, 0.4)):
        first = int(start * rate)
        at = np.arange(samples - first) / rate
        ring = np.sin(2 * np.pi * random.uniform(900, 3000) * at) + random.standard_normal(len(at))
        out[first:] += height * ring * np.exp(-at / random.uniform(0.002, 0.006))
    return out


def bang(samples: int, rate: int, random: Random) -> Signal:
    """A door, a drawer, a cup."""
    at = np.arange(samples) / rate
    thump = np.sin(2 * np.pi * random.uniform(60, 220) * at) * np.exp(-at / random.uniform(0.03, 0.12))
    return thump + random.uniform(0.1, 0.8) * random.standard_normal(samples) * np.exp(-at / 0.03)


def crackle(samples: int, rate: int, random: Random) -> Signal:
    """A bad contact: clicks of a sample or three, from rare to dense."""
    step = int(STEP * rate)
    share = np.repeat(10 ** random.uniform(-4.2, -2.2, samples // step + 1), step)[:samples]
    hits = (random.uniform(size=samples) < share) * random.standard_t(2, samples)
    return np.convolve(np.clip(hits, -8, 8) * gain(-32), (1.0, -0.6, 0.3))[:samples]


def signalling(samples: int, rate: int, random: Random) -> Signal:
    """Keypad, ringing, engaged, fax and modem, one after the other."""
    out, at = np.zeros(samples), 0
    while at < samples:
        plan = _PLANS[random.integers(len(_PLANS))]
        for seconds, frequencies in plan(random):
            time = np.arange(min(samples - at, int(seconds * rate))) / rate
            for frequency in frequencies:
                out[at : at + len(time)] += 0.5 * np.sin(2 * np.pi * frequency * time)
            at += len(time)
        at += int(random.uniform(0.5, 4.0) * rate)
    return at_levels(lambda *_: out, -26.0, -10.0)(samples, rate, random)


Steps = Iterator[tuple[float, tuple[float, ...]]]  # seconds, and the frequencies that sound


def _keypad(random: Random) -> Steps:
    for _ in range(random.integers(1, 12)):
        yield random.uniform(0.08, 0.3), _DTMF[random.integers(len(_DTMF))]
        yield random.uniform(0.06, 0.4), ()


def _ringing(random: Random) -> Steps:
    british = random.uniform() < 0.5
    for _ in range(random.integers(2, 6)):
        if british:
            yield from ((0.4, (400.0, 450.0)), (0.2, ()), (0.4, (400.0, 450.0)), (2.0, ()))
        else:
            yield from ((2.0, (440.0, 480.0)), (4.0, ()))


def _engaged(random: Random) -> Steps:
    for _ in range(random.integers(4, 20)):
        yield from ((0.5, (480.0, 620.0)), (0.5, ()))


def _fax(random: Random) -> Steps:
    for _ in range(random.integers(2, 5)):
        yield from ((0.5, (1100.0,)), (3.0, ()))
    yield 3.0, (2100.0,)
    for _ in range(300):  # V.21, channel 2
        yield 1 / 300, (1650.0 if random.uniform() < 0.5 else 1850.0,)


def _beeps(random: Random) -> Steps:
    for _ in range(random.integers(1, 4)):
        yield from ((0.25, (1400.0,)), (random.uniform(3, 12), ()))
    yield from ((0.33, (950.0,)), (0.33, (1400.0,)), (0.33, (1800.0,)), (1.0, ()))


_PLANS: tuple[Callable[[Random], Steps], ...] = (_keypad, _ringing, _engaged, _fax, _beeps)


def _hollow(signal: Signal, rate: int, centre: float) -> Signal:
    """Coloured as by a mouth or a nose: about an octave around `centre`."""
    spectrum = np.fft.rfft(signal)
    frequency = np.fft.rfftfreq(len(signal), 1 / rate)
    return np.fft.irfft(spectrum / (1 + ((frequency - centre) / (0.5 * centre)) ** 2), n=len(signal))


def ambience(samples: int, rate: int, random: Random) -> Signal:
    """Somebody who listens at a desk: a room, with breaths, keys, bangs and coughs over it."""
    room = at_levels(lambda n, r, rng: unit(pink(n, r, rng)), -58.0, -42.0)
    out = room(samples, rate, random)
    for sound in (BREATHS, KEYS, BANGS, COUGHS):
        out += sound(samples, rate, random)
    return out


BREATHS = scattered(breath, seconds=(0.4, 1.6), every=(1.0, 4.0), peak=(-38.0, -14.0))
KEYS = scattered(keystroke, seconds=(0.06, 0.16), every=(0.02, 0.5), peak=(-40.0, -16.0))
BANGS = scattered(bang, seconds=(0.3, 0.8), every=(2.0, 9.0), peak=(-26.0, -3.0))
COUGHS = scattered(cough, seconds=(0.25, 0.6), every=(0.3, 8.0), peak=(-24.0, -6.0))
