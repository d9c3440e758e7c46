"""The recordings in which nobody speaks are what they say, and what is credited in them is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation.hear import hearing
from evaluation.judging import judging_everything
from evaluation.silence import ECHO_DELAYS, KINDS, Kind, Speech, make, summary
from evaluation.telephone import RATE, Signal, gain
from streaming.events import CallEnded, Event, Party, Utterance, Word, WordsHeldBack

SAMPLES = Path(__file__).parents[2] / "samples"
BY_NAME = {kind.name: kind for kind in KINDS}
SECONDS = 20.0


@pytest.fixture
def speech(tmp_path: Path) -> Speech:
    """The sample calls' customers."""
    folder = tmp_path / "dev" / "wide"
    folder.mkdir(parents=True)
    for name in ("good_call", "curt_call"):
        (folder / f"{name}.flac").symlink_to(SAMPLES / f"{name}.flac")
    return Speech(tmp_path)


def made(kind: Kind, speech: Speech, out: Path) -> Signal:
    audio, rate = soundfile.read(make(kind, speech, SECONDS, out))
    assert (rate, audio.shape) == (RATE, (round(SECONDS * RATE), 2))
    return audio.T


def test_they_are_two_hours() -> None:
    assert len(KINDS) * 450.0 >= 2 * 3600


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.name != "nothing"], ids=lambda kind: kind.name
)
def test_both_channels_sound_and_not_the_same(kind: Kind, speech: Speech, tmp_path: Path) -> None:
    agent, customer = made(kind, speech, tmp_path)
    for channel in (agent, customer):
        assert gain(-75.0) < np.sqrt(np.mean(channel**2)) < gain(-6.0)
    assert not np.allclose(agent, customer, atol=gain(-60.0))


def test_silence_is_silent(speech: Speech, tmp_path: Path) -> None:
    assert np.abs(made(BY_NAME["nothing"], speech, tmp_path)).max() < gain(-80.0)


@pytest.mark.parametrize("level", [-15, -25])
def test_an_echo_is_the_customers_speech_later_and_lower(level: int, speech: Speech, tmp_path: Path) -> None:
    agent, customer = made(BY_NAME[f"echo {level} dB"], speech, tmp_path)
    lags = np.arange(0, round(0.3 * RATE))
    alike = [float(np.dot(agent[lag:], customer[: len(customer) - lag])) for lag in lags]
    late = int(np.argmax(np.abs(alike))) / RATE
    assert ECHO_DELAYS[0] - 0.01 < late < ECHO_DELAYS[1] + 0.05
    loud = np.abs(customer) > gain(-20.0)
    near = agent[np.roll(loud, round(late * RATE))]
    difference = 10 * np.log10(np.mean(near**2) / np.mean(customer[loud] ** 2))
    assert level - 8 < difference < level + 3


def test_the_same_kind_is_the_same_recording(speech: Speech, tmp_path: Path) -> None:
    one, two = (make(BY_NAME["tones"], speech, 5.0, tmp_path / name) for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def line(party: Party, text: str, start: float) -> Utterance:
    words = tuple(Word(text=word, start=start, end=start + 0.3, confidence=0.9) for word in text.split())
    return Utterance(
        speaker=party, id=f"{party[0]}1", revision=0, start=start, end=start + 1.0, words=words, final=True
    )


def test_what_the_silent_are_credited_with_is_counted_and_what_is_judged_of_it() -> None:
    thanks = line(Party.AGENT, "Thank you so much for waiting.", 3.0)
    held = WordsHeldBack(
        speaker=Party.AGENT, utterance_id="a1", start=3.0, end=4.0, words=thanks.words[:2], reason="crosstalk"
    )
    events: list[Event] = [line(Party.CUSTOMER, "My router is broken.", 1.0), held, thanks, CallEnded(at=9.0)]
    judges = judging_everything(hearing("base"))
    told = summary(Kind("echo", BY_NAME["nothing"].make, speech=True), events, 9.0, judges)
    assert told["credited"] == {"agent": 6}
    assert told["held_back"] == {"crosstalk": 2}
    assert told["courtesies"] >= 1
    assert told["detections"]["courtesy.words observed (thanks)"] == 1
    silent = summary(BY_NAME["nothing"], events[:1], 9.0, judges)
    assert silent["credited"] == {"agent": 0, "customer": 4}
    assert silent["courtesies"] == 0
