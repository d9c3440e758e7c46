"""Who may connect: tokens, origins and Twilio's signature, on every socket and every route."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from service.settings import LimitSettings, TokenSettings
from streaming.dialects.native import audio_message
from streaming.dialects.twilio_client import TwilioClient
from tests.running import Running, running, settings_for
from tests.service.attack import (
    attacker,
    check_store,
    closings,
    counted,
    gone,
    hello,
    new_id,
    refused,
    silence,
    watching_logs,
)

pytestmark = [pytest.mark.weights, pytest.mark.asyncio(loop_scope="module")]

PHONE, CONSOLE = "softphone-token-0123456789", "console-token-0123456789"
SECRET = "twilio-auth-token-0123456789"
PUBLIC = "wss://callcue.example.com/v1/twilio"
LIMITS = LimitSettings(hello_seconds=0.5, resume_seconds=0.2, drain_seconds=1.0)
EVIL = "https://evil.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running, None]:
    """A service with tokens for both roles."""
    tokens = TokenSettings(softphone=(SecretStr(PHONE),), console=(SecretStr(CONSOLE),))
    settings = settings_for(tmp_path_factory.mktemp("guarded"), tokens=tokens, limits=LIMITS)
    async with running(settings) as started:
        yield started
        await check_store(started)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running, None]:
    """A service that knows Twilio's auth token."""
    settings = settings_for(
        tmp_path_factory.mktemp("signed"),
        twilio_auth_token=SecretStr(SECRET),
        public_url=PUBLIC,
        limits=LIMITS,
    )
    async with running(settings) as started:
        yield started
        await check_store(started)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running, None]:
    """A service without any token: loopback only."""
    async with running(settings_for(tmp_path_factory.mktemp("bare"), limits=LIMITS)) as started:
        yield started
        await check_store(started)


def bearer(token: str) -> dict[str, Any]:
    return {"additional_headers": {"Authorization": f"Bearer {token}"}}


WRONG = [{}, bearer("wrong"), bearer(""), bearer(CONSOLE), bearer(PHONE[:-1]), bearer(PHONE + "x")]


@pytest.mark.parametrize("options", WRONG, ids=["none", "wrong", "empty", "consoles", "shorter", "longer"])
@pytest.mark.parametrize("path", ["/v1/calls/stream", "/v1/twilio"])
async def test_a_softphone_needs_its_own_token(guarded: Running, path: str, options: dict[str, Any]) -> None:
    before = counted(guarded, "calls_refused_total", code="unauthorized")
    with watching_logs() as logs:
        close, error = await refused(guarded, hello(), path=path, **options)
    assert close == 4403
    if path == "/v1/calls/stream":
        assert error is not None and error["code"] == "unauthorized"
        assert "Authorization: Bearer" in error["message"]
    assert len(closings(logs)) == 1
    assert counted(guarded, "calls_refused_total", code="unauthorized") == before + 1
    assert PHONE[:8] not in str(logs) and CONSOLE[:8] not in str(logs)
    assert len(guarded.node.switchboard) == 0


async def test_with_its_token_a_softphone_is_served(guarded: Running) -> None:
    async with attacker(guarded, **bearer(PHONE)) as client:
        await client.begin()
        await client.say(audio_message(0, silence(1600)), {"type": "bye"})
        assert (await client.closed())[0] == 1000


@pytest.mark.parametrize("options", [bearer("wrong"), bearer(PHONE)], ids=["wrong", "softphones"])
async def test_a_console_needs_its_own_token(guarded: Running, options: dict[str, Any]) -> None:
    before = counted(guarded, "consoles_refused_total", code="unauthorized")
    with watching_logs() as logs:
        close, _ = await refused(guarded, path="/v1/console", **options)
    assert close == 4403
    assert [entry["event"] for entry in logs] == ["console_closed"]
    assert counted(guarded, "consoles_refused_total", code="unauthorized") == before + 1


async def test_a_console_may_say_its_token_first(guarded: Running) -> None:
    for token, kind in ((CONSOLE, "snapshot"), (PHONE, None)):
        async with attacker(guarded, "/v1/console") as client:
            await client.say({"type": "auth", "token": token})
            if kind:
                assert (await client.until(kind))["calls"] is not None
            else:
                assert (await client.closed())[0] == 4403
                assert client.heard == []


GUARDED = [
    ("GET", "/v1/calls"),
    ("GET", "/v1/calls/x"),
    ("GET", "/v1/calls/x/events"),
    ("GET", "/v1/behaviours"),
    ("GET", "/v1/finished"),
    ("GET", "/v1/finished/names"),
    ("GET", "/v1/finished.csv"),
    ("GET", "/v1/schema"),
    ("POST", "/v1/recordings"),
    ("GET", "/v1/jobs/x"),
]
DESKS = [("GET", "/v1/desk/calls"), ("GET", "/v1/desk/calls/x")]
"""An agent's own: opened by a pass (`test_desk.py`), by no token."""
OPEN = {"/v1/config", "/health/live", "/health/ready", "/metrics", "/openapi.json"}
"""What tells nothing of any call: whether the service works, and what a page must know to log in."""
OPEN |= {"/v1/samples", "/v1/samples/{name}"}  # calls that nobody ever made


@pytest.mark.parametrize("token", [None, "wrong", PHONE], ids=["none", "wrong", "softphones"])
async def test_every_route_that_tells_of_calls_needs_the_consoles_token(
    guarded: Running, token: str | None
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with guarded.client(headers=headers) as client:
        for method, path in GUARDED:
            with watching_logs() as logs:
                answer = await client.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["title"] == "unauthorized"
            assert [entry["event"] for entry in logs] == ["request_refused"], path
    async with guarded.client(headers={"Authorization": f"Bearer {CONSOLE}"}) as client:
        for method, path in GUARDED:
            assert (await client.request(method, path)).status_code in (200, 400, 404, 422), (method, path)


async def test_what_is_open_is_open_on_purpose(guarded: Running) -> None:
    """A route that somebody adds is guarded, or is named here."""
    async with guarded.client() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
        routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
        answers = {
            (method, path): (await client.request(method, re.sub(r"{\w+}", "x", path))).status_code
            for method, path in routes | {("GET", path) for path in OPEN}
        }
    assert {path for (_, path), status in answers.items() if status != 401} == OPEN
    closed = {(method, re.sub(r"{\w+}", "x", path)) for method, path in routes if path not in OPEN}
    assert closed == {*GUARDED, *DESKS}
    async with guarded.client(headers={"Authorization": f"Bearer {CONSOLE}"}) as client:
        for method, path in DESKS:
            assert (await client.request(method, path)).status_code == 401, "a console sees no desk"


@pytest.mark.parametrize("path", ["/v1/calls/stream", "/v1/twilio", "/v1/console"])
@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1:1", "file://"])
async def test_a_web_page_of_another_site_is_refused(bare: Running, path: str, origin: str) -> None:
    with watching_logs() as logs:
        close, error = await refused(bare, hello(), path=path, origin=origin)
    assert close == 4403
    if path == "/v1/calls/stream":
        assert error is not None and error["code"] == "origin_refused"
        assert "CALLCUE_ALLOWED_ORIGINS" in error["message"]
    assert len(logs) == 1 and logs[0]["code"] == "origin_refused"
    assert EVIL not in str(logs)


async def test_a_page_that_rebinds_its_name_is_refused_without_tokens(bare: Running) -> None:
    headers = {"Host": f"evil.example:{bare.port}", "Origin": f"http://evil.example:{bare.port}"}
    async with bare.client(headers=headers) as client:
        for method, path in GUARDED:
            assert (await client.request(method, path)).status_code == 403, path


async def test_the_services_own_page_is_served(bare: Running) -> None:
    async with attacker(bare, "/v1/console", origin=bare.http) as client:
        await client.until("snapshot")
    async with attacker(bare, origin=bare.http) as client:
        await client.begin()
        await client.say({"type": "bye"})
        assert (await client.closed())[0] == 1000


# Twilio


def start_of(call_id: str) -> list[str]:
    client = TwilioClient(call_id)
    return [client.connected(), client.start(), client.media("inbound", 0, b"\xff" * 160)]


def signature(url: str, secret: str = SECRET) -> str:
    """Twilio's own code."""
    return str(RequestValidator(secret).compute_signature(url, {}))


async def test_a_stream_that_twilio_signed_is_heard(signed: Running) -> None:
    call_id = new_id("CA")
    headers = {"X-Twilio-Signature": signature(PUBLIC)}
    async with attacker(signed, "/v1/twilio", additional_headers=headers) as client:
        twilio = TwilioClient(call_id)
        await client.say(twilio.connected(), twilio.start())
        for n in range(20):
            await client.say(twilio.media("inbound", 160 * n, b"\xff" * 160))
        await client.say(twilio.stop())
        assert (await client.closed())[0] == 1000
    assert client.heard == []  # Twilio takes no messages
    stored = await signed.node.repository.call(call_id)
    assert stored is not None and stored.scorecard is not None


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "forged",
        signature(PUBLIC, "another account's token"),
        signature("wss://callcue.example.com/v1/console"),
        signature(PUBLIC + "?call_id=x"),
        signature(PUBLIC.replace("wss", "https")),
        "é",
    ],
)
async def test_a_forged_signature(signed: Running, given: str | None) -> None:
    headers = [] if given is None else [("X-Twilio-Signature", given)]
    before = counted(signed, "calls_refused_total", code="unauthorized")
    with watching_logs() as logs:
        close, _ = await refused(signed, *start_of(new_id()), path="/v1/twilio", additional_headers=headers)
    assert close == 4403
    assert len(closings(logs)) == 1
    assert counted(signed, "calls_refused_total", code="unauthorized") == before + 1
    assert SECRET not in str(logs)
    assert len(signed.node.switchboard) == 0


async def test_a_bearer_token_is_no_signature(signed: Running) -> None:
    assert (await refused(signed, path="/v1/twilio", **bearer(PHONE)))[0] == 4403


@pytest.mark.parametrize(
    ("messages", "code", "close"),
    [
        pytest.param([b"\x00\x01"], "protocol_error", 4400, id="binary-first"),
        pytest.param([*start_of("x")[:2], b"\x00\x01"], "protocol_error", 4400, id="binary-later"),
        pytest.param(start_of("x")[2:], "bad_hello", 4401, id="media-without-start"),
        pytest.param(['{"event":"stop"}'], "bad_hello", 4401, id="stop-without-start"),
        pytest.param([start_of("x")[0]], "bad_hello", 4401, id="connected-only"),
        pytest.param([start_of("x")[0]] * 50, "bad_hello", 4401, id="connected-again-and-again"),
        pytest.param([start_of("../x")[1]], "bad_hello", 4401, id="wrong-call-sid"),
        pytest.param(
            [
                *start_of("x")[:2],
                '{"event":"media","media":{"track":"inbound","timestamp":"0","payload":"*"}}',
            ],
            "bad_frame",
            4417,
            id="no-base64",
        ),
        pytest.param(
            [start_of("x")[1].replace("audio/x-mulaw", "audio/opus")], "unsupported_codec", 4415, id="codec"
        ),
        pytest.param([*start_of("x")[:2], start_of("x")[1]], "protocol_error", 4400, id="second-start"),
    ],
)
async def test_twilio_that_is_not(bare: Running, messages: list[Any], code: str, close: int) -> None:
    """No message can be sent to Twilio: the close code and its reason say it."""
    call_id = new_id("CA")
    sent = [
        m.replace('"callSid":"x"', f'"callSid":"{call_id}"') if isinstance(m, str) else m for m in messages
    ]
    before = counted(bare, "calls_refused_total", code=code)
    with watching_logs() as logs:
        async with attacker(bare, "/v1/twilio") as client:
            await client.say(*sent)
            got, error = await client.closed()
            reason = client.socket.close_reason
        await gone(bare, call_id)
    assert (got, error) == (close, None)
    assert reason
    assert [line["code"] for line in closings(logs)] == [code]
    assert counted(bare, "calls_refused_total", code=code) == before + 1
    stored = await bare.node.repository.call(call_id)
    assert stored is None or stored.state == "ended"


async def test_a_twilio_stream_without_call_data_says_so_in_the_close(bare: Running) -> None:
    async with attacker(bare, "/v1/twilio") as client:
        await client.say(json.dumps({"event": "start", "start": {}}))
        close, _ = await client.closed()
        assert close == 4401
        assert "callSid" in (client.socket.close_reason or "")


async def test_a_browsers_softphone_says_its_token_first(guarded: Running) -> None:
    """It can send no header; the hello follows as from any other."""
    for token, code in ((PHONE, 1000), (CONSOLE, 4403)):
        async with attacker(guarded) as client:
            await client.say({"type": "auth", "token": token})
            await client.say(hello(), {"type": "bye"})
            assert (await client.closed())[0] == code
