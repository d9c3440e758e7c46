"""Engines that misbehave on request, for the worker tests. Picklable, and imported in the child process."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from streaming.errors import WeightsError
from streaming.events import Word
from streaming.ports import SpeechRequest, Transcript


@dataclass(frozen=True)
class Moody:
    """Does what the utterance's id says. `diary` is a folder where it notes that it was loaded."""

    diary: str = ""

    def __call__(self) -> MoodyEngine:
        if self.diary:
            Path(self.diary, f"{os.getpid()}-{time.monotonic_ns()}").touch()
        return MoodyEngine(self.diary)


class MoodyEngine:
    def __init__(self, diary: str) -> None:
        self._diary = diary

    def transcribe(self, request: SpeechRequest, /) -> Transcript:
        match request.utterance_id:
            case "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crash-once":
                mark = Path(self._diary, "crashed")
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                threading.Event().wait()
            case "note":
                with Path(self._diary, "noted").open("a", encoding="ascii") as notes:
                    notes.write(".")
            case slow if slow.startswith("slow"):
                time.sleep(0.3)
            case "raise":
                raise ValueError("the customer's own words")
            case "print":
                print("a library that prints to stdout")  # noqa: T201
        peak = float(abs(request.audio).max(initial=0.0))
        return Transcript(words=(Word(text=f"{request.utterance_id}:{peak:.6f}", start=0.0, end=1.0),))


@dataclass(frozen=True)
class NoWeights:
    def __call__(self) -> MoodyEngine:
        raise WeightsError("run: callcue models fetch tiny.en")


@dataclass(frozen=True)
class DiesLoading:
    def __call__(self) -> MoodyEngine:
        os._exit(7)
