"""What a telephone line does to speech: band, levels, crosstalk, noise and G.711 (pure numpy).

Signals are float64 of shape ``(n,)``, full scale ±1.0, at the rate named; levels are RMS in dBFS.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Signal: TypeAlias = NDArray[np.float64]

RATE = 8_000
SPEECH_DBFS = -23.0  # RMS while a speaker talks
PEAK_DBFS = -6.0
CROSSTALK_DB = -45.0  # the other party, relative to that party's own level
CROSSTALK_DELAY = 0.035  # seconds
BAND = (300.0, 3_400.0)  # Hz, the telephone band
BAND_TAPS = 257
ACTIVE_DB = -42.0  # below the loudest frame: speech starts and ends here
MULAW_BIAS, MULAW_CLIP = 132, 32_635


def telephone_band(signal: Signal) -> Signal:
    """At `RATE`: band-pass by a linear-phase windowed sinc; its delay is taken out again."""
    low, high = (2.0 * edge / RATE for edge in BAND)
    at = np.arange(BAND_TAPS) - BAND_TAPS // 2
    taps = (high * np.sinc(high * at) - low * np.sinc(low * at)) * np.blackman(BAND_TAPS)
    return np.convolve(signal, taps)[BAND_TAPS // 2 :][: len(signal)]


def frame_rms(signal: Signal, rate: int = RATE) -> Signal:
    """RMS of each whole 10 ms frame."""
    frame = rate // 100
    frames = signal[: len(signal) // frame * frame].reshape(-1, frame)
    return np.sqrt(np.mean(frames**2, axis=1, dtype=np.float64))


def active_frames(signal: Signal, rate: int = RATE) -> NDArray[np.bool_]:
    """Which 10 ms frames are within `ACTIVE_DB` of the loudest one."""
    level = frame_rms(signal, rate)
    active: NDArray[np.bool_] = level > level.max(initial=0.0) * gain(ACTIVE_DB)
    return active


def cut_to_sound(signal: Signal, rate: int = RATE) -> Signal:
    """Without the silence before the first active frame and after the last."""
    frame = rate // 100
    sounding = np.flatnonzero(active_frames(signal, rate))
    return signal[sounding[0] * frame : (sounding[-1] + 1) * frame]


def faded(signal: Signal, *, seconds: float, rate: int = RATE) -> Signal:
    """With a linear fade at both ends, so that a cut does not click."""
    length = int(seconds * rate)
    ramp = np.minimum(1.0, np.arange(1, len(signal) + 1) / length)
    return signal * ramp * ramp[::-1]


def speech_rms(signal: Signal, rate: int = RATE) -> float:
    """RMS over the active frames only."""
    level = frame_rms(signal, rate)[active_frames(signal, rate)]
    return float(np.sqrt(np.mean(level**2)))


def gain(decibels: float) -> float:
    """The factor that changes a level by so many decibels."""
    return float(10.0 ** (decibels / 20.0))


def at_rms(signal: Signal, dbfs: float) -> Signal:
    """The signal with the RMS asked for, over all of it."""
    return signal * float(gain(dbfs) / np.sqrt(np.mean(signal**2)))


def limited(signal: Signal) -> Signal:
    """Without peaks above `PEAK_DBFS`; speech at its usual level is left as it is."""
    peak = gain(PEAK_DBFS)
    return np.tanh(signal / peak) * peak


def crosstalk(
    other: Signal, *, level: float = CROSSTALK_DB, delay: float = CROSSTALK_DELAY, rate: int = RATE
) -> Signal:
    """The other party as heard on this channel, `level` dB below their own."""
    samples = round(delay * rate)
    return np.concatenate([np.zeros(samples), other[:-samples]]) * gain(level)


def falling_noise(samples: int, random: np.random.Generator) -> Signal:
    """Noise in the telephone band whose spectrum falls 6 dB an octave; at `RATE`, of any level."""
    longer = samples + 2 * BAND_TAPS  # the filter's edges, where it would click, are cut off
    spectrum = np.fft.rfft(random.standard_normal(longer))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0)
    return telephone_band(np.fft.irfft(spectrum, n=longer))[BAND_TAPS:-BAND_TAPS]


def mulaw_round_trip(signal: Signal) -> Signal:
    """What G.711 µ-law leaves: sign, 8 segments, 16 steps in each (ITU-T G.711, 16-bit form)."""
    biased = np.minimum(np.abs(signal) * 32_768.0, MULAW_CLIP).astype(np.int64) + MULAW_BIAS
    segment = np.frexp(biased)[1] - 8
    step = (biased >> (segment + 3)) & 15
    decoded = (((step << 3) + MULAW_BIAS) << segment) - MULAW_BIAS
    result: Signal = np.copysign(decoded / 32_768.0, signal)
    return result
