"""Health, metrics and logs of a running service: what they tell, and what they must never tell."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.softphone import Softphone
from service.watching import open_console
from streaming.events import CallInfo, Utterance
from tests.processes import ServeProcess, scripted
from tests.running import SAMPLES, running, sample, settings_for
from tests.service.attack import attacker, counted, excerpt, new_id

pytestmark = pytest.mark.weights


async def test_a_service_is_alive_and_ready(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        await service.node.live.feed.wait_ready()
        live, ready = await client.get("/health/live"), await client.get("/health/ready")
    assert (live.status_code, ready.status_code) == (200, 200)
    assert ready.json()["status"] == "ready"
    assert set(ready.json()["checks"].values()) == {"ok"}


async def test_readiness_tells_which_part_is_not_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        node = service.node
        await node.live.feed.wait_ready()
        faults: list[tuple[str, Any, str, Any, str]] = [
            ("store", node.writer, "healthy", False, "database"),
            ("intake", node.switchboard, "draining", True, "shutting down"),
        ]
        for check, part, name, value, says in faults:
            with monkeypatch.context() as patch:
                patch.setattr(part, name, value)
                ready = await client.get("/health/ready")
                assert ready.status_code == 503
                assert says in ready.json()["checks"][check]
                told = [key for key, why in ready.json()["checks"].items() if why != "ok"]
                assert told == [check]
                assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).status_code == 200


async def test_after_a_call_its_counters_are_there_and_nobodys_name_is(tmp_path: Path) -> None:
    call = CallInfo(
        call_id="call-secret-4711", agent="agent-secret", team="team-secret", customer_name="David Miller"
    )
    async with running(settings_for(tmp_path)) as service, service.client() as client:
        async with attacker(service) as live:
            await live.begin(call_id="live-secret")
            during = (await client.get("/metrics")).text
            await live.say({"type": "bye"})
            await live.closed()
        await service.phone(call=call).play(sample("good_call"))
        answer = await client.get("/metrics")
        events = await service.node.repository.events(call.call_id, limit=5000)
    text = answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "callcue_live_calls 1.0" in during and "callcue_live_calls 0.0" in text
    samples = dict(re.findall(r"^(callcue_\S+) (\S+)$", text, re.MULTILINE))
    finals = [r.event for r in events if isinstance(r.event, Utterance) and r.event.final]
    by_speaker = {who: sum(1 for line in finals if line.speaker == who) for who in ("agent", "customer")}
    assert float(samples["callcue_calls_started_total"]) == 2
    assert float(samples['callcue_calls_ended_total{reason="bye"}']) == 2
    for who, count in by_speaker.items():
        assert float(samples[f'callcue_utterances_total{{speaker="{who}"}}']) == count > 0
    assert any(name.startswith("callcue_detections_total") for name in samples)
    for secret in ("secret", "Miller", "David", "4711"):
        assert secret not in text, secret
    known = {
        "code",
        "reason",
        "speaker",
        "behaviour",
        "verdict",
        "detector",
        "priority",
        "outcome",
        "le",
        "quantile",
    }
    assert {label for name in samples for label in re.findall(r'(\w+)="', name)} <= known


async def test_the_time_to_a_final_line_is_measured(tmp_path: Path) -> None:
    """At four times real time the endpoint's silence passes in a quarter of its time."""
    async with running(settings_for(tmp_path)) as service:
        await service.phone(speed=4.0).play(excerpt(9.0))
        lines = counted(service, "final_latency_seconds_count")
        mean = counted(service, "final_latency_seconds_sum") / max(1, lines)
    assert lines > 0
    assert 0.05 < mean < 2.0


PHONE, CONSOLE = "softphone-token-0123456789", "console-token-0123456789"
WHISPER = "Offer the sapphire callback"
CALL = CallInfo(call_id=new_id("quiet"), customer_name="Zsuzsanna Quillfeather", agent="Xanthippe Vanterpool")


async def a_call_with_a_whisper(ws: str) -> None:
    async with open_console(ws, CONSOLE) as console, asyncio.TaskGroup() as tasks:
        phone = Softphone(url=ws, call=CALL, token=PHONE, speed=20.0)
        tasks.create_task(phone.play(sample("bad_answer_call")))
        async for text in console:
            kinds = [record["event"]["type"] for record in json.loads(text).get("records", ())]
            if "call_started" in kinds:
                say = {"type": "whisper", "ref": "1", "call_id": CALL.call_id, "text": WHISPER}
                await console.send(json.dumps(say))
            if "scorecard" in kinds:
                return


async def refusals(service: Any) -> None:
    """Much that is wrong, with names and words in it."""
    wrong, right = ({"Authorization": f"Bearer {token}"} for token in ("wrong-ruby", PHONE))
    async with attacker(service, additional_headers=wrong) as client:
        await client.closed()
    for message in ({"type": "what", "words": "my emerald account"}, "emerald", b"emerald!!"):
        async with attacker(service, additional_headers=right) as client:
            await client.begin(customer_name="Zsuzsanna Quillfeather")
            await client.say(message)
            await client.closed()
    async with attacker(service, additional_headers=right) as client:  # the websocket layer's own traceback
        await client.begin(customer_name="Zsuzsanna Quillfeather")
        client.socket.transport.write(b"\x81\x89\x00\x00\x00\x00emerald\xff\xfe")
        await client.closed()
    headers = {"Authorization": f"Bearer {CONSOLE}"}
    async with httpx.AsyncClient(base_url=service.http, headers=headers) as http:
        await http.get("/v1/calls", params={"agent": "Xanthippe Vanterpool"})
        await http.get("/v1/calls/Quillfeather")
        files = {"file": ("Quillfeather.wav", b"emerald")}
        await http.post("/v1/recordings", files=files, data={"customer_name": "Quillfeather"})


def phrases() -> set[str]:
    """Every two words that follow each other in the sample: single ones are in any log."""
    turns = json.loads((SAMPLES / "bad_answer_call.truth.json").read_text())["turns"]
    said = [turn["text"].split() for turn in turns]
    return {f"{one} {two}" for words in said for one, two in pairwise(words)}


async def test_no_word_name_or_token_of_a_call_reaches_the_log(tmp_path: Path) -> None:
    """A process of its own, with the most talkative log there is."""
    tokens = {"CALLCUE_TOKENS__SOFTPHONE": f'["{PHONE}"]', "CALLCUE_TOKENS__CONSOLE": f'["{CONSOLE}"]'}
    chatty = {"CALLCUE_LOG_LEVEL": "debug", "CALLCUE_LIMITS__RESUME_SECONDS": "0.2"}
    service = ServeProcess(tmp_path, **scripted("bad_answer_call"), **tokens, **chatty)
    await asyncio.to_thread(service.start)
    try:
        await a_call_with_a_whisper(service.ws)
        await refusals(service)
    finally:
        status = await asyncio.to_thread(service.stop)
    log = service.log.read_text().lower()
    assert status == 0
    assert CALL.call_id in log, "the platform's own call id is what an operator goes by"
    assert "call_ended" in log and "protocol_error" in log and "unicodedecodeerror" in log
    assert len(phrases()) > 100
    names = {"Zsuzsanna", "Quillfeather", "Xanthippe", "Vanterpool", "sapphire", "emerald", "ruby"}
    assert not [secret for secret in names | phrases() | {PHONE, CONSOLE} if secret.lower() in log]
