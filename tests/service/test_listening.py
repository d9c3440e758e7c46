"""A supervisor who listens in hears the call as it is, soon, and by permission; nobody else notices."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from service import listening as listening_module
from service.settings import TokenSettings
from service.softphone import CallAudio, generated
from streaming.audio import Encoding, decode, encode
from streaming.events import CallInfo, Event, ListeningEnded, ListeningStarted, Party
from streaming.relay import MemoryRelay
from tests.running import Running, running, sample, settings_for

CONSOLE, LISTENING = "console-token-0123456789", "listening-token-0123456789"
CALL = CallInfo(call_id="heard", agent="a7", customer_name="Suzanne")
_GOOD = sample("good_call")
OPENING = replace(_GOOD, samples=_GOOD.samples[:, : 15 * _GOOD.rate])


class Ear:
    """What a listener was sent: samples by party and position."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.head: dict[str, Any] = {}
        self.packets: list[tuple[Party, int, np.ndarray]] = []
        self.ended = False

    async def take(self) -> None:
        message = await self.socket.recv()
        if isinstance(message, str):
            told = json.loads(message)
            self.ended = told["type"] == "ended"
            self.head = self.head or told
            return
        who, position = struct.unpack_from(">BI", message)
        party = (Party.AGENT, Party.CUSTOMER)[who]
        self.packets.append((party, position, np.frombuffer(message[5:], dtype="<i2")))

    async def until_ended(self) -> int:
        """The close code."""
        try:
            while True:
                await self.take()
        except ConnectionClosed as close:
            assert close.rcvd is not None
            return close.rcvd.code


@asynccontextmanager
async def ear(service: Running, call_id: str = CALL.call_id, **options: Any) -> AsyncIterator[Ear]:
    async with connect(f"{service.ws}/v1/calls/{call_id}/listen", proxy=None, **options) as socket:
        yield Ear(socket)


async def live(service: Running, call_id: str = CALL.call_id) -> None:
    async with asyncio.timeout(20):
        while service.node.live.view.state(call_id) != "live":
            await asyncio.sleep(0.02)


async def log_of(service: Running, call_id: str = CALL.call_id) -> list[Event]:
    return [record.event async for record in service.node.repository.replay(call_id)]


def close_code(refused: ConnectionClosed) -> int:
    assert refused.rcvd is not None
    return refused.rcvd.code


@pytest.mark.parametrize("framing", ["native", "twilio"])
async def test_a_listener_hears_both_parties_as_they_were_sent_and_each_listening_is_logged(
    tmp_path: Path, framing: str
) -> None:
    audio = generated(8.0)
    async with running(settings_for(tmp_path)) as service, asyncio.TaskGroup() as tasks:
        tasks.create_task(service.phone(call=CALL, framing=framing, speed=2.0).play(audio))
        await live(service)
        async with ear(service) as listener:
            assert await listener.until_ended() == 1000
        await asyncio.sleep(0.2)
        events = await log_of(service)
    assert listener.ended
    assert (listener.head["type"], listener.head["rate"]) == ("listening", 8000)
    assert listener.head["parties"] == ["agent", "customer"]
    for row, party in enumerate(audio.parties):
        heard = [(position, pcm) for who, position, pcm in listener.packets if who is party]
        assert sum(len(pcm) for _, pcm in heard) > 4 * 8000
        for position, pcm in heard:
            sent = audio.samples[row, position : position + len(pcm)]
            mulaw = decode(Encoding.MULAW, encode(Encoding.MULAW, sent))
            assert np.abs(pcm / 32768 - mulaw).max() < 1e-4
    (begun,) = [event for event in events if isinstance(event, ListeningStarted)]
    (over,) = [event for event in events if isinstance(event, ListeningEnded)]
    assert begun.id == over.id == listener.head["id"]
    assert begun.at < over.at


async def test_who_leaves_is_logged_and_the_call_is_relieved_of_its_tap(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(service.phone(call=CALL, speed=1.0).play(generated(8.0)))
        await live(service)
        session = service.node.switchboard.sessions()[0]
        assert session.tap is None, "nobody listens: nothing is done for it"
        async with ear(service) as one, ear(service) as other:
            await one.take()
            await other.take()
            assert one.head["id"] != other.head["id"]
            await asyncio.sleep(0.5)
            assert session.tap is not None
            view = service.node.live.view.view(CALL.call_id)
            assert view is not None and len(view.listeners) == 2
        async with asyncio.timeout(5):
            while session.tap is not None:
                await asyncio.sleep(0.05)
        await playing
        events = await log_of(service)
        view = service.node.live.view.view(CALL.call_id)
    assert view is not None and view.listeners == ()
    assert [type(one) for one in events if isinstance(one, ListeningStarted | ListeningEnded)] == [
        ListeningStarted,
        ListeningStarted,
        ListeningEnded,
        ListeningEnded,
    ]


async def test_the_transcript_is_the_same_whether_anybody_listens_or_not(tmp_path: Path) -> None:
    async def lines(folder: Path, listened: bool) -> list[Event]:
        folder.mkdir()
        async with running(settings_for(folder)) as service, asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(service.phone(call=CALL, speed=8.0).play(OPENING))
            if listened:
                await live(service)
                async with ear(service) as listener:
                    await listener.until_ended()
            await playing
            log = await log_of(service)
        return [event for event in log if not isinstance(event, ListeningStarted | ListeningEnded)]

    alone, listened = await lines(tmp_path / "a", False), await lines(tmp_path / "b", True)
    assert [event for event in listened if event.type == "utterance"]
    assert listened[1:] == alone[1:], "but for when the call began"


async def test_a_listener_whose_node_died_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening_module, "LEASE", 1.0)
    async with running(settings_for(tmp_path)) as service, asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(service.phone(call=CALL, speed=1.0).play(generated(6.0)))
        await live(service)
        service.node.listening.begin(CALL.call_id, "of-a-node-that-dies", by=None)
        await playing
        events = await log_of(service)
    (over,) = [event for event in events if isinstance(event, ListeningEnded)]
    assert over.at < 4.5


async def test_a_relay_that_is_away_disturbs_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError

    async with running(settings_for(tmp_path)) as service, asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(service.phone(call=CALL, speed=4.0).play(OPENING))
        await live(service)
        monkeypatch.setattr(service.node.relay, "send", away)
        async with ear(service) as listener:
            assert await listener.until_ended() == 4404, "the node did not answer"
        card = await playing
    assert card["heard"][0]["lost"] == 0


async def test_only_a_token_of_that_role_opens_a_call(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr(CONSOLE),), listening=(SecretStr(LISTENING),))
    async with running(settings_for(tmp_path, tokens=tokens)) as service, asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(service.phone(call=CALL, speed=2.0).play(generated(6.0)))
        await live(service)
        for token in ("nonsense", CONSOLE):
            async with ear(service) as refused:
                await refused.socket.send(json.dumps({"type": "auth", "token": token}))
                assert await refused.until_ended() == 4403
        async with ear(service, additional_headers={"Authorization": f"Bearer {LISTENING}"}) as header:
            await header.take()
        async with ear(service) as admitted:
            await admitted.socket.send(json.dumps({"type": "auth", "token": LISTENING, "name": "Kim"}))
            await admitted.take()
            view = None
            async with asyncio.timeout(5):
                while view is None or not view.listeners:
                    await asyncio.sleep(0.05)
                    view = service.node.live.view.view(CALL.call_id)
            assert [one.by for one in view.listeners if one.id == admitted.head["id"]] == ["Kim"]
        async with service.client(headers={"Authorization": f"Bearer {LISTENING}"}) as client:
            assert (await client.get("/v1/calls")).status_code == 200, "it opens the console, too"
            assert (await client.get("/v1/config")).json()["listening"] is True
        async with service.client(headers={"Authorization": f"Bearer {CONSOLE}"}) as client:
            assert (await client.get("/v1/config")).json()["listening"] is False
        await playing


async def test_without_a_listening_token_nobody_listens_where_consoles_need_one(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr(CONSOLE),))
    bearer = {"Authorization": f"Bearer {CONSOLE}"}
    async with (
        running(settings_for(tmp_path, tokens=tokens)) as service,
        ear(service, additional_headers=bearer) as refused,
    ):
        assert await refused.until_ended() == 4403


@pytest.mark.parametrize("call_id", ["never-was", "over"])
async def test_a_call_that_is_not_live_cannot_be_heard(tmp_path: Path, call_id: str) -> None:
    async with running(settings_for(tmp_path)) as service:
        await service.phone(call=CallInfo(call_id="over")).play(generated(1.0))
        async with ear(service, call_id) as refused:
            assert await refused.until_ended() == 4404


async def test_a_receiver_that_does_not_read_loses_the_oldest_and_holds_up_nobody() -> None:
    relay = MemoryRelay()
    async with relay.receive("c") as slow, relay.receive("c") as quick:
        for n in range(200):
            await relay.send("c", bytes([n]))
            if n < 3:
                assert await anext(quick) == bytes([n])
        first = await anext(slow)
    assert first == bytes([200 - 64])


async def test_the_audio_of_a_listener_is_a_fraction_of_a_second_old(tmp_path: Path) -> None:
    """Within the service; the page adds its own jitter buffer (tests/browser)."""
    audio = CallAudio(parties=(Party.AGENT, Party.CUSTOMER), rate=8000, samples=generated(6.0).samples)
    async with running(settings_for(tmp_path)) as service, asyncio.TaskGroup() as tasks:
        loop = asyncio.get_running_loop()
        began = loop.time()
        playing = tasks.create_task(service.phone(call=CALL, speed=1.0).play(audio))
        await live(service)
        ages = []
        async with ear(service) as listener:
            while not listener.ended:
                await listener.take()
                if listener.packets:
                    _, position, pcm = listener.packets[-1]
                    ages.append(loop.time() - began - (position + len(pcm)) / 8000)
        await playing
    assert sorted(ages)[len(ages) // 2] < 0.5
