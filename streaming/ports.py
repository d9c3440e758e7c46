"""What the call session needs from the outside, as small protocols with in-process implementations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from streaming.events import (
    CallInfo,
    Detection,
    Event,
    HoldReason,
    Party,
    Record,
    Scorecard,
    Seconds,
    Signal,
    Word,
)

Samples = NDArray[np.float32]
"""Mono audio at 16 kHz, values -1 to 1, shape ``(n,)``."""

SAMPLE_RATE = 16_000
Priority = Literal["final", "partial", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """One utterance (or the part of it heard so far) to be transcribed.

    `audio` is 16 kHz mono; its first sample lies at `start` stream seconds. `voiced` are the stretches
    (stream seconds) where voice activity was found: words outside them are not credited. `hints` are
    names and terms known for the call.
    """

    call_id: str
    speaker: Party
    utterance_id: str
    revision: int
    start: Seconds
    audio: Samples
    priority: Priority
    voiced: tuple[tuple[Seconds, Seconds], ...] = ()
    hints: tuple[str, ...] = ()
    language: str = "en"

    @property
    def seconds(self) -> Seconds:
        return len(self.audio) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWords:
    words: tuple[Word, ...]
    reason: HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The recogniser's answer; word times are stream seconds."""

    words: tuple[Word, ...]
    held_back: tuple[HeldWords, ...] = ()
    attempts: int = 1


class Transcriber(Protocol):
    """Turns utterances of many calls into words. Implementations: the scheduler, scripted fakes."""

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        """Raises `Superseded` (a newer partial took its place), `Overloaded` or `EngineFailed`."""
        ...

    def forget(self, call_id: str, /) -> None:
        """The call is over: drop what is still queued for it."""
        ...


class VoiceActivity(Protocol):
    """Speech probability per window of one channel; carries state between calls."""

    def probabilities(self, samples: Samples, /) -> Samples:
        """`samples` must be a multiple of 512 long; returns one probability per 512 samples (32 ms).

        The same audio cut anywhere (at multiples of 512) gives the same probabilities.
        """
        ...


class ProsodyMeter(Protocol):
    """Measures one utterance's voice (pitch movement, energy, rate)."""

    def measure(self, audio: Samples, /, *, speaker: Party, start: Seconds) -> Sequence[Signal]:
        """Blocking (CPU); the session runs it in an executor. `audio` is 16 kHz mono from `start` on."""
        ...


class Meaning(Protocol):
    """Sentences as vectors: those that mean alike lie close to each other."""

    def vectors(self, sentences: Sequence[str], /) -> NDArray[np.float32]:
        """One row of unit length a sentence, shape ``(n, d)``: the same in any company, on one machine.

        Blocking (CPU) for what was not asked lately; thread-safe.
        """
        ...

    def __hash__(self) -> int: ...  # by identity: what was learnt with one is no use to another


class TurnReader(Protocol):
    """Reads what a turn does in the talk, from its words and the turns before it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What it tells, by the codes of evaluation/LABELS.md."""
        ...

    def read(self, before: tuple[str, ...], turn: str, /) -> Mapping[str, float]:
        """How surely `turn` is each of `labels`, 0 to 1 in steps of 0.01; the same on every call.

        Turns come as ``agent: …`` and ``customer: …``. Blocking (CPU) for what was not asked lately;
        thread-safe.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What detectors may assume and use in a call.

    `thresholds` overrides catalogue numbers by ``behaviour.key`` (``"name.use.first_use_seconds"``);
    `off` lists behaviours that are not judged. Without `meaning` and `reader` detectors go by words alone.
    """

    thresholds: dict[str, float] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    meaning: Meaning | None = None
    reader: TurnReader | None = None


class Detector(Protocol):
    """One behaviour family, one instance a call: synchronous and deterministic.

    Fed every event of the call in log order. For a partial utterance (`final=False`) only provisional
    detections may be returned, and nothing that a later judgement depends on may be remembered.
    """

    name: str

    def feed(self, event: Event, /) -> Iterable[Detection]: ...

    def finish(self, at: Seconds, /) -> Iterable[Detection]: ...


DetectorFactory = Callable[[CallInfo, Policy], Detector]


class Judges(Protocol):
    """All detectors of one call behind one door; a failing one is dropped, never raised."""

    def feed(self, event: Event, /) -> Sequence[Event]:
        """Detections, withdrawals and detector failures that follow from this event."""
        ...

    def finish(self, at: Seconds, /) -> Sequence[Event]: ...


class ScoreKeeper(Protocol):
    """Sums up a call from the same events."""

    def feed(self, event: Event, /) -> None: ...

    def card(self, at: Seconds, /) -> Scorecard: ...


class Bus(Protocol):
    """Publishes records to every node that is subscribed; the memory bus is the one-machine default."""

    async def publish(self, topic: str, payload: bytes, /) -> str:
        """Returns the cursor of what was published. Cursors are opaque and ordered within a topic."""
        ...

    def subscribe(
        self, topic: str, /, *, after: str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, bytes]]]:
        """Entering the context means being subscribed: nothing published later is missed.

        Yields (cursor, payload) in order. `after` resumes behind that cursor; None starts at the newest.
        Raises `CursorLost` on entering when `after` is no longer held: the reader must resync from the
        store.
        """
        ...

    async def close(self) -> None: ...


class RecordSink(Protocol):
    """Takes a call's numbered records: the store's writer and the bus, side by side."""

    async def put(self, records: Sequence[Record], /) -> None: ...
