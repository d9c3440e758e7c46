"""tone.flat: stretches of agent speech by pitch movement, and under which profile they are judged."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from detectors.flatness import Flatness
from streaming.events import CallInfo, Detection, Event, Party, Profile, Signal, Utterance
from streaming.ports import Policy
from tests.detectors.dialogue import judge

LIVELY, FLAT = (24.0, 2.8), (7.0, 0.8)


@dataclass(frozen=True)
class Voice:
    slope: float
    sd: float
    seconds: float = 5.0
    voiced: float = 2.5
    rate: float | None = None
    speaker: Party = Party.AGENT
    confidence: float = 1.0
    pause: float = 1.0


def call(*voices: Voice) -> list[Event]:
    """Each utterance's signals, then the utterance itself, as the log has them."""
    events: list[Event] = []
    clock = 0.0
    for number, voice in enumerate(voices):
        start, end = clock + voice.pause, clock + voice.pause + voice.seconds
        values = {"f0_slope": voice.slope, "f0_sd": voice.sd, "voiced_seconds": voice.voiced}
        if voice.rate is not None:
            values["speech_rate"] = voice.rate
        events.extend(
            Signal(
                name=name,
                speaker=voice.speaker,
                start=start,
                end=end,
                value=value,
                confidence=voice.confidence,
            )
            for name, value in values.items()
        )
        events.append(
            Utterance(
                speaker=voice.speaker,
                id=f"{voice.speaker[0]}{number}",
                revision=1,
                start=start,
                end=end,
                words=(),
                final=True,
            )
        )
        clock = end
    return events


def judged(*voices: Voice, profile: Profile = Profile.FULL) -> list[Detection]:
    return judge(Flatness(CallInfo(call_id="t", profile=profile), Policy()), call(*voices))


def kinds(found: list[Detection]) -> list[str]:
    return [one.kind for one in found]


def test_a_flat_stretch_and_a_lively_one() -> None:
    found = judged(*[Voice(*FLAT)] * 4, *[Voice(*LIVELY)] * 4)
    assert kinds(found) == ["flat", "lively"]
    assert [one.verdict.value for one in found] == ["missed", "delivered"]
    assert found[0].confidence >= 0.8
    assert found[0].end - found[0].start >= 20.0
    assert found[0].end <= found[1].start


@pytest.mark.parametrize(
    ("slope", "sd", "kind"),
    [
        (7.0, 0.8, "flat"),
        (11.9, 1.29, "flat"),
        (7.0, 1.6, "lively"),  # both measures must be low
        (14.0, 0.8, "lively"),
        (20.0, 2.2, "lively"),
    ],
)
def test_norms_where_there_is_no_baseline(slope: float, sd: float, kind: str) -> None:
    assert kinds(judged(*[Voice(slope, sd)] * 4)) == [kind]


def test_the_border_is_less_sure_than_the_clear_case() -> None:
    border, clear = judged(*[Voice(11.9, 1.29)] * 4), judged(*[Voice(5.0, 0.6)] * 4)
    assert 0.6 <= border[0].confidence < clear[0].confidence


def test_well_below_the_agents_own_normal_is_flat() -> None:
    own = [Voice(23.0, 2.8)] * 8
    assert kinds(judged(*own, *[Voice(13.5, 1.6)] * 4)) == ["lively", "lively", "flat"]
    assert kinds(judged(*[Voice(13.5, 1.6)] * 4)) == ["lively"], "the same voice without a baseline"


def test_a_very_lively_agent_who_is_merely_lively_is_not_flat() -> None:
    own = [Voice(40.0, 4.5)] * 8
    assert kinds(judged(*own, *[Voice(22.0, 2.4)] * 4))[-1] == "lively"


def test_an_agent_flat_from_the_start_is_still_flat() -> None:
    assert kinds(judged(*[Voice(*FLAT)] * 16)) == ["flat"] * 4


@pytest.mark.parametrize(
    "voices",
    [
        [Voice(*FLAT)] * 3,  # fifteen seconds of speech
        [Voice(*FLAT, voiced=1.0)] * 4,  # hardly voiced
        [Voice(*FLAT, confidence=0.1)] * 8,
        [Voice(*FLAT, speaker=Party.CUSTOMER)] * 8,
        [Voice(*FLAT, pause=60.0)] * 3,  # spread over minutes: no stretch
    ],
)
def test_without_enough_voice_there_is_no_opportunity(voices: list[Voice]) -> None:
    assert judged(*voices) == []


@pytest.mark.parametrize("profile", [Profile.EU_WORKPLACE, Profile.TRAINING])
def test_only_the_full_profile_judges_the_agents_voice(profile: Profile) -> None:
    assert judged(*[Voice(*FLAT)] * 12, profile=profile) == []


def test_slower_speech_supports_flatness_and_never_decides() -> None:
    own = [Voice(13.0, 1.5, rate=3.0)] * 4
    slow = judged(*own, *[Voice(11.0, 1.2, rate=2.0)] * 4)[-1]
    same = judged(*own, *[Voice(11.0, 1.2, rate=3.0)] * 4)[-1]
    assert slow.kind == same.kind == "flat"
    assert slow.confidence > same.confidence
    assert kinds(judged(*own, *[Voice(*LIVELY, rate=1.0)] * 4))[-1] == "lively"


def test_evidence_is_the_strip_that_shows_it() -> None:
    (found,) = judged(*[Voice(*FLAT)] * 4)
    spans = [span for span in found.evidence if span.kind == "signal"]
    assert len(spans) == len(found.evidence) == 6
    assert [(span.name, span.value) for span in spans[:2]] == [("f0_slope", 7.0), ("f0_sd", 0.8)]
    assert all(span.start >= found.start and span.end <= found.end for span in spans)


def test_signals_behind_their_utterance_judge_the_same() -> None:
    events = call(*[Voice(*FLAT)] * 4)
    shuffled = sorted(events, key=lambda event: (event.end, isinstance(event, Signal)))  # type: ignore[union-attr]
    detector = CallInfo(call_id="t", profile=Profile.FULL)
    found = judge(Flatness(detector, Policy()), shuffled)
    assert found == judge(Flatness(detector, Policy()), events)
