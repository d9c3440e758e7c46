"""Who may speak to the service: bearer tokens by role, browser origins, and addresses safe to bind."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from streaming.errors import ConfigError, OriginRefused, Unauthorized

Role = Literal["softphone", "console", "listening", "desk"]
_SHORTEST = 16  # characters of a token that guards a public address
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The configured tokens, several a role so that one can be rotated. They never reach a log.

    A listening token opens the console too. Those of `desk` open nothing: they sign agents' passes
    (`service.desk_pass`).
    """

    softphone: tuple[SecretStr, ...] = ()
    console: tuple[SecretStr, ...] = ()
    listening: tuple[SecretStr, ...] = ()
    desk: tuple[SecretStr, ...] = ()

    def of(self, role: Role) -> tuple[SecretStr, ...]:
        match role:
            case "softphone":
                return self.softphone
            case "console":
                return (*self.console, *self.listening)
            case "listening":
                return self.listening
            case "desk":
                return self.desk

    def needed(self, role: Role) -> bool:
        """Who may listen in, or see an agent's desk, is asked as soon as anything is protected."""
        if role in ("listening", "desk"):
            return bool(self.softphone or self.console or self.listening or self.desk)
        return bool(self.of(role))

    def check(self, token: str | None, role: Role) -> bool:
        """Whether `token` opens `role`. A wrong token takes as long whatever it shares with a right one."""
        if not self.needed(role):
            return True  # what needs one and has none is shut: nothing matches
        offered = _digest(token or "")
        matches = [hmac.compare_digest(offered, _digest(one.get_secret_value())) for one in self.of(role)]
        return any(matches) and bool(token)


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks a request or a socket's handshake. `origins` are allowed beside the service's own.

    Without a role's tokens the service is bound to loopback (`require_safe_bind`). Then the Host header
    must be a loopback name too: else a page that rebinds its own name to 127.0.0.1 would be same-origin.
    """

    tokens: Tokens
    origins: Sequence[str] = field(default=())

    def check_origin(self, headers: Headers, role: Role) -> None:
        """Raises OriginRefused. A missing Origin (no browser) is let through to the token check."""
        host = headers.get("host", "")
        if not self.tokens.needed(role) and not is_loopback(_name(host)):
            raise OriginRefused(
                "without tokens the service answers to a loopback name only (localhost, 127.0.0.1, ::1); "
                f"set CALLCUE_TOKENS__{role.upper()} to use another name"
            )
        if not origin_allowed(headers.get("origin"), host, self.origins):
            raise OriginRefused("this web origin may not use the service; add it to CALLCUE_ALLOWED_ORIGINS")

    def check_token(self, token: str | None, role: Role) -> None:
        """Raises Unauthorized."""
        if self.tokens.needed(role) and not self.tokens.of(role):
            raise Unauthorized(f"this is switched off here: CALLCUE_TOKENS__{role.upper()} is not set")
        if not self.tokens.check(token, role):
            raise Unauthorized(f"a valid {role} token is needed, as 'Authorization: Bearer …'")

    def require(self, role: Role) -> Callable[[HTTPConnection], Awaitable[None]]:
        """A FastAPI dependency for HTTP routes; raises OriginRefused or Unauthorized."""

        async def check(request: HTTPConnection) -> None:
            self.check_origin(request.headers, role)
            self.check_token(bearer(request.headers), role)

        return check


def bearer(headers: Headers) -> str | None:
    """The token of an ``Authorization: Bearer`` header."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def origin_allowed(origin: str | None, host: str, allowed: Sequence[str]) -> bool:
    """Whether a browser's page from `origin` may use the service it reached under the Host header `host`.

    Same host and port, or one of `allowed` (``https://desk.example``; ``*`` for every one). None (not a
    browser) is allowed: browsers cannot leave the header out, so only a token tells others apart.
    """
    if origin is None or "*" in allowed:
        return True
    parts = _parts(origin)
    if parts is None:
        return False
    if parts in map(_parts, allowed):
        return True
    scheme = parts[0]
    return scheme in ("http", "https") and parts == _parts(f"{scheme}://{host}")


def require_safe_bind(host: str, tokens: Tokens) -> None:
    """Raises ConfigError when the service would listen to others without tokens, or with guessable ones."""
    if is_loopback(host):
        return
    roles: tuple[Role, ...] = ("softphone", "console")  # without its tokens another role is closed
    missing = [f"CALLCUE_TOKENS__{role.upper()}" for role in roles if not tokens.needed(role)]
    if missing:
        names = " and ".join(missing)
        raise ConfigError(
            f"without tokens the service listens on 127.0.0.1 only; to listen elsewhere set {names}, each to "
            'a JSON list of tokens such as ["…"]. To make one: '
            'python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    given = (*tokens.softphone, *tokens.console, *tokens.listening, *tokens.desk)
    if any(len(one.get_secret_value()) < _SHORTEST for one in given):
        raise ConfigError(f"tokens must have at least {_SHORTEST} characters when not on loopback")


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or address without a port) can only be this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _digest(text: str) -> bytes:
    """Of equal length for all, so that comparing tells nothing of a token's length."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _name(host: str) -> str:
    """The Host header without its port and brackets."""
    parts = _parts(f"http://{host}")
    return parts[1] if parts else ""


def _parts(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, name and port of a web origin, with the scheme's own port where none is given."""
    try:
        split = urlsplit(url)
        port = split.port or _PORTS.get(split.scheme)
    except ValueError:
        return None
    if not split.hostname or split.username is not None or split.path not in ("", "/"):
        return None
    return split.scheme, split.hostname.lower(), port
