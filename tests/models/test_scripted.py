"""The scripted engine: what it says follows from the scenario and the request's time alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.process import ProcessWorker
from models.scripted import (
    Line,
    Scenario,
    ScriptedEngineFactory,
    ScriptedTranscriber,
    ScriptedVoiceActivity,
)
from streaming.errors import EngineFailed
from streaming.events import Party
from streaming.ports import SpeechRequest

LINES = (
    Line(speaker=Party.AGENT, start=1.0, end=3.0, text="Thank you for calling."),
    Line(speaker=Party.CUSTOMER, start=3.5, end=6.0, text="Hi, my name is Ann."),
)
SCENARIO = Scenario(lines=LINES, calls=(("quiet", ()),), poison=frozenset({"a9"}))


def request(
    start: float, end: float, speaker: Party = Party.AGENT, call: str = "c", utterance: str = "a1"
) -> SpeechRequest:
    return SpeechRequest(
        call_id=call,
        speaker=speaker,
        utterance_id=utterance,
        revision=0,
        start=start,
        audio=np.zeros(round((end - start) * 16000), np.float32),
        priority="final",
    )


def test_words_are_spread_over_their_line() -> None:
    words = LINES[0].words()
    assert [word.text for word in words] == ["Thank", "you", "for", "calling."]
    assert (words[0].start, words[-1].end) == (1.0, 3.0)
    assert all(a.end == b.start for a, b in itertools.pairwise(words))


async def test_a_request_gets_the_words_of_its_speaker_in_its_time() -> None:
    transcriber = ScriptedTranscriber(SCENARIO)
    whole = await transcriber.transcribe(request(0.0, 10.0))
    assert " ".join(word.text for word in whole.words) == "Thank you for calling."
    other = await transcriber.transcribe(request(0.0, 10.0, speaker=Party.CUSTOMER))
    assert other.words[0].text == "Hi,"
    assert (await transcriber.transcribe(request(0.0, 10.0, call="quiet"))).words == ()


@given(st.lists(st.floats(0.0, 7.0), max_size=6))
def test_however_the_audio_is_cut_every_word_comes_once(cuts: list[float]) -> None:
    engine = ScriptedEngineFactory(SCENARIO)()
    edges = sorted({0.0, 7.0, *(round(cut, 3) for cut in cuts)})
    said = [
        word.text for a, b in itertools.pairwise(edges) for word in engine.transcribe(request(a, b)).words
    ]
    assert said == ["Thank", "you", "for", "calling."]


async def test_it_runs_in_a_process_too_and_a_poison_utterance_fails() -> None:
    async with ProcessWorker(ScriptedEngineFactory(SCENARIO)) as worker:
        assert len((await worker.run(request(0.0, 10.0))).words) == 4
        with pytest.raises(EngineFailed, match="scenario"):
            await worker.run(request(0.0, 10.0, utterance="a9"))


def test_scripted_voice_is_where_the_lines_are() -> None:
    voice = ScriptedVoiceActivity.of(LINES, Party.AGENT)
    found = np.concatenate([voice.probabilities(np.zeros(512 * 25, np.float32)) for _ in range(6)])
    speaking = np.flatnonzero(found) * 512 / 16000
    assert speaking[0] == pytest.approx(1.0, abs=0.04)
    assert speaking[-1] == pytest.approx(3.0, abs=0.04)
