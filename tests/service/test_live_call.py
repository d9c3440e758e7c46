"""A call from a softphone's socket to a console's, through the whole service."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from service.watching import open_console, watch
from streaming.events import Alert, CallInfo, Event, Party, Scorecard, Utterance, WhisperDelivered
from tests.running import SAMPLES, Running, running, sample, settings_for

pytestmark = pytest.mark.weights


def truth(name: str) -> dict[str, list[dict[str, object]]]:
    return json.loads((SAMPLES / f"{name}.truth.json").read_text())  # type: ignore[no-any-return]


async def play(service: Running, name: str, **options: object) -> tuple[list[Event], Scorecard]:
    """Play a sample and return what a console saw, and the scorecard it was shown."""
    facts = truth(name)
    call = CallInfo(call_id=f"{name}-live", customer_name=facts["customer_name"], agent="a1")  # type: ignore[arg-type]
    seen: list[Event] = []
    phone = service.phone(call=call, **options)
    async with open_console(service.ws) as console, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch(console, call.call_id, seen.append))
        await phone.play(sample(name))
        card = await watching
    assert card is not None
    return seen, card


@pytest.mark.parametrize("framing", ["native", "twilio"])
async def test_a_call_reaches_a_console_whole(tmp_path: Path, framing: str) -> None:
    async with running(settings_for(tmp_path)) as service:
        # Twilio's side hears nothing back, so it cannot be played as fast as the service takes it.
        speed = 0.0 if framing == "native" else 12.0
        seen, card = await play(service, "good_call", framing=framing, speed=speed)
        async with service.client() as client:
            stored = (await client.get("/v1/calls/good_call-live")).json()
            listed = (await client.get("/v1/calls", params={"state": "ended"})).json()
    finals = [event for event in seen if isinstance(event, Utterance) and event.final and event.words]
    assert {event.speaker for event in finals} == set(Party)
    assert [line["id"] for line in stored["utterances"] if line["words"]] == [event.id for event in finals]
    assert stored["state"] == "ended"
    assert stored["scorecard"]["at"] == card.at
    assert [row["call_id"] for row in listed["calls"]] == ["good_call-live"]
    assert not [event for event in seen if isinstance(event, Alert) and event.severity == "critical"]


async def test_a_whisper_goes_from_a_console_to_the_softphone_and_back(tmp_path: Path) -> None:
    heard: list[dict[str, object]] = []
    async with running(settings_for(tmp_path)) as service:
        phone = service.phone(call=CallInfo(call_id="w"), speed=8.0)
        async with open_console(service.ws) as console, asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(phone.play(sample("good_call"), heard.append))
            states: list[str] = []
            async for text in console:
                message = json.loads(text)
                for record in message.get("records", ()):
                    kind = record["event"]["type"]
                    if kind == "call_started":
                        await console.send(
                            json.dumps(
                                {"type": "whisper", "ref": "1", "call_id": "w", "text": "use her name"}
                            )
                        )
                    if kind in ("whisper", "whisper_delivered"):
                        states.append(kind)
                if message["type"] == "reply":
                    assert message["ok"], message
                if states == ["whisper", "whisper_delivered"]:
                    break
            await playing
        events = await service.node.repository.events("w")
    assert [message["text"] for message in heard if message["type"] == "whisper"] == ["use her name"]
    assert any(isinstance(record.event, WhisperDelivered) for record in events)
    words = " ".join(r.event.text for r in events if isinstance(r.event, Utterance))
    assert "use her name" not in words


async def test_the_softphone_is_told_when_it_is_done_and_what_is_safe(tmp_path: Path) -> None:
    heard: list[dict[str, object]] = []
    async with running(settings_for(tmp_path)) as service:
        card = await service.phone().play(sample("good_call"), heard.append)
    kinds = [message["type"] for message in heard]
    assert kinds[0] == "ready" and kinds[-1] == "done" and "ack" in kinds
    acks = [message for message in heard if message["type"] == "ack"]
    assert [a["position"] for a in acks] == sorted(a["position"] for a in acks)  # type: ignore[type-var]
    assert all(a["position"] <= a["heard"] for a in acks)  # type: ignore[operator]
    assert card["items"]
