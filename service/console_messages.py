"""The messages of the console's socket: what a supervisor's page may say, and how it is answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from service.commands import Command
from streaming.errors import CallcueError, ProtocolError

_Ref = Annotated[str, StringConstraints(max_length=64)] | int | None
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_Text = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0e-\x1f\x7f]*$"
    ),
]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Auth(_Message):
    type: Literal["auth"]
    token: Annotated[str, StringConstraints(max_length=1024)] = Field(default="", repr=False)
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] | None = None


class Answer(_Message):
    type: Literal["ack", "dismiss"]
    ref: _Ref = None
    call_id: _Id
    alert_id: _Id
    useful: bool | None = None

    def command(self, by: str | None) -> Command:
        return Command(
            type=self.type,
            call_id=self.call_id,
            alert_id=self.alert_id,
            useful=self.useful,
            by=by,
            ref=None if self.ref is None else str(self.ref),
        )


class WhisperText(_Message):
    type: Literal["whisper"]
    ref: _Ref = None
    call_id: _Id
    text: _Text
    alert_id: _Id | None = None

    def command(self, by: str | None) -> Command:
        return Command(
            type=self.type,
            call_id=self.call_id,
            alert_id=self.alert_id,
            text=self.text,
            by=by,
            ref=None if self.ref is None else str(self.ref),
        )


class Ping(_Message):
    """A quiet console asks whether its connection still carries anything."""

    type: Literal["ping"]


ConsoleMessage = Auth | Answer | WhisperText | Ping
PONG = '{"type":"pong"}'

_MESSAGES: TypeAdapter[ConsoleMessage] = TypeAdapter(Annotated[ConsoleMessage, Field(discriminator="type")])


def read(text: str | None, most_chars: int) -> ConsoleMessage:
    """Raises ProtocolError, which names fields and kinds of fault but no value."""
    if text is None:
        raise ProtocolError("messages are JSON text, not binary")
    if len(text) > most_chars:
        raise ProtocolError(f"a message has at most {most_chars} characters")
    try:
        return _MESSAGES.validate_json(text)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        places = [".".join(str(step) for step in one["loc"][1:]) or "message" for one in faults[:3]]
        told = [f"{place}: {one['type']}" for place, one in zip(places, faults, strict=False)]
        raise ProtocolError("; ".join(told)) from None


def reference(text: str | None) -> str | int | None:
    """The reference of a message that is wrong otherwise, so that the console can tell which it was."""
    try:
        ref = from_json(text or "").get("ref")
    except (ValueError, AttributeError):
        return None
    return ref if isinstance(ref, int) or (isinstance(ref, str) and len(ref) <= 64) else None


def reply(ref: str | int | None, error: CallcueError | None) -> str:
    answer: dict[str, Any] = {"type": "reply", "ref": ref, "ok": error is None}
    if error is not None:
        answer["error"] = {"code": error.code, "message": error.message}
    return to_json(answer).decode()
