"""A recogniser that knows the script: transcripts from a scenario, for tests, demos and load.

It answers a request with the words that the scenario places inside the request's audio, at their times,
so everything around it behaves as with a real engine but costs nothing and never varies.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streaming.errors import ConfigError, EngineFailed
from streaming.events import Party, Seconds, Word
from streaming.ports import SAMPLE_RATE, Samples, SpeechRequest, Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing said: `text` by `speaker` from `start` to `end` (stream seconds)."""

    speaker: Party
    start: Seconds
    end: Seconds
    text: str
    confidence: float = 0.9

    def words(self) -> tuple[Word, ...]:
        """The words, spread over the duration by their lengths."""
        texts = self.text.split()
        weights = np.cumsum([0, *(len(text) + 1 for text in texts)])
        edges = self.start + (self.end - self.start) * weights / max(1, weights[-1])
        return tuple(
            Word(
                text=text,
                start=round(float(edges[i]), 3),
                end=round(float(edges[i + 1]), 3),
                confidence=self.confidence,
            )
            for i, text in enumerate(texts)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is said in every call (`lines`), or in certain calls (`calls`, by call id, which win).

    `poison` are utterance ids whose transcription fails.
    """

    lines: tuple[Line, ...] = ()
    calls: tuple[tuple[str, tuple[Line, ...]], ...] = ()
    poison: frozenset[str] = frozenset()

    def lines_of(self, call_id: str) -> tuple[Line, ...]:
        return dict(self.calls).get(call_id, self.lines)


def scenario_from(path: Path) -> Scenario:
    """The scenario of a sample's truth file (samples/README.md): its turns, said in every call.

    Raises `ConfigError` when the file is not one.
    """
    try:
        turns = json.loads(path.read_text(encoding="utf-8"))["turns"]
        lines = tuple(
            Line(
                speaker=Party(turn["speaker"]),
                start=float(turn["start"]),
                end=float(turn["end"]),
                text=str(turn["text"]),
            )
            for turn in turns
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not a truth file with turns (samples/README.md)") from error
    return Scenario(lines=lines)


class ScriptedEngine:
    """The blocking half: what `WhisperEngine` is to a worker."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def transcribe(self, request: SpeechRequest, /) -> Transcript:
        """Words whose middle lies inside the request's audio. Raises `EngineFailed` for poison."""
        if request.utterance_id in self._scenario.poison:
            raise EngineFailed("the scenario says that this utterance fails")
        end = request.start + request.seconds
        return Transcript(
            words=tuple(
                word
                for line in self._scenario.lines_of(request.call_id)
                if line.speaker is request.speaker
                for word in line.words()
                if request.start <= (word.start + word.end) / 2 < end
            )
        )


@dataclass(frozen=True, slots=True)
class ScriptedEngineFactory:
    """Makes a scripted engine in a worker, process or not (picklable)."""

    scenario: Scenario

    def __call__(self) -> ScriptedEngine:
        return ScriptedEngine(self.scenario)


class ScriptedTranscriber:
    """The `Transcriber` port straight on a scenario, without queue or worker; `delay` is real seconds."""

    def __init__(self, scenario: Scenario, *, delay: float = 0.0) -> None:
        self._engine = ScriptedEngine(scenario)
        self._delay = delay
        self.requests: list[SpeechRequest] = []
        self.forgotten: list[str] = []

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        self.requests.append(request)
        if self._delay:
            await asyncio.sleep(self._delay)
        return self._engine.transcribe(request)

    def forget(self, call_id: str, /) -> None:
        self.forgotten.append(call_id)


class ScriptedVoiceActivity:
    """Voice activity by the clock: 1.0 in windows whose middle lies inside a stretch, else 0.0."""

    def __init__(self, stretches: Iterable[tuple[Seconds, Seconds]]) -> None:
        self._stretches = tuple(stretches)
        self._windows = 0

    @classmethod
    def of(cls, lines: Sequence[Line], speaker: Party) -> ScriptedVoiceActivity:
        return cls((line.start, line.end) for line in lines if line.speaker is speaker)

    def probabilities(self, samples: Samples, /) -> Samples:
        count = len(samples) // 512
        middles = (self._windows + np.arange(count) + 0.5) * 512 / SAMPLE_RATE
        self._windows += count
        found = np.zeros(count, np.float32)
        for start, end in self._stretches:
            found[(middles >= start) & (middles < end)] = 1.0
        return found
