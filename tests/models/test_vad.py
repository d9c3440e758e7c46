"""Voice activity: the same audio, cut anywhere, by any number of channels, gives the same bits."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.vad import SileroVoiceActivity, shared_network
from streaming.ports import Samples
from streaming.segment import Segment, Segmenter

pytestmark = pytest.mark.weights


SAMPLES = Path(__file__).parents[2] / "samples"


def whole_windows(audio: Samples) -> Samples:
    return np.ascontiguousarray(audio[: len(audio) // 512 * 512], np.float32)


def sound(windows: int, seed: int = 1) -> Samples:
    """Vowel-like buzzes with pauses: moves the probabilities about."""
    rng = np.random.default_rng(seed)
    t = np.arange(windows * 512) / 16000
    buzz = sum(np.sin(2 * np.pi * 130 * k * t) / k for k in range(1, 20))
    gate = (np.sin(2 * np.pi * 1.3 * t) > 0) * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * t))
    return np.asarray(0.1 * buzz * gate + rng.normal(0, 0.003, len(t)), np.float32)


WHOLE = sound(60)
EXPECTED = SileroVoiceActivity().probabilities(WHOLE)


def test_a_run_in_pieces_is_the_network_s_own_run_over_the_whole() -> None:
    framed = np.lib.stride_tricks.sliding_window_view(np.concatenate((np.zeros(64, np.float32), WHOLE)), 576)
    nothing = np.zeros((1, 1, 128), np.float32)
    whole, _, _ = shared_network().run(np.ascontiguousarray(framed[::512]), nothing, nothing)
    assert np.array_equal(EXPECTED, whole)


@pytest.mark.parametrize("name", ["good_call", "curt_call", "bad_answer_call"])
def test_it_tells_telephone_speech_from_line_noise_all_through_a_call(name: str) -> None:
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text())
    audio, rate = soundfile.read(SAMPLES / f"{name}.flac", dtype="float32")
    for channel, speaker in enumerate(("agent", "customer")):
        found = SileroVoiceActivity().probabilities(
            whole_windows(soxr.resample(audio[:, channel], rate, 16000))
        )
        turns = [turn for turn in truth["turns"] if turn["speaker"] == speaker]
        speech = np.zeros(len(found), bool)
        for turn in turns:
            speech[int(turn["start"] / 0.032) : int(turn["end"] / 0.032)] = True
        away = ~np.convolve(speech, np.ones(25), "same").astype(bool)
        assert (found[speech] > 0.35).mean() > 0.75
        assert (found[away] > 0.35).mean() < 0.01


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 59), max_size=8))
def test_cutting_the_audio_anywhere_changes_no_bit(cuts: list[int]) -> None:
    edges = sorted({0, 60, *cuts})
    channel = SileroVoiceActivity()
    parts = [channel.probabilities(WHOLE[a * 512 : b * 512]) for a, b in itertools.pairwise(edges)]
    assert np.array_equal(np.concatenate(parts), EXPECTED)


def test_channels_that_share_the_network_do_not_disturb_each_other() -> None:
    one, two = SileroVoiceActivity(shared_network()), SileroVoiceActivity(shared_network())
    other = sound(60, seed=2)[::-1].copy()
    parts = []
    for i in range(0, len(WHOLE), 1024):
        parts.append(one.probabilities(WHOLE[i : i + 1024]))
        two.probabilities(other[i : i + 1024])
    assert np.array_equal(np.concatenate(parts), EXPECTED)


def test_the_caller_s_array_is_only_read() -> None:
    audio = WHOLE.copy()
    audio.flags.writeable = False
    SileroVoiceActivity().probabilities(audio)
    assert np.array_equal(audio, WHOLE)


def test_after_a_reset_nothing_is_remembered() -> None:
    channel = SileroVoiceActivity()
    channel.probabilities(WHOLE)
    channel.reset()
    assert np.array_equal(channel.probabilities(WHOLE), EXPECTED)


@pytest.mark.parametrize("shape", [(511,), (513,), (2, 512)])
def test_broken_windows_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="whole windows"):
        SileroVoiceActivity().probabilities(np.zeros(shape, np.float32))


def test_no_audio_gives_no_probability() -> None:
    assert len(SileroVoiceActivity().probabilities(np.zeros(0, np.float32))) == 0


def after_a_hold(name: str = "bad_answer_call", turn: int = 4) -> tuple[NDArray[np.float32], slice]:
    """An agent's turn behind fifteen seconds of an office, 20 dB below speech, and where its windows lie."""
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text())
    audio, rate = soundfile.read(SAMPLES / f"{name}.flac", dtype="float32")
    said = [one for one in truth["turns"] if one["speaker"] == "agent"][turn]
    speech = audio[int(said["start"] * rate) : int(said["end"] * rate), 0]
    rng = np.random.default_rng(1)
    quiet = np.concatenate((np.zeros(15 * rate, np.float32), speech))
    level = np.sqrt(np.mean(speech**2)) / 10
    noise = np.cumsum(rng.normal(0, 1, len(quiet)))
    noise = noise - np.convolve(noise, np.ones(40) / 40, "same")
    noisy = (quiet + level * noise / noise.std()).astype(np.float32)
    whole = whole_windows(soxr.resample(noisy, rate, 16000))
    return whole, slice(15 * 16000 // 512, len(whole) // 512)


@pytest.mark.parametrize(("name", "turn"), [("curt_call", 1), ("curt_call", 3), ("bad_answer_call", 0)])
def test_a_long_noisy_silence_does_not_deafen_it(name: str, turn: int) -> None:
    whole, spoken = after_a_hold(name, turn)
    framed = np.lib.stride_tricks.sliding_window_view(np.concatenate((np.zeros(64, np.float32), whole)), 576)
    nothing = np.zeros((1, 1, 128), np.float32)
    carried, _, _ = shared_network().run(np.ascontiguousarray(framed[::512]), nothing, nothing)
    found = SileroVoiceActivity().probabilities(whole)
    assert (found[spoken] > 0.5).mean() > (carried[spoken] > 0.5).mean() + 0.05


@pytest.mark.parametrize("answers", [False, True], ids=["a hold", "short answers"])
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, 600), max_size=8))
def test_cutting_a_long_silence_anywhere_changes_no_bit(answers: bool, cuts: list[int]) -> None:
    whole, _ = short_answers(1.6) if answers else after_a_hold("bad_answer_call", 0)
    windows = len(whole) // 512
    edges = sorted({0, windows, *(cut for cut in cuts if cut < windows)})
    channel = SileroVoiceActivity()
    parts = [channel.probabilities(whole[a * 512 : b * 512]) for a, b in itertools.pairwise(edges)]
    assert np.array_equal(np.concatenate(parts), SileroVoiceActivity().probabilities(whole))


def short_answers(pause: float, name: str = "curt_call") -> tuple[Samples, int]:
    """How each of a customer's turns begins, `pause` seconds apart in an office 20 dB below; how many."""
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text())
    audio, rate = soundfile.read(SAMPLES / f"{name}.flac", dtype="float32")
    starts = [int(one["start"] * rate) for one in truth["turns"] if one["speaker"] == "customer"]
    edge = np.hanning(int(0.45 * rate)) ** 0.2
    said = [audio[start : start + len(edge), 1] * edge for start in starts]
    quiet = np.zeros(round(pause * rate))
    speech = np.concatenate([np.zeros(4 * rate), *(part for word in said for part in (word, quiet))])
    noise = np.cumsum(np.random.default_rng(1).normal(0, 1, len(speech)))
    noise = noise - np.convolve(noise, np.ones(40) / 40, "same")
    level = np.sqrt(np.mean(np.concatenate(said) ** 2)) / 10
    noisy = (speech + level * noise / noise.std()).astype(np.float32)
    return whole_windows(soxr.resample(noisy, rate, 16000)), len(said)


@pytest.mark.parametrize("pause", [1.6, 2.2])
def test_short_answers_between_pauses_in_an_office_are_found(pause: float) -> None:
    audio, said = short_answers(pause)
    segmenter = Segmenter()
    found = [*segmenter.feed(0, SileroVoiceActivity().probabilities(audio).tolist()), *segmenter.flush()]
    assert sum(isinstance(one, Segment) for one in found) >= 0.65 * said  # one memory: under half
