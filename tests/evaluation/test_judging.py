"""Calls are judged as a service would, under the profile asked for; vectors may come from an earlier run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.cases import Span, joined
from evaluation.judging import judge, judging_everything, narrowed
from evaluation.remembered import Remembered
from service.judging import Judging
from service.settings import Settings
from streaming.events import CallInfo, Detection, Event, Party, Profile, Signal, Tick
from streaming.ports import Policy
from tests.evaluation.written import case


class Listening:
    """Notes what it is fed."""

    name = "listening"

    def __init__(self, fed: list[Event]) -> None:
        self._fed = fed

    def feed(self, event: Event, /) -> Sequence[Detection]:
        self._fed.append(event)
        return ()

    def finish(self, at: float, /) -> Sequence[Detection]:
        return ()


def signal(speaker: Party) -> Signal:
    return Signal(name="f0_slope", speaker=speaker, start=0.0, end=1.0, value=12.0)


@pytest.mark.parametrize(
    ("profile", "heard"),
    [
        (Profile.EU_WORKPLACE, [Party.CUSTOMER]),
        (Profile.TRAINING, [Party.CUSTOMER]),
        (Profile.FULL, list(Party)),
    ],
)
def test_a_stricter_profile_is_not_told_of_the_agents_voice(profile: Profile, heard: list[Party]) -> None:
    fed: list[Event] = []
    judges = Judging(rows={}, factories={"listening": lambda call, policy: Listening(fed)}, policy=Policy())
    events: list[Event] = [signal(Party.AGENT), signal(Party.CUSTOMER), Tick(at=1.0)]
    judge(CallInfo(call_id="c1", profile=profile), events, judges)
    assert [one.speaker for one in fed if isinstance(one, Signal)] == heard


def test_everything_is_judged_even_what_is_off_as_shipped() -> None:
    assert (
        judging_everything(Settings(behaviours_off=frozenset({"emotion.leakage"}))).policy.off == frozenset()
    )


def test_one_behaviours_detector_alone_says_what_it_says_among_the_others() -> None:
    judges = judging_everything(Settings(_env_file=None))
    told = case("A: Hello, this is Claire, how can I help?", "C: I'm fed up.", "A: You need to calm down.")
    alone = narrowed(judges, {"courtesy.greeting"})
    assert set(alone.factories) == {"courtesy"}
    whole = judge(told.info, told.events, judges).detections
    assert judge(told.info, told.events, alone).detections == tuple(
        one for one in whole if one.behaviour.startswith("courtesy.")
    )


class Counting:
    """A sentence encoder that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def vectors(self, sentences: Sequence[str], /) -> NDArray[np.float32]:
        self.asked += sentences
        return np.array([[len(one), 1.0] for one in sentences], np.float32).reshape(-1, 2)


def test_vectors_are_the_same_and_are_made_once(tmp_path: Path) -> None:
    inner, path = Counting(), tmp_path / "sub" / "vectors.npz"
    first = Remembered(inner, path)
    said = first.vectors(["one", "three", "one"])
    assert said.tolist() == [[3.0, 1.0], [5.0, 1.0], [3.0, 1.0]] and inner.asked == ["one", "three"]
    first.save()
    again = Remembered(inner, path)
    assert np.array_equal(again.vectors(["three", "seven"]), [[5.0, 1.0], [5.0, 1.0]])
    assert inner.asked == ["one", "three", "seven"]
    assert b"three" not in path.read_bytes()


def test_a_file_of_vectors_that_is_broken_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    path.write_bytes(b"half a file")
    assert Remembered(Counting(), path).vectors(["one"]).tolist() == [[3.0, 1.0]]


def test_pieces_of_speech_become_turns_until_the_other_speaks_or_a_long_silence() -> None:
    a, c = Party.AGENT, Party.CUSTOMER
    pieces = [Span(a, 0, 1, "So"), Span(a, 1.5, 3, "let me see."), Span(a, 9, 10, "Right."), Span(c, 10, 11)]
    assert [(one.speaker, one.text) for one in joined(pieces)] == [
        (a, "So let me see."),
        (a, "Right."),
        (c, ""),
    ]
