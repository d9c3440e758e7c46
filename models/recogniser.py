"""The calls into CTranslate2: sound to encodings, encodings to tokens, tokens to word times.

Nothing is decided here. Several windows of the same length are decoded as one batch: one pass over the
decoder's weights serves them all, which halves a token's cost on a CPU (benchmarks/README.md, "Batches").
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array  # type: ignore[import-untyped]

from models import decoding
from models.alignment import timed_words, written_words
from models.cuda import open_cublas
from models.decoding import Hypothesis, Piece, TokenWord
from streaming.errors import EngineFailed, WeightsError
from streaming.events import Seconds, Word
from streaming.ports import SAMPLE_RATE, Samples

_FRAMES_PER_SECOND = 100
_HOP = SAMPLE_RATE // _FRAMES_PER_SECOND
_MAX_LENGTH = 448
_HINT_TOKENS = 60
_LEAST_PROBABILITY = 1e-9
_LAST_FIRST_STAMP = 50
"""Speech begins within the first second of an utterance (time stamps count in 20 ms)."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Start tokens of one decoding, and the tokenizer of its language."""

    tokens: tuple[int, ...]
    tokenizer: Any


class Recogniser:
    """A loaded Whisper. Blocking and thread-safe; `slots` calls make progress at the same time.

    Raises `WeightsError` when the folder cannot be loaded.
    """

    def __init__(self, folder: Path, *, device: str, compute_type: str, threads: int, slots: int) -> None:
        from faster_whisper import WhisperModel

        if device == "cuda":
            open_cublas()
        try:
            self._model: Any = WhisperModel(
                str(folder),
                device=device,
                compute_type=compute_type,
                cpu_threads=threads,
                num_workers=slots,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsError(f"cannot load {folder} as {compute_type} on {device}: {error}") from error
        # A mel filter is 98 % zeros. As a dense product BLAS splits it over its threads, and the rounding
        # (and with it a word's confidence) depends on how many there are; sparse it is exact and quicker.
        extractor = self._model.feature_extractor
        extractor.mel_filters = csr_array(extractor.mel_filters)
        self._encodes_together = device != "cpu"
        self._tokenizers: dict[str, Any] = {}
        self._lock = threading.Lock()

    def encode(self, sounds: Sequence[Samples], window: Seconds) -> list[Any]:
        """Each sound, filled up with silence to `window` seconds, through the encoder: one encoding each.

        They come back in main memory, so that each can be joined with others, or read again, as it is needed.
        A CPU encodes one at a time: several no longer fit its cache and cost up to twice as much
        (benchmarks/README.md, "Batches").
        """
        from ctranslate2 import StorageView

        features = [self._features(sound, window) for sound in sounds]
        stacks = [np.stack(features)] if self._encodes_together else [one[None] for one in features]
        encoded = [
            np.asarray(self._model.model.encode(StorageView.from_array(stack), to_cpu=True))
            for stack in stacks
        ]
        return [one[None] for stack in encoded for one in stack]

    def generate(self, encodings: Sequence[Any], prompts: Sequence[Prompt], budget: int) -> list[Hypothesis]:
        """One greedy decoding of each encoding, of at most `budget` tokens.

        The encodings must be of the same window and the prompts of the same length. What comes out of each
        does not depend on the others.
        """
        from ctranslate2 import StorageView

        joined = np.concatenate(encodings) if len(encodings) > 1 else encodings[0]
        length = len(prompts[0].tokens)
        results = self._model.model.generate(
            StorageView.from_array(joined),
            [list(prompt.tokens) for prompt in prompts],
            beam_size=1,
            # CTranslate2 generates at most half of max_length, as OpenAI's sample_len does.
            max_length=min(_MAX_LENGTH, 2 * (length + budget)),
            return_scores=True,
            return_no_speech_prob=True,
            max_initial_timestamp_index=_LAST_FIRST_STAMP,
        )
        return [_hypothesis(r, p.tokenizer, budget) for r, p in zip(results, prompts, strict=True)]

    def align(
        self, encoding: Any, prompt: Prompt, words: Sequence[TokenWord], start: Seconds, seconds: Seconds
    ) -> list[Word]:
        """Word times and confidences from the cross-attention of an unprompted pass over the kept words.

        One at a time: a batch costs as much, and rounds differently by who else is in it.
        """
        from ctranslate2 import StorageView

        tokens = [token for word in words for token in word.tokens]
        if not tokens:
            return []
        view = StorageView.from_array(encoding)
        found = self._model.find_alignment(prompt.tokenizer, [tokens], view, _frames(seconds))[0]
        return list(timed_words(words, found, start, start + seconds))

    def likelihoods(
        self, encoding: Any, prompt: Prompt, words: Sequence[TokenWord], seconds: Seconds
    ) -> list[float]:
        """Log-probability (nats) of each word, given the words before it, of any text for the audio.

        One at a time: see `align`.
        """
        from ctranslate2 import StorageView

        tokens = [token for word in words for token in word.tokens]
        if not tokens:
            return [0.0] * len(words)
        view = StorageView.from_array(encoding)
        start = prompt.tokenizer.sot_sequence
        [found] = self._model.model.align(view, start, [tokens], _frames(seconds))
        logs = np.log(np.maximum(found.text_token_probs, _LEAST_PROBABILITY))
        ends = np.cumsum([len(word.tokens) for word in words])
        return [float(part.sum()) for part in np.split(logs, ends[:-1])]

    def prompt(self, language: str, hints: Sequence[str]) -> Prompt:
        """Start tokens; known names go before them as if they had been said just before.

        Raises `EngineFailed` for a language the weights do not know.
        """
        tokenizer = self._tokenizer(language)
        before: list[int] = []
        if hints:
            named = tokenizer.encode(" " + ", ".join(hint.strip() for hint in hints) + ".")
            before = [tokenizer.sot_prev, *named[:_HINT_TOKENS]]
        return Prompt((*before, *tokenizer.sot_sequence), tokenizer)

    def _features(self, sound: Samples, window: Seconds) -> Samples:
        frames = 2 * round(window * _FRAMES_PER_SECOND / 2)  # the encoder halves them
        padded = np.zeros(frames * _HOP, np.float32)
        padded[: len(sound)] = sound[: len(padded)]
        features = self._model.feature_extractor(padded, padding=0)
        return np.ascontiguousarray(features[:, :frames], dtype=np.float32)

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


def written(prompt: Prompt, text: str) -> TokenWord:
    """A word as the recogniser would write it within a sentence."""
    return TokenWord(text=text, tokens=tuple(prompt.tokenizer.encode(" " + text)))


def _frames(seconds: Seconds) -> int:
    return max(2, 2 * round(seconds * _FRAMES_PER_SECOND / 2))


def _hypothesis(result: Any, tokenizer: Any, budget: int) -> Hypothesis:
    tokens = result.sequences_ids[0]
    cut = decoding.split_pieces(tokens, stamp_begin=tokenizer.timestamp_begin, text_end=tokenizer.eot)
    return Hypothesis(
        pieces=tuple(Piece(start=s, end=e, words=written_words(tokenizer, text)) for s, e, text in cut),
        mean_logprob=result.scores[0],
        no_speech=result.no_speech_prob,
        truncated=len(tokens) >= budget,
    )
