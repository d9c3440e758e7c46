"""One recording, heard live, heard through Twilio's framing and scored after the call: judged alike."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from service.batch import score_recording, stereo
from service.settings import LimitSettings, ModelSettings
from service.softphone import Framing, load
from service.watching import open_console
from service.wire import encode_record
from streaming.audio import Encoding, decode, encode
from streaming.casefile import CaseFile
from streaming.events import (
    AlertUpdate,
    AudioGap,
    CallInfo,
    CallStarted,
    Detection,
    DetectorFailed,
    Event,
    Profile,
    Record,
    Scorecard,
    Utterance,
    WhisperDelivered,
    WordsHeldBack,
)
from streaming.replay import rejudge
from tests.running import SAMPLES, Running, running, sample, settings_for

REAL_CALL = Path(__file__).parents[3] / "shared/data/aws_calls/audio/auto_repairs_49.flac"
NAMES = ("good_call", "curt_call", "bad_answer_call")
TINY = ModelSettings(name="tiny.en", worker="thread", slots=2, threads=1)
# Twilio's side is never told how fast it may go: what it sends ahead of the hearing must have room.
ROOMY = LimitSettings(drain_seconds=2.0, resume_seconds=1.0, buffered_seconds=60.0)

pytestmark = pytest.mark.weights


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a recording gets into the service while it is a live call."""

    framing: Framing = "native"
    encoding: Encoding = Encoding.MULAW
    speed: float = 0.0


async def live(folder: Path, path: Path, call: CallInfo, way: Way) -> list[Record]:
    """The stored log of `path` played into a service of its own."""
    async with running(settings_for(folder, model=TINY, limits=ROOMY)) as service:
        phone = service.phone(call=call, encoding=way.encoding, framing=way.framing, speed=way.speed)
        await phone.play(load(stereo(path)))
        log = await stored(service, call.call_id)
        assert_replays(service, log)
    return log


async def batch(folder: Path, path: Path, call: CallInfo, *, tiny: bool = True) -> list[Record]:
    options = {"model": TINY} if tiny else {}
    async with running(settings_for(folder, script=path.stem, **options)) as service:
        log = await score_recording(stereo(path), replace(call, source="recording"), service.node.parts)
        assert_replays(service, log)
    return log


async def stored(service: Running, call_id: str) -> list[Record]:
    await service.node.writer.flush(call_id)
    return [record async for record in service.node.repository.replay(call_id)]


def assert_replays(service: Running, log: list[Record]) -> None:
    """Today's judges over a stored log write it again, byte for byte."""
    assert isinstance(log[0].event, CallStarted)
    call, parts = log[0].event.call, service.node.parts
    case = CaseFile(call, judges=parts.judges(call), desk=parts.desk(call), keeper=parts.keeper(call))
    again = rejudge(log, case)
    assert [encode_record(record) for record in again] == [encode_record(record) for record in log]


def judged(log: list[Record]) -> list[Event]:
    """What must not depend on how the audio came: final words, final judgements, the scorecard."""
    kinds = (Scorecard, DetectorFailed, WordsHeldBack, AudioGap)
    return [
        event
        for event in (record.event for record in log)
        if isinstance(event, kinds)
        or (isinstance(event, Utterance) and event.final)
        or (isinstance(event, Detection) and not event.provisional)
    ]


def lines(log: list[Record]) -> list[str]:
    return [event.text for event in judged(log) if isinstance(event, Utterance) and event.words]


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_lose_nothing_on_the_wire(name: str) -> None:
    """They went through µ-law when they were rendered, so coding them again changes no sample."""
    audio = sample(name)
    for encoding in (Encoding.MULAW, Encoding.PCM_S16LE):
        for channel in audio.samples:
            assert np.array_equal(decode(encoding, encode(encoding, channel)), channel)


@pytest.mark.parametrize("name", NAMES)
async def test_a_sample_is_judged_alike_live_and_after_the_call(tmp_path: Path, name: str) -> None:
    path, call = SAMPLES / f"{name}.flac", CallInfo(call_id=name, profile=Profile.FULL, agent="a1")
    heard_live = await live(tmp_path / "live", path, call, Way())
    heard_after = await batch(tmp_path / "after", path, call)
    assert len(lines(heard_live)) > 10
    assert judged(heard_live) == judged(heard_after)


async def test_twilio_s_framing_brings_the_same_judgements(tmp_path: Path) -> None:
    path, call = SAMPLES / "bad_answer_call.flac", CallInfo(call_id="twilio", profile=Profile.FULL)
    through_twilio = await live(tmp_path / "live", path, call, Way(framing="twilio", speed=10.0))
    heard_after = await batch(tmp_path / "after", path, call)
    assert any(isinstance(event, Detection) and event.verdict == "harmful" for event in judged(heard_after))
    assert judged(through_twilio) == judged(heard_after)


@pytest.mark.shared
@pytest.mark.skipif(not REAL_CALL.exists(), reason="the real calls in ../shared are not here")
async def test_a_real_call_is_judged_alike_live_and_after_the_call(tmp_path: Path) -> None:
    samples, rate = soundfile.read(REAL_CALL, frames=120 * 8000, dtype="int16")
    path, call = tmp_path / "real.flac", CallInfo(call_id="real", profile=Profile.FULL)
    soundfile.write(path, samples, rate)
    heard_live = await live(tmp_path / "live", path, call, Way(encoding=Encoding.PCM_S16LE))
    heard_after = await batch(tmp_path / "after", path, call)
    assert any("Suzanne" in line for line in lines(heard_after))
    assert judged(heard_live) == judged(heard_after)


async def test_partial_lines_and_supervisors_are_in_the_log_and_change_nothing_final(tmp_path: Path) -> None:
    """Leakage is told on words that are not final yet, a supervisor answers: filed, and replayed alike."""
    path, call = SAMPLES / "bad_answer_call.flac", CallInfo(call_id="early", profile=Profile.FULL)
    scripted = settings_for(tmp_path / "live", script=path.stem, limits=ROOMY)
    async with running(scripted) as service, asyncio.TaskGroup() as tasks:
        tasks.create_task(supervise(service))
        await service.phone(call=call, speed=7.0).play(load(stereo(path)))
        log = await stored(service, call.call_id)
        assert_replays(service, log)
    events = [record.event for record in log]
    early = [event for event in events if isinstance(event, Detection) and event.provisional]
    assert early, "the words were final before any partial line told of them"
    assert "acked" in [event.state for event in events if isinstance(event, AlertUpdate)]
    assert any(isinstance(event, WhisperDelivered) for event in events)
    heard_after = await batch(tmp_path / "after", path, call, tiny=False)
    assert judged(log) == judged(heard_after)


async def supervise(service: Running) -> None:
    """Answer the first alert with an ack and a whisper, and leave."""
    async with open_console(service.ws) as console:
        async for text in console:
            for record in json.loads(text).get("records", ()):
                if record["event"]["type"] == "alert":
                    facts = {"call_id": record["call_id"], "alert_id": record["event"]["id"], "ref": 1}
                    await console.send(json.dumps({"type": "ack", "useful": True, **facts}))
                    await console.send(json.dumps({"type": "whisper", "text": "one at a time", **facts}))
                    return
