"""What every wire dialect gives and takes. Sans-I/O: text and bytes in, calls and audio out.

A dialect holds one connection's protocol state. It never closes anything: it raises a `ProtocolError`
(the connection cannot go on; its `close_code` and message go to the peer), and encodes what the service
wants to say. A platform without words for something says nothing: the encoder returns an empty list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from streaming.audio import Encoding
from streaming.errors import CallcueError
from streaming.events import AudioGap, CallInfo, Party, Profile, Scorecard, Seconds

Frame = str | bytes
"""One websocket message to send: text or binary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may send. Positions have 32 bits: 149 hours at 8 kHz, 24.8 hours at 48 kHz."""

    text_length: int = 65_536  # characters
    frame_seconds: Seconds = 2.0
    rate_min: int = 8_000
    rate_max: int = 48_000
    positions: int = 2**32  # the first position that does not exist


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The call that this connection carries. Comes first, and once.

    `call.parties` are those who will be heard, in channel order. `profile` is what the peer asked for (None:
    the deployment's own); whether it may have it is the service's to decide, so `call.profile` is
    meaningless until the service has set it. `resume` is the token of an earlier `ready` of this call.
    """

    call: CallInfo
    encoding: Encoding
    rate: int
    profile: Profile | None = None
    resume: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Mono audio of one party, in the hello's encoding; `position` counts its samples from the call's start.

    Frames of one party come in order, but may overlap or leave gaps: `streaming.audio.ChannelTrack` sorts
    that out.
    """

    party: Party
    position: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtmf:
    """A key was pressed. Digits may be card numbers: never log or store them."""

    party: Party
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The agent's softphone showed a whisper."""

    whisper_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Answer with `Dialect.pong`; `id` is the peer's to choose."""

    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    """The call is over; what comes after it is ignored."""

    reason: Literal["bye", "stop", "transferred", "hangup"] = "bye"


Incoming = Hello | Audio | Dtmf | Mark | Seen | Ping | Bye


class Dialect(Protocol):
    """One connection's protocol state. After an exception it must be fed no more."""

    name: str

    def receive_text(self, text: str, /) -> list[Incoming]:
        """Raises `ProtocolError` or one of its subclasses, and nothing else, whatever `text` is."""
        ...

    def receive_bytes(self, data: bytes, /) -> list[Incoming]:
        """Raises `ProtocolError` or one of its subclasses, and nothing else, whatever `data` is."""
        ...

    def ready(self, position: int, resume: str, /) -> list[Frame]:
        """Send audio from `position` on; come back with `resume` if the connection breaks."""
        ...

    def ack(self, position: int, heard: int, /) -> list[Frame]:
        """All that was said before sample `position` is stored; audio up to `heard` was taken up."""
        ...

    def gap(self, gap: AudioGap, /) -> list[Frame]: ...

    def warn(self, code: str, message: str, /) -> list[Frame]: ...

    def whisper(self, whisper_id: str, text: str, /) -> list[Frame]: ...

    def done(self, scorecard: Scorecard | None, /) -> list[Frame]: ...

    def error(self, error: CallcueError, /) -> list[Frame]:
        """Precedes the close with `error.close_code`."""
        ...

    def pong(self, ping: Ping, /) -> list[Frame]: ...


class Mute:
    """The encoders of a platform that only listens; dialects of such platforms inherit it."""

    def ready(self, position: int, resume: str, /) -> list[Frame]:
        return []

    def ack(self, position: int, heard: int, /) -> list[Frame]:
        return []

    def gap(self, gap: AudioGap, /) -> list[Frame]:
        return []

    def warn(self, code: str, message: str, /) -> list[Frame]:
        return []

    def whisper(self, whisper_id: str, text: str, /) -> list[Frame]:
        return []

    def done(self, scorecard: Scorecard | None, /) -> list[Frame]:
        return []

    def error(self, error: CallcueError, /) -> list[Frame]:
        return []

    def pong(self, ping: Ping, /) -> list[Frame]:
        return []
