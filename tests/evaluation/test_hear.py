"""What was heard of a call is kept whole, in the same bytes each time, and judged by nobody."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from evaluation.hear import hear, unjudged
from evaluation.logs import log_path, read_log, times_beside, write_log, write_times
from service.parts import offline_parts
from service.settings import ModelSettings, Settings
from streaming.errors import ConfigError
from streaming.events import (
    CallEnded,
    CallInfo,
    CallStarted,
    Event,
    Party,
    Profile,
    Scorecard,
    Signal,
    Tick,
    Utterance,
    Word,
    WordsHeldBack,
)

SAMPLES = Path(__file__).parents[2] / "samples"
WORD = Word(text="Hello", start=0.1234567, end=0.5, confidence=0.98765)
LINE = Utterance(speaker=Party.AGENT, id="a1", revision=0, start=0.0, end=1.0, words=(WORD,), final=True)
EVENTS: list[Event] = [
    CallStarted(call=CallInfo(call_id="c1", profile=Profile.FULL)),
    WordsHeldBack(
        speaker=Party.AGENT, utterance_id="a1", start=0.0, end=1.0, words=(WORD,), reason="crosstalk"
    ),
    LINE,
    Signal(name="arousal", speaker=Party.CUSTOMER, start=0.0, end=1.0, value=1.5),
    Tick(at=1.0),
    CallEnded(at=1.5),
]


def test_a_log_is_read_as_it_was_written_to_the_millisecond(tmp_path: Path) -> None:
    path = log_path("dev", "tel20", "base", "c1", heard=tmp_path)
    card = Scorecard(at=1.5, items=(), heard=(), not_judged=())
    write_log(path, [*EVENTS, card])
    read = list(read_log(path))
    assert [type(event) for event in read] == [type(event) for event in EVENTS], "and nothing that was judged"
    assert isinstance(read[2], Utterance)
    assert read[2].words == (Word(text="Hello", start=0.123, end=0.5, confidence=0.988),)
    assert [read[i] for i in (0, 3, 4, 5)] == [EVENTS[i] for i in (0, 3, 4, 5)]


def test_the_same_events_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_log(tmp_path / name, EVENTS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    write_log(tmp_path / "three", read_log(tmp_path / "one"))
    assert (tmp_path / "three").read_bytes() == (tmp_path / "one").read_bytes()


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b'{"type": "tick"}\n'), gzip.compress(b"x" * 999)[:20]]
)
def test_a_file_that_is_no_log_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"broken\.jsonl\.gz"):
        list(read_log(path))


def test_times_are_kept_beside_the_conditions_without_words(tmp_path: Path) -> None:
    log = log_path("dev", "tel20", "base", "c1", heard=tmp_path)
    truth = tmp_path / "c1.truth.json"
    row = {"turn": 0, "inside": None, "speaker": "agent", "start": 0.8, "end": 2.0}
    told = {"seconds": 4.0, "music": [], "voices": {}, "agent": "Claire", "said": [{**row, "text": "Hello"}]}
    truth.write_text(json.dumps(told))
    write_times(truth, times_beside(log))
    kept = json.loads((tmp_path / "dev" / "times" / "c1.json").read_text())
    assert kept == {"seconds": 4.0, "music": [], "voices": {}, "said": [row]}


@pytest.mark.weights
async def test_a_recording_is_heard_to_its_end_and_judged_by_nobody(tmp_path: Path) -> None:
    """With the scripted recogniser in Whisper's place: ears, order and log are the product's."""
    for suffix in (".flac", ".truth.json"):
        shutil.copy(SAMPLES / f"curt_call{suffix}", tmp_path / f"curt_call{suffix}")
    script = tmp_path / "curt_call.truth.json"
    model = ModelSettings(worker="scripted", script=script)
    async with offline_parts(Settings(model=model)) as parts:
        events = await hear(tmp_path / "curt_call.flac", unjudged(parts))
    told = json.loads(script.read_text())
    spoken = {word.strip(".,?!").lower() for turn in told["turns"] for word in turn["text"].split()}
    lines = [event for event in events if isinstance(event, Utterance)]
    assert {"account", "birth"} <= {
        word.text.strip(".,?!").lower() for one in lines for word in one.words
    } & spoken
    started, *_, ended, card = events
    assert isinstance(started, CallStarted)
    assert (started.call.profile, started.call.customer_name) == (Profile.FULL, told["customer_name"])
    assert isinstance(ended, CallEnded)
    assert ended.at == pytest.approx(told["seconds"], abs=0.1)
    assert isinstance(card, Scorecard)
    assert (card.items, card.not_judged) == ((), ())
    assert {event.type for event in events} <= {
        *("call_started", "speech_started", "speech_ended", "utterance", "words_held_back"),
        *("signal", "tick", "call_ended", "scorecard"),
    }
