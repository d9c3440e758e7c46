"""callcue's own wire protocol, version 1: JSON text for control, binary for audio (docs/protocol.md).

The server's side is `NativeDialect`; the functions at the end encode a softphone's messages.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from streaming.audio import Encoding, deinterleave
from streaming.dialects.base import Audio, Bye, Frame, Hello, Incoming, Limits, Ping, Seen
from streaming.dialects.fields import (
    CALL_ID_RULE,
    LANGUAGE_RULE,
    NAME_RULE,
    PROFILE_RULE,
    CallId,
    Language,
    Name,
    explain,
    parse_object,
)
from streaming.errors import (
    CallcueError,
    FrameError,
    HelloError,
    PositionError,
    ProtocolError,
    UnsupportedCodec,
)
from streaming.events import AudioGap, CallInfo, Party, Profile, Scorecard

PROTOCOL = "callcue.v1"

_POSITION = struct.Struct(">I")
_SCORECARD = TypeAdapter(Scorecard | None)
_ENCODINGS = ", ".join(Encoding)
_RULES = {
    "type": 'the first message is {"type": "hello", ...}',
    "protocol": f'must be "{PROTOCOL}", the only version spoken here',
    "call_id": CALL_ID_RULE,
    "encoding": f"one of {_ENCODINGS}",
    "rate": "samples per second of one channel, a whole number",
    "channels": 'who is on each channel, in order: "agent" and "customer", or one of them',
    "agent": NAME_RULE,
    "team": NAME_RULE,
    "customer_name": NAME_RULE,
    "profile": PROFILE_RULE,
    "language": LANGUAGE_RULE,
    "resume": "the token of an earlier ready message, or leave it out",
}


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _HelloMessage(_Strict):
    type: Literal["hello"]
    protocol: Literal["callcue.v1"]
    call_id: CallId
    encoding: str
    rate: int
    channels: Annotated[list[Literal["agent", "customer"]], Field(min_length=1, max_length=2)]
    agent: Name = None
    team: Name = None
    customer_name: Name = None
    profile: Literal["eu-workplace", "training", "full"] | None = None
    language: Language = "en"
    resume: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[!-~]+$")] | None = None


class _ByeMessage(_Strict):
    type: Literal["bye"]
    reason: Literal["bye", "hangup", "transferred"] = "bye"


class _SeenMessage(_Strict):
    type: Literal["seen"]
    id: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


class _PingMessage(_Strict):
    type: Literal["ping"]
    id: Annotated[int, Field(ge=0, lt=2**53)] | None = None


_CONTROL: TypeAdapter[_ByeMessage | _SeenMessage | _PingMessage] = TypeAdapter(
    Annotated[_ByeMessage | _SeenMessage | _PingMessage, Field(discriminator="type")]
)


class NativeDialect:
    """One softphone's connection. A message after `bye` is ignored."""

    name = "native"

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._hello: Hello | None = None
        self._over = False

    def receive_text(self, text: str, /) -> list[Incoming]:
        if self._over:
            return []
        if self._hello is None:
            self._hello = self._parse_hello(text)
            return [self._hello]
        return [self._parse_control(text)]

    def receive_bytes(self, data: bytes, /) -> list[Incoming]:
        if self._over:
            return []
        if self._hello is None:
            raise HelloError("audio came before the hello: send the JSON hello first, as a text message")
        if len(data) <= _POSITION.size:
            raise FrameError(
                "a binary message is a 4-byte big-endian sample position followed by at least one sample"
                " of every channel"
            )
        hello = self._hello
        (position,) = _POSITION.unpack_from(data)
        self._check_size(hello, position, len(data) - _POSITION.size)
        channels = deinterleave(hello.encoding, data[_POSITION.size :], len(hello.call.parties))
        return [
            Audio(party=party, position=position, data=channel)
            for party, channel in zip(hello.call.parties, channels, strict=True)
        ]

    def _check_size(self, hello: Hello, position: int, size: int) -> None:
        samples = size // (hello.encoding.width * len(hello.call.parties))
        if samples > self._limits.frame_seconds * hello.rate:
            raise FrameError(
                f"a binary message may hold at most {self._limits.frame_seconds:g} s of audio:"
                " send pieces of 20 to 200 ms"
            )
        if position + samples > self._limits.positions:
            raise PositionError(
                "the sample position would pass 32 bits; positions do not wrap: say bye, begin a new call"
            )

    def _parse_hello(self, text: str) -> Hello:
        message = parse_object(text, self._limits, HelloError)
        try:
            fields = _HelloMessage.model_validate(message)
        except ValidationError as failure:
            raise HelloError(explain(failure, "hello", _RULES)) from None
        if fields.encoding not in list(Encoding):
            raise UnsupportedCodec(f"this encoding is not supported; send one of {_ENCODINGS}")
        if not self._limits.rate_min <= fields.rate <= self._limits.rate_max:
            raise UnsupportedCodec(f"rate must be {self._limits.rate_min} to {self._limits.rate_max} Hz")
        if len(set(fields.channels)) != len(fields.channels):
            raise HelloError(f"the hello has a wrong field 'channels': {_RULES['channels']}")
        return Hello(
            call=_call_info(fields),
            encoding=Encoding(fields.encoding),
            rate=fields.rate,
            profile=Profile(fields.profile) if fields.profile else None,
            resume=fields.resume,
        )

    def _parse_control(self, text: str) -> Incoming:
        message = parse_object(text, self._limits)
        if message.get("type") == "hello":
            raise ProtocolError("a second hello: one connection carries one call, open another for the next")
        try:
            control = _CONTROL.validate_python(message)
        except ValidationError:
            raise ProtocolError(
                "this text message is not known; after the hello send binary audio, and as text only"
                ' {"type": "bye"}, {"type": "seen", "id": WHISPER} or {"type": "ping"}'
            ) from None
        if isinstance(control, _ByeMessage):
            self._over = True
            return Bye(reason=control.reason)
        return Seen(whisper_id=control.id) if isinstance(control, _SeenMessage) else Ping(id=control.id)

    def ready(self, position: int, resume: str, /) -> list[Frame]:
        return _text({"type": "ready", "protocol": PROTOCOL, "position": position, "resume": resume})

    def ack(self, position: int, heard: int, /) -> list[Frame]:
        return _text({"type": "ack", "position": position, "heard": heard})

    def gap(self, gap: AudioGap, /) -> list[Frame]:
        where = {"party": gap.speaker, "start": gap.start, "end": gap.end, "reason": gap.reason}
        return _text({"type": "gap", **where})

    def warn(self, code: str, message: str, /) -> list[Frame]:
        return _text({"type": "warn", "code": code, "message": message})

    def whisper(self, whisper_id: str, text: str, /) -> list[Frame]:
        return _text({"type": "whisper", "id": whisper_id, "text": text})

    def done(self, scorecard: Scorecard | None, /) -> list[Frame]:
        return _text({"type": "done", "scorecard": _SCORECARD.dump_python(scorecard, mode="json")})

    def error(self, error: CallcueError, /) -> list[Frame]:
        message = {
            "type": "error",
            "code": error.code,
            "message": error.message,
            "retryable": error.retryable,
            "retry_after": error.retry_after,
        }
        return _text(message)

    def pong(self, ping: Ping, /) -> list[Frame]:
        return _text({"type": "pong", "id": ping.id})


def _call_info(fields: _HelloMessage) -> CallInfo:
    return CallInfo(
        call_id=fields.call_id,
        parties=tuple(Party(channel) for channel in fields.channels),
        agent=fields.agent,
        team=fields.team,
        customer_name=fields.customer_name,
        language=fields.language,
    )


def _text(message: dict[str, Any]) -> list[Frame]:
    return [orjson.dumps(message).decode()]


def hello_message(
    call: CallInfo,
    encoding: Encoding,
    rate: int,
    *,
    profile: Profile | None = None,
    resume: str | None = None,
) -> str:
    """A softphone's first message. Facts that are not known are left out."""
    optional = {
        "agent": call.agent,
        "team": call.team,
        "customer_name": call.customer_name,
        "profile": profile,
        "resume": resume,
    }
    message = {
        "type": "hello",
        "protocol": PROTOCOL,
        "call_id": call.call_id,
        "encoding": encoding,
        "rate": rate,
        "channels": list(call.parties),
        "language": call.language,
        **{name: value for name, value in optional.items() if value is not None},
    }
    return orjson.dumps(message).decode()


def audio_message(position: int, interleaved: bytes) -> bytes:
    """`position` is the index of the frame's first sample in each channel, from the call's start."""
    return _POSITION.pack(position) + interleaved


def bye_message(reason: Literal["bye", "hangup", "transferred"] = "bye") -> str:
    return orjson.dumps({"type": "bye", "reason": reason}).decode()


def seen_message(whisper_id: str) -> str:
    """The agent's screen showed the whisper."""
    return orjson.dumps({"type": "seen", "id": whisper_id}).decode()


def ping_message(ping_id: int | None = None) -> str:
    return orjson.dumps({"type": "ping", "id": ping_id}).decode()
