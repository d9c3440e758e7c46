"""What is in an utterance beside the speaker's own talking: slips, laughs, other people, hold music."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from models.prosody import PitchMeter, VoiceMeasures, is_music, strange_runs, without_pauses
from streaming.ports import SAMPLE_RATE, Samples

SHARED = Path(__file__).parents[3] / "shared" / "data"
METER = PitchMeter()
SCALE = (0, 4, 7, 12, 9, 5, 2, 7, 11, 4)


def buzz(hertz: Samples) -> Samples:
    """Harmonics of a voice or an instrument on this F0 track (Hz a sample)."""
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    return np.asarray(sum(np.sin(k * phase) / k for k in range(1, 16)), np.float32)


def tone(hertz: float, seconds: float) -> Samples:
    count = round(seconds * SAMPLE_RATE)
    edges = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / 300)
    return np.asarray(0.1 * edges * buzz(np.full(count, hertz)), np.float32)


def talk(seconds: float, *, f0: float = 120.0, swing: float = 2.5, level: float = 1.0) -> Samples:
    """Syllables of a fifth of a second with pauses between, whose pitch swings as a talking voice's does."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    track = f0 * 2 ** (swing * np.sin(2 * np.pi * 1.7 * t) / 12)
    syllables = np.clip(3 * np.sin(2 * np.pi * 2.5 * t) + 1.5, 0.0, 1.0)
    return np.asarray(0.1 * level * syllables * buzz(track), np.float32)


def measured(audio: Samples) -> VoiceMeasures:
    found = METER.voice(audio)
    assert found is not None
    return found


def telephone(audio: Samples) -> Samples:
    """300-3400 Hz and 8 kHz."""
    narrow = soxr.resample(audio, SAMPLE_RATE, 8000)
    spectrum = np.fft.rfft(narrow)
    hertz = np.fft.rfftfreq(len(narrow), 1 / 8000)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return np.asarray(soxr.resample(np.fft.irfft(spectrum, len(narrow)), 8000, SAMPLE_RATE), np.float32)


def melody(*voices: float, seconds: Sequence[float], gap: float = 0.0) -> Samples:
    """A tune on 196 Hz in so many parts (semitones apart), its notes as long as given, in turn."""
    notes = []
    for place in range(24):
        step = SCALE[place % len(SCALE)]
        length = seconds[place % len(seconds)]
        chord = sum(tone(196.0 * 2 ** ((step + part) / 12), length) for part in voices)
        notes += [np.asarray(chord, np.float32), np.zeros(round(gap * SAMPLE_RATE), np.float32)]
    return np.concatenate(notes)


@pytest.mark.parametrize(
    "music",
    [
        melody(0, seconds=(0.5, 0.25, 0.25, 1.0)),
        melody(0, seconds=(0.15, 0.2), gap=0.1),
        melody(0, -8, -5, seconds=(0.5, 0.5, 1.0)),
        melody(0, seconds=(1.5, 2.0)),
        tone(440.0, 6.0),
        np.concatenate([tone(425.0, 0.4), np.zeros(6400, np.float32)] * 6),
    ],
    ids=["melody", "staccato", "chords", "slow", "dial tone", "busy tone"],
)
def test_hold_music_and_line_tones_have_no_prosody(music: Samples) -> None:
    assert METER.voice(telephone(music)) is None
    assert METER.voice(music) is None


def test_a_flat_talker_is_no_music() -> None:
    assert METER.voice(telephone(talk(6.0, swing=0.4))) is not None
    assert not is_music(np.full(200, 2.0), spread=0.3)  # hardly any movement, but on one note
    assert is_music(np.full(200, 2.0), spread=4.0)


def test_a_voice_in_the_background_does_not_count() -> None:
    alone = talk(8.0)
    other = talk(8.0, f0=215.0, swing=5.0, level=0.15)
    pauses = np.abs(alone) < 1e-4
    both = measured(alone + np.where(pauses, other, 0.0).astype(np.float32))
    assert both.f0_slope == pytest.approx(measured(alone).f0_slope, rel=0.05)
    assert both.f0_sd == pytest.approx(measured(alone).f0_sd, rel=0.05)


def test_a_laugh_in_the_middle_does_not_count() -> None:
    """Puffs a fifth of a second apart, about fourteen semitones up and falling."""
    puffs = []
    for start in (285.0, 310.0, 300.0, 280.0, 265.0):
        t = np.arange(round(0.12 * SAMPLE_RATE)) / SAMPLE_RATE
        puffs += [0.08 * buzz(start * 2 ** (-20 * t / 12)), np.zeros(1300, np.float32)]
    laughing = np.concatenate([talk(4.0), *puffs, talk(4.0)]).astype(np.float32)
    alone = np.concatenate([talk(4.0), np.zeros(16000, np.float32), talk(4.0)])
    assert measured(laughing).f0_slope == pytest.approx(measured(alone).f0_slope, rel=0.05)
    assert measured(laughing).f0_sd == pytest.approx(measured(alone).f0_sd, rel=0.05)


def test_a_run_an_octave_off_is_strange_and_a_high_accent_is_not() -> None:
    semitones, voiced = np.full(300, 85.0), np.ones(300, np.bool_)
    for pause in (90, 130, 200, 240):
        voiced[pause : pause + 5] = False
    semitones[95:130] -= 12
    semitones[205:240] += 7
    strange = strange_runs(semitones, np.full(300, -20.0), voiced)
    assert set(np.flatnonzero(strange).tolist()) == set(range(95, 130))


def test_no_voicing_at_all_is_nothing_strange() -> None:
    assert not strange_runs(np.zeros(10), np.zeros(10), np.zeros(10, np.bool_)).any()


def test_pauses_cost_nothing_and_change_nothing() -> None:
    pause = np.random.default_rng(0).normal(0, 1e-4, 2 * SAMPLE_RATE).astype(np.float32)
    close = np.concatenate([talk(3.0), pause[:8000], talk(3.0)])
    apart = np.concatenate([pause, talk(3.0), pause, talk(3.0), pause])
    assert len(without_pauses(apart)) < 0.65 * len(apart)
    assert measured(apart).f0_slope == pytest.approx(measured(close).f0_slope, rel=0.06)
    assert measured(apart).voiced_seconds == pytest.approx(measured(close).voiced_seconds, rel=0.02)


def test_what_a_pause_parted_does_not_become_one_movement() -> None:
    """Two notes four semitones apart with silence between have no slope between them."""
    low, high, pause = tone(150.0, 0.6), tone(189.0, 0.6), np.zeros(SAMPLE_RATE, np.float32)
    sounds = np.concatenate([low, pause, high])
    assert len(without_pauses(sounds)) >= len(low) + len(high) + 0.15 * SAMPLE_RATE


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real speech in ../shared")
def test_real_speech_keeps_its_measures_with_somebody_talking_far_behind_it() -> None:
    rows = [json.loads(line) for line in (SHARED / "an4/manifest.jsonl").read_text().splitlines()]
    long = [row for row in rows if row["duration"] > 3.0]
    men, women = ([row for row in long if row["gender"] == sex][:4] for sex in ("male", "female"))
    off = []
    for row, behind in (*zip(men, women, strict=True), *zip(women, men, strict=True)):
        near, far = (_read(one["file"]) for one in (row, behind))
        pause = np.zeros(SAMPLE_RATE // 2, np.float32)
        alone = np.concatenate([near, pause, np.zeros_like(far), pause, near])
        quiet = 0.08 * far / np.abs(far).max() * np.abs(near).max()
        both = np.concatenate([near, pause, quiet, pause, near]).astype(np.float32)
        off.append(measured(both).f0_slope / measured(alone).f0_slope - 1.0)
    assert np.abs(off).max() < 0.1
    assert np.median(np.abs(off)) < 0.03


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real speech in ../shared")
def test_nobody_who_talks_is_taken_for_music() -> None:
    for name in ("an4", "speechocean762_adults"):
        rows = [json.loads(line) for line in (SHARED / name / "manifest.jsonl").read_text().splitlines()]
        long = [row for row in rows if row["duration"] > 2.5][::3]
        assert len(long) >= 10
        heard = [METER.voice(telephone(_read(row["file"], name))) for row in long]
        assert sum(one is None for one in heard) <= 0.07 * len(long)  # those hardly have any voicing


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real speech in ../shared")
def test_slopes_of_real_speech_are_those_of_read_speech() -> None:
    """Within the norms that flatness is judged by (slope 19-21, SD 1.9-2.5 at the median)."""
    rows = [json.loads(line) for line in (SHARED / "an4/manifest.jsonl").read_text().splitlines()]
    found = [METER.voice(telephone(_read(row["file"]))) for row in rows[::4]]
    slopes = [one.f0_slope for one in found if one is not None]
    assert 12.0 < np.median(slopes) < 24.0
    assert all(low < high for low, high in pairwise(np.percentile(slopes, [5, 50, 95])))


def _read(file: str, name: str = "an4") -> Samples:
    audio, rate = soundfile.read(SHARED / name / file, dtype="float32")
    return np.asarray(soxr.resample(audio, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else audio, np.float32)
