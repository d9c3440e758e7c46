"""Twilio's side of a media stream, for tests and `callcue stream`: pure encoders."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from streaming.dialects.twilio import RATE, Track

FRAME = RATE // 50
"""Twilio sends 20 ms at a time: 160 bytes of µ-law."""


class TwilioClient:
    """Encodes one stream's messages in order; numbers are strings, as Twilio writes them.

    Sids are made from `call_id`, which need not look like Twilio's own.
    """

    def __init__(
        self,
        call_id: str,
        *,
        tracks: tuple[Track, ...] = ("inbound", "outbound"),
        custom: Mapping[str, str] | None = None,
    ) -> None:
        self._ids = {"accountSid": "AC" + "0" * 32, "callSid": call_id}
        self._stream = "MZ" + call_id.encode().hex()[:32].ljust(32, "0")
        self._tracks = tracks
        self._custom = dict(custom or {})
        self._sequence = 0
        self._chunks = dict.fromkeys(tracks, 0)

    def connected(self) -> str:
        return orjson.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}).decode()

    def start(self) -> str:
        body = {
            **self._ids,
            "streamSid": self._stream,
            "tracks": list(self._tracks),
            "customParameters": self._custom,
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE, "channels": 1},
        }
        return self._message("start", body)

    def media(self, track: Track, position: int, mulaw: bytes) -> str:
        """`position` is the frame's first sample in its track."""
        self._chunks[track] += 1
        body = {
            "track": track,
            "chunk": str(self._chunks[track]),
            "timestamp": str(position * 1000 // RATE),
            "payload": base64.b64encode(mulaw).decode(),
        }
        return self._message("media", body)

    def dtmf(self, track: Track, digit: str) -> str:
        return self._message("dtmf", {"track": f"{track}_track", "digit": digit})

    def mark(self, name: str) -> str:
        return self._message("mark", {"name": name})

    def stop(self) -> str:
        return self._message("stop", dict(self._ids))

    def _message(self, event: str, body: dict[str, Any]) -> str:
        self._sequence += 1
        envelope = {
            "event": event,
            "sequenceNumber": str(self._sequence),
            "streamSid": self._stream,
            event: body,
        }
        return orjson.dumps(envelope).decode()


def client_messages(
    call_id: str, tracks: Mapping[Track, bytes], *, custom: Mapping[str, str] | None = None
) -> Iterator[tuple[float, str]]:
    """A whole stream of µ-law `tracks`: (stream seconds at which to send it, message)."""
    client = TwilioClient(call_id, tracks=tuple(tracks), custom=custom)
    yield 0.0, client.connected()
    yield 0.0, client.start()
    longest = max(map(len, tracks.values()), default=0)
    for position in range(0, longest, FRAME):
        for track, mulaw in tracks.items():
            if frame := mulaw[position : position + FRAME]:
                yield min(position + FRAME, longest) / RATE, client.media(track, position, frame)
    yield longest / RATE, client.stop()
