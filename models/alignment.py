"""Joins what the tokenizer and the aligner split, into written words with times and confidences (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from models.decoding import TokenWord, plain
from streaming.events import Seconds, Word

_NO_BLANKS = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages written without blanks, where the tokenizer's own pieces are the words."""


def written_words(tokenizer: Any, tokens: list[int]) -> tuple[TokenWord, ...]:
    """Written words: whatever follows without a blank belongs to the word before ("L-E-U", "it's")."""
    joined: list[tuple[str, list[int]]] = []
    for text, part in zip(*tokenizer.split_to_word_tokens(tokens), strict=True):
        blankless = tokenizer.language_code in _NO_BLANKS and any(char.isalnum() for char in text)
        if joined and not text.startswith(" ") and not blankless:
            joined[-1] = (joined[-1][0] + text, joined[-1][1] + part)
        else:
            joined.append((text, list(part)))
    return tuple(TokenWord(text=text.strip(), tokens=tuple(part)) for text, part in joined)


def timed_words(
    words: Sequence[TokenWord], found: Sequence[dict[str, Any]], start: Seconds, end: Seconds
) -> Iterator[Word]:
    """Joins the aligner's pieces, which it splits at punctuation, back to our words by counting tokens."""
    rest = iter(found)
    for word in words:
        count, parts = 0, []
        while count < len(word.tokens) and (part := next(rest, None)) is not None:
            parts.append(part)
            count += len(part["tokens"])
        if not parts or not plain(word.text):
            continue
        spoken = [part for part in parts if plain(part["word"])] or parts
        weight = sum(len(part["tokens"]) for part in spoken)
        confidence = sum(float(part["probability"]) * len(part["tokens"]) for part in spoken) / weight
        begin = min(end, start + float(spoken[0]["start"]))
        finish = min(end, start + float(spoken[-1]["end"]))
        yield Word(
            text=word.text,
            start=round(begin, 3),
            end=round(max(begin, finish), 3),
            confidence=round(min(1.0, confidence), 4),
        )
