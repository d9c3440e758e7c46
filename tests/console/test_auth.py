"""Who may speak to the service."""

from __future__ import annotations

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import SecretStr
from starlette.datastructures import Headers

from service.auth import Gate, Tokens, bearer, is_loopback, origin_allowed, require_safe_bind
from streaming.errors import CallcueError, ConfigError, OriginRefused, Unauthorized

LONG = "a-token-of-enough-characters"
TOKENS = Tokens(
    softphone=(SecretStr("phone-old"), SecretStr("phone-new")),
    console=(SecretStr("wall"),),
    listening=(SecretStr("ears"),),
)


@pytest.mark.parametrize(
    ("token", "role", "opens"),
    [
        ("phone-old", "softphone", True),
        ("phone-new", "softphone", True),
        ("wall", "console", True),
        ("wall", "softphone", False),
        ("wall", "listening", False),
        ("ears", "listening", True),
        ("ears", "console", True),
        ("ears", "softphone", False),
        ("wall", "desk", False),
        ("ears", "desk", False),
        ("phone-old", "console", False),
        ("wall ", "console", False),
        ("wal", "console", False),
        ("wäll\ud800", "console", False),
        ("", "console", False),
        (None, "console", False),
    ],
)
def test_a_token_opens_its_own_role_only(token, role, opens):
    assert TOKENS.check(token, role) is opens


def test_an_empty_token_opens_nothing_even_when_one_is_configured_so():
    assert not Tokens(console=(SecretStr(""),)).check("", "console")


def test_without_tokens_a_role_is_open():
    assert Tokens().check(None, "console")
    assert Tokens(console=(SecretStr("x"),)).check(None, "softphone")
    assert Tokens().check(None, "listening")


def test_where_anything_is_protected_listening_and_desks_are_shut_until_they_have_tokens_of_their_own():
    protected = Gate(Tokens(console=(SecretStr("wall"),)))
    for role in ("listening", "desk"):
        for token in (None, "", "wall"):
            with pytest.raises(Unauthorized, match=f"CALLCUE_TOKENS__{role.upper()}"):
                protected.check_token(token, role)


def test_tokens_do_not_show():
    assert "wall" not in f"{TOKENS} {TOKENS!r} {Gate(TOKENS)!r}"


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("Bearer ", None), ("abc", None)],
)
def test_the_bearer_header(header, token):
    assert bearer(Headers({"authorization": header})) == token


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "desk.example", True),
        ("https://desk.example", "desk.example", True),
        ("http://127.0.0.1:8765", "127.0.0.1:8765", True),
        ("http://localhost:8765", "LOCALHOST:8765", True),
        ("http://[::1]:8765", "[::1]:8765", True),
        ("https://desk.example:443", "desk.example", True),
        ("https://wall.example", "desk.example", True),
        ("http://wall.example", "desk.example", False),
        ("https://evil.example", "desk.example", False),
        ("http://desk.example:81", "desk.example", False),
        ("http://127.0.0.1:9999", "127.0.0.1:8765", False),
        ("https://desk.example.evil.example", "desk.example", False),
        ("https://desk.example@evil.example", "desk.example", False),
        ("null", "desk.example", False),
        ("file://", "", False),
        ("https://desk.example:port", "desk.example", False),
        ("", "desk.example", False),
    ],
)
def test_which_web_pages_may_use_the_service(origin, host, allowed):
    assert origin_allowed(origin, host, ["https://wall.example"]) is allowed


def test_a_star_allows_every_origin():
    assert origin_allowed("https://evil.example", "desk.example", ["*"])


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("Localhost.", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("", False),
        ("10.0.0.5", False),
        ("localhost.evil.example", False),
        ("desk.example", False),
    ],
)
def test_which_hosts_are_this_machine(host, local):
    assert is_loopback(host) is local


def test_without_tokens_the_service_binds_to_loopback_only_and_says_how_to_set_them():
    require_safe_bind("127.0.0.1", Tokens())
    with pytest.raises(ConfigError) as refusal:
        require_safe_bind("192.0.2.7", Tokens())
    assert "CALLCUE_TOKENS__SOFTPHONE and CALLCUE_TOKENS__CONSOLE" in str(refusal.value)
    with pytest.raises(ConfigError) as refusal:
        require_safe_bind("", Tokens(softphone=(SecretStr(LONG),)))
    assert "CALLCUE_TOKENS__CONSOLE" in str(refusal.value)
    assert "SOFTPHONE" not in str(refusal.value)


def test_a_public_address_needs_tokens_that_are_no_guess():
    require_safe_bind("192.0.2.7", Tokens(softphone=(SecretStr(LONG),), console=(SecretStr(LONG),)))
    with pytest.raises(ConfigError) as refusal:
        require_safe_bind("192.0.2.7", Tokens(softphone=(SecretStr(LONG),), console=(SecretStr("hunter2"),)))
    assert "hunter2" not in str(refusal.value)


def test_a_page_that_rebinds_its_name_to_this_machine_is_refused_without_tokens():
    headers = Headers({"host": "evil.example:8765", "origin": "http://evil.example:8765"})
    with pytest.raises(OriginRefused):
        Gate(Tokens()).check_origin(headers, "console")
    Gate(TOKENS).check_origin(headers, "console")  # there the token is what it cannot have


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wall"}, 200),
        ({"authorization": "Bearer phone-new"}, 401),
        ({"authorization": "Bearer wall", "origin": "https://evil.example"}, 403),
        ({"authorization": "Bearer wall", "origin": "http://service"}, 200),
    ],
)
async def test_a_route_can_require_a_role(headers, status):
    app = FastAPI()

    @app.exception_handler(CallcueError)
    async def problem(_: Request, error: CallcueError) -> JSONResponse:
        return JSONResponse({"detail": error.message}, error.status)

    @app.get("/calls", dependencies=[Depends(Gate(TOKENS).require("console"))])
    async def calls() -> list[str]:
        return []

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        answer = await client.get("/calls", headers=headers)
    assert answer.status_code == status
    assert "wall" not in answer.text
