"""One utterance's voice: how much the pitch moves, how the energy varies, how bright the voice is.

Everything here survives the telephone band and does not depend on the line's level, except the level
itself, which is only ever compared with the same channel's.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from streaming.events import Party, Seconds, Signal
from streaming.ports import SAMPLE_RATE, Samples

Track = NDArray[np.float64]

FRAME: Seconds = 0.016
"""swift-f0's hop."""

_LOWEST, _HIGHEST = 60.0, 450.0
_VOICED = 0.5
_PEAK = 0.5
_LONGEST_JUMP = 6.0
_PAUSE = 10**-3.4  # of the loudest frame's power
_AROUND = 6  # frames
_QUIETER = 15.0  # dB below the loud voiced frames: a run this quiet is no stressed or unstressed syllable
_ELSEWHERE = 9.0  # semitones from the utterance's median: a run there is another voice, a laugh, a creak
_HELD = (
    3.0  # semitones/s; slower frames hold a note (a quarter of speech at most does, half at the very most)
)
_MUSIC_HELD = 0.6
_MUSIC_SPREAD = (
    0.3  # seconds; SD over slope, of speech 0.05 to 0.25 however flat: notes spread without moving
)
_TONE = 0.1  # semitones of spread; no voice holds so still


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceMeasures:
    """One utterance. Semitones for movement, Hz for level, dB for energy.

    `f0_slope`: mean absolute slope in semitones/s over voiced frames. `f0_sd`: standard deviation around
    the utterance's median, semitones. `energy`: mean level of voiced frames, dBFS as heard. `tilt`: energy
    of 1-3.4 kHz over 0.3-1 kHz in voiced frames, dB; pressed and loud voices are brighter, whatever the
    line's gain.
    """

    voiced_seconds: Seconds
    f0_slope: float
    f0_sd: float
    f0_median: float
    energy: float
    tilt: float


class PitchMeter:
    """Implements `streaming.ports.ProsodyMeter` with swift-f0 (about 5 ms CPU per audio second).

    Says nothing about an utterance with less than `least_voiced` seconds of voicing (0.4 by default):
    fewer frames than that give slopes that are chance. Thread-safe.
    """

    def __init__(self, *, least_voiced: Seconds = 0.4) -> None:
        from swift_f0 import SwiftF0

        self._detector: Any = SwiftF0(threads=1, spin=False)
        self._least_voiced = least_voiced
        self._lock = threading.Lock()

    def measure(self, audio: Samples, /, *, speaker: Party, start: Seconds) -> Sequence[Signal]:
        """Blocking. `audio` is 16 kHz mono from `start` stream seconds on; it is only read."""
        measured = self.voice(audio)
        if measured is None:
            return ()
        return signals_of(measured, speaker=speaker, start=start, end=start + len(audio) / SAMPLE_RATE)

    def voice(self, audio: Samples) -> VoiceMeasures | None:
        """The measures themselves; None when too little of the audio is voiced."""
        peak = float(np.abs(audio).max(initial=0.0))
        if peak < 1e-4 or len(audio) < SAMPLE_RATE * self._least_voiced:
            return None
        audio = without_pauses(audio)
        # The detector's silence floor is absolute, so a quiet line must be brought up first.
        with self._lock:
            found = self._detector.detect(audio * (_PEAK / peak), SAMPLE_RATE, fmin=_LOWEST, fmax=_HIGHEST)
        voiced = found.confidence >= _VOICED
        if voiced.sum() * FRAME < self._least_voiced:
            return None
        semitones = 12 * np.log2(np.maximum(found.pitch_hz, 1.0))
        voiced &= ~tracking_faults(semitones, voiced)
        voiced &= ~strange_runs(semitones, found.loudness_db, voiced)
        gain = 20 * np.log10(peak / _PEAK)
        return _measures(semitones, voiced, found.loudness_db + gain, audio, self._least_voiced)


def without_pauses(audio: Samples) -> Samples:
    """What sounds, with a tenth of a second around it: the network's arithmetic is what a voice costs.

    Frames 34 dB below the loudest are a pause; a fifth of a second is left of a longer one, so that nothing
    that was apart becomes neighbours.
    """
    size = round(FRAME * SAMPLE_RATE)
    frames = audio[: len(audio) // size * size].reshape(-1, size)
    level = np.square(frames).mean(axis=1)
    sounds = level > _PAUSE * level.max(initial=0.0)
    kept = np.convolve(sounds, np.ones(2 * _AROUND + 1), "same") > 0
    return audio if kept.all() else frames[kept].reshape(-1)


def signals_of(
    measured: VoiceMeasures, *, speaker: Party, start: Seconds, end: Seconds
) -> tuple[Signal, ...]:
    """One signal a measure that a detector reads; sure from 1.5 s of voicing on: what the measures tell
    apart hardly grows after."""
    sureness = round(min(1.0, measured.voiced_seconds / 1.5), 3)
    values = {
        "f0_slope": measured.f0_slope,
        "f0_sd": measured.f0_sd,
        "f0_median": measured.f0_median,
        "voiced_seconds": measured.voiced_seconds,
        "energy_db": measured.energy,
    }
    return tuple(
        Signal(name=name, speaker=speaker, start=start, end=end, value=round(value, 3), confidence=sureness)
        for name, value in values.items()
    )


def _measures(
    semitones: Track, voiced: NDArray[np.bool_], loudness: Track, audio: Samples, least: Seconds
) -> VoiceMeasures | None:
    slopes = absolute_slopes(semitones, voiced)
    if voiced.sum() * FRAME < least or not len(slopes):
        return None
    pitches, levels = semitones[voiced], loudness[voiced]
    if is_music(slopes, float(pitches.std())):
        return None
    return VoiceMeasures(
        voiced_seconds=float(voiced.sum() * FRAME),
        f0_slope=float(slopes.mean()),
        f0_sd=float(pitches.std()),
        f0_median=float(2 ** (np.median(pitches) / 12)),
        energy=float(levels.mean()),
        tilt=spectral_tilt(audio, voiced),
    )


def tracking_faults(semitones: Track, voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames where the tracker slipped rather than the voice.

    Off by over 9 semitones from the median of the voiced frames within a quarter of a second either way
    (an octave slip: nobody's voice gets there and back that fast), or by over 2.5 from its four neighbours
    (a single bad frame: fast speech moves 1.6 semitones a frame, but then its neighbours' median too).
    """
    return _strays(semitones, voiced, reach=round(0.25 / FRAME), most=9.0) | _strays(
        semitones, voiced, reach=2, most=2.5
    )


def _strays(semitones: Track, voiced: NDArray[np.bool_], *, reach: int, most: float) -> NDArray[np.bool_]:
    """Voiced frames over `most` semitones from the median of the voiced ones within `reach` either way."""
    if not voiced.any():
        return np.zeros(len(semitones), np.bool_)
    known = np.pad(np.where(voiced, semitones, np.nan), reach, constant_values=np.nan)
    near = np.sort(sliding_window_view(known, 2 * reach + 1)[voiced], axis=1)  # what is not voiced comes last
    count = np.count_nonzero(~np.isnan(near), axis=1)
    rows = np.arange(len(near))
    medians = (near[rows, (count - 1) // 2] + near[rows, count // 2]) / 2
    strays = np.zeros(len(semitones), np.bool_)
    strays[voiced] = np.abs(semitones[voiced] - medians) > most
    return strays


def strange_runs(semitones: Track, loudness: Track, voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Voiced runs that are not this speaker talking: people in the background, laughs, creaks, octave slips.

    A run counts as strange whose loudest frame lies 15 dB below the loud voiced frames (their 90th
    percentile), or whose median pitch lies 9 semitones from the utterance's (laughs lie 8 to 14 above speech:
    Bachorowski et al. 2001, means of 272 and 405 Hz for men and women). Of read and acted speech this
    leaves out nothing in half of the utterances and 5 to 12 % in one of twenty (AN4, speechocean, RAVDESS).
    """
    strange = np.zeros(len(semitones), np.bool_)
    if not voiced.any():
        return strange
    loud, middle = np.percentile(loudness[voiced], 90), np.median(semitones[voiced])
    edges = np.flatnonzero(np.diff(np.concatenate(([0], voiced.view(np.int8), [0]))))
    for first, end in edges.reshape(-1, 2):
        quiet = loudness[first:end].max() < loud - _QUIETER
        strange[first:end] = quiet or abs(np.median(semitones[first:end]) - middle) > _ELSEWHERE
    return strange


def is_music(slopes: Track, spread: float) -> bool:
    """Whether an utterance's pitch stands on notes, or on one tone, as no voice that talks does.

    `slopes` in semitones/s, `spread` the pitch's standard deviation in semitones. Notes lie apart (much
    spread) with little movement between them; a flat speaker has little of both. Singing with vibrato moves
    like speech and is not told apart here.
    """
    held = float((slopes < _HELD).mean())
    on_notes = held > _MUSIC_HELD and spread > _MUSIC_SPREAD * float(slopes.mean())
    return on_notes or spread < _TONE


def absolute_slopes(semitones: Track, voiced: NDArray[np.bool_]) -> Track:
    """|slope| in semitones/s between neighbouring voiced frames, jumps of over 6 semitones left out."""
    steps = np.diff(semitones)
    usable = voiced[1:] & voiced[:-1] & (np.abs(steps) < _LONGEST_JUMP)
    return np.asarray(np.abs(steps[usable]) / FRAME, np.float64)


def spectral_tilt(audio: Samples, voiced: NDArray[np.bool_]) -> float:
    """dB of 1-3.4 kHz over 0.3-1 kHz in the voiced frames, both inside the telephone band."""
    hop, size = round(FRAME * SAMPLE_RATE), 512
    starts = np.flatnonzero(voiced) * hop
    starts = starts[starts + size <= len(audio)]
    if not len(starts):
        return 0.0
    frames = audio[starts[:, None] + np.arange(size)] * np.hanning(size).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1))).sum(axis=0)
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    high = power[(hertz >= 1000) & (hertz < 3400)].sum()
    low = power[(hertz >= 300) & (hertz < 1000)].sum()
    return float(10 * np.log10(max(high, 1e-12) / max(low, 1e-12)))
