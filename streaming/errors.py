"""One exception tree: what can go wrong, how a socket closes on it, and whether to try again."""

from __future__ import annotations


class CallcueError(Exception):
    """Base of every error callcue raises on purpose.

    `code` is a stable word for programs, `close_code` the websocket close code (RFC 6455 4000-4999 are
    ours), `status` the HTTP status, `retryable` whether the same request may succeed later. The message
    says what to do, and never carries anybody's words, names or tokens.
    """

    code = "internal"
    close_code = 1011
    status = 500
    retryable = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class ProtocolError(CallcueError):
    """The peer broke the wire protocol."""

    code, close_code, status = "protocol_error", 4400, 400


class HelloError(ProtocolError):
    """The first message is missing or is not a valid hello."""

    code, close_code = "bad_hello", 4401


class UnsupportedCodec(ProtocolError):
    code, close_code, status = "unsupported_codec", 4415, 415


class PositionError(ProtocolError):
    """A frame's sample position went backwards or jumped absurdly far."""

    code, close_code = "bad_position", 4416


class FrameError(ProtocolError):
    """A binary frame cannot be cut into whole samples of every channel, or is too large."""

    code, close_code = "bad_frame", 4417


class IdleTimeout(CallcueError):
    code, close_code, status, retryable = "idle_timeout", 4408, 408, True


class Unauthorized(CallcueError):
    code, close_code, status = "unauthorized", 4403, 401


class OriginRefused(CallcueError):
    code, close_code, status = "origin_refused", 4403, 403


class CallExists(CallcueError):
    """A live call with that id already has a socket."""

    code, close_code, status = "call_exists", 4409, 409


class NotFound(CallcueError):
    code, close_code, status = "not_found", 4404, 404


class Overloaded(CallcueError):
    """No room for more now; try again after `retry_after` seconds."""

    code, close_code, status, retryable = "overloaded", 1013, 503, True


class Draining(CallcueError):
    """The server is going away; resume elsewhere."""

    code, close_code, status, retryable = "draining", 1012, 503, True


class UnreadableAudio(CallcueError):
    """A recording is empty, truncated, or not audio."""

    code, close_code, status = "unreadable_audio", 4422, 422


class PartiesUnknown(CallcueError):
    """A recording has another number of channels than parties were promised."""

    code, close_code, status = "parties_unknown", 4422, 422


class TooLarge(CallcueError):
    code, close_code, status = "too_large", 1009, 413


class WeightsError(CallcueError):
    """Model weights are absent or their checksum is wrong."""

    code = "weights"


class EngineFailed(CallcueError):
    """The recogniser could not answer for this request."""

    code, retryable = "engine_failed", True


class Superseded(CallcueError):
    """A newer partial of the same utterance took this one's place in the queue."""

    code, retryable = "superseded", True


class CursorLost(CallcueError):
    """The bus no longer holds what followed that cursor: resync from the store."""

    code, retryable = "cursor_lost", True


class ConfigError(CallcueError):
    """The settings cannot work as given; the message says what to set."""

    code = "config"


def first_cause(error: BaseException) -> BaseException:
    """What a TaskGroup's failure began with."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
