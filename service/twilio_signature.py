"""Twilio's request signature on a websocket handshake.

HMAC-SHA1 over the address as Twilio called it, keyed with the account's auth token, in base64:
<https://www.twilio.com/docs/usage/security#validating-requests>. The tests hold it to Twilio's own library.
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha1

from pydantic import SecretStr
from starlette.datastructures import Headers

from streaming.errors import Unauthorized


def signature(url: str, secret: SecretStr) -> str:
    """What Twilio sends as ``X-Twilio-Signature`` when it opens `url`."""
    digest = hmac.new(secret.get_secret_value().encode(), url.encode(), sha1).digest()
    return base64.b64encode(digest).decode()


def check_signature(headers: Headers, url: str, secret: SecretStr) -> None:
    """Raises `Unauthorized` unless the handshake carries the signature of `url`."""
    given = headers.get("x-twilio-signature", "")
    if not hmac.compare_digest(given.encode(), signature(url, secret).encode()):
        raise Unauthorized(
            "the Twilio signature does not fit: set CALLCUE_TWILIO_AUTH_TOKEN to the account's auth token"
            " and CALLCUE_PUBLIC_URL to the wss:// address in the TwiML"
        )
