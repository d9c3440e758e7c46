"""Key words: which words of a turn could be said back, and whether another word says one back.

Inflection is forgiven by stems, the recogniser's spelling by edit distance and by sound, and a small
list of senses (`lexicons/paraphrases.toml`) lets "broadband" stand for "internet".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import jellyfish
from rapidfuzz import fuzz

from detectors.lexicon import word_list
from detectors.numerals import numbers_of
from detectors.text import Line, Token, once_a_line, stem

PLAIN, COMMON, PROPER = 1.0, 0.5, 1.5
"""Weights: a content word; one so common that alone it shows little; a name, place or weekday."""

SAME, SOUNDS, PARAPHRASED = 1.0, 0.9, 0.8
"""How surely one word says another back."""

_LEXICON = "acknowledgement"
_SPELLING = 84.0  # rapidfuzz ratio; keeps "Elantra"/"alantra" (86), parts "order"/"older" (80)
_SOUNDING = 65.0  # with the same Metaphone code as well
_LEAST_LETTERS = 5  # shorter words are too often one letter apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """Token `token` of its line; `senses` are the paraphrase groups it belongs to."""

    text: str
    stem: str
    token: int
    weight: float
    senses: frozenset[str]


@once_a_line
def keywords(line: Line) -> tuple[Keyword, ...]:
    """The content words of a line in order; numbers are left to `figures`."""
    spoken = _number_tokens(line)
    found = []
    for at, token in enumerate(line.tokens):
        senses = _senses(line.tokens, at)
        if at in spoken or not (_is_content(token) or _opens_phrase(line.tokens, at)):
            continue
        weight = _weight(token)
        found.append(Keyword(text=token.text, stem=stem(token.text), token=at, weight=weight, senses=senses))
    return tuple(found)


def likeness(said: Keyword, stated: Keyword) -> float:
    """How surely `said` says `stated` back: 0 (not), `PARAPHRASED`, `SOUNDS` or `SAME`."""
    if said.stem == stated.stem:
        return SAME
    if _sounds_like(said.text, stated.text):
        return SOUNDS
    return PARAPHRASED if said.senses & stated.senses else 0.0


def stems(words: Iterable[Keyword]) -> frozenset[str]:
    return frozenset(word.stem for word in words)


def _is_content(token: Token) -> bool:
    text = token.text
    return len(text) > 2 and text[0].isalpha() and text not in word_list(_LEXICON, "stop")


def _opens_phrase(tokens: Sequence[Token], at: int) -> bool:
    """A two-word entry may consist of words that say nothing alone ("go up", "turn up")."""
    pair = f"{stem(tokens[at].text)} {stem(tokens[at + 1].text)}" if at + 1 < len(tokens) else ""
    return pair in _sense_table()


def _weight(token: Token) -> float:
    if token.text in word_list("figures", "calendar"):
        return PROPER
    if token.text in word_list(_LEXICON, "common"):
        return COMMON
    return PROPER if token.capital and not token.opens else PLAIN


def _number_tokens(line: Line) -> frozenset[int]:
    return frozenset(at for number in numbers_of(line) for at in range(number.first, number.last + 1))


def _senses(tokens: Sequence[Token], at: int) -> frozenset[str]:
    """Senses of the token alone and as either half of a two-word entry."""
    table = _sense_table()
    here = stem(tokens[at].text)
    found = table.get(here, frozenset())
    if at + 1 < len(tokens):
        found |= table.get(f"{here} {stem(tokens[at + 1].text)}", frozenset())
    if at:
        found |= table.get(f"{stem(tokens[at - 1].text)} {here}", frozenset())
    return found


@cache
def _sense_table() -> dict[str, frozenset[str]]:
    text = files("detectors").joinpath("lexicons/paraphrases.toml").read_text(encoding="utf-8")
    table: dict[str, frozenset[str]] = {}
    for sense, entries in tomllib.loads(text)["senses"].items():
        for entry in entries:
            key = " ".join(stem(word) for word in entry.split())
            table[key] = table.get(key, frozenset()) | {sense}
    return table


@lru_cache(maxsize=16384)
def _sounds_like(one: str, other: str) -> bool:
    if min(len(one), len(other)) < _LEAST_LETTERS:
        return False
    ratio = fuzz.ratio(one, other)
    if ratio >= _SPELLING:
        return True
    return ratio >= _SOUNDING and jellyfish.metaphone(one) == jellyfish.metaphone(other)
