"""Utterances to words with Whisper on CTranslate2, in windows no longer than they need be.

faster-whisper loads the model and owns the tokenizer, the log-mel features and the word alignment; how long
a window is, what is believed and what is decoded again is decided in `models.decoding` and
`models.crediting`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array  # type: ignore[import-untyped]

from models import decoding
from models.alignment import timed_words, written_words
from models.catalog import locate
from models.crediting import Circumstances, CreditRules, credit
from models.decoding import Hypothesis, Judgement, Limits, Piece, TokenWord
from models.windows import split_long, stretches_inside, voiced_level, window_ladder
from streaming.errors import EngineFailed, WeightsError
from streaming.events import Seconds, Word
from streaming.ports import SAMPLE_RATE, HeldWords, Samples, SpeechRequest, Transcript

_FRAMES_PER_SECOND = 100
_HOP = SAMPLE_RATE // _FRAMES_PER_SECOND
_MAX_LENGTH = 448
_HINT_TOKENS = 60

MARGINS: dict[int, tuple[Seconds, ...]] = {384: (5.0,), 512: (5.0,)}
"""Seconds of window beyond the utterance to try before 30 s, by encoder width (384 tiny, 512 base).

Measured with benchmarks/engine.py: errors as with 30 s (letters on spelled AN4, words elsewhere) at a
quarter of the work. With + 3 s read speech is as good, but a real telephone call differs more from its 30 s
decoding (base 9 % of words, + 5 s 5 %). Wider models were not measured and start at + 8 s.
"""
_UNMEASURED_MARGINS: tuple[Seconds, ...] = (8.0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """What to load and how. `model_path` is a catalogue name or a folder; its checksums are verified.

    `compute_type` "auto" is int8 on a CPU and float16 on a GPU (the GPU path shares this code and has not
    been run). `threads` are OpenMP threads of one decoding, `slots` how many decodings run side by side.
    `margins` overrides the measured window margins; an empty tuple always decodes 30 s.
    """

    model_path: Path | str
    device: str = "cpu"
    compute_type: str = "auto"
    threads: int = 1
    slots: int = 1
    margins: tuple[Seconds, ...] | None = None
    hints: bool = True
    limits: Limits = field(default_factory=Limits)
    rules: CreditRules = field(default_factory=CreditRules)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One decoded window: the encoder's output is kept for aligning the words that are kept."""

    encoded: Any
    judgement: Judgement
    no_speech: float
    attempts: int


@dataclass(frozen=True, slots=True)
class WhisperFactory:
    """Loads the engine where it will run (picklable: for `ProcessWorker`)."""

    config: EngineConfig

    def __call__(self) -> WhisperEngine:
        return WhisperEngine(self.config)


class WhisperEngine:
    """Blocking and thread-safe; up to `slots` calls of `transcribe` make progress at the same time.

    Raises `WeightsError` when the folder cannot be loaded.
    """

    def __init__(self, config: EngineConfig) -> None:
        from faster_whisper import WhisperModel

        self._config = config
        folder = locate(config.model_path)
        device = _device(config.device)
        compute = (
            {"cpu": "int8", "cuda": "float16"}[device]
            if config.compute_type == "auto"
            else config.compute_type
        )
        try:
            self._model: Any = WhisperModel(
                str(folder),
                device=device,
                compute_type=compute,
                cpu_threads=config.threads,
                num_workers=config.slots,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsError(f"cannot load {folder} as {compute} on {device}: {error}") from error
        # A mel filter is 98 % zeros. As a dense product BLAS splits it over its threads, and the rounding
        # (and with it a word's confidence) depends on how many there are; sparse it is exact and quicker.
        extractor = self._model.feature_extractor
        extractor.mel_filters = csr_array(extractor.mel_filters)
        self._tokenizers: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._margins = config.margins if config.margins is not None else self._measured_margins()

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self._model.supported_languages)

    def transcribe(self, request: SpeechRequest, /) -> Transcript:
        """Words with stream times and confidences; what was not believed is in `held_back`.

        Nothing is decoded, and nothing credited, where `request.voiced` is empty. Audio longer than 28 s is
        cut at its quietest places. Raises `EngineFailed` for a language the model does not know.
        """
        began = time.process_time()
        words: list[Word] = []
        held: list[HeldWords] = []
        attempts = 0
        for offset, audio in split_long(request.audio) if request.voiced else ():
            part, part_held, tries = self._part(request, audio, request.start + offset)
            words += part
            held += part_held
            attempts += tries
        spent = time.process_time() - began
        return Transcript(
            words=tuple(words), held_back=tuple(held), cpu_seconds=spent, attempts=max(1, attempts)
        )

    def _part(
        self, request: SpeechRequest, audio: Samples, start: Seconds
    ) -> tuple[Sequence[Word], Sequence[HeldWords], int]:
        seconds = len(audio) / SAMPLE_RATE
        voiced = stretches_inside(request.voiced, start, start + seconds)
        if not voiced or not seconds:
            return (), (), 0
        tokenizer = self._tokenizer(request.language)
        prompt = self._prompt(tokenizer, request.hints)
        voice = sum(end - begin for begin, end in voiced)
        reading = self._read(audio, tokenizer, prompt, voice, partial=request.priority == "partial")
        kept = reading.judgement.words
        timed = self._align(reading.encoded, tokenizer, kept, seconds, start)
        circumstances = Circumstances(
            voiced=voiced,
            hints=request.hints if self._config.hints else (),
            no_speech=reading.no_speech,
            level=voiced_level(audio, voiced, start),
        )
        credited, held = credit(timed, circumstances, self._config.rules)
        return credited, (*held, *_cut_words(reading.judgement, start + seconds)), reading.attempts

    def _read(
        self, audio: Samples, tokenizer: Any, prompt: list[int], voice: Seconds, *, partial: bool
    ) -> _Reading:
        """Decodes in ever longer windows until one is believed.

        A partial gets the first window only: its audio ends anywhere, and the next one comes soon. When no
        window is believed, the last that says something is kept, with its loops cut.
        """
        seconds = len(audio) / SAMPLE_RATE
        windows = window_ladder(seconds, self._margins)[: 1 if partial else None]
        best: _Reading | None = None
        for attempt, window in enumerate(windows, 1):
            encoded = self._encode(audio, window)
            hypothesis = self._generate(encoded, tokenizer, prompt, seconds)
            verdict = decoding.judge(hypothesis, seconds=seconds, voiced=voice, limits=self._config.limits)
            reading = _Reading(encoded, verdict, hypothesis.no_speech, attempt)
            if verdict.retry is None:
                return reading
            best = _better(best, reading)
        assert best is not None  # noqa: S101 - there is always a window
        return _Reading(best.encoded, decoding.last_resort(best.judgement), best.no_speech, len(windows))

    def _encode(self, audio: Samples, window: Seconds) -> Any:
        """Log-mel frames of the audio and silence up to `window` seconds, through the encoder."""
        frames = 2 * round(window * _FRAMES_PER_SECOND / 2)  # the encoder halves them
        padded = np.zeros(frames * _HOP, np.float32)
        padded[: len(audio)] = audio[: len(padded)]
        features = self._model.feature_extractor(padded, padding=0)
        return self._model.encode(np.ascontiguousarray(features[:, :frames], dtype=np.float32))

    def _generate(self, encoded: Any, tokenizer: Any, prompt: list[int], seconds: Seconds) -> Hypothesis:
        budget = decoding.token_budget(seconds)
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            # CTranslate2 generates at most half of max_length, as OpenAI's sample_len does.
            max_length=min(_MAX_LENGTH, 2 * (len(prompt) + budget)),
            return_scores=True,
            return_no_speech_prob=True,
            max_initial_timestamp_index=50,
        )[0]
        tokens = result.sequences_ids[0]
        cut = decoding.split_pieces(tokens, stamp_begin=tokenizer.timestamp_begin, text_end=tokenizer.eot)
        return Hypothesis(
            pieces=tuple(Piece(start=s, end=e, words=written_words(tokenizer, text)) for s, e, text in cut),
            mean_logprob=result.scores[0],
            no_speech=result.no_speech_prob,
            truncated=len(tokens) >= budget,
        )

    def _align(
        self, encoded: Any, tokenizer: Any, words: Sequence[TokenWord], seconds: Seconds, start: Seconds
    ) -> list[Word]:
        """Word times and confidences from the cross-attention of an unprompted pass over the kept words."""
        tokens = [token for word in words for token in word.tokens]
        if not tokens:
            return []
        frames = max(2, 2 * round(seconds * _FRAMES_PER_SECOND / 2))
        found = self._model.find_alignment(tokenizer, [tokens], encoded, frames)[0]
        return list(timed_words(words, found, start, start + seconds))

    def _prompt(self, tokenizer: Any, hints: Sequence[str]) -> list[int]:
        """Start tokens; known names go before them as if they had been said just before."""
        prompt: list[int] = []
        if hints and self._config.hints:
            named = tokenizer.encode(" " + ", ".join(hint.strip() for hint in hints) + ".")
            prompt = [tokenizer.sot_prev, *named[:_HINT_TOKENS]]
        return [*prompt, *tokenizer.sot_sequence]

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        with self._lock:
            if language not in self._tokenizers:
                if language not in self._model.supported_languages:
                    raise EngineFailed(f"these weights do not know the language {language!r}")
                multilingual = self._model.model.is_multilingual
                self._tokenizers[language] = Tokenizer(
                    self._model.hf_tokenizer, multilingual, task="transcribe", language=language
                )
            return self._tokenizers[language]

    def _measured_margins(self) -> tuple[Seconds, ...]:
        """By the encoder's width, which a first short run shows (and warms the threads up)."""
        width = self._encode(np.zeros(SAMPLE_RATE, np.float32), 1.0).shape[-1]
        return MARGINS.get(width, _UNMEASURED_MARGINS)


def _better(best: _Reading | None, reading: _Reading) -> _Reading:
    """The longer window wins unless it said nothing while the shorter one said something."""
    if best is not None and best.judgement.words and not reading.judgement.words:
        return best
    return reading


def _cut_words(judgement: Judgement, end: Seconds) -> Iterator[HeldWords]:
    """What the judgement cut, placed at the utterance's end: there is no audio that it belongs to."""
    for cut in judgement.cuts:
        words = tuple(Word(text=word.text, start=end, end=end, confidence=0.0) for word in cut.words)
        yield HeldWords(words=words, reason=cut.reason)


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
