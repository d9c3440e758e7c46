"""Twilio Media Streams, as on the wire: JSON text only, numbers as strings, µ-law in base64.

<https://www.twilio.com/docs/voice/media-streams/websocket-messages>. Twilio only talks here; it takes none
of our messages. Which track is the agent depends on the leg the stream hangs on: see `AGENT_TRACK`.
"""

from __future__ import annotations

import binascii
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from streaming.audio import Encoding
from streaming.dialects.base import Audio, Bye, Dtmf, Hello, Incoming, Limits, Mark, Mute
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
from streaming.dialects.reorder import Reorder
from streaming.errors import FrameError, HelloError, PositionError, ProtocolError, UnsupportedCodec
from streaming.events import CallInfo, Party, Profile

Track = Literal["inbound", "outbound"]

AGENT_TRACK: Track = "outbound"
"""Twilio's inbound is what the leg sends to Twilio, outbound what Twilio plays to the leg. On a customer's
incoming call (the usual place of the TwiML) inbound is the customer and outbound the agent. For a stream
on the agent's own leg set the custom parameter ``agent_track`` to ``inbound``."""

RATE = 8_000

_CUSTOM_RULES = {
    "call_id": CALL_ID_RULE,
    "agent_track": '"inbound" or "outbound"',
    "agent": NAME_RULE,
    "team": NAME_RULE,
    "customer_name": NAME_RULE,
    "profile": PROFILE_RULE,
    "language": LANGUAGE_RULE,
}
_START_RULES = {
    "streamSid": "the id of the stream",
    "callSid": CALL_ID_RULE,
    "tracks": '"inbound", "outbound" or both, each once',
    "mediaFormat": "an object with encoding, sampleRate and channels",
    "customParameters": "an object of strings",
}
_MEDIA_RULES = {
    "track": '"inbound" or "outbound"',
    "timestamp": "milliseconds since the stream began, digits only",
    "chunk": "the frame's number, digits only",
    "payload": "base64 text",
}

Digits = Annotated[
    int,
    # Twilio writes numbers as strings, some of its likes as numbers.
    BeforeValidator(
        lambda n: int(n) if isinstance(n, str) and n.isascii() and n.isdigit() and len(n) < 16 else n
    ),
    Field(ge=0, lt=10**15),
]


class _Lenient(BaseModel):
    """Platforms add fields; only those used here are looked at, and those strictly."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Format(_Lenient):
    encoding: str = ""
    sampleRate: Digits = 0  # noqa: N815 - as on the wire
    channels: Digits = 1


class _Start(_Lenient):
    streamSid: str = ""  # noqa: N815 - as on the wire
    callSid: CallId  # noqa: N815 - as on the wire
    tracks: Annotated[list[Track], Field(min_length=1, max_length=2)]
    mediaFormat: _Format  # noqa: N815 - as on the wire
    customParameters: dict[str, Any] = {}  # noqa: N815 - as on the wire; pydantic copies it


class _Custom(_Lenient):
    call_id: CallId | None = None
    agent_track: Track = AGENT_TRACK
    agent: Name = None
    team: Name = None
    customer_name: Name = None
    profile: Literal["eu-workplace", "training", "full"] | None = None
    language: Language = "en"


class _MediaFields(_Lenient):
    track: Track
    timestamp: Digits
    chunk: Digits | None = None
    payload: str


class _Media(NamedTuple):
    track: str
    timestamp: int
    chunk: int | None
    payload: str


class TwilioDialect(Mute):
    """One media stream: one track, or both demultiplexed by name. What follows `stop` is ignored."""

    name = "twilio"

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._stream: str | None = None
        self._parties: dict[str, Party] = {}
        self._tracks: dict[str, Reorder] = {}
        self._over = False

    def receive_text(self, text: str, /) -> list[Incoming]:
        if self._over:
            return []
        message = parse_object(text, self._limits, ProtocolError if self._parties else HelloError)
        event = message.get("event")
        if event == "start":
            return [self._start(message)]
        if not self._parties:
            if event == "connected":
                return []
            raise HelloError("the start message must come before everything but connected")
        self._check_stream(message)
        return self._dispatch(event, message)

    def receive_bytes(self, data: bytes, /) -> list[Incoming]:
        if self._over:
            return []
        raise ProtocolError(
            "Media Streams are JSON text messages, but a binary one came:"
            " a softphone that sends binary audio belongs on /v1/calls/stream"
        )

    def _dispatch(self, event: object, message: dict[str, Any]) -> list[Incoming]:
        body = message.get(event) if isinstance(event, str) else None
        fields = body if isinstance(body, dict) else {}
        if event == "media":
            return self._media(fields)
        if event == "dtmf":
            return self._dtmf(fields)
        if event == "mark":
            name = fields.get("name")
            return [Mark(name=name[:128])] if isinstance(name, str) else []
        if event == "stop":
            self._over = True
            held = [
                self._audio(track, frame) for track in self._tracks for frame in self._tracks[track].flush()
            ]
            return [*held, Bye(reason="stop")]
        return []  # a kind of message that the platform added since

    def _start(self, message: dict[str, Any]) -> Hello:
        if self._parties:
            raise ProtocolError("a second start: one connection carries one stream")
        start, custom = _parse_start(message)
        if start.mediaFormat.encoding not in ("audio/x-mulaw", "PCMU"):
            raise UnsupportedCodec("mediaFormat.encoding must be audio/x-mulaw, as Media Streams send it")
        if (start.mediaFormat.sampleRate, start.mediaFormat.channels) != (RATE, 1):
            raise UnsupportedCodec(f"mediaFormat must have sampleRate {RATE} and 1 channel a track")
        if len(set(start.tracks)) != len(start.tracks):
            raise HelloError(f"the start message has a wrong field 'tracks': {_START_RULES['tracks']}")
        agent = custom.agent_track
        self._parties = {t: Party.AGENT if t == agent else Party.CUSTOMER for t in start.tracks}
        self._tracks = {track: Reorder(RATE) for track in start.tracks}
        self._stream = start.streamSid or None
        call = CallInfo(
            call_id=custom.call_id or start.callSid,
            parties=tuple(self._parties.values()),
            agent=custom.agent,
            team=custom.team,
            customer_name=custom.customer_name,
            language=custom.language,
        )
        profile = Profile(custom.profile) if custom.profile else None
        return Hello(call=call, encoding=Encoding.MULAW, rate=RATE, profile=profile)

    def _check_stream(self, message: dict[str, Any]) -> None:
        stream = message.get("streamSid", self._stream)
        if self._stream is not None and stream != self._stream:
            raise ProtocolError("a message of another stream: one connection carries one stream")

    def _media(self, fields: dict[str, Any]) -> list[Incoming]:
        media = _usual_media(fields) or _checked_media(fields)
        if media.track not in self._parties:
            raise ProtocolError("the media message is of a track that the start message did not announce")
        try:
            data = binascii.a2b_base64(media.payload, strict_mode=True)
        except (binascii.Error, ValueError):
            raise FrameError("media.payload must be base64 of µ-law samples; this is not base64") from None
        self._check_size(media, len(data))
        frames = self._tracks[media.track].push(media.timestamp * RATE // 1000, media.chunk, data)
        return [self._audio(media.track, frame) for frame in frames]

    def _check_size(self, media: _Media, samples: int) -> None:
        if not 0 < samples <= self._limits.frame_seconds * RATE:
            raise FrameError(f"media.payload must hold audio, at most {self._limits.frame_seconds:g} s of it")
        if media.timestamp * RATE // 1000 + samples > self._limits.positions:
            raise PositionError("media.timestamp is too large: it counts milliseconds since the stream began")

    def _audio(self, track: str, frame: tuple[int, bytes]) -> Audio:
        return Audio(party=self._parties[track], position=frame[0], data=frame[1])

    def _dtmf(self, fields: dict[str, Any]) -> list[Incoming]:
        digit, track = fields.get("digit"), str(fields.get("track", "")).removesuffix("_track")
        if not isinstance(digit, str) or len(digit) != 1 or track not in self._parties:
            return []  # no reason to lose a call
        return [Dtmf(party=self._parties[track], digit=digit)]


def _usual_media(fields: dict[str, Any]) -> _Media | None:
    """A frame as Twilio writes it, a hundred a second; None for any other, which the rules look at."""
    track, stamp, chunk, payload = map(fields.get, ("track", "timestamp", "chunk", "payload"))
    if not (isinstance(stamp, str) and isinstance(chunk, str) and isinstance(payload, str)):
        return None
    if track not in ("inbound", "outbound") or not 0 < len(stamp) < 16 or not 0 < len(chunk) < 16:
        return None
    if not (stamp + chunk).isdigit() or not (stamp + chunk).isascii():
        return None
    return _Media(track, int(stamp), int(chunk), payload)


def _checked_media(fields: dict[str, Any]) -> _Media:
    try:
        media = _MediaFields.model_validate(fields)
    except ValidationError as failure:
        raise ProtocolError(explain(failure, "media message", _MEDIA_RULES)) from None
    return _Media(media.track, media.timestamp, media.chunk, media.payload)


def _parse_start(message: dict[str, Any]) -> tuple[_Start, _Custom]:
    body = message.get("start")
    fields = body if isinstance(body, dict) else {}
    try:
        start = _Start.model_validate({"streamSid": message.get("streamSid", ""), **fields})
    except ValidationError as failure:
        raise HelloError(explain(failure, "start message", _START_RULES)) from None
    try:
        return start, _Custom.model_validate({k: v for k, v in start.customParameters.items() if v != ""})
    except ValidationError as failure:
        raise HelloError(explain(failure, "customParameters", _CUSTOM_RULES)) from None
