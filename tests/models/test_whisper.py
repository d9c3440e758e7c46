"""The engine on the project's own sample calls: words, times, what is held back, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from models import catalog
from models.decoding import Hypothesis, plain
from models.process import ProcessWorker
from models.recogniser import Recogniser
from models.scheduler import Scheduler
from models.whisper import EngineConfig, WhisperEngine, WhisperFactory
from models.windows import FULL_WINDOW, split_long, window_ladder
from streaming.errors import EngineFailed, WeightsError
from streaming.events import Party
from streaming.ports import Samples, SpeechRequest, Transcript

SAMPLES = Path(__file__).parents[2] / "samples"
MODEL = "tiny.en"


@pytest.fixture(scope="module")
def engine() -> Iterator[WhisperEngine]:
    try:
        catalog.locate(MODEL)
    except WeightsError as error:
        pytest.skip(error.message)
    yield WhisperEngine(EngineConfig(model_path=MODEL, hints=True))


def agent_audio(start: float, end: float) -> Samples:
    audio, rate = soundfile.read(
        SAMPLES / "good_call.flac", start=int(start * 8000), stop=int(end * 8000), dtype="float32"
    )
    assert rate == 8000
    return np.asarray(soxr.resample(audio[:, 0], rate, 16000), np.float32)


def request(audio: Samples, *, start: float = 0.0, **changes: object) -> SpeechRequest:
    seconds = len(audio) / 16000
    whole = SpeechRequest(
        call_id="c",
        speaker=Party.AGENT,
        utterance_id="a1",
        revision=0,
        start=start,
        audio=audio,
        priority="final",
        voiced=((start, start + seconds),),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


GREETING = agent_audio(0.0, 8.0)


@pytest.mark.weights
def test_the_greeting_is_heard_with_times_in_order_inside_the_audio(engine: WhisperEngine) -> None:
    found = engine.transcribe(request(GREETING, start=100.0))
    said = [plain(word.text) for word in found.words]
    assert {"thank", "you", "calling", "northway", "broadband", "name", "hannah"} <= set(said)
    starts = [word.start for word in found.words]
    assert starts == sorted(starts)
    assert all(100.0 <= word.start <= word.end <= 108.0 for word in found.words)
    assert all(0.05 <= word.confidence <= 1.0 for word in found.words)
    assert found.attempts == 1


@pytest.mark.weights
def test_a_short_window_hears_what_thirty_seconds_hear_for_far_less(engine: WhisperEngine) -> None:
    padded = WhisperEngine(EngineConfig(model_path=MODEL, margins=()))
    began = time.process_time()
    short = engine.transcribe(request(GREETING))
    between = time.process_time()
    long = padded.transcribe(request(GREETING))
    assert [plain(w.text) for w in short.words] == [plain(w.text) for w in long.words]
    assert between - began < 0.7 * (time.process_time() - between)


@pytest.mark.weights
def test_words_outside_the_voiced_stretches_are_held_back(engine: WhisperEngine) -> None:
    words = engine.transcribe(request(GREETING)).words
    half = words[len(words) // 2].start
    found = engine.transcribe(request(GREETING, voiced=((half, 8.0),)))
    assert found.words
    assert all(word.end >= half - 0.21 for word in found.words)
    assert "no_voice" in {held.reason for held in found.held_back}


@pytest.mark.weights
@pytest.mark.parametrize("seconds", [0.1, 0.6, 2.0])
@pytest.mark.parametrize("sound", ["silence", "noise", "hum", "faint"])
@pytest.mark.parametrize("hints", [(), ("Suzanne Miller", "Northway Broadband")], ids=["", "hints"])
def test_noise_that_voice_activity_took_for_voice_is_credited_to_nobody(
    engine: WhisperEngine, sound: str, seconds: float, hints: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(0)
    count = int(16000 * seconds)
    audio = {
        "silence": np.zeros(count),
        "noise": rng.normal(0, 0.02, count),
        "hum": 0.1 * np.sin(2 * np.pi * 100 * np.arange(count) / 16000),
        "faint": rng.normal(0, 0.0005, count),
    }[sound].astype(np.float32)
    assert engine.transcribe(request(audio, hints=hints)).words == ()


@pytest.mark.weights
@pytest.mark.parametrize(("priority", "attempts"), [("partial", 1), ("final", 2)])
def test_only_finals_are_decoded_again(engine: WhisperEngine, priority: str, attempts: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, 16000).astype(np.float32)
    assert engine.transcribe(request(noise, priority=priority)).attempts == attempts


@pytest.mark.weights
def test_without_voice_nothing_is_decoded(engine: WhisperEngine) -> None:
    found = engine.transcribe(request(GREETING, voiced=()))
    assert (found.words, found.held_back) == ((), ())


@pytest.mark.weights
def test_names_of_others_given_as_hints_are_not_heard_into_the_audio(engine: WhisperEngine) -> None:
    found = engine.transcribe(request(GREETING, hints=("Bartholomew Quinn", "Zenotek")))
    said = {plain(word.text) for word in found.words}
    assert not said & {"bartholomew", "quinn", "zenotek"}
    assert {"northway", "hannah"} <= said


@pytest.mark.weights
def test_audio_longer_than_a_window_is_heard_to_its_end(engine: WhisperEngine) -> None:
    pause = np.zeros(16000 * 20, np.float32)
    long = np.concatenate([GREETING, pause, GREETING])
    voiced = ((0.0, 8.0), (28.0, 36.0))
    words = engine.transcribe(request(long, voiced=voiced)).words
    hannahs = [word for word in words if plain(word.text) == "hannah"]
    assert len(hannahs) == 2
    assert hannahs[1].start - hannahs[0].start == pytest.approx(28.0, abs=0.5)


@pytest.mark.weights
def test_the_request_s_audio_is_only_read(engine: WhisperEngine) -> None:
    audio = GREETING.copy()
    audio.flags.writeable = False
    assert engine.transcribe(request(audio)).words


@pytest.mark.weights
def test_a_language_that_the_weights_do_not_know_is_refused(engine: WhisperEngine) -> None:
    with pytest.raises(EngineFailed, match="'de'"):
        engine.transcribe(request(GREETING, language="de"))


@pytest.mark.weights
def test_a_name_goes_before_the_agent_s_speech_alone(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the customer's own it was echoed more than heard."""
    given: list[tuple[str, ...]] = []
    prompt = Recogniser.prompt

    def noted(self: Recogniser, language: str, hints: tuple[str, ...]) -> Any:
        given.append(hints)
        return prompt(self, language, hints)

    monkeypatch.setattr(Recogniser, "prompt", noted)
    engine.transcribe(request(GREETING, hints=("Suzanne",)))
    engine.transcribe(request(GREETING, hints=("Suzanne",), speaker=Party.CUSTOMER))
    assert given == [("Suzanne",), ()]


def question_to_bill_oduya() -> Samples:
    """`evaluation/calls/dev/d28` on a telephone: "What size of leak would you say, Mr Oduya?"."""
    audio, rate = soundfile.read(Path(__file__).parent / "misheard_name.flac", dtype="float32")
    return np.asarray(soxr.resample(audio, rate, 16000), np.float32)


def heard_of(engine: WhisperEngine, *hints: str, **changes: object) -> list[str]:
    found = engine.transcribe(replace(request(question_to_bill_oduya(), hints=hints), **changes))  # type: ignore[arg-type]
    return [plain(word.text) for word in found.words]


@pytest.fixture(scope="module")
def unprompted(engine: WhisperEngine) -> WhisperEngine:
    return WhisperEngine(EngineConfig(model_path=MODEL))


@pytest.mark.weights
@pytest.mark.parametrize("party", list(Party))
def test_a_name_heard_as_another_word_is_written_where_it_was_said(
    unprompted: WhisperEngine, party: Party
) -> None:
    without = heard_of(unprompted)
    assert "oduya" not in without
    assert heard_of(unprompted, "Bill Oduya", speaker=party) == [*without[:-1], "oduya"]


@pytest.mark.weights
def test_a_restored_name_has_the_time_and_the_confidence_that_the_audio_gives_it(
    unprompted: WhisperEngine,
) -> None:
    audio = question_to_bill_oduya()
    instead, name = (
        unprompted.transcribe(request(audio, hints=hints)).words[-1] for hints in ((), ("Bill Oduya",))
    )
    assert name.start == pytest.approx(instead.start, abs=0.3)
    assert 0.05 <= name.confidence < 0.9


@pytest.mark.weights
@pytest.mark.parametrize(
    "name", ["Priyanka Okonkwo", "Xiomara Achterberg", "Odalys Nwachukwu", "Ottilie Udell", "Siobhan Lydia"]
)
def test_a_name_that_nobody_says_is_not_written(unprompted: WhisperEngine, name: str) -> None:
    assert heard_of(unprompted, name) == heard_of(unprompted)


@pytest.mark.weights
def test_names_are_not_restored_in_partials_nor_when_switched_off(unprompted: WhisperEngine) -> None:
    off = WhisperEngine(EngineConfig(model_path=MODEL, names=False))
    assert "oduya" not in heard_of(unprompted, "Bill Oduya", priority="partial")
    assert "oduya" not in heard_of(off, "Bill Oduya")


@pytest.mark.weights
async def test_behind_queue_and_process_the_words_are_the_same(engine: WhisperEngine) -> None:
    alone = engine.transcribe(request(GREETING))
    async with ProcessWorker(WhisperFactory(EngineConfig(model_path=MODEL))) as worker:
        found = await Scheduler(worker).transcribe(request(GREETING))
    assert (found.words, found.held_back) == (alone.words, alone.held_back)


CLIPS = ((0.0, 3.0), (3.0, 6.5), (17.0, 20.0), (24.0, 27.5), (30.0, 33.0), (36.0, 39.0))
NAMES = ("Suzanne", "Bartholomew", "Xiomara", "Wolfgang", "Jacqueline", "Prakash")


def company() -> list[SpeechRequest]:
    """Calls' utterances, each with its own customer's name, and without; some share a window. One name is
    said, and heard as something else."""
    clips = [agent_audio(*clip) for clip in CLIPS]
    misheard = request(question_to_bill_oduya(), call_id="o", hints=("Bill Oduya",))
    return (
        [
            misheard,
            *(request(misheard.audio, call_id=f"o{name}", hints=(name,)) for name in NAMES[:2]),
        ]
        + [
            request(audio, start=10.0 * i, call_id=f"c{i}", hints=(name,))
            for i, (audio, name) in enumerate(zip(clips, NAMES, strict=True))
        ]
        + [request(audio, start=10.0 * i, call_id=f"n{i}") for i, audio in enumerate(clips)]
    )


@pytest.mark.weights
def test_an_answer_is_the_same_in_any_company(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = company()
    sizes: list[int] = []
    generate = Recogniser.generate

    def counted(self: Recogniser, encodings: list[Any], *others: Any) -> list[Hypothesis]:
        sizes.append(len(encodings))
        return generate(self, encodings, *others)

    monkeypatch.setattr(Recogniser, "generate", counted)
    alone = [engine.transcribe(each) for each in requests]
    assert len({tuple(word.text for word in found.words) for found in alone}) > 4
    assert set(sizes) == {1}
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(requests))
        together = dict(engine.transcribe_many([requests[i] for i in order]))
        assert [together[place] for place in range(len(order))] == [alone[i] for i in order]
    assert max(sizes) > 3


@pytest.mark.weights
def test_no_call_s_name_reaches_another_call(engine: WhisperEngine) -> None:
    """Nobody on this recording is called any of these: only its own request may bring a name in."""
    requests = company()
    for number, outcome in engine.transcribe_many(requests):
        assert isinstance(outcome, Transcript)
        every = (*outcome.words, *(word for held in outcome.held_back for word in held.words))
        others = {plain(name) for name in NAMES} - {plain(hint) for hint in requests[number].hints}
        assert not others & {plain(word.text) for word in every}


@pytest.mark.weights
def test_a_poisoned_utterance_fails_alone(engine: WhisperEngine) -> None:
    good = request(agent_audio(0.0, 3.0))
    poison = replace(good, audio=np.full(len(good.audio), None))
    unknown = replace(good, language="de")
    unreadable = replace(good, voiced=((None, None),))  # type: ignore[arg-type]
    outcomes = dict(engine.transcribe_many([good, poison, good, unknown, good, unreadable, good]))
    alone = engine.transcribe(good)
    assert [outcomes[i] for i in (0, 2, 4, 6)] == [alone] * 4
    assert all(isinstance(outcomes[i], EngineFailed) for i in (1, 3, 5))


async def test_the_worker_s_process_reports_weights_that_are_not_there(tmp_path: Path) -> None:
    worker = ProcessWorker(WhisperFactory(EngineConfig(model_path=tmp_path / "nowhere")))
    with pytest.raises(WeightsError, match="no such folder"):
        await worker.start()


def test_a_folder_with_broken_weights_is_refused(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(WeightsError, match="cannot load"):
        WhisperEngine(EngineConfig(model_path=tmp_path))


@given(st.floats(0.1, 28), st.lists(st.floats(0.5, 20), max_size=3).map(sorted))
def test_windows_grow_cover_the_audio_and_end_at_thirty_seconds(seconds: float, margins: list[float]) -> None:
    ladder = window_ladder(seconds, margins)
    assert ladder == sorted(ladder)
    assert ladder[-1] == FULL_WINDOW
    assert all(window > seconds for window in ladder)


@given(st.integers(0, 90), st.integers(0, 5))
def test_long_audio_is_cut_into_pieces_that_join_to_it_again(seconds: int, seed: int) -> None:
    audio = np.random.default_rng(seed).normal(0, 0.1, seconds * 16000).astype(np.float32)
    pieces = list(split_long(audio))
    assert np.array_equal(np.concatenate([piece for _, piece in pieces]), audio)
    assert all(len(piece) <= 28 * 16000 for _, piece in pieces)
    at = 0
    for offset, piece in pieces:
        assert offset == at / 16000
        at += len(piece)


def test_long_audio_is_cut_where_it_is_quiet() -> None:
    audio = np.random.default_rng(0).normal(0, 0.1, 40 * 16000).astype(np.float32)
    audio[25 * 16000 : 25 * 16000 + 1600] = 0
    (_, first), _ = split_long(audio)
    assert len(first) / 16000 == pytest.approx(25.05, abs=0.05)
