"""Passes for agents' desks: who the agent is and until when, signed by a key of the deployment (pure).

A pass needs no storing, is read alike on every node, and opens one agent's own desk only.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from streaming.errors import ConfigError, Unauthorized

_VERSION = "desk1"
_LONGEST = 1024
_REFUSED = "this desk pass is wrong or has run out: ask for a new one"


class _Claim(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    agent: str = Field(min_length=1, max_length=128)
    until: float = Field(allow_inf_nan=False)


def issue(agent: str, *, until: float, keys: Iterable[SecretStr]) -> str:
    """A pass for `agent` up to `until` (Unix seconds), signed by the first key; without one, ConfigError."""
    key = next(iter(keys), None)
    if key is None:
        raise ConfigError("set CALLCUE_TOKENS__DESK, the keys that sign agents' passes, to a JSON list")
    body = _text(_Claim(agent=agent, until=until).model_dump_json().encode())
    return f"{_VERSION}.{body}.{_signature(body, key)}"


def agent_of(given: str, *, now: float, keys: Iterable[SecretStr]) -> str:
    """Whose pass it is. Raises Unauthorized when no key signed it, or it has run out."""
    version, _, rest = given[:_LONGEST].partition(".")
    body, _, signature = rest.partition(".")
    signed = [hmac.compare_digest(signature.encode(), _signature(body, key).encode()) for key in keys]
    if version != _VERSION or not any(signed):
        raise Unauthorized(_REFUSED)
    try:
        claim = _Claim.model_validate_json(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValidationError, binascii.Error):
        raise Unauthorized(_REFUSED) from None
    if now >= claim.until:
        raise Unauthorized(_REFUSED)
    return claim.agent


def _signature(body: str, key: SecretStr) -> str:
    mark = hmac.new(key.get_secret_value().encode(), f"{_VERSION}.{body}".encode(), sha256)
    return _text(mark.digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
