"""Utterances to words with Whisper, in windows no longer than they need be, several calls' at a time.

`models.recogniser` makes the calls into CTranslate2; how long a window is, what is believed and what is
decoded again is decided in `models.windows`, `models.decoding` and `models.crediting`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from models import decoding
from models.catalog import locate
from models.crediting import Circumstances, CreditRules, credit
from models.decoding import Judgement, Limits, TokenWord
from models.names import Name, certainty, name_parts, restored
from models.recogniser import Prompt, Recogniser, written
from models.windows import filled_up, split_long, stretches_inside, voiced_level, window_ladder
from models.worker import Answer, failed
from streaming.errors import CallcueError
from streaming.events import Party, Seconds, Word
from streaming.ports import SAMPLE_RATE, HeldWords, Samples, SpeechRequest, Transcript

MARGINS: tuple[Seconds, ...] = (4.0, 8.0)
"""Seconds of window beyond the utterance, filled up, to try before 30 s: docs/decisions/0008."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """What to load and how. `model_path` is a catalogue name or a folder; its checksums are verified.

    `device` and `compute_type` are CTranslate2's; `models.choice` chooses them (the GPU path shares this code
    and has not been run). `threads` are OpenMP threads of one decoding, `slots` how many decodings run side
    by side, `batch` how many utterances one decoding takes at most. Without `margins` every window is 30 s.
    `names`: a request's names are put where the audio bears out that something else was written for them;
    `hints`: they go before the decoding of the agent's speech besides (docs/decisions/0010 for both).
    """

    model_path: Path | str
    device: str = "cpu"
    compute_type: str = "int8"
    threads: int = 1
    slots: int = 1
    batch: int = 8
    margins: tuple[Seconds, ...] = MARGINS
    names: bool = True
    hints: bool = False
    limits: Limits = field(default_factory=Limits)
    rules: CreditRules = field(default_factory=CreditRules)


@dataclass(frozen=True, slots=True)
class WhisperFactory:
    """Loads the engine where it will run (picklable: for `ProcessWorker`)."""

    config: EngineConfig

    def __call__(self) -> WhisperEngine:
        return WhisperEngine(self.config)


@dataclass(frozen=True, slots=True)
class _Clip:
    """A request's audio, or a part of it where it is too long for one window. `start` is stream seconds."""

    number: int
    request: SpeechRequest
    audio: Samples
    start: Seconds
    voiced: tuple[tuple[Seconds, Seconds], ...]
    prompt: Prompt
    windows: tuple[Seconds, ...]

    @property
    def seconds(self) -> Seconds:
        return len(self.audio) / SAMPLE_RATE

    @property
    def budget(self) -> int:
        return decoding.token_budget(filled_up(self.seconds))

    @property
    def kind(self) -> tuple[object, ...]:
        """What clips that are decoded together have in common."""
        return self.windows[0], self.budget, len(self.prompt.tokens)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One decoded window: the encoding is kept for aligning the words that are kept."""

    encoding: Any
    judgement: Judgement
    no_speech: float
    attempts: int


class WhisperEngine:
    """Blocking and thread-safe; up to `slots` calls make progress at the same time.

    Raises `WeightsError` when the folder cannot be loaded.
    """

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._recogniser = Recogniser(
            locate(config.model_path),
            device=config.device,
            compute_type=config.compute_type,
            threads=config.threads,
            slots=config.slots,
        )

    def transcribe(self, request: SpeechRequest, /) -> Transcript:
        """As `transcribe_many`. Raises `EngineFailed`."""
        [(_, outcome)] = self.transcribe_many([request])
        if isinstance(outcome, CallcueError):
            raise outcome
        return outcome

    def transcribe_many(self, requests: Sequence[SpeechRequest], /) -> Iterator[Answer]:
        """Every request's answer as soon as it is there, the same in any company.

        An answer has words with stream times and confidences; what was not believed is in `held_back`.
        Nothing is decoded, and nothing credited, where a request's `voiced` is empty. Audio longer than 28 s
        is cut at its quietest places. A language that the weights do not know, and whatever goes wrong
        inside, is that one request's `EngineFailed`.
        """
        short, rest = [], list[Callable[[], Answer]]()
        for number, request in enumerate(requests):
            try:
                clips = list(self._clips(number, request))
            except Exception as error:  # one request that cannot be read must not fail its company
                yield number, failed(error)
                continue
            if len(clips) == 1:
                short += clips
            else:
                rest.append(partial(self._long, number, clips))
        for group in _alike(short, self._config.batch):
            for clip, reading in zip(group, self._first(group), strict=True):
                if isinstance(reading, _Reading) and _is_worth_more(clip, reading):
                    rest.append(partial(self._further, clip, reading))
                else:
                    yield self._answer(clip, reading)
        yield from (work() for work in rest)

    def _hints(self, request: SpeechRequest) -> tuple[str, ...]:
        """What goes before the decoding: of the agent's speech, in which a name has to be found."""
        return request.hints if self._config.hints and request.speaker is Party.AGENT else ()

    def _clips(self, number: int, request: SpeechRequest) -> Iterator[_Clip]:
        for offset, audio in split_long(request.audio) if request.voiced else ():
            start, seconds = request.start + offset, len(audio) / SAMPLE_RATE
            voiced = stretches_inside(request.voiced, start, start + seconds)
            if voiced and seconds:
                prompt = self._recogniser.prompt(request.language, self._hints(request))
                windows = tuple(window_ladder(seconds, self._config.margins))
                yield _Clip(number, request, audio, start, voiced, prompt, windows)

    def _first(self, group: Sequence[_Clip]) -> Sequence[_Reading | CallcueError]:
        """The first window of clips of one kind; when they fail together, each alone."""
        try:
            return self._read(group, 0)
        except Exception as error:  # one of them may have been too much for all
            if len(group) == 1:
                return [failed(error)]
            return [reading for clip in group for reading in self._first([clip])]

    def _read(self, clips: Sequence[_Clip], attempt: int) -> list[_Reading]:
        encodings = self._recogniser.encode([clip.audio for clip in clips], clips[0].windows[attempt])
        heard = self._recogniser.generate(encodings, [clip.prompt for clip in clips], clips[0].budget)
        readings = []
        for clip, encoding, hypothesis in zip(clips, encodings, heard, strict=True):
            voice = sum(end - begin for begin, end in clip.voiced)
            verdict = decoding.judge(
                hypothesis, seconds=clip.seconds, voiced=voice, limits=self._config.limits
            )
            readings.append(_Reading(encoding, verdict, hypothesis.no_speech, attempt + 1))
        return readings

    def _further(self, clip: _Clip, best: _Reading) -> Answer:
        """Ever longer windows while they are worth it; the best reading counts."""
        try:
            for attempt in range(1, len(clip.windows)):
                [reading] = self._read([clip], attempt)
                chosen = decoding.better(best.judgement, reading.judgement)
                best = replace(reading if chosen is reading.judgement else best, attempts=attempt + 1)
                if not decoding.is_worth_more(chosen, best.attempts):
                    break
        except Exception as error:
            return clip.number, failed(error)
        return self._answer(clip, best)

    def _long(self, number: int, clips: Sequence[_Clip]) -> Answer:
        """Several windows' worth of audio, or none: one after the other, as one answer."""
        parts: list[Transcript] = []
        for clip in clips:
            [reading] = self._first([clip])
            if isinstance(reading, _Reading) and _is_worth_more(clip, reading):
                _, part = self._further(clip, reading)
            else:
                _, part = self._answer(clip, reading)
            if isinstance(part, CallcueError):
                return number, part
            parts.append(part)
        return number, Transcript(
            words=tuple(word for part in parts for word in part.words),
            held_back=tuple(held for part in parts for held in part.held_back),
            attempts=sum(part.attempts for part in parts) or 1,
        )

    def _answer(self, clip: _Clip, reading: _Reading | CallcueError) -> Answer:
        if isinstance(reading, CallcueError):
            return clip.number, reading
        try:
            return clip.number, self._believed(clip, reading)
        except Exception as error:
            return clip.number, failed(error)

    def _believed(self, clip: _Clip, reading: _Reading) -> Transcript:
        judgement = reading.judgement
        if judgement.is_broken:
            judgement = decoding.last_resort(judgement)
        timed = self._aligned(clip, reading, judgement.words)
        words = self._named(clip, reading, judgement.words, timed)
        if words != judgement.words:
            timed = self._aligned(clip, reading, words)
        circumstances = Circumstances(
            voiced=clip.voiced,
            hints=self._hints(clip.request),
            no_speech=reading.no_speech,
            level=voiced_level(clip.audio, clip.voiced, clip.start),
        )
        credited, held = credit(timed, circumstances, self._config.rules)
        cut = _cut_words(judgement, clip.start + clip.seconds)
        return Transcript(words=credited, held_back=(*held, *cut), attempts=reading.attempts)

    def _aligned(self, clip: _Clip, reading: _Reading, words: tuple[TokenWord, ...]) -> list[Word]:
        return self._recogniser.align(reading.encoding, clip.prompt, words, clip.start, clip.seconds)

    def _named(
        self, clip: _Clip, reading: _Reading, words: tuple[TokenWord, ...], timed: Sequence[Word]
    ) -> tuple[TokenWord, ...]:
        """With the request's names where something else was written for them. Not in a partial: it costs."""
        if not self._config.names or clip.request.priority == "partial":
            return words
        spell = partial(written, clip.prompt)
        parts = name_parts(clip.request.hints)
        names = [Name(text=text, tokens=len(spell(text).tokens)) for text in parts]
        ask = partial(self._recogniser.likelihoods, reading.encoding, clip.prompt, seconds=clip.seconds)
        return restored(words, names, certainty(words, timed), spell=spell, likelihoods=ask)


def _alike(clips: Iterable[_Clip], most: int) -> Iterator[list[_Clip]]:
    """Groups of at most `most` clips that one decoding can take."""
    kinds: dict[tuple[object, ...], list[_Clip]] = {}
    for clip in clips:
        kinds.setdefault(clip.kind, []).append(clip)
    for kind in kinds.values():
        yield from (kind[i : i + most] for i in range(0, len(kind), most))


def _is_worth_more(clip: _Clip, reading: _Reading) -> bool:
    """A partial gets the first window only: its audio ends anywhere, and the next one comes soon."""
    return clip.request.priority != "partial" and decoding.is_worth_more(reading.judgement, reading.attempts)


def _cut_words(judgement: Judgement, end: Seconds) -> Iterator[HeldWords]:
    """What the judgement cut, placed at the utterance's end: there is no audio that it belongs to."""
    for cut in judgement.cuts:
        words = tuple(Word(text=word.text, start=end, end=end, confidence=0.0) for word in cut.words)
        yield HeldWords(words=words, reason=cut.reason)
