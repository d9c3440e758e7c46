"""Two nodes on one Redis and one PostgreSQL: every console sees every call, and reaches every softphone."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from models.scripted import ScriptedEngine, scenario_from
from models.worker import ThreadWorker
from service import node as node_module
from service.softphone import Softphone
from streaming.events import CallInfo
from streaming.ports import SpeechRequest, Transcript
from tests.processes import ServeProcess, scripted
from tests.running import SAMPLES, Running, running, sample, settings_for
from tests.servers import RedisServer

pytestmark = pytest.mark.weights
CALL = CallInfo(call_id="across", agent="a1", team="blue")


@dataclass
class Desk:
    """A supervisor's console that remembers all it was sent; `until` waits for something to be so."""

    socket: ClientConnection
    view: dict[str, Any] = field(default_factory=dict)  # the call in the newest snapshot
    records: list[dict[str, Any]] = field(default_factory=list)  # numbered ones, snapshots' aside
    replies: list[dict[str, Any]] = field(default_factory=list)
    lags: list[tuple[float, bool]] = field(default_factory=list)  # seconds behind, partial lines shown
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        async for text in self.socket:
            message = json.loads(text)
            match message["type"]:
                case "snapshot":
                    calls = {view["call"]["call_id"]: view for view in message["calls"]}
                    self.view = calls.get(CALL.call_id, {})
                case "records":
                    mine = [one for one in message["records"] if one["call_id"] == CALL.call_id]
                    self.records += [one for one in mine if one["seq"]]
                    lags = [one["event"] for one in mine if one["event"]["type"] == "lag"]
                    self.lags += [(one["seconds"], one["partial_lines"]) for one in lags]
                case "reply":
                    self.replies.append(message)
            self._came.set()

    async def until(self, what: Callable[[], Any], *, seconds: float = 30) -> Any:
        async with asyncio.timeout(seconds):
            while not (found := what()):
                self._came.clear()
                await self._came.wait()
        return found

    async def say(self, **message: Any) -> dict[str, Any]:
        """Send a command and return its reply."""
        ref = f"r{len(self.replies)}"
        await self.socket.send(json.dumps({"ref": ref, "call_id": CALL.call_id, **message}))
        answered = lambda: next((one for one in self.replies if one["ref"] == ref), None)  # noqa: E731
        reply: dict[str, Any] = await self.until(answered)
        return reply

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [one["event"] for one in self.records if one["event"]["type"] == kind]

    def lines(self) -> list[str]:
        """Final lines: those of the newest snapshot, and what came since."""
        said = [one for one in self.view.get("utterances", ()) if one["final"]]
        said += [event for event in self.events("utterance") if event["final"]]
        return [f"{one['id']} {_text(one)}" for one in said if one["words"]]


def _text(utterance: dict[str, Any]) -> str:
    return " ".join(word["text"] for word in utterance["words"])


@asynccontextmanager
async def desk_at(url: str) -> AsyncGenerator[Desk, None]:
    async with connect(f"{url}/v1/console", max_size=None) as socket:
        desk = Desk(socket)
        reading = asyncio.create_task(desk.read())
        try:
            yield desk
        finally:
            await socket.close()
            await reading


@asynccontextmanager
async def two_nodes(folder: Path, redis: str, postgres: str) -> AsyncGenerator[tuple[Running, Running], None]:
    shared: dict[str, Any] = {"script": "bad_answer_call", "redis_url": redis, "database_url": postgres}
    async with (
        running(settings_for(folder, **shared)) as one,
        running(settings_for(folder, **shared)) as other,
    ):
        yield one, other


@contextmanager
def two_processes(folder: Path, redis: str, postgres: str) -> Iterator[tuple[ServeProcess, ServeProcess]]:
    shared = {"CALLCUE_REDIS_URL": redis, "CALLCUE_DATABASE_URL": postgres, **scripted("bad_answer_call")}
    nodes = [ServeProcess(folder, CALLCUE_NODE=name, **shared) for name in ("one", "other")]
    try:
        for node in nodes:  # side by side: both want to migrate the empty database
            node.begin()
        for node in nodes:
            node.wait_ready()
        yield nodes[0], nodes[1]
    finally:
        for node in nodes:
            node.kill()


def phone_at(url: str, speed: float = 14.0) -> Softphone:
    return Softphone(url=url, call=CALL, speed=speed)


async def supervise_from_afar(here: str, afar: str) -> tuple[Desk, Desk, list[dict[str, Any]]]:
    """Play the call at one node; ack its first alert and whisper from a console of the other."""
    heard: list[dict[str, Any]] = []
    async with desk_at(here) as near, desk_at(afar) as far, asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(phone_at(here).play(sample("bad_answer_call"), heard.append))
        (alert, *_) = await far.until(lambda: far.events("alert"))
        assert (await far.say(type="ack", alert_id=alert["id"], useful=True))["ok"]
        assert (await far.say(type="whisper", text="let her finish", alert_id=alert["id"]))["ok"]
        await far.until(lambda: far.events("whisper_delivered"))
        assert not playing.done(), "the call was over before the console answered"
        for desk in (near, far):
            await desk.until(partial(desk.events, "scorecard"))
    return near, far, heard


def assert_same_call(near: Desk, far: Desk, heard: list[dict[str, Any]]) -> None:
    assert near.records == far.records
    assert [one["seq"] for one in far.records] == list(range(1, len(far.records) + 1))
    assert len(far.lines()) > 10
    assert [one["text"] for one in heard if one["type"] == "whisper"] == ["let her finish"]
    acked = [event for event in far.events("alert_update") if event["state"] == "acked"]
    assert [event["useful"] for event in acked] == [True]


async def test_a_console_of_one_node_follows_and_answers_a_call_on_the_other(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    async with two_nodes(tmp_path, redis_url, postgres_url) as (one, other):
        near, far, heard = await supervise_from_afar(one.ws, other.ws)
        assert_same_call(near, far, heard)
        async with one.client() as here, other.client() as afar:
            path = f"/v1/calls/{CALL.call_id}"
            assert (await here.get(path)).json() == (await afar.get(path)).json()


async def test_a_console_that_comes_in_mid_call_at_the_other_node_has_it_whole(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    async with two_nodes(tmp_path, redis_url, postgres_url) as (one, other), asyncio.TaskGroup() as tasks:
        tasks.create_task(phone_at(one.ws).play(sample("bad_answer_call")))
        async with desk_at(one.ws) as near:
            await near.until(lambda: len(near.lines()) >= 5)
            async with desk_at(other.ws) as far:
                await far.until(lambda: far.events("scorecard"))
                await near.until(lambda: near.events("scorecard"))
    assert len(far.view["utterances"]) >= 4, "the snapshot holds what was said before"
    assert far.lines() == near.lines()


class Stopping(ScriptedEngine):
    """Answers nothing before it may."""

    go_on = threading.Event()

    def transcribe(self, request: SpeechRequest, /) -> Transcript:
        self.go_on.wait()
        return super().transcribe(request)


async def test_a_console_elsewhere_sees_that_a_call_is_behind_and_has_caught_up(
    tmp_path: Path, redis_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stopping.go_on.clear()
    scenario = scenario_from(SAMPLES / "bad_answer_call.truth.json")
    monkeypatch.setattr(node_module, "make_worker", lambda model: ThreadWorker(lambda: Stopping(scenario)))

    async def row(service: Running) -> dict[str, Any]:
        async with service.client() as client:
            rows = (await client.get("/v1/calls")).json()["calls"]
        return next((one for one in rows if one["call_id"] == CALL.call_id), {})

    async with two_nodes(tmp_path, redis_url, postgres_url) as (one, other), desk_at(other.ws) as far:
        try:
            playing = asyncio.create_task(phone_at(one.ws, speed=4.0).play(sample("bad_answer_call")))
            await far.until(lambda: any(seconds >= 2 and not shown for seconds, shown in far.lags))
            behind = await row(other)
            async with desk_at(other.ws) as late:
                await late.until(lambda: late.view)
        finally:
            Stopping.go_on.set()
        await far.until(lambda: far.lags[-1] == (0.0, True) or far.events("call_ended"))
        await far.until(lambda: far.events("scorecard"))
        await playing
        over = await row(other)
        stored = [record.event.type async for record in one.node.repository.replay(CALL.call_id)]
    assert behind["lag"] >= 2 and behind["partial_lines"] is False
    assert late.view["lag"] >= 2 and late.view["partial_lines"] is False
    assert (over["lag"], over["partial_lines"]) == (None, None)
    assert "lag" not in stored
    assert [one["seq"] for one in far.records] == list(range(1, len(stored) + 1))


@pytest.mark.parametrize("crash", [False, True], ids=["unreachable", "restarted empty"])
async def test_while_redis_is_away_the_call_goes_on_and_the_other_node_catches_up(
    tmp_path: Path, redis_server: RedisServer, postgres_url: str, crash: bool
) -> None:
    async with (
        two_nodes(tmp_path, redis_server.url, postgres_url) as (one, other),
        desk_at(one.ws) as near,
        desk_at(other.ws) as far,
        asyncio.TaskGroup() as tasks,
    ):
        heard: list[dict[str, Any]] = []
        tasks.create_task(phone_at(one.ws).play(sample("bad_answer_call"), heard.append))
        await far.until(lambda: len(far.lines()) >= 2)
        away, back = (redis_server.kill, redis_server.start) if crash else _paused(redis_server)
        away()
        before, seen_afar = len(near.lines()), len(far.lines())
        await near.until(lambda: len(near.lines()) >= before + 5)
        assert (await near.say(type="whisper", text="go on"))["ok"]
        await near.until(lambda: near.events("whisper_delivered"))
        assert len(far.lines()) <= seen_afar + 2, "Redis was not away"
        await asyncio.to_thread(back)
        await far.until(lambda: far.events("scorecard") or far.view.get("scorecard"))
        await near.until(lambda: near.events("scorecard") or near.view.get("scorecard"))
        await asyncio.gather(*(desk.until(desk.lines) for desk in (near, far)))
        views = [service.node.live.view.view(CALL.call_id) for service in (one, other)]
        stored = [record async for record in one.node.repository.replay(CALL.call_id)]
    for desk in (near, far):
        assert Counter(one["seq"] for one in desk.records).most_common(1)[0][1] == 1, "something came twice"
    assert views[0] == views[1], "one node's picture of the call is not the other's"
    assert [record.seq for record in stored] == list(range(1, len(stored) + 1))
    assert [one["text"] for one in heard if one["type"] == "whisper"] == ["go on"]


def _paused(server: RedisServer) -> tuple[Callable[[], None], Callable[[], None]]:
    return server.pause, server.resume


async def test_two_processes_share_calls_and_commands(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    with two_processes(tmp_path, redis_url, postgres_url) as (one, other):
        assert_same_call(*await supervise_from_afar(one.ws, other.ws))
        assert (one.stop(), other.stop()) == (0, 0)


async def test_a_killed_node_s_call_is_ended_when_it_is_back_and_consoles_elsewhere_learn_it(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    with two_processes(tmp_path, redis_url, postgres_url) as (one, other):
        async with desk_at(other.ws) as far:
            playing = asyncio.create_task(phone_at(one.ws).play(sample("bad_answer_call")))
            await far.until(lambda: len(far.lines()) >= 4)
            await asyncio.to_thread(one.kill)
            with pytest.raises(ConnectionClosed):
                await playing
            await asyncio.to_thread(one.start)
            await far.until(lambda: far.events("call_ended") or far.view.get("state") == "ended")
        async with httpx.AsyncClient(base_url=other.http) as client:
            view = (await client.get(f"/v1/calls/{CALL.call_id}")).json()
            live = (await client.get("/v1/calls", params={"state": "live"})).json()["calls"]
            log = (await client.get(f"/v1/calls/{CALL.call_id}/events")).json()["records"]
        assert view["state"] == "ended" and live == []
        assert log[-1]["event"]["type"] == "call_ended" and log[-1]["event"]["reason"] == "abandoned"
        assert view["seq"] == log[-1]["seq"], "the console shows what the store does not have"
        assert [one["seq"] for one in log] == list(range(1, len(log) + 1))
