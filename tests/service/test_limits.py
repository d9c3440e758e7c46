"""Limits, and parts that fail under a call: what is said to whom, and that the others go on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from detectors import REGISTRY
from models.process import ProcessWorker
from models.scripted import ScriptedEngine, ScriptedEngineFactory, scenario_from
from models.worker import ThreadWorker
from service import ingest
from service import judging as judging_module
from service import node as node_module
from service.settings import LimitSettings
from streaming.errors import EngineFailed, Overloaded
from streaming.events import AudioGap, CallEnded, CallInfo, Detection, DetectorFailed, Event, Party, Utterance
from streaming.ports import SpeechRequest, Transcript
from tests.running import SAMPLES, Running, running, settings_for
from tests.service.attack import (
    attacker,
    check_store,
    closings,
    counted,
    excerpt,
    facts,
    frames,
    healthy_call,
    hello,
    new_id,
    refused,
    watching_logs,
)

pytestmark = pytest.mark.weights

LIMITS = LimitSettings(drain_seconds=1.0, resume_seconds=0.5)
SCENARIO = scenario_from(SAMPLES / "good_call.truth.json")


def limits(**changes: Any) -> LimitSettings:
    return LIMITS.model_copy(update=changes)


async def events_of(service: Running, call_id: str, kind: type[Event]) -> list[Any]:
    records = await service.node.repository.events(call_id, limit=5000)
    return [record.event for record in records if isinstance(record.event, kind)]


async def test_a_full_node_says_when_to_try_again(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, limits=limits(calls=1))) as service:
        async with attacker(service) as client:
            await client.begin()
            with watching_logs() as logs:
                close, error = await refused(service, hello())
            assert close == 1013
            assert error is not None and error["code"] == "overloaded"
            assert error["retryable"] is True and error["retry_after"] > 0
            assert len(closings(logs)) == 1
            assert counted(service, "calls_refused_total", code="overloaded") == 1
            await client.say(*frames(excerpt(1.0)), {"type": "bye"})
            assert (await client.closed())[0] == 1000
        async with attacker(service) as client:  # and there is room again
            await client.begin()
            await client.say({"type": "bye"})
            assert (await client.closed())[0] == 1000


async def test_of_many_hellos_at_once_no_more_begin_than_there_is_room(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, limits=limits(calls=2))) as service:
        known = service.node.switchboard._known

        async def slowly(call_id: str) -> bool:
            await asyncio.sleep(0.1)  # a database across a network: every hello passes the first check
            return await known(call_id)

        service.node.switchboard._known = slowly
        phones = [service.phone(call=CallInfo(call_id=new_id("crowd"))) for _ in range(6)]
        ends = await asyncio.gather(*(phone.play(excerpt(3.0)) for phone in phones), return_exceptions=True)
        refusals = [end for end in ends if isinstance(end, Exception)]
        assert len(ends) - len(refusals) == 2
        assert counted(service, "calls_refused_total", code="overloaded") == 4
        await check_store(service)


async def test_a_recogniser_that_is_behind_takes_no_new_calls(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        behind = Overloaded("speech recognition is behind; try again later", retry_after=7.5)
        service.node.switchboard._admission = lambda: behind
        close, error = await refused(service, hello())
    assert close == 1013
    assert error is not None and error["retry_after"] == 7.5


async def test_the_longest_call_by_its_audio_ends_with_its_scorecard(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, limits=limits(call_seconds=4.0))) as service:
        call_id = new_id("long")
        card = await service.phone(call=CallInfo(call_id=call_id)).play(excerpt(12.0))
        (ended,) = await events_of(service, call_id, CallEnded)
    assert (ended.by, ended.reason) == ("server", "too_long")
    assert 4.0 <= card["at"] < 8.0


async def test_a_call_that_sends_signs_of_life_only_does_not_stay_for_ever(tmp_path: Path) -> None:
    chosen = limits(call_seconds=1.0, idle_seconds=0.5)
    async with running(settings_for(tmp_path, limits=chosen)) as service, attacker(service) as client:
        call_id = new_id("ping")
        await client.begin(call_id=call_id)

        async def ping() -> None:
            while True:
                await client.say({"type": "ping"})
                await asyncio.sleep(0.1)

        pinging = asyncio.create_task(ping())
        close, _ = await client.closed()
        pinging.cancel()
        await asyncio.gather(pinging, return_exceptions=True)
        (ended,) = await events_of(service, call_id, CallEnded)
    assert close == 1000
    assert ended.reason == "too_long"


@dataclass(frozen=True)
class _PoisonOnce:
    """Knows the script, but one call's first utterance of the agent fails."""

    call_id: str

    def __call__(self) -> ScriptedEngine:
        return _PoisonedEngine(self.call_id)


class _PoisonedEngine(ScriptedEngine):
    def __init__(self, call_id: str) -> None:
        super().__init__(SCENARIO)
        self._call_id = call_id

    def transcribe(self, request: SpeechRequest, /) -> Transcript:
        if request.call_id == self._call_id and request.speaker is Party.AGENT and request.start < 3:
            raise EngineFailed("the scenario says that this utterance fails")
        return super().transcribe(request)


async def test_an_utterance_that_the_engine_cannot_do_is_a_gap_and_the_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = new_id("poison")
    monkeypatch.setattr(node_module, "make_worker", lambda model: ThreadWorker(_PoisonOnce(call_id), slots=2))
    heard: list[dict[str, Any]] = []
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        bystander = asyncio.create_task(healthy_call(service))
        await service.phone(call=CallInfo(call_id=call_id)).play(excerpt(12.0), heard.append)
        whole = await bystander
        lost = await events_of(service, call_id, AudioGap)
        lines = await events_of(service, call_id, Utterance)
        await check_store(service)
        seconds = counted(service, "audio_lost_seconds_total", reason="transcription_failed")
    assert [(gap.speaker, gap.reason) for gap in lost] == [(Party.AGENT, "transcription_failed")]
    told = [message for message in heard if message["type"] == "gap"]
    assert [message["reason"] for message in told] == ["transcription_failed"]
    assert seconds == pytest.approx(lost[0].end - lost[0].start)
    assert any(line.words for line in lines if line.speaker is Party.CUSTOMER)
    assert any(event["type"] == "utterance" and event["speaker"] == "agent" for event in whole)


async def test_a_recogniser_killed_in_a_call_is_started_again_and_the_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers: list[ProcessWorker] = []

    def make(model: object) -> ProcessWorker:
        workers.append(ProcessWorker(ScriptedEngineFactory(scenario=SCENARIO), slots=2))
        return workers[0]

    monkeypatch.setattr(node_module, "make_worker", make)
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        calm = await healthy_call(service)
        pids = set()
        calls = [asyncio.create_task(healthy_call(service)) for _ in range(2)]
        for _ in range(2):
            await asyncio.sleep(0.2)
            pid = workers[0].pid
            if pid is not None and pid not in pids:
                pids.add(pid)
                os.kill(pid, signal.SIGKILL)
        ends = await asyncio.gather(*calls)
        assert pids and workers[0].stats().restarts >= 1
        # A request that dies with the engine is asked again; only two deaths on it would be a gap.
        assert ends == [calm, calm]
        await check_store(service)


async def test_a_detector_that_raises_is_out_of_that_call_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = new_id("raise")

    @dataclass
    class Broken:
        call: CallInfo

        def feed(self, event: Event, /) -> Sequence[Detection]:
            if self.call.call_id == victim and isinstance(event, Utterance):
                raise ValueError("David Miller said something")
            return ()

        def finish(self, at: float, /) -> Sequence[Detection]:
            return ()

    registry = {**REGISTRY, "broken": lambda call, policy: Broken(call)}
    monkeypatch.setattr(judging_module, "REGISTRY", registry)
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        with watching_logs() as logs:
            bystander = asyncio.create_task(healthy_call(service))
            card = await service.phone(call=CallInfo(call_id=victim)).play(excerpt(10.5))
            await bystander
        (failure,) = await events_of(service, victim, DetectorFailed)
        assert (failure.detector, failure.error) == ("broken", "ValueError")
        assert counted(service, "detector_failures_total", detector="broken") == 1
        assert card["items"]
        await check_store(service)
    assert "Miller" not in str(logs)


async def test_voice_measures_that_raise_cost_no_words(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        board = service.node.switchboard

        class Broken:
            def measure(self, audio: object, **place: object) -> list[Any]:
                raise ZeroDivisionError("David Miller")

        calm = await healthy_call(service)
        board._parts = replace(board._parts, prosody=lambda call: Broken())
        with watching_logs() as logs:
            card = await service.phone(call=CallInfo(call_id="flat")).play(excerpt(10.5))
        lines = await events_of(service, "flat", Utterance)
        await check_store(service)
    assert card["items"]
    assert sum(1 for line in lines if line.final and line.words) == sum(
        1 for event in calm if event["type"] == "utterance" and event["words"]
    )
    assert "Miller" not in str(logs)


async def test_a_call_that_breaks_is_filed_and_told_and_no_other_call_notices(tmp_path: Path) -> None:
    """Ears that raise: nothing can be heard of that call any more."""
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        calm = await healthy_call(service)
        board = service.node.switchboard
        whole = board._parts

        class Deaf:
            def probabilities(self, samples: object, /) -> Any:
                raise MemoryError("David Miller")

        with watching_logs() as logs:
            bystander = asyncio.create_task(healthy_call(service))
            while len(board) == 0:  # until the bystander's ears are there
                await asyncio.sleep(0.005)
            board._parts = replace(whole, voice=Deaf)
            close, error = await refused(service, hello("deaf"), *frames(excerpt(1.0)))
            board._parts = whole
            assert await bystander == calm
        assert close == 1011
        assert error is not None and error["code"] == "internal" and error["retryable"] is False
        (ended,) = await events_of(service, "deaf", CallEnded)
        assert ended.reason == "failed"
        await check_store(service)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["call_failed"]
    assert len(closings(logs)) == 1
    assert "Miller" not in str(logs)


def _away(*args: object, **options: object) -> Any:
    raise OperationalError("INSERT … VALUES (?)", ("David Miller said",), Exception("connection refused"))


async def test_a_database_that_goes_away_in_a_call_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        calm = await healthy_call(service)
        repository = service.node.repository
        call_id = new_id("away")
        call = CallInfo(call_id=call_id, agent="a1", customer_name="David Miller")
        with watching_logs() as logs:
            playing = asyncio.create_task(service.phone(call=call, speed=8.0).play(excerpt(10.5)))
            await asyncio.sleep(0.3)
            with monkeypatch.context() as patch:
                for name in ("append", "call", "calls", "events"):
                    patch.setattr(repository, name, _away)
                await asyncio.sleep(0.5)
                # New calls cannot be told from stored ones: later, please.
                close, error = await refused(service, hello())
                assert (close, error and error["retry_after"]) == (1013, 5.0)
                async with service.client() as client:
                    listed = await client.get("/v1/calls")
                    ready = await client.get("/health/ready")
                assert (listed.status_code, listed.json()["title"]) == (
                    503,
                    "overloaded",
                )
                assert listed.headers["retry-after"] == "5"
                assert ready.status_code == 503
                assert "database" in ready.json()["checks"]["store"]
            await playing
        assert facts(await repository.events(call_id, limit=5000)) == calm
        await check_store(service)
    assert "Miller" not in str(logs) + caplog.text


async def test_a_route_that_breaks_answers_with_a_problem_and_logs_no_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:

        def broken(*args: object, **options: object) -> Any:
            raise ValueError("David Miller said")

        monkeypatch.setattr(service.node.repository, "calls", broken)
        with watching_logs() as logs:
            async with service.client() as client:
                answer: httpx.Response = await client.get("/v1/calls")
        count = counted(service, "requests_refused_total", code="internal")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert [entry["error"] for entry in logs if entry["event"] == "request_failed"] == ["ValueError"]
    assert count == 1
    assert "Miller" not in str(logs) + caplog.text + answer.text


async def test_more_sockets_than_the_limit_are_told_to_come_later(tmp_path: Path) -> None:
    chosen = limits(connections=4, hello_seconds=8.0)
    async with running(settings_for(tmp_path, limits=chosen)) as service:
        async with attacker(service), attacker(service), attacker(service), attacker(service):
            for path in ("/v1/calls/stream", "/v1/console", "/v1/twilio"):
                close, _ = await refused(service, path=path)
                assert close == 1013, path
        async with asyncio.timeout(5):
            while (await refused(service, "no hello"))[0] == 1013:  # the others may still be closing
                await asyncio.sleep(0.02)


async def test_a_client_that_never_reads_holds_nothing_when_its_call_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent to it stays stuck in the socket; its call ends all the same, and its connection too."""

    async def stuck(self: ingest.CallSocket, frames: list[Any]) -> None:
        if any('"ready"' in str(frame) for frame in frames):
            await send(self, frames)
        else:
            await asyncio.Event().wait()

    send = ingest.CallSocket._send
    monkeypatch.setattr(ingest.CallSocket, "_send", stuck)
    monkeypatch.setattr(ingest, "_LAST_WORDS", 0.3)
    async with running(settings_for(tmp_path, limits=LIMITS)) as service:
        call_id = new_id("unread")
        async with attacker(service) as client:
            await client.begin(call_id=call_id)
            await client.say(*({"type": "ping"} for _ in range(600)), *frames(excerpt(1.0)), {"type": "bye"})
            async with asyncio.timeout(5):
                close, _ = await client.closed()
        assert close == 1013
        (ended,) = await events_of(service, call_id, CallEnded)
        assert (ended.by, ended.reason) == ("client", "bye")
        await check_store(service)
