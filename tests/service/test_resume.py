"""A softphone that comes back: nothing doubled, nothing lost unsaid, and only with its token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from service.settings import LimitSettings
from streaming.dialects.native import audio_message
from streaming.events import AudioGap, CallEnded, CallInfo, Record
from tests.running import Running, running, settings_for
from tests.service.attack import (
    Client,
    attacker,
    check_store,
    excerpt,
    facts,
    frames,
    gone,
    hello,
    new_id,
    refused,
    silence,
)

pytestmark = [pytest.mark.weights, pytest.mark.asyncio(loop_scope="module")]

GRACE = 1.5
WHOLE = excerpt(20.0)
RATE = WHOLE.rate


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running, None]:
    limits = LimitSettings(resume_seconds=GRACE, drain_seconds=1.0)
    settings = settings_for(tmp_path_factory.mktemp("resume"), limits=limits)
    async with running(settings) as started:
        yield started
        await check_store(started)


async def log_of(service: Running, call_id: str) -> list[Record]:
    await service.node.writer.flush(call_id)
    return await service.node.repository.events(call_id, limit=5000)


def gaps(records: list[Record]) -> list[AudioGap]:
    return [record.event for record in records if isinstance(record.event, AudioGap)]


async def vanish(service: Running, client: Client, call_id: str) -> None:
    """A TCP reset in the middle of a frame; returns when the service has noticed."""
    client.abort()
    live = service.node.switchboard.find(call_id)
    assert live is not None
    async with asyncio.timeout(5):
        while live.socket is not None:
            await asyncio.sleep(0.005)


async def broken_call(
    service: Running, call_id: str, *, at: float, again: float | None
) -> list[dict[str, Any]]:
    """Play until `at` seconds, vanish, come back; go on from `again` seconds, or from the ready's position.

    Returns what the second connection heard.
    """
    facts_given = {"call_id": call_id, "customer_name": "David Miller", "agent": "a1"}
    async with attacker(service) as client:
        ready = await client.begin(**facts_given)
        await client.play(excerpt(at))
        await vanish(service, client, call_id)
    async with attacker(service) as client:
        back = await client.begin(**facts_given, resume=ready["resume"])
        assert 0 < back["position"] <= at * RATE
        start = back["position"] if again is None else round(again * RATE)
        await client.play(WHOLE, start)
        await client.say({"type": "bye"})
        close, error = await client.closed()
    assert (close, error) == (1000, None)
    assert len(client.of("done")) == 1
    return client.heard


async def test_audio_sent_again_from_where_the_service_says_loses_and_doubles_nothing(
    service: Running,
) -> None:
    unbroken, broken = new_id("whole"), new_id("back")
    call = CallInfo(call_id=unbroken, customer_name="David Miller", agent="a1")
    await service.phone(call=call).play(WHOLE)
    heard = await broken_call(service, broken, at=9.03, again=None)
    records = await log_of(service, broken)
    assert facts(records) == facts(await log_of(service, unbroken))
    assert gaps(records) == []
    assert not [message for message in heard if message["type"] == "gap"]


async def test_a_client_that_kept_nothing_goes_on_and_the_hole_is_a_disconnection(service: Running) -> None:
    call_id = new_id("hole")
    heard = await broken_call(service, call_id, at=8.0, again=12.0)
    lost = gaps(await log_of(service, call_id))
    until = heard[0]["position"] / RATE  # a reset takes with it what the service had not read yet
    assert 6.0 < until <= 8.0
    assert sorted((gap.speaker, gap.start, gap.end, gap.reason) for gap in lost) == [
        ("agent", until, 12.0, "disconnected"),
        ("customer", until, 12.0, "disconnected"),
    ]
    told = [m for m in heard if m["type"] == "gap"]
    assert [(m["start"], m["end"], m["reason"]) for m in told] == [(until, 12.0, "disconnected")] * 2


async def test_a_whisper_waits_for_the_softphone_to_come_back(service: Running) -> None:
    call_id = new_id("whisper")
    async with attacker(service) as client:
        ready = await client.begin(call_id=call_id)
        await vanish(service, client, call_id)
    live = service.node.switchboard.find(call_id)
    assert live is not None
    live.session.whisper(whisper_id="w1", text="use her name", by="kim", alert_id=None)
    async with attacker(service) as client:
        await client.begin(call_id=call_id, resume=ready["resume"])
        assert (await client.until("whisper"))["id"] == "w1"
        await client.say({"type": "bye"})
        await client.closed()
    kinds = [record.event.type for record in await log_of(service, call_id)]
    assert kinds.count("whisper") == kinds.count("whisper_delivered") == 1


@pytest.mark.parametrize("token", ["guess", "", "a" * 32])
async def test_a_wrong_token_takes_no_call(service: Running, token: str) -> None:
    call_id = new_id("theft")
    async with attacker(service) as client:
        await client.begin(call_id=call_id)
        await vanish(service, client, call_id)
    close, error = await refused(service, hello(call_id, resume=token or None))
    assert close == 4409
    assert error is not None and "resume token" in error["message"]
    assert service.node.switchboard.find(call_id) is not None
    await gone(service, call_id)


async def test_a_resumed_call_keeps_its_rate_and_channels(service: Running) -> None:
    call_id = new_id("rate")
    async with attacker(service) as client:
        ready = await client.begin(call_id=call_id)
        await vanish(service, client, call_id)
    for change in ({"rate": 16000}, {"channels": ["agent"]}):
        close, error = await refused(service, hello(call_id, resume=ready["resume"], **change))
        assert close == 4409
        assert error is not None and "rate and channels" in error["message"]
    async with attacker(service) as client:  # neither attempt took its place
        await client.begin(call_id=call_id, resume=ready["resume"])
        await client.say({"type": "bye"})
        assert (await client.closed())[0] == 1000


async def test_after_the_time_to_come_back_the_call_is_over(service: Running) -> None:
    call_id = new_id("late")
    async with attacker(service) as client:
        ready = await client.begin(call_id=call_id)
        await client.say(audio_message(0, silence(1600)))
        await vanish(service, client, call_id)
    await gone(service, call_id)
    close, error = await refused(service, hello(call_id, resume=ready["resume"]))
    assert close == 4409
    assert error is not None and "resumed is over" in error["message"]
    ends = [r.event for r in await log_of(service, call_id) if isinstance(r.event, CallEnded)]
    assert [(end.by, end.reason) for end in ends] == [("client", "vanished")]


async def test_a_second_socket_of_a_live_call_is_refused_and_the_first_goes_on(service: Running) -> None:
    call_id = new_id("twice")
    async with attacker(service) as client:
        ready = await client.begin(call_id=call_id)
        for first in (hello(call_id), hello(call_id, resume="wrong")):
            close, error = await refused(service, first)
            assert close == 4409
            assert error is not None and "resume token" in error["message"]
            assert ready["resume"] not in str(error)
        await client.say(*frames(excerpt(1.0)), {"type": "bye"})
        assert (await client.closed())[0] == 1000


async def test_a_second_socket_with_the_right_token_waits_until_the_first_is_gone(service: Running) -> None:
    call_id = new_id("token")
    async with attacker(service) as client:
        ready = await client.begin(call_id=call_id)
        assert (await refused(service, hello(call_id, resume=ready["resume"])))[0] == 4409
        await client.say({"type": "bye"})
        assert (await client.closed())[0] == 1000


async def test_a_stored_calls_id_begins_no_second_call(service: Running) -> None:
    call_id = new_id("stored")
    await service.phone(call=CallInfo(call_id=call_id)).play(excerpt(2.0))
    before = await log_of(service, call_id)
    close, error = await refused(service, hello(call_id), *frames(excerpt(1.0)))
    assert close == 4409
    assert error is not None and "own id" in error["message"]
    assert await log_of(service, call_id) == before


async def test_of_two_sockets_that_say_one_new_id_at_once_one_begins(service: Running) -> None:
    for _ in range(5):
        call_id = new_id("race")
        async with attacker(service) as one, attacker(service) as two:
            await asyncio.gather(one.say(hello(call_id)), two.say(hello(call_id)))
            first = await asyncio.gather(one.socket.recv(), two.socket.recv())
            kinds = sorted("ready" if '"ready"' in text else "call_exists" for text in map(str, first))
            assert kinds == ["call_exists", "ready"]
            await asyncio.gather(one.say({"type": "bye"}), two.say({"type": "bye"}))
            codes = await asyncio.gather(one.closed(), two.closed())
        assert sorted(code or 0 for code, _ in codes) == [1000, 4409]


@pytest.mark.parametrize("cuts", [[3.0, 6.5, 11.0], [0.02, 0.04, 19.9]])
async def test_however_often_it_breaks_the_call_is_judged_as_one(service: Running, cuts: list[float]) -> None:
    call_id, unbroken = new_id("cuts"), new_id("whole")
    await service.phone(call=CallInfo(call_id=unbroken)).play(WHOLE)
    token: dict[str, str] = {}
    start = 0
    for cut in cuts:
        async with attacker(service) as client:
            ready = await client.begin(call_id=call_id, **token)
            token = {"resume": ready["resume"]}
            start = ready["position"]
            await client.play(excerpt(cut), start)
            await vanish(service, client, call_id)
    async with attacker(service) as client:
        ready = await client.begin(call_id=call_id, **token)
        await client.play(WHOLE, ready["position"])
        await client.say({"type": "bye"})
        assert (await client.closed())[0] == 1000
    records = await log_of(service, call_id)
    assert facts(records) == facts(await log_of(service, unbroken))
    assert gaps(records) == []
