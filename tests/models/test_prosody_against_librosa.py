"""The voice meter against an independent tracker (librosa's YIN) and against the truth."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from models.prosody import PitchMeter
from streaming.events import Party
from streaming.ports import SAMPLE_RATE, Samples

SECONDS = 4.0


def voice(base: float, swing: float, rate: float) -> tuple[Samples, Samples]:
    """A buzzing voice whose pitch swings `swing` semitones about `base` Hz, and its true F0 track."""
    t = np.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    f0 = base * 2 ** (swing * np.sin(2 * np.pi * rate * t) / 12)
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    sound = sum(np.sin(k * phase) / k for k in range(1, 12))
    return np.asarray(0.1 * sound, np.float32), np.asarray(f0, np.float32)


@pytest.mark.parametrize(("base", "swing", "rate"), [(120, 2, 1.0), (210, 3, 0.7), (160, 0.3, 1.0)])
def test_pitch_and_its_movement_agree_with_yin_and_the_truth(base: float, swing: float, rate: float) -> None:
    audio, f0 = voice(base, swing, rate)
    found = {s.name: s.value for s in PitchMeter().measure(audio, speaker=Party.AGENT, start=0.0)}
    track = librosa.yin(audio, fmin=65, fmax=400, sr=SAMPLE_RATE, frame_length=1024)[2:-2]
    semitones = 12 * np.log2(track)
    truth = 12 * np.log2(f0)
    assert found["f0_median"] == pytest.approx(float(np.median(track)), rel=0.03)
    assert found["f0_sd"] == pytest.approx(float(truth.std()), abs=0.25)
    assert found["f0_sd"] == pytest.approx(float(semitones.std()), abs=0.35)
    slope = float(np.abs(np.diff(truth)).mean() * SAMPLE_RATE)
    assert found["f0_slope"] == pytest.approx(slope, rel=0.25, abs=1.0)
