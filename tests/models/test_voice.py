"""Voice measures: they follow the voice, not the line; arousal is against the speaker's own beginning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from models.affect import BASELINE, CALM_UTTERANCES, ENOUGH, HIGHEST_CONFIDENCE, Baseline, CallVoice, loudest
from models.prosody import PitchMeter, VoiceMeasures, absolute_slopes, tracking_faults
from streaming.events import Party, Signal
from streaming.ports import Samples

SHARED = Path(__file__).parents[3] / "shared" / "data"
METER = PitchMeter()
EVERYTHING = {party: frozenset({"f0_median", "f0_slope", "arousal"}) for party in Party}


def voice(
    f0: float = 120.0, swing: float = 3.0, rate: float = 2.0, seconds: float = 3.0, bright: float = 1.0
) -> Samples:
    """A buzz of 25 harmonics whose pitch swings `swing` semitones up and down `rate` times a second."""
    t = np.arange(int(seconds * 16000)) / 16000
    hertz = f0 * 2 ** (swing * np.sin(2 * np.pi * rate * t) / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / 16000
    buzz = sum(np.sin(k * phase) / k ** (2 - bright) for k in range(1, 26) if f0 * k * 1.5 < 7500)
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)
    return np.asarray(0.1 * buzz * syllables, np.float32)


def telephone(audio: Samples) -> Samples:
    """300-3400 Hz and 8 kHz, with G.711's resolution at about 38 dB of noise."""
    narrow = soxr.resample(audio, 16000, 8000)
    spectrum = np.fft.rfft(narrow)
    hertz = np.fft.rfftfreq(len(narrow), 1 / 8000)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    band = np.fft.irfft(spectrum, len(narrow))
    noise = np.random.default_rng(0).normal(0, 10 ** (-38 / 20) * band.std(), len(band))
    return np.asarray(soxr.resample(band + noise, 8000, 16000), np.float32)


def measured(audio: Samples) -> VoiceMeasures:
    found = METER.voice(audio)
    assert found is not None
    return found


@pytest.mark.parametrize("f0", [90.0, 120.0, 210.0, 280.0])
def test_pitch_level_and_movement_are_what_was_synthesised(f0: float) -> None:
    found = measured(voice(f0, swing=3.0, rate=2.0))
    assert found.f0_median == pytest.approx(f0, rel=0.05)
    assert found.f0_slope == pytest.approx(4 * 3.0 * 2.0, rel=0.2)  # four swings a period
    assert found.f0_sd == pytest.approx(3.0 / np.sqrt(2), rel=0.15)


def test_a_monotone_has_far_less_slope_than_a_lively_voice() -> None:
    flat, lively = measured(voice(swing=0.2, rate=1.0)), measured(voice(swing=4.0, rate=2.0))
    assert flat.f0_slope < 12 < 20 < lively.f0_slope
    assert flat.f0_sd < 1.3 < lively.f0_sd


@pytest.mark.parametrize("swing", [0.3, 2.0, 4.0])
def test_the_telephone_does_not_change_pitch_movement(swing: float) -> None:
    wide = voice(f0=140.0, swing=swing)
    clean, narrow = measured(wide), measured(telephone(wide))
    assert narrow.f0_slope == pytest.approx(clean.f0_slope, rel=0.15, abs=1.0)
    assert narrow.f0_sd == pytest.approx(clean.f0_sd, rel=0.15, abs=0.1)
    assert narrow.tilt == pytest.approx(clean.tilt, abs=1.5)


@pytest.mark.parametrize("gain", [0.003, 0.1, 3.0])
def test_the_line_s_level_changes_only_the_level(gain: float) -> None:
    base, scaled = measured(voice()), measured((voice() * gain).astype(np.float32))
    assert scaled.f0_slope == pytest.approx(base.f0_slope, rel=0.02)
    assert scaled.tilt == pytest.approx(base.tilt, abs=0.1)
    assert scaled.energy - base.energy == pytest.approx(20 * np.log10(gain), abs=0.3)


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros(0, np.float32),
        np.zeros(32000, np.float32),
        np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32),
        voice(seconds=0.3),
        np.concatenate([np.zeros(30000, np.float32), voice(seconds=0.3)]),
    ],
    ids=["nothing", "silence", "noise", "short", "short in silence"],
)
def test_too_little_voicing_says_nothing(audio: Samples) -> None:
    assert METER.voice(audio) is None
    assert list(METER.measure(audio, speaker=Party.AGENT, start=0.0)) == []


def test_signals_cover_the_utterance_and_are_surer_with_more_voice() -> None:
    short = METER.measure(voice(seconds=0.8), speaker=Party.AGENT, start=5.0)
    long = METER.measure(voice(seconds=3.0), speaker=Party.AGENT, start=5.0)
    assert {s.name for s in long} == {
        "f0_slope",
        "f0_sd",
        "f0_median",
        "voiced_seconds",
        "energy_db",
    }
    assert all((s.speaker, s.start, s.end) == (Party.AGENT, 5.0, 8.0) for s in long)
    assert short[0].confidence < long[0].confidence == 1.0


def test_the_audio_is_only_read() -> None:
    audio = voice()
    audio.flags.writeable = False
    assert METER.measure(audio, speaker=Party.AGENT, start=0.0)


def test_a_slip_of_the_tracker_is_not_movement() -> None:
    semitones = np.full(100, 80.0)
    semitones[40:44] += 12
    semitones[70] -= 5
    voiced = np.ones(100, np.bool_)
    slips = tracking_faults(semitones, voiced)
    assert {40, 41, 42, 43, 70} <= set(np.flatnonzero(slips).tolist()) <= {*range(38, 46), 70}
    assert absolute_slopes(semitones, voiced & ~slips).max() == 0


def arousal(signals: Sequence[Signal]) -> Signal:
    return next(signal for signal in signals if signal.name == "arousal")


CALM = {"f0": 110.0, "swing": 2.2, "bright": 0.7}
RAISED = {"f0": 150.0, "swing": 4.0, "bright": 1.2}


def test_a_raised_voice_stands_out_against_the_speaker_s_own_beginning() -> None:
    call = CallVoice(METER, EVERYTHING)
    first = call.measure(voice(**CALM), speaker=Party.CUSTOMER, start=0.0)
    assert "arousal" not in {signal.name for signal in first}  # nothing to compare with yet
    for i in range(5):
        usual = arousal(call.measure(voice(**CALM), speaker=Party.CUSTOMER, start=10.0 + 10 * i))
    raised = arousal(call.measure(1.6 * voice(**RAISED), speaker=Party.CUSTOMER, start=200.0))
    assert abs(usual.value) < 0.5
    assert raised.value > 1.5
    assert usual.confidence <= raised.confidence <= HIGHEST_CONFIDENCE


def test_the_other_party_s_voice_does_not_move_the_baseline() -> None:
    call = CallVoice(METER, EVERYTHING)
    for i in range(4):
        call.measure(voice(**CALM), speaker=Party.CUSTOMER, start=10.0 * i)
        call.measure(voice(f0=230.0, swing=4.0), speaker=Party.AGENT, start=10.0 * i + 5)
    assert abs(arousal(call.measure(voice(**CALM), speaker=Party.CUSTOMER, start=60.0)).value) < 0.5


def test_only_the_signals_that_are_wanted_are_made() -> None:
    call = CallVoice(METER, {Party.CUSTOMER: frozenset({"arousal"})})
    for i in range(3):
        heard = call.measure(voice(**CALM), speaker=Party.CUSTOMER, start=10.0 * i)
        assert call.measure(voice(**CALM), speaker=Party.AGENT, start=10.0 * i + 5) == ()
    assert [(signal.name, signal.speaker) for signal in heard] == [("arousal", Party.CUSTOMER)]
    slopes = CallVoice(METER, {Party.AGENT: frozenset({"f0_slope"})})
    assert {s.name for s in slopes.measure(voice(), speaker=Party.AGENT, start=0.0)} == {"f0_slope"}


def test_arousal_alone_is_heard_where_a_long_utterance_is_loudest() -> None:
    quiet, loud = 0.05 * voice(**CALM, seconds=4.0), voice(**RAISED, seconds=ENOUGH)
    assert np.array_equal(loudest(np.concatenate([quiet, loud, quiet]), ENOUGH), loud)
    assert loudest(loud, ENOUGH) is loud
    call = CallVoice(METER, {Party.CUSTOMER: frozenset({"arousal"})})
    for i in range(4):
        call.measure(voice(**CALM), speaker=Party.CUSTOMER, start=10.0 * i)
    outburst = call.measure(np.concatenate([quiet, loud, quiet]), speaker=Party.CUSTOMER, start=100.0)
    assert arousal(outburst).value > 1.5
    assert arousal(outburst).end == pytest.approx(100.0 + 8.0 + ENOUGH)  # the signal is the utterance's


def test_after_the_first_minutes_the_baseline_stands_still() -> None:
    baseline = Baseline()
    usual = {"pitch": 80.0, "slope": 20.0, "tilt": -5.0, "energy": -25.0}
    baseline.learn(usual, 0.0)
    baseline.learn({name: value + 10 for name, value in usual.items()}, BASELINE + 1)
    assert baseline.arousal(usual) == 0.0


EXCITED = {"pitch": 90.0, "slope": 45.0, "tilt": -3.0, "energy": -20.0}
AT_EASE = {"pitch": 84.0, "slope": 18.0, "tilt": -8.0, "energy": -26.0}


def after(*beginning: dict[str, float], later: Sequence[dict[str, float]] = ()) -> Baseline:
    """A baseline that has learnt these utterances in the first minutes, and those afterwards."""
    baseline = Baseline()
    for place, features in enumerate(beginning):
        baseline.learn(features, float(place))
    for place, features in enumerate(later):
        baseline.learn(features, BASELINE + 10.0 + place)
    return baseline


def value(baseline: Baseline, features: dict[str, float]) -> float:
    found = baseline.arousal(features)
    assert found is not None
    return found


def test_who_is_excited_from_the_start_does_not_quite_become_normal() -> None:
    assert value(after(*[EXCITED] * 6), EXCITED) > 0.3


def test_who_calms_after_an_excited_beginning_is_heard_flaring_up_again() -> None:
    before = after(*[EXCITED] * 6)
    calmed = after(*[EXCITED] * 6, later=[AT_EASE] * CALM_UTTERANCES)
    assert abs(value(calmed, AT_EASE)) < 0.5
    assert value(calmed, EXCITED) > 2.0 > value(before, EXCITED)


def test_a_calm_beginning_stays_the_baseline_through_a_long_quarrel() -> None:
    assert value(after(*[AT_EASE] * 6, later=[EXCITED] * 50), EXCITED) > 2.0


def test_a_few_calm_utterances_are_no_new_normal() -> None:
    mixed = [AT_EASE, AT_EASE, EXCITED] * 4
    assert value(after(*[EXCITED] * 6, later=mixed), EXCITED) < 1.0


def test_one_utterance_is_a_poor_baseline() -> None:
    assert value(after(AT_EASE), EXCITED) < 0.8 * value(after(*[AT_EASE] * 12), EXCITED)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real speech in ../shared")
def test_acted_anger_lies_above_acted_calm_of_the_same_speakers() -> None:
    rows = [json.loads(line) for line in (SHARED / "ravdess/manifest.jsonl").read_text().splitlines()]
    found: dict[str, list[float]] = {"angry": [], "calm": []}
    for actor in ("Actor_01", "Actor_02"):
        own = [row for row in rows if row["speaker"] == actor]
        call = CallVoice(METER, EVERYTHING)
        for at, row in enumerate([r for r in own if r["emotion"] == "neutral"][:3]):
            call.measure(_read(row["file"]), speaker=Party.CUSTOMER, start=5.0 * at)
        for row in own:
            if row["emotion"] in found:
                signals = call.measure(_read(row["file"]), speaker=Party.CUSTOMER, start=300.0)
                found[row["emotion"]] += [s.value for s in signals if s.name == "arousal"]
    angry, calm = np.array(found["angry"]), np.array(found["calm"])
    assert (angry[:, None] > calm).mean() > 0.85


def _read(file: str) -> Samples:
    audio, rate = soundfile.read(SHARED / "ravdess" / file, dtype="float32")
    return np.asarray(soxr.resample(audio, rate, 16000) if rate != 16000 else audio, np.float32)
