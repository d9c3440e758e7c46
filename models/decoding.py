"""Judges what the recogniser produced: keep it, cut it, or decode again with a longer window (pure).

Whisper was trained on 30 s windows. In a window that is only as long as the utterance it sometimes says
the utterance twice, repeats a word for ever, or goes on beyond the audio. All of that can be recognised
from the tokens, the time stamps and how much speech fits into the voiced time; only what cannot be mended
by cutting is worth decoding again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from streaming.events import HoldReason

RetryReason = Literal["empty", "loop", "overrun", "unsure"]

STAMP_SECONDS = 0.02
"""Whisper's time stamps count in steps of 20 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a hypothesis stops being believable. Measured on AN4, RAVDESS, speechocean762 and one real call.

    `letters_per_second`: speech beyond this rate over the voiced time was not said (fast talkers reach
    about 22; every doubled sentence seen lies above 30). `voiced_slack`: what voice activity misses at the
    edges. `end_slack`: a later piece that starts this close to the end of the audio was made up.
    `repeats_for_loop`: as many copies in a row, or `phrases_for_loop` of three words anywhere, are a loop.
    `min_mean_logprob`: below it one longer window is tried (at -1.4 twice as many were, and none heard
    better). `min_voiced_for_words`: an empty answer to less
    voice than this is believed.
    """

    letters_per_second: float = 25.0
    voiced_slack: float = 0.15
    end_slack: float = 0.1
    min_mean_logprob: float = -1.5
    min_voiced_for_words: float = 0.3
    repeats_for_loop: int = 4
    phrases_for_loop: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWord:
    """One written word with its tokens; `text` keeps its punctuation, without blanks around it."""

    text: str
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What stands between two time stamps; `start` and `end` are seconds in the utterance, as stamped."""

    start: float
    end: float | None
    words: tuple[TokenWord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One decoding of one utterance. `truncated`: the token budget ran out before the end token."""

    pieces: tuple[Piece, ...]
    mean_logprob: float
    no_speech: float
    truncated: bool

    @property
    def words(self) -> tuple[TokenWord, ...]:
        return tuple(word for piece in self.pieces for word in piece.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    words: tuple[TokenWord, ...]
    reason: HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`words` are kept, `cuts` were dropped and why; `retry` names why a longer window should be tried."""

    words: tuple[TokenWord, ...]
    cuts: tuple[Cut, ...] = ()
    retry: RetryReason | None = None
    mean_logprob: float = 0.0

    @property
    def is_broken(self) -> bool:
        """What it says cannot be right; what is merely unsure may be."""
        return self.retry not in (None, "unsure")


def token_budget(seconds: float) -> int:
    """Most tokens an utterance of that length may take.

    Spelled letters with dashes need about 6 tokens a second, fast speech 7; 8 more cover the time stamps.
    """
    return min(220, 8 + round(8 * seconds))


def split_pieces(
    tokens: Sequence[int], *, stamp_begin: int, text_end: int
) -> list[tuple[float, float | None, list[int]]]:
    """Cuts a token sequence at its time stamps into (start, end, text tokens); pieces without text go."""
    pieces: list[tuple[float, float | None, list[int]]] = []
    start, text = 0.0, list[int]()
    for token in tokens:
        if token < text_end:
            text.append(token)
        elif token >= stamp_begin:
            at = (token - stamp_begin) * STAMP_SECONDS
            if text:
                pieces.append((start, at, text))
                text = []
            start = at
    if text:
        pieces.append((start, None, text))
    return pieces


def judge(hypothesis: Hypothesis, *, seconds: float, voiced: float, limits: Limits = Limits()) -> Judgement:
    """Decides on one decoding of `seconds` of audio of which `voiced` seconds carry speech."""
    unrepeated, repeated = cut_repeats(hypothesis.words, voiced=voiced, limits=limits)
    kept, beyond = cut_beyond(hypothesis.pieces, unrepeated, seconds - limits.end_slack)
    cuts = [Cut(words=beyond, reason="overrun")] if beyond else []
    if repeated:
        cuts.append(Cut(words=repeated, reason="loop"))
    one_copy = bool(repeated) and phrase_count([plain(word.text) for word in kept]) < 2
    texts = [plain(word.text) for word in hypothesis.words]
    if not one_copy and phrase_count(texts) >= limits.phrases_for_loop:
        retry: RetryReason | None = "loop"
    else:
        retry = _retry(hypothesis, kept, cut=bool(cuts), voiced=voiced, limits=limits)
    return Judgement(words=kept, cuts=tuple(cuts), retry=retry, mean_logprob=hypothesis.mean_logprob)


def is_worth_more(judgement: Judgement, attempts: int) -> bool:
    """Whether to decode in a longer window, too: until it is not broken, but only once for an unsure one."""
    return judgement.is_broken or (judgement.retry == "unsure" and attempts == 1)


def better(shorter: Judgement, longer: Judgement) -> Judgement:
    """Unbroken beats broken, the likelier wins among the unbroken; of two broken ones the longer window's,
    unless it says nothing."""
    if shorter.is_broken != longer.is_broken:
        return longer if shorter.is_broken else shorter
    if longer.is_broken:
        return longer if longer.words or not shorter.words else shorter
    return longer if longer.mean_logprob >= shorter.mean_logprob else shorter


def last_resort(judgement: Judgement, *, repeats: int = 4) -> Judgement:
    """What is left of a hypothesis that no window could mend: a loop is cut where it starts to turn."""
    texts = [plain(word.text) for word in judgement.words]
    for i, text in enumerate(texts):
        if stutters(text):
            rest = Cut(words=judgement.words[i:], reason="loop")
            return last_resort(Judgement(words=judgement.words[:i], cuts=(rest, *judgement.cuts)))
    for size in range(1, 5):
        for i in range(len(texts) - size * repeats + 1):
            turn = texts[i : i + size]
            if all(texts[i + size * k : i + size * (k + 1)] == turn for k in range(1, repeats)):
                rest = Cut(words=judgement.words[i + size :], reason="loop")
                return Judgement(words=judgement.words[: i + size], cuts=(rest, *judgement.cuts))
    return judgement


def cut_beyond(
    pieces: Sequence[Piece], words: tuple[TokenWord, ...], end: float
) -> tuple[tuple[TokenWord, ...], tuple[TokenWord, ...]]:
    """Cuts `words`, which the pieces begin with, at the first later piece that starts after `end`."""
    before = 0
    for i, piece in enumerate(pieces):
        if i and piece.start >= end:
            return words[:before], words[before:]
        before += len(piece.words)
    return words, ()


def cut_repeats(
    words: tuple[TokenWord, ...], *, voiced: float, limits: Limits
) -> tuple[tuple[TokenWord, ...], tuple[TokenWord, ...]]:
    """Cuts what was written again: kept words, cut words.

    Only when it is more than can be said in the time: somebody who really says it twice takes the time for
    it. When all of it repeats from its first word on (the last copy may be broken off), one copy stays; a
    closing phrase of three or more words that stands twice loses its copy.
    """
    texts = [plain(word.text) for word in words]
    room = limits.letters_per_second * (voiced + limits.voiced_slack)
    length = spoken_length(words)
    period = repeat_period(texts)
    if period is not None and length > room:
        return words[:period], words[period:]
    if length > 0.8 * room and (tail := _repeated_tail(texts)):
        return words[:-tail], words[-tail:]
    return words, ()


def _repeated_tail(words: Sequence[str]) -> int:
    """Length of the longest closing phrase of three or more words that stands there twice, else 0."""
    sizes = range(len(words) // 2, 2, -1)
    return next((size for size in sizes if words[-size:] == words[-2 * size : -size]), 0)


def repeat_period(words: Sequence[str]) -> int | None:
    """The shortest p so that the words repeat every p words from the start, None when there is none.

    A repetition counts from half a second copy on, or two words of it, whichever is more; the very last
    word may be broken off.
    """
    for period in range(1, len(words)):
        tail = len(words) - period
        if tail < min(period, max(2, (period + 1) // 2)):
            return None
        same = all(words[i] == words[i - period] for i in range(period, len(words) - 1))
        last, before = words[-1], words[-1 - period]
        if same and (last == before or (last and before.startswith(last))):
            return period
    return None


def longest_run(words: Sequence[str], *, up_to: int = 4) -> int:
    """How often the most repeated group of one to `up_to` words stands in a row."""
    best = 1 if words else 0
    for size in range(1, up_to + 1):
        same = 0
        for i in range(size, len(words)):
            same = same + 1 if words[i] == words[i - size] else 0
            best = max(best, 1 + same // size)
    return best


def phrase_count(words: Sequence[str]) -> int:
    """How often the most frequent three words in a row stand there, anywhere."""
    return max(Counter(zip(words, words[1:], words[2:], strict=False)).values(), default=0)


def stutters(text: str) -> bool:
    """A word in which one to three letters repeat eight times or more ("aaaaaaaa")."""
    return re.search(r"(\D{1,3}?)\1{7,}", text) is not None


def spoken_length(words: Sequence[TokenWord]) -> int:
    """Letters it takes to say the words: a digit counts as four ("five"), a spelled letter as two."""
    return sum(_spoken(word.text) for word in words)


def _spoken(text: str) -> int:
    digits = sum(char.isdigit() for char in text)
    letters = sum(char.isalpha() for char in text)
    spelled = bool(re.fullmatch(r"(?:\w-)+\w\W*", text)) or (letters > 1 and text.isupper())
    return 4 * digits + (2 * letters if spelled else letters)


def plain(text: str) -> str:
    """Lower case, letters and digits only: how words are compared."""
    return "".join(char for char in text.lower() if char.isalnum())


def _retry(
    hypothesis: Hypothesis, kept: tuple[TokenWord, ...], *, cut: bool, voiced: float, limits: Limits
) -> RetryReason | None:
    if not kept:
        return "empty" if voiced >= limits.min_voiced_for_words else None
    if hypothesis.truncated and not cut:
        return "overrun"
    texts = [plain(word.text) for word in kept]
    too_fast = spoken_length(kept) > 1.6 * limits.letters_per_second * max(
        voiced, limits.min_voiced_for_words
    )
    stuck = longest_run(texts) >= limits.repeats_for_loop or any(map(stutters, texts))
    if stuck or too_fast:
        return "loop"
    return "unsure" if hypothesis.mean_logprob < limits.min_mean_logprob else None
