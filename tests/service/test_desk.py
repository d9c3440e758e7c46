"""An agent's desk: own calls only, one cue at a time, nothing the profile forbids, whispers told as seen."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter
from pydantic_core import to_json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from detectors.base import catalogue
from service.callview import CallProjection, Keep
from service.commands import Command
from service.desk import read
from service.desk_pass import agent_of, issue
from service.deskview import CUE_SECONDS, DeskMessage, desk_call, desk_review
from service.settings import TokenSettings
from service.softphone import generated
from streaming.errors import ConfigError, Unauthorized
from streaming.events import (
    Alert,
    AlertUpdate,
    CallEnded,
    CallInfo,
    CallStarted,
    Detection,
    Event,
    ListeningEnded,
    ListeningStarted,
    Party,
    Profile,
    Severity,
    Tick,
    Utterance,
    Verdict,
    Word,
    WordSpan,
)
from tests.dialects.test_protocol_page import blocks
from tests.running import Running, running, sample, settings_for

KEY, OLD = SecretStr("desk-signing-key-0123456789"), SecretStr("an-older-key-0123456789")
ROWS = catalogue()


# The pure parts


def view_of(*events: Event, profile: Profile = Profile.EU_WORKPLACE) -> Any:
    projection = CallProjection("c", Keep())
    call = CallInfo(call_id="c", agent="a7", customer_name="Suzanne", profile=profile)
    for event in (CallStarted(call=call), *events):
        projection.apply(event)
    return projection.view(seq=1)


def alert(at: float, behaviour: str = "emotion.leakage", **options: Any) -> Alert:
    facts = {
        "id": f"{behaviour}#{at:g}",
        "at": at,
        "behaviour": behaviour,
        "verdict": Verdict.MISSED,
        "severity": Severity.WARNING,
        "title": "for the supervisor",
        "coaching": f"do this at {at:g}",
        "detections": (),
    }
    return Alert(**{**facts, **options})


def cue_of(*events: Event, **options: Any) -> str | None:
    cue = desk_call(view_of(*events, **options), ROWS, cues=True).cue
    return cue.text if cue else None


def test_there_is_at_most_one_cue_the_newest():
    assert cue_of(alert(10), alert(20), Tick(at=21)) == "do this at 20"
    assert desk_call(view_of(alert(10)), ROWS, cues=False).cue is None


@pytest.mark.parametrize("state", ["dismissed", "followed", "expired", "withdrawn"])
def test_a_cue_goes_when_it_was_done_or_turned_down(state: Any):
    assert cue_of(alert(10), AlertUpdate(id="emotion.leakage#10", at=12, state=state)) is None


def test_a_cue_stays_while_a_supervisor_has_only_taken_note_and_goes_with_the_moment():
    acked = AlertUpdate(id="emotion.leakage#10", at=12, state="acked", by="Kim")
    assert cue_of(alert(10), acked, Tick(at=10 + CUE_SECONDS)) == "do this at 10"
    assert cue_of(alert(10), acked, Tick(at=11 + CUE_SECONDS)) is None
    assert cue_of(alert(10), CallEnded(at=12)) is None


def test_no_cue_rests_on_words_that_may_still_change():
    assert cue_of(alert(10, provisional=True)) is None


def test_where_the_agents_voice_is_left_alone_no_cue_and_no_review_rests_on_it():
    voice = next(row.id for row in ROWS.values() if row.uses_agent_voice)
    judged = detection(voice, Verdict.MISSED)
    for profile, shown in ((Profile.EU_WORKPLACE, False), (Profile.FULL, True)):
        assert (cue_of(alert(10, voice), profile=profile) is not None) is shown
        review = desk_review(view_of(judged, CallEnded(at=20), profile=profile), ROWS)
        assert bool(review.behaviours) is shown


def detection(
    behaviour: str, verdict: Verdict, *spans: WordSpan, speaker: Party = Party.AGENT, **more: Any
) -> Detection:
    return Detection(
        id=f"{behaviour}/{verdict}/{len(spans)}/{more.get('start', 5)}",
        behaviour=behaviour,
        verdict=verdict,
        speaker=speaker,
        confidence=0.9,
        severity=Severity.NOTICE,
        evidence=spans,
        note="A note.",
        **{"start": 5.0, "end": 6.0, "at": 6.0, **more},
    )


def line(utterance_id: str, speaker: Party, *words: str) -> Utterance:
    return Utterance(
        speaker=speaker,
        id=utterance_id,
        revision=0,
        start=5.0,
        end=6.0,
        words=tuple(Word(text=word, start=5.0, end=6.0) for word in words),
        final=True,
    )


def test_the_review_counts_judged_behaviours_and_quotes_the_agent_alone():
    spans = (WordSpan(utterance_id="c1", first=0, last=1), WordSpan(utterance_id="a1", first=0, last=1))
    review = desk_review(
        view_of(
            line("c1", Party.CUSTOMER, "I'm", "furious"),
            line("a1", Party.AGENT, "calm", "down"),
            detection("emotion.leakage", Verdict.HARMFUL, *spans),
            detection("name.use", Verdict.DELIVERED, spans[0]),
            detection("name.use", Verdict.DELIVERED, provisional=True, start=9.0, end=9.5),
            detection("emotion.frustration", Verdict.OBSERVED, speaker=Party.CUSTOMER),
            CallEnded(at=30.0),
        ),
        ROWS,
    )
    name, leakage = review.behaviours
    assert (name.id, name.delivered, name.missed, name.harmful) == ("name.use", 1, 0, 0)
    assert name.moments[0].quote is None, "the customer's words are not the agent's"
    assert (leakage.id, leakage.harmful, leakage.moments[0].quote) == ("emotion.leakage", 1, "calm down")


def test_the_agent_is_told_while_somebody_listens():
    begun = ListeningStarted(id="l", at=1.0, by="Kim")
    assert desk_call(view_of(begun), ROWS, cues=True).listening
    assert not desk_call(view_of(begun, ListeningEnded(id="l", at=2.0)), ROWS, cues=True).listening


def test_a_pass_is_the_agents_it_was_made_for_until_it_runs_out():
    given = issue("a7", until=100.0, keys=[KEY])
    assert agent_of(given, now=99.0, keys=[KEY]) == "a7"
    assert agent_of(given, now=99.0, keys=[OLD, KEY]) == "a7", "a key may be rotated"
    other = issue("a8", until=100.0, keys=[KEY])
    swapped = ".".join((*other.split(".")[:2], given.split(".")[2]))
    for wrong in ("", "desk1", given[:-2], swapped, f"{given}x", KEY.get_secret_value(), "desk1.é.é"):
        with pytest.raises(Unauthorized):
            agent_of(wrong, now=99.0, keys=[KEY])
    with pytest.raises(Unauthorized):
        agent_of(given, now=100.0, keys=[KEY])
    with pytest.raises(Unauthorized):
        agent_of(given, now=99.0, keys=[OLD])
    with pytest.raises(ConfigError):
        issue("a7", until=1.0, keys=[])


# On a running service


class Screen:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.call: dict[str, Any] | None = None
        self.sizes: list[int] = []

    async def until(self, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while self.call is None or not condition(self.call):
                text = await self.socket.recv()
                self.sizes.append(len(text))
                self.call = json.loads(text)["call"]
        return self.call

    async def seen(self, whisper_id: str, call_id: str = "mine") -> None:
        await self.socket.send(json.dumps({"type": "seen", "call_id": call_id, "id": whisper_id}))

    async def closed(self) -> int:
        async with asyncio.timeout(10):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed as close:
                assert close.rcvd is not None
                return close.rcvd.code


@asynccontextmanager
async def desk(service: Running, query: str = "?agent=a7", **options: Any) -> AsyncIterator[Screen]:
    async with connect(f"{service.ws}/v1/desk{query}", proxy=None, **options) as socket:
        yield Screen(socket)


def call(call_id: str = "mine", agent: str = "a7") -> CallInfo:
    return CallInfo(call_id=call_id, agent=agent, customer_name="Suzanne")


def told(service: Running, call_id: str = "mine") -> list[tuple[bool, bool]]:
    view = service.node.live.view.view(call_id)
    return [(one.delivered, one.seen) for one in view.whispers] if view else []


async def all_stored(service: Running) -> None:
    """Until no call is live, and all is stored."""
    async with asyncio.timeout(10):
        while service.node.switchboard.sessions():
            await asyncio.sleep(0.02)
    await service.node.writer.flush("mine")


@pytest.mark.parametrize("framing", ["native", "twilio"])
async def test_a_whisper_reaches_the_desk_and_its_being_seen_reaches_the_supervisor(
    tmp_path: Path, framing: str
) -> None:
    """Twilio takes no messages: without the desk its agents could be told nothing."""
    async with running(settings_for(tmp_path)) as service, asyncio.TaskGroup() as tasks:
        phone = service.phone(call=call(), framing=framing, speed=1.0)
        playing = tasks.create_task(phone.play(generated(6.0)))
        async with desk(service) as screen:
            await screen.until(lambda shown: shown["state"] == "live")
            await service.node.commands.send(
                Command(type="whisper", call_id="mine", text="Offer it.", by="Kim")
            )
            shown = await screen.until(lambda shown: shown["whispers"])
            (whisper,) = shown["whispers"]
            assert (whisper["text"], whisper["by"], whisper["seen"]) == ("Offer it.", "Kim", False)
            async with asyncio.timeout(5):
                while told(service) != [(True, False)]:
                    await asyncio.sleep(0.02)
            await screen.seen(whisper["id"])
            await screen.until(lambda shown: shown["whispers"][0]["seen"])
            assert told(service) == [(True, True)]
            await screen.seen(whisper["id"])
        await playing
        await all_stored(service)
        events = [record.event.type async for record in service.node.repository.replay("mine")]
    assert [one for one in events if one.startswith("whisper")] == [
        "whisper",
        "whisper_delivered",
        "whisper_seen",
    ]


async def test_a_softphone_that_shows_the_whisper_says_so_too(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service:
        address = f"{service.ws}/v1/calls/stream"
        async with connect(address, proxy=None) as socket:
            hello = {"type": "hello", "protocol": "callcue.v1", "call_id": "mine", "encoding": "mulaw"}
            await socket.send(json.dumps({**hello, "rate": 8000, "channels": ["agent", "customer"]}))
            await socket.recv()
            await service.node.commands.send(Command(type="whisper", call_id="mine", text="Offer it."))
            message: dict[str, Any] = {}
            while message.get("type") != "whisper":
                message = json.loads(await socket.recv())
            async with asyncio.timeout(5):
                while told(service) != [(True, False)]:
                    await asyncio.sleep(0.02)
            await socket.send(json.dumps({"type": "seen", "id": message["id"]}))
            async with asyncio.timeout(5):
                while told(service) != [(True, True)]:
                    await asyncio.sleep(0.02)
            await socket.send(json.dumps({"type": "bye"}))


async def test_a_desk_shows_the_agents_own_calls_only_then_how_they_went(tmp_path: Path) -> None:
    audio = sample("bad_answer_call")
    opening = replace(audio, samples=audio.samples[:, : 40 * audio.rate])
    settings = settings_for(tmp_path, script="bad_answer_call")
    async with running(settings) as service, asyncio.TaskGroup() as tasks:
        async with desk(service) as screen, desk(service, "?agent=a8") as other:
            tasks.create_task(service.phone(call=call("theirs", "a8"), speed=0).play(generated(2.0)))
            await other.until(lambda shown: shown["call_id"] == "theirs" and shown["state"] == "ended")
            assert screen.call is None
            tasks.create_task(service.phone(call=call(), speed=6.0).play(opening))
            shown = await screen.until(lambda shown: shown["cue"])
            assert shown["call_id"] == "mine"
            assert set(shown["cue"]) == {"id", "at", "about", "text"}
            await screen.until(lambda shown: shown["state"] == "ended")
            await other.seen("w", "mine")
            assert await other.closed() == 4404, "another agent's call"
        assert max(screen.sizes) < 2000
        async with service.client() as client:
            own = (await client.get("/v1/desk/calls", params={"agent": "a7"})).json()["calls"]
            assert [one["call_id"] for one in own] == ["mine"]
            review = (await client.get("/v1/desk/calls/mine", params={"agent": "a7"})).json()
            assert review["complete"] and review["behaviours"]
            for path, agent in (("theirs", "a7"), ("mine", "a8"), ("never", "a7")):
                got = await client.get(f"/v1/desk/calls/{path}", params={"agent": agent})
                assert got.status_code == 404, path


async def test_a_desk_opens_by_pass_only_where_anything_is_protected(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr("console-token-0123456789"),), desk=(KEY,))
    given = issue("a7", until=time.time() + 60, keys=[KEY])
    async with running(settings_for(tmp_path, tokens=tokens)) as service:
        await service.phone(call=call()).play(generated(1.0))
        await service.phone(call=call("theirs", "a8")).play(generated(1.0))
        async with desk(service, "?agent=a8") as screen:
            await screen.socket.send(json.dumps({"type": "auth", "token": given}))
            shown = await screen.until(lambda shown: True)
            assert shown["call_id"] == "mine", "the pass says whose desk it is, not the address"
        for token in ("console-token-0123456789", given[:-1], KEY.get_secret_value()):
            async with desk(service) as refused:
                await refused.socket.send(json.dumps({"type": "auth", "token": token}))
                assert await refused.closed() == 4403
        async with service.client(headers={"Authorization": f"Bearer {given}"}) as client:
            assert (await client.get("/v1/desk/calls/mine")).status_code == 200
            assert (await client.get("/v1/desk/calls/theirs?agent=a8")).status_code == 404
            assert (await client.get("/v1/calls")).status_code == 401, "a pass is no console token"
        async with service.client() as client:
            assert (await client.get("/v1/desk/calls?agent=a7")).status_code == 401


async def test_where_consoles_need_tokens_and_desks_have_no_key_there_are_no_desks(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr("console-token-0123456789"),))
    async with running(settings_for(tmp_path, tokens=tokens)) as service, desk(service) as screen:
        await screen.socket.send(json.dumps({"type": "auth", "token": "x"}))
        assert await screen.closed() == 4403


async def test_an_agent_has_a_few_desks_and_no_more(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service:
        async with desk(service), desk(service), desk(service), desk(service) as last:
            await last.socket.recv()
            async with desk(service) as fifth:
                assert await fifth.closed() == 1013
        async with asyncio.timeout(5):
            while len(service.node.live.desks):
                await asyncio.sleep(0.02)


def test_the_protocol_page_shows_what_desks_are_sent_and_say() -> None:
    (shown,) = blocks("json desk-server")
    message = TypeAdapter(DeskMessage).validate_json(shown)
    assert json.loads(to_json(message)) == json.loads(shown)
    (said,) = blocks("json desk-client")
    assert message.call is not None and message.call.cue is not None
    assert read(said, 512).id == message.call.whispers[0].id
