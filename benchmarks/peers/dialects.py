"""What each peer's clients say and hear, as pure code: one object a stream (one party of one call).

Their servers know no calls of two parties, so a call is two streams. A *finished line* is text that the
server says, or shows by its rules, it will not change any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from streaming.errors import CallcueError
from streaming.events import Seconds
from streaming.ports import SAMPLE_RATE, Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Finished text: from `start` to `end` stream seconds, `received` on the client's clock."""

    start: Seconds
    end: Seconds
    text: str
    received: float


class Dialect(Protocol):
    """One stream's protocol. `ready`: audio may be sent; `done`: the server has said its last word."""

    frame: int
    ready: bool
    done: bool

    def opening(self) -> list[str]:
        """Messages before the audio."""

    def audio(self, samples: Samples) -> bytes:
        """One message of audio, 16 kHz."""

    def ending(self) -> bytes | None:
        """What follows the last audio at once; None where that would throw away what is still to come."""

    def take(self, message: str | bytes, received: float) -> list[Finished]:
        """What the message finishes. Raises `CallcueError` when the server turns the stream away."""


class WhisperLive:
    """whisper-live 0.10: float32 audio; `segments` of which some are `completed`.

    A segment is completed when a later one began in the audio not yet completed, or when its text has come
    out the same more than ten times. Every message repeats the latest completed ones, so new ones are those
    that begin where the last one known ended, as its own client takes them. There is no word that
    everything was said: END_OF_AUDIO drops what is unfinished, so its client waits 15 s before sending it.
    """

    frame = 4096  # its client's chunk: 256 ms

    def __init__(self, uid: str, model: str) -> None:
        self.ready = False
        self.done = False
        self._uid = uid
        self._model = model
        self._known: set[tuple[str, str]] = set()

    def opening(self) -> list[str]:
        """Its client's defaults; the language is given, so that none has to be detected."""
        wishes = {"uid": self._uid, "language": "en", "task": "transcribe", "model": self._model}
        return [json.dumps({**wishes, "use_vad": True, "send_last_n_segments": 10})]

    def audio(self, samples: Samples) -> bytes:
        return samples.astype("<f4").tobytes()

    def ending(self) -> bytes | None:
        return None

    def take(self, message: str | bytes, received: float) -> list[Finished]:
        said = json.loads(message)
        if said.get("status") in ("WAIT", "ERROR"):
            raise CallcueError(f"whisper-live turned the stream away: {said['status']}")
        self.ready = self.ready or said.get("message") == "SERVER_READY"
        self.done = self.done or said.get("message") == "DISCONNECT"
        return [
            Finished(
                start=float(one["start"]), end=float(one["end"]), text=one["text"].strip(), received=received
            )
            for one in said.get("segments", ())
            if one.get("completed") and self._new(one["start"], one["end"])
        ]

    def _new(self, start: str, end: str) -> bool:
        fresh = (start, end) not in self._known
        self._known.add((start, end))
        return fresh


class WhisperLiveKit:
    """whisperlivekit 0.2: 16-bit audio; `lines` of committed words, a buffer of what may change.

    Words enter a line when two decodings in a row agree on them (or the model is sure enough, with
    --confidence-validation), and never leave it. So the words by which a line has grown since the last
    message are finished. An empty message ends the audio, `ready_to_stop` answers when all is committed.
    """

    frame = SAMPLE_RATE // 10  # its page records in pieces of 100 ms

    def __init__(self) -> None:
        self.ready = False
        self.done = False
        self._lines: list[tuple[str, Seconds]] = []

    def opening(self) -> list[str]:
        return []

    def audio(self, samples: Samples) -> bytes:
        return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()

    def ending(self) -> bytes | None:
        return b""

    def take(self, message: str | bytes, received: float) -> list[Finished]:
        said = json.loads(message)
        if said.get("type") == "error" or said.get("error"):
            raise CallcueError("whisperlivekit turned the stream away")
        self.ready = self.ready or said.get("type") == "config"
        self.done = self.done or said.get("type") == "ready_to_stop"
        if "lines" not in said:
            return []
        return self._grown([line for line in said["lines"] if line.get("speaker") != _SILENCE], received)

    def _grown(self, lines: list[dict[str, str]], received: float) -> list[Finished]:
        found = []
        for index, line in enumerate(lines):
            text, start, end = line["text"], clock_seconds(line["start"]), clock_seconds(line["end"])
            known, until = self._lines[index] if index < len(self._lines) else ("", start)
            if len(text) > len(known):
                new = text[len(known) :].strip()
                found.append(Finished(start=max(start, until), end=end, text=new, received=received))
        self._lines = [(line["text"], clock_seconds(line["end"])) for line in lines]
        return found


_SILENCE = -2


def clock_seconds(text: str) -> Seconds:
    """`"0:01:02.50"` → 62.5."""
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


DialectFor = Callable[[str], Dialect]
"""A fresh dialect for the stream of that name."""
