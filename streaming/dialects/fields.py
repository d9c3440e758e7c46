"""Fields that several dialects carry: what they may hold, and what to say when they do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

import orjson
from pydantic import AfterValidator, StringConstraints, ValidationError

from streaming.dialects.base import Limits
from streaming.errors import ProtocolError
from streaming.events import Profile

CALL_ID_RULE = "1 to 128 of A-Z a-z 0-9 . _ : @ - beginning with a letter or digit"
NAME_RULE = "text of at most 128 characters without control characters, or leave it out"
PROFILE_RULE = "one of " + ", ".join(Profile) + ", or leave it out for the server's own"
LANGUAGE_RULE = 'a language code such as "en" or "en-GB"'


def _blank_is_absent(text: str | None) -> str | None:
    return text or None


CallId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$")]
Name = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
    | None,
    AfterValidator(_blank_is_absent),
]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35),
    AfterValidator(lambda code: code.split("-")[0]),
]


def parse_object(text: str, limits: Limits, error: type[ProtocolError] = ProtocolError) -> dict[str, Any]:
    """One JSON object from a text message. Raises `error` when it is anything else, or too long."""
    if len(text) > limits.text_length:
        raise ProtocolError(f"a text message may have at most {limits.text_length} characters")
    try:
        message = orjson.loads(text)
    except ValueError:
        raise error("a text message must be one JSON object; this one is not JSON") from None
    if not isinstance(message, dict):
        raise error("a text message must be one JSON object; this one is JSON of another kind")
    return cast("dict[str, Any]", message)


def explain(failure: ValidationError, what: str, rules: Mapping[str, str]) -> str:
    """What to do about the first wrong field, without repeating what the peer sent."""
    first = failure.errors(include_url=False, include_input=False, include_context=False)[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    if field not in rules:
        return f"the {what} has a field that is not known here; known are {', '.join(rules)}"
    verb = "needs" if first["type"] == "missing" else "has a wrong"
    return f"the {what} {verb} field {field!r}: {rules[field]}"
