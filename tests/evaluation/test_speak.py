"""A rendered call sounds where its truth says, in the condition that was asked for, the same every time."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from evaluation.cast import CAST, speakers
from evaluation.hums import with_hums
from evaluation.script import Call, parse_call
from evaluation.speak import (
    CALLS,
    CONDITIONS,
    STUDIO,
    Condition,
    Studio,
    heard_over,
    record,
    render,
    truth,
)
from evaluation.telephone import RATE, Signal, frame_rms, gain, speech_rms, telephone_band
from evaluation.timeline import Spoken, lay_out, pieces
from evaluation.voices import JOE, Voices, resampled
from samples.render import place as place_sample
from samples.render import read_script
from streaming.events import Party
from tests.evaluation.written import HEADER, call

SAMPLES = Path(__file__).parents[2] / "samples"

LINES = (
    "A: Good morning, this is Claire, how can I help?",
    "C: It's my router, it [A: mm-hmm] drops the connection every evening around eight.",
    "A -0.8: Let me check that for you, please hold on.",
    "…9 music",
    "A: Thanks for waiting. I --",
    "C -0.6: Huh?",
    "…7",
    "A: Sorry about that.",
)


class Murmur(Voices):
    """0.06 s of noise a letter, with silence at both ends, in the place of a synthesizer."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def say(self, text: str, *, voice: str, speed: float) -> Signal:
        noise = np.random.default_rng(len(text)).standard_normal(round(0.06 * len(text) / speed * STUDIO))
        return np.concatenate([np.zeros(STUDIO // 10), 0.2 * noise, np.zeros(STUDIO // 5)])


@pytest.fixture(scope="module")
def scene() -> tuple[Call, Studio]:
    written = call(*LINES)
    return written, record(written, "dev", Murmur())


def said(studio: Studio, turn: int, inside: int | None = None) -> Spoken:
    return next(one for one in studio.timeline.said if (one.turn, one.inside) == (turn, inside))


def part(studio: Studio, channel: int, start: float, end: float) -> Signal:
    return studio.clean[channel, round(start * STUDIO) : round(end * STUDIO)]


def test_turns_sound_when_the_timeline_says_and_at_no_other_time(scene: tuple[Call, Studio]) -> None:
    _, studio = scene
    silent = studio.clean.copy()
    for one in studio.timeline.said:
        channel = list(Party).index(one.speaker)
        sound = part(studio, channel, one.start, one.end)
        assert speech_rms(sound, STUDIO) > gain(-35.0)
        assert frame_rms(sound, STUDIO)[:3].max() > gain(-45.0), "it begins late"
        silent[channel, round(one.start * STUDIO) : round(one.end * STUDIO) + 1] = 0.0
    for start, end in studio.timeline.music:
        silent[0, round(start * STUDIO) : round(end * STUDIO) + 1] = 0.0
    assert not silent.any()


def test_a_turn_starts_so_much_before_or_behind_the_end_of_the_turn_before(
    scene: tuple[Call, Studio],
) -> None:
    _, studio = scene
    turns = [said(studio, number) for number in range(6)]
    gaps = [later.start - earlier.end for earlier, later in pairwise(turns)]
    assert gaps == pytest.approx([0.4, -0.8, 9.0, -0.6, 7.0])


def test_a_turn_waits_for_its_own_speakers_last_one() -> None:
    """A short word put in over a long turn does not let the long turn's speaker speak twice at once."""
    lines = ("C: one two three four five six seven eight.", "A -2.0: Right.", "C: And nine.")
    timeline = lay_out(call(*lines), [5.0, 0.5, 1.0])
    first, _, third = timeline.said
    assert third.start == pytest.approx(first.end + 0.05)


def test_hold_music_is_on_the_agents_channel_inside_the_silence(scene: tuple[Call, Studio]) -> None:
    _, studio = scene
    ((start, end),) = studio.timeline.music
    assert (start, end) == pytest.approx((said(studio, 2).end + 0.5, said(studio, 3).start - 0.5))
    assert np.sqrt(np.mean(part(studio, 0, start, end) ** 2)) == pytest.approx(gain(-24.0), rel=0.01)
    assert not part(studio, 1, start, end).any()


def test_a_back_channel_sounds_on_the_other_channel_at_its_word(scene: tuple[Call, Studio]) -> None:
    written, studio = scene
    turn, inside = said(studio, 1), said(studio, 1, 0)
    before = len("It's my router, it ")
    share = (inside.start - turn.start) / (turn.end - turn.start)
    assert inside.speaker is Party.AGENT
    assert share == pytest.approx(before / len(written.turns[1].text + " "), abs=0.01)
    assert part(studio, 0, inside.start, inside.end).any()


@pytest.mark.parametrize(("condition", "decibels"), [("tel20", 20.0), ("tel10", 10.0)])
def test_noise_lies_so_far_under_the_speech(
    scene: tuple[Call, Studio], condition: str, decibels: float
) -> None:
    _, studio = scene
    audio = heard_over(studio, CONDITIONS[condition], seeded=1)
    silence = said(studio, 5).end + 0.5
    for channel, who in enumerate(Party):
        noise = audio[round(silence * RATE) : round((silence + 5.0) * RATE), channel]
        spoken = [one for one in studio.timeline.said if one.speaker is who and one.inside is None]
        turns = [resampled(part(studio, channel, one.start, one.end), STUDIO, RATE) for one in spoken]
        narrow = telephone_band(np.concatenate(turns))
        level = 20 * np.log10(speech_rms(narrow) / np.sqrt(np.mean(noise**2)))
        assert level == pytest.approx(decibels, abs=3.5)  # its colleagues in the background come and go


def test_the_telephone_has_no_treble_and_wide_has() -> None:
    def treble(condition: Condition) -> float:
        studio = record(call("A: Hello there my friend."), "dev", Murmur())
        spectrum = np.abs(np.fft.rfft(heard_over(studio, condition, seeded=1)[:, 0])) ** 2
        return float(spectrum[round(len(spectrum) * 3_700 / (condition.rate / 2)) :].sum() / spectrum.sum())

    assert treble(CONDITIONS["tel20"]) < 0.01
    assert treble(CONDITIONS["wide"]) > 0.3


def test_each_channel_hears_the_other_faintly_on_the_telephone_only(scene: tuple[Call, Studio]) -> None:
    _, studio = scene
    turn = said(studio, 0)
    quiet = Condition(name="quiet", rate=RATE, noise=90.0)
    audio = heard_over(studio, quiet, seeded=1)
    here, there = (
        np.sqrt(np.mean(audio[round(turn.start * RATE) : round(turn.end * RATE), channel] ** 2))
        for channel in (0, 1)
    )
    assert 20 * np.log10(there / here) == pytest.approx(-45.0, abs=1.0)


def test_a_call_renders_to_the_same_bytes(tmp_path: Path) -> None:
    script = tmp_path / "c1.call"
    script.write_text(HEADER + "\n" + "\n".join(LINES[:3]) + "\n", encoding="utf-8")
    for folder in ("first", "second"):
        render(script, "dev", [CONDITIONS["tel20"]], tmp_path / folder, Murmur())
    first, second = (tmp_path / folder / "dev" / "tel20" for folder in ("first", "second"))
    assert (first / "c1.flac").read_bytes() == (second / "c1.flac").read_bytes()
    assert sorted(path.name for path in first.iterdir()) == ["c1.flac", "c1.truth.json"]


def test_the_truth_tells_the_customers_name_only_where_the_calls_data_has_it() -> None:
    unknown = call(*LINES)
    timeline = lay_out(unknown, [1.0] * len(list(pieces(unknown))))
    assert "customer_name" not in truth(unknown, "dev", timeline)
    known = truth(replace(unknown, name_known=True), "dev", timeline)
    assert known["customer_name"] == "James Walker"


def test_the_sets_share_no_kokoro_voice() -> None:
    dev, held_out = (
        {voice for kind in CAST[name].values() for voice in kind} for name in ("dev", "held_out")
    )
    assert dev & held_out == {JOE}
    assert len(dev) >= 10
    assert len(held_out) >= 10


@pytest.mark.parametrize("which", sorted(CAST))
def test_two_of_a_kind_never_share_a_voice(which: str) -> None:
    for number in range(40):
        lines = HEADER.replace("c1", f"c{number}").replace("(m, us)", "(f, uk)")
        cast = speakers(parse_call(lines + "\nA: Hello.\n", name="c"), which)
        assert cast[Party.AGENT].voice != cast[Party.CUSTOMER].voice
        assert all(0.95 <= one.speed <= 1.15 for one in cast.values())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Mm-hmm, right.", [("mm-hmm", "Mm-hmm"), (None, "right.")]),
        ("uh-huh", [("uh-huh", "uh-huh")]),
        ("Huh?", [("huh?", "Huh?")]),
        ("Huh. Nobody told me.", [(None, "Huh. Nobody told me.")]),
        ("I hum a hymn.", [(None, "I hum a hymn.")]),
        ("Well, hmm...", [(None, "Well, "), ("mm", "hmm")]),
    ],
)
def test_hums_are_told_from_words(text: str, parts: list[tuple[str | None, str]]) -> None:
    assert with_hums(text) == parts


@pytest.mark.parametrize("name", ["good_call", "curt_call", "bad_answer_call"])
def test_the_sample_calls_truth_follows_from_their_scripts(name: str) -> None:
    told = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    lengths = [round((turn["end"] - turn["start"]) * RATE) for turn in told["turns"]]
    starts = place_sample(read_script(SAMPLES / f"{name}.toml").turns, lengths)
    assert [start / RATE for start in starts] == pytest.approx([turn["start"] for turn in told["turns"]])


def test_there_are_calls_to_speak() -> None:
    assert len(list((CALLS / "dev").glob("*.call"))) >= 20
