"""Recordings as frames to send: encoded once, so that sending costs a slice and a header.

A call plays one recording from an offset on, round and round. Frames are whole websocket frames, masked with
zeros (RFC 6455 asks clients for a mask, not for a random one), so that nothing is left to do per byte.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.batch import find_recordings, stereo
from service.softphone import load
from streaming.audio import Encoding, encode, interleave
from streaming.dialects.twilio_client import TwilioClient
from streaming.errors import CallcueError, ConfigError
from streaming.events import Party

RATE = 8000
FRAME = 160
"""Samples in a frame: 20 ms at 8 kHz, as telephony sends them."""

FRAME_SECONDS = FRAME / RATE

Framing = Literal["native", "twilio"]
FrameAt = Callable[[int], bytes]
"""The bytes to write for the call's frame of that index."""

_TEXT, _BINARY = 0x81, 0x82
_NO_MASK = bytes(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One recording as µ-law at 8 kHz, whole frames only: agent, customer, and both interleaved."""

    name: str
    agent: bytes
    customer: bytes
    both: bytes

    @property
    def frames(self) -> int:
        return len(self.agent) // FRAME


def read_loops(paths: Sequence[Path]) -> list[Loop]:
    """Two-party recordings; mono files in a folder are passed over. Raises `ConfigError` without any."""
    loops = []
    for path in find_recordings(paths):
        try:
            loops.append(_loop(path))
        except CallcueError:
            if path in paths:
                raise
    if not loops:
        raise ConfigError("no two-channel recordings there: agent on channel 0, customer on channel 1")
    return loops


def _loop(path: Path) -> Loop:
    audio = load(stereo(path)).at_rate(RATE)
    whole = audio.samples.shape[1] // FRAME * FRAME
    parts = {
        party: encode(Encoding.MULAW, audio.samples[row, :whole]) for row, party in enumerate(audio.parties)
    }
    agent, customer = parts[Party.AGENT], parts[Party.CUSTOMER]
    return Loop(
        name=path.stem, agent=agent, customer=customer, both=interleave(Encoding.MULAW, (agent, customer))
    )


def native_frames(loop: Loop, offset: int) -> FrameAt:
    """Frames of the native protocol, the first taken from frame `offset` of the recording."""
    size = 2 * FRAME
    head = _head(_BINARY, 4 + size)
    position = struct.Struct(">I")

    def frame(index: int) -> bytes:
        start = (offset + index) % loop.frames * size
        return head + position.pack(index * FRAME) + loop.both[start : start + size]

    return frame


def twilio_frames(loop: Loop, offset: int, call_id: str) -> FrameAt:
    """Both tracks' media messages, written together; numbered behind `connected` and `start`."""
    stream = stream_sid(call_id)
    inbound, outbound = _payloads(loop.customer), _payloads(loop.agent)

    def frame(index: int) -> bytes:
        at = (offset + index) % loop.frames
        first = _media(stream, "inbound", 2 * index + 2, index, inbound[at])
        return first + _media(stream, "outbound", 2 * index + 3, index, outbound[at])

    return frame


def stream_sid(call_id: str) -> str:
    return "MZ" + call_id.encode().hex()[:32].ljust(32, "0")


def twilio_opening(call_id: str, profile: str | None) -> list[str]:
    """The messages before the first audio."""
    client = TwilioClient(call_id, custom={"profile": profile} if profile else None)
    return [client.connected(), client.start()]


def twilio_stop(call_id: str) -> str:
    return TwilioClient(call_id).stop()


def text_frame(text: str) -> bytes:
    data = text.encode()
    return _head(_TEXT, len(data)) + data


def _payloads(mulaw: bytes) -> list[bytes]:
    return [base64.b64encode(mulaw[at : at + FRAME]) for at in range(0, len(mulaw), FRAME)]


def _media(stream: str, track: str, sequence: int, index: int, payload: bytes) -> bytes:
    text = (
        f'{{"event":"media","sequenceNumber":"{sequence}","streamSid":"{stream}","media":{{"track":"{track}",'
        f'"chunk":"{index + 1}","timestamp":"{index * FRAME * 1000 // RATE}","payload":"'
    ).encode()
    data = text + payload + b'"}}'
    return _head(_TEXT, len(data)) + data


def _head(opcode: int, size: int) -> bytes:
    if size < 126:
        return bytes((opcode, 0x80 | size)) + _NO_MASK
    return struct.pack(">BBH", opcode, 0x80 | 126, size) + _NO_MASK
