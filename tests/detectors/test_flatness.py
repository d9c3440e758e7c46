"""tone.flat: stretches of agent speech by pitch movement, and under which profile they are judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from detectors.base import signals_read
from detectors.flatness import Flatness
from streaming.events import CallInfo, Detection, Event, Party, Profile, Signal, SignalSpan, Utterance, Word
from streaming.ports import Policy
from tests.detectors.dialogue import judge

LIVELY, FLAT = (24.0, 2.8), (7.0, 0.8)


@dataclass(frozen=True)
class Voice:
    slope: float
    sd: float
    seconds: float = 5.0
    voiced: float = 2.5
    rate: float = 3.0  # words a second; 0: nothing that was credited
    pitch: float = 200.0
    level: float = -20.0
    speaker: Party = Party.AGENT
    confidence: float = 1.0
    pause: float = 1.0


def call(*voices: Voice) -> list[Event]:
    """Each utterance's signals, then the utterance itself, as the log has them."""
    events: list[Event] = []
    clock = 0.0
    for number, voice in enumerate(voices):
        start, end = clock + voice.pause, clock + voice.pause + voice.seconds
        values = {
            "f0_slope": voice.slope,
            "f0_sd": voice.sd,
            "voiced_seconds": voice.voiced,
            "f0_median": voice.pitch,
            "energy_db": voice.level,
        }
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
        count = round(voice.rate * voice.seconds)
        step = voice.seconds / max(count, 1)
        events.append(
            Utterance(
                speaker=voice.speaker,
                id=f"{voice.speaker[0]}{number}",
                revision=0,
                start=start,
                end=end,
                words=tuple(
                    Word(text="word", start=start + i * step, end=start + (i + 1) * step)
                    for i in range(count)
                ),
                final=True,
            )
        )
        clock = end
    return events


def judged(*voices: Voice, profile: Profile = Profile.FULL) -> list[Detection]:
    return judge(Flatness(CallInfo(call_id="t", profile=profile), Policy()), call(*voices))


def kinds(found: list[Detection]) -> list[str]:
    return [one.kind for one in found]


def measured(found: Detection, name: str) -> list[float]:
    return [span.value for span in found.evidence if isinstance(span, SignalSpan) and span.name == name]


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
        (9.9, 1.09, "flat"),
        (12.0, 1.3, "lively"),  # as some read aloud
        (7.0, 4.0, "lively"),  # wide steps, if few: no flat voice
        (18.5, 0.2, "lively"),  # much movement in a narrow range
        (20.0, 2.2, "lively"),
    ],
)
def test_norms_where_there_is_no_baseline(slope: float, sd: float, kind: str) -> None:
    assert kinds(judged(*[Voice(slope, sd)] * 4)) == [kind]


def test_a_usual_voice_has_liveliness_one_and_half_its_movement_half_of_it() -> None:
    whole, half = judged(*[Voice(20.0, 2.2)] * 4), judged(*[Voice(10.0, 1.1)] * 4)
    assert measured(whole[0], "liveliness") == [1.0]
    assert measured(half[0], "liveliness") == [0.5]


def test_the_border_is_less_sure_than_the_clear_case_and_little_speech_than_much() -> None:
    border, clear = judged(*[Voice(9.9, 1.09)] * 4), judged(*[Voice(8.0, 0.9)] * 4)
    short = judged(*[Voice(9.2, 1.0, voiced=1.6)] * 4)
    long = judged(*[Voice(9.2, 1.0, voiced=4.0)] * 4)
    assert 0.5 <= border[0].confidence < clear[0].confidence
    assert short[0].confidence < long[0].confidence


def test_well_below_the_agents_own_normal_is_flat() -> None:
    own = [Voice(26.0, 3.0)] * 16
    assert kinds(judged(*own, *[Voice(13.5, 1.5)] * 4)) == ["lively"] * 4 + ["flat"]
    assert kinds(judged(*[Voice(13.5, 1.5)] * 4)) == ["lively"], "the same voice without a baseline"


def test_one_excited_stretch_is_no_baseline_yet() -> None:
    excited, calmer = [Voice(30.0, 3.4)] * 4, [Voice(14.0, 1.6)] * 4
    assert kinds(judged(*excited, *calmer))[-1] == "lively"
    assert kinds(judged(*excited * 5, *calmer))[-1] == "flat"


def test_a_very_lively_agent_who_is_merely_lively_is_not_flat() -> None:
    own = [Voice(40.0, 4.5)] * 24
    assert kinds(judged(*own, *[Voice(18.0, 2.0)] * 4))[-1] == "lively"


def test_an_agent_flat_from_the_start_is_still_flat() -> None:
    assert kinds(judged(*[Voice(*FLAT)] * 24)) == ["flat"] * 6


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


def test_what_has_no_words_is_nobodys_tone() -> None:
    """Laughter, hold music and noise that were taken for speech: nothing of them is credited as words."""
    music = [Voice(*FLAT, rate=0.0)] * 8
    assert judged(*music) == []
    assert kinds(judged(*[Voice(*LIVELY)] * 4, *music, *[Voice(*LIVELY)] * 4)) == ["lively", "lively"]


@pytest.mark.parametrize(
    "somebody",
    [Voice(*FLAT, level=-36.0), Voice(*FLAT, level=-27.0, pitch=110.0)],
    ids=["far away", "farther away, and of the other sex"],
)
def test_somebody_in_the_background_is_not_the_agent(somebody: Voice) -> None:
    assert kinds(judged(*[Voice(*LIVELY)] * 4, *[somebody] * 5, *[Voice(*LIVELY)] * 4)) == ["lively"] * 2


def test_a_raised_voice_is_still_the_agents() -> None:
    raised = Voice(30.0, 3.5, pitch=320.0, level=-16.0)
    assert len(judged(*[Voice(*LIVELY)] * 4, *[raised] * 4)) == 2


def test_who_takes_the_call_over_is_judged_in_turn() -> None:
    other = Voice(*FLAT, level=-34.0, pitch=110.0)
    assert kinds(judged(*[Voice(*LIVELY)] * 8, *[other] * 60))[-1] == "flat"


@pytest.mark.parametrize("profile", [Profile.EU_WORKPLACE, Profile.TRAINING])
def test_only_the_full_profile_judges_the_agents_voice(profile: Profile) -> None:
    assert judged(*[Voice(*FLAT)] * 12, profile=profile) == []


def test_slower_speech_supports_flatness_and_never_decides() -> None:
    own = [Voice(16.0, 1.8, rate=3.0)] * 8
    slow = judged(*own, *[Voice(10.0, 1.1, rate=2.0)] * 4)[-1]
    same = judged(*own, *[Voice(10.0, 1.1, rate=3.0)] * 4)[-1]
    assert slow.kind == same.kind == "flat"
    assert slow.confidence > same.confidence
    assert kinds(judged(*own, *[Voice(*LIVELY, rate=1.0)] * 4))[-1] == "lively"


def test_rate_is_of_the_words_that_were_said() -> None:
    (found,) = judged(*[Voice(*LIVELY, rate=2.0)] * 2, *[Voice(*LIVELY, rate=4.0)] * 2)
    assert measured(found, "speech_rate") == [3.0]


def test_evidence_is_the_strip_that_shows_it() -> None:
    (found,) = judged(Voice(6.0, 0.8), Voice(8.0, 0.8), *[Voice(*FLAT)] * 2)
    assert measured(found, "utterance_f0_slope") == [6.0, 8.0, 7.0, 7.0]
    assert measured(found, "f0_slope") == [7.0]
    assert (measured(found, "usual_f0_slope"), measured(found, "flat_f0_slope")) == ([20.0], [10.0])
    assert all(span.start >= found.start and span.end <= found.end for span in found.evidence)  # type: ignore[union-attr]


def test_the_note_says_how_much_against_whose_usual() -> None:
    found = judged(*[Voice(20.0, 2.2)] * 12, *[Voice(*FLAT)] * 4)
    assert "100 % as much as is usual in speech: 20 semitones" in found[0].note
    assert "as is the agent's own usual: 7 semitones" in found[-1].note


def test_every_measure_that_is_read_is_asked_for() -> None:
    """What the catalogue does not ask for is not measured, and the judge would go without."""
    needed = {signal.name for signal in call(Voice(*FLAT)) if isinstance(signal, Signal)}
    assert needed <= signals_read()[Party.AGENT]
    for name in needed - {"f0_median", "energy_db"}:
        events = [one for one in call(*[Voice(*FLAT)] * 8) if getattr(one, "name", "") != name]
        assert judge(Flatness(CallInfo(call_id="t", profile=Profile.FULL), Policy()), events) == []


def test_a_signal_of_another_utterance_is_not_taken_for_this_ones() -> None:
    events = call(*[Voice(*FLAT)] * 8)
    moved = [
        replace(one, start=one.start + 900.0, end=one.end + 900.0) if isinstance(one, Signal) else one
        for one in events
    ]
    assert judge(Flatness(CallInfo(call_id="t", profile=Profile.FULL), Policy()), moved) == []
