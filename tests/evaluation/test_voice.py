"""The measuring of tone: by the product's own judgement, and honest about what it counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from evaluation import voice
from evaluation.voice_clips import Clip, Heard, auc, flattened, heard, telephone
from models.prosody import PitchMeter
from streaming.events import Party, Signal
from streaming.ports import SAMPLE_RATE, Samples


def said(slope: float, sd: float, *, speaker: str = "s", seconds: float = 2.0) -> Heard:
    values = {"f0_slope": slope, "f0_sd": sd, "voiced_seconds": 1.0, "f0_median": 180.0, "energy_db": -20.0}
    signals = tuple(
        Signal(name=name, speaker=Party.AGENT, start=0.0, end=seconds, value=value)
        for name, value in values.items()
    )
    return Heard(speaker=speaker, kind="", seconds=seconds, signals=signals, words=5)


def buzz(swing: float, seconds: float = 3.0) -> Samples:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    track = 140.0 * 2 ** (swing * np.sin(2 * np.pi * 1.5 * t) / 12)
    phase = 2 * np.pi * np.cumsum(track) / SAMPLE_RATE
    return np.asarray(0.05 * sum(np.sin(k * phase) / k for k in range(1, 20)), np.float32)


def test_auc_counts_pairs_and_halves_for_equal_ones() -> None:
    low, high = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0])
    assert auc(low, high) == pytest.approx((1 + 0.5 + 0 + 3) / 6)
    assert auc(low, low) == 0.5
    assert auc(np.array([0.0]), np.array([1.0])) == 1.0


def test_a_window_is_judged_by_the_detector_and_against_what_came_before() -> None:
    window = [said(13.0, 1.4)] * 5
    alone = voice.judge(window, [], 10.0)
    after = voice.judge(window, [said(28.0, 3.2)] * 40, 10.0)
    assert alone is not None
    assert after is not None
    assert (alone.kind, after.kind) == ("lively", "flat")
    assert voice.liveliness(after) < voice.liveliness(alone)


def test_a_window_with_too_little_speech_is_not_judged() -> None:
    assert voice.judge([said(7.0, 0.8)] * 2, [said(20.0, 2.0)] * 20, 10.0) is None


def test_the_interval_is_of_speakers_and_both_sides_are_counted() -> None:
    scores = {"a": ([0.5, 0.6], [1.0, 1.1]), "b": ([0.9, 1.2], [1.0, 1.1]), "c": ([], [1.0])}
    calls = {"a": ([1.0, 1.0], [0.0, 0.0]), "b": ([0.0, 0.0], [0.0, 0.0]), "c": ([], [0.0])}
    found = voice.figure("f", scores, calls, target=0.9)
    assert (found.speakers, found.flat, found.lively) == (2, 4, 4)
    assert (found.auc, found.low, found.high) == (0.75, 0.5, 1.0)
    assert (found.flat_called_flat, found.lively_called_flat) == (0.5, 0.0)


def test_the_telephone_levels_whatever_came() -> None:
    loud, quiet = telephone(buzz(3.0)), telephone(0.02 * buzz(3.0))
    assert np.std(loud) == pytest.approx(np.std(quiet), rel=0.02)
    spectrum = np.abs(np.fft.rfft(loud))
    assert spectrum[: len(spectrum) * 150 // 8000].max() < 0.01 * spectrum.max()


def test_half_the_excursions_are_half_the_movement_for_the_product_s_meter() -> None:
    pytest.importorskip("pyworld", reason="needs pyworld-prebuilt, which only the evaluation uses")
    whole, half = flattened(buzz(4.0), (1.0, 0.5))
    measured = heard([Clip(speaker="s", audio=one) for one in (whole, half)], PitchMeter())
    first, second = ({signal.name: signal.value for signal in one.signals} for one in measured)
    assert second["f0_sd"] == pytest.approx(first["f0_sd"] / 2, rel=0.1)
    assert second["f0_slope"] == pytest.approx(first["f0_slope"] / 2, rel=0.15)


def test_what_is_absent_is_skipped_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("evaluation.voice", "evaluation.voice_clips", "evaluation.voice_real"):
        monkeypatch.setattr(sys.modules[module], "SHARED", tmp_path / "nowhere")
    out = tmp_path / "results" / "voice.json"
    monkeypatch.setattr(sys, "argv", ["voice", "--json", str(out), "--quick"])
    voice.main()
    report = json.loads(out.read_text())
    assert set(report) == {"skipped"}
    assert set(report["skipped"]) == {"acted", "arousal", "cost"}
    assert all("nowhere" in reason for reason in report["skipped"].values())
