"""A name that is known for the call, heard as something else: where that is, by sound and by audio (pure).

Whisper writes a name that it has never read as words that it has: "Gok Hill" for Gokhale. Which words those
may be is found by sound, loosely; whether they are is asked of the audio: the text with the name in their
place must be nearly as likely as the one that was written (`Span.allowance`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log

from jellyfish import metaphone
from rapidfuzz.distance import Levenshtein

from models.decoding import TokenWord, plain
from streaming.events import Word

_MOST_WORDS = 3
_LEAST_LETTERS, _MOST_LETTERS = 3, 30
_MOST_PARTS = 6
_LIKE = 0.55  # likeness of sound or of letters from which a name is tried
_UNSURE = -0.5  # log-probability of the written words above which Whisper is not asked about them again
_STEP, _SOUND, _LETTERS, _LEAST = 6.0, 12.0, 20.0, 30.0
_MOST_STEPS = 4
"""How much less likely (nats) a name may be: `_STEP` a token of it (up to `_MOST_STEPS`), for what is never
read is improbable token by token, and `_SOUND` and `_LETTERS` for likeness, less `_LEAST`. Fitted on the
development calls: docs/decisions/0010."""
_MOST_ASKED = 6  # of the most likely spans of a text

_CLASSES = {code: group for group in ("BP", "TD0", "K", "F", "SXJ", "MN", "WYH") for code in group}
_AKIN = 0.4  # cost of a consonant for another of its class
_WEAK = 0.4  # … and of one that comes and goes
_WEAK_CODES = frozenset("AWYH")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam"})
_EDGES = re.compile(r"^(\W*)(.*?)((?:['’]s)?\W*)$", re.DOTALL)
_SPELLED = re.compile(r"\d|^(?:\w-)+\w\W*$|-\w-|^\W*[A-Z]{2,}\W*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One written part of a name, and as how many tokens the weights know it."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Words `first` to `last` (exclusive) sound like `name`; `sound` and `letters` are likenesses, 0 to 1."""

    first: int
    last: int
    name: Name
    sound: float
    letters: float

    @property
    def allowance(self) -> float:
        """How much less likely (nats) than as written the text with the name may be; may be negative."""
        return (
            _STEP * min(self.name.tokens, _MOST_STEPS)
            + _SOUND * self.sound
            + _LETTERS * self.letters
            - _LEAST
        )

    def may_be_said(self, written: float) -> bool:
        """Whether it is worth asking, `written` being the log-probability of the words as they stand.

        What Whisper is sure of stays; and the name itself cannot be likelier than certain.
        """
        return written <= _UNSURE and written <= self.allowance

    def surplus(self, written: float, named: float) -> float:
        """By how much the name is believed (from 0 on), the whole text having these log-probabilities."""
        return named - written + self.allowance


def restored(
    words: tuple[TokenWord, ...],
    names: Sequence[Name],
    certainty: Sequence[float],
    *,
    spell: Callable[[str], TokenWord],
    likelihoods: Callable[[Sequence[TokenWord]], Sequence[float]],
) -> tuple[TokenWord, ...]:
    """The words with each of `names` where the audio bears it out, one after the other, the best first.

    `certainty` is about each word's log-probability, and `likelihoods` exactly that of any text's words: it
    is not asked where nothing unsure sounds like a name.
    """
    exact: Sequence[float] | None = None
    while asked := _worth_asking(spans(words, names), certainty):
        exact = exact or likelihoods(words)
        texts = [_with_name(words, span, spell) for span in asked]
        scores = [likelihoods(text) for text in texts]
        surplus = [span.surplus(sum(exact), sum(score)) for span, score in zip(asked, scores, strict=True)]
        best = surplus.index(max(surplus))
        if surplus[best] < 0:
            break
        words, certainty, exact = texts[best], scores[best], scores[best]
    return words


def certainty(words: Sequence[TokenWord], timed: Sequence[Word]) -> list[float]:
    """About each word's log-probability (nats), from the confidences of those that have a sound."""
    rest = iter(timed)
    return [
        len(word.tokens) * log(max(found.confidence, 1e-4))
        if plain(word.text) and (found := next(rest, None)) is not None
        else 0.0
        for word in words
    ]


def _worth_asking(found: Iterable[Span], certainty: Sequence[float]) -> list[Span]:
    """Best first."""
    hopes = [(span, sum(certainty[span.first : span.last])) for span in found]
    worth = [(span.surplus(written, 0.0), span) for span, written in hopes if span.may_be_said(written)]
    return [span for _, span in sorted(worth, key=lambda one: -one[0])[:_MOST_ASKED]]


def _with_name(
    words: tuple[TokenWord, ...], span: Span, spell: Callable[[str], TokenWord]
) -> tuple[TokenWord, ...]:
    return (*words[: span.first], spell(spelt(words, span)), *words[span.last :])


def name_parts(hints: Iterable[str]) -> tuple[str, ...]:
    """The words of names that can be looked for, `_MOST_PARTS` at most: no titles, no initials, each once."""
    words = (_edges(word)[1] for hint in hints for word in hint.split())
    found = (word for word in words if len(plain(word)) >= _LEAST_LETTERS and len(word) <= _MOST_LETTERS)
    kept = (word for word in found if plain(word) not in _TITLES and _code(plain(word)))
    return tuple(islice(dict.fromkeys(kept), _MOST_PARTS))


def spans(words: Sequence[TokenWord], names: Sequence[Name]) -> Iterator[Span]:
    """One to three neighbouring words within a sentence that sound somewhat like one of `names`.

    A name of one token is left out: the weights know it, and write it when they hear it; what sounds like it
    ("Great" for Grace, "so" for Sue) is too often what was said. So are words that are spelled or that are a
    name already.
    """
    rare = [(name, plain(name.text)) for name in names if name.tokens > 1]
    known = {plain(name.text) for name in names}
    closed = [_is_closed(word, known) for word in words] if rare else []
    for first in range(len(closed)):
        heard = ""
        for last in range(first + 1, min(first + _MOST_WORDS, len(words)) + 1):
            if closed[last - 1]:
                break
            heard += plain(words[last - 1].text)
            yield from (span for name, text in rare if (span := _like(heard, text, name, first, last)))
            if words[last - 1].text.endswith((".", "!", "?")):
                break


def spelt(words: Sequence[TokenWord], span: Span) -> str:
    """The name with the punctuation, and the possessive, of the words in whose place it goes."""
    before, _, _ = _edges(words[span.first].text)
    _, _, behind = _edges(words[span.last - 1].text)
    return f"{before}{span.name.text}{behind}"


def _like(heard: str, text: str, name: Name, first: int, last: int) -> Span | None:
    if not heard:
        return None
    letters = Levenshtein.normalized_similarity(heard, text)
    sound = likeness(_code(heard), _code(text))
    if max(letters, sound) < _LIKE:
        return None
    return Span(first=first, last=last, name=name, sound=sound, letters=letters)


def _edges(text: str) -> tuple[str, str, str]:
    found = _EDGES.match(text)
    return (found[1], found[2], found[3]) if found else ("", text, "")


def _is_closed(word: TokenWord, known: set[str]) -> bool:
    return _SPELLED.search(word.text) is not None or plain(_edges(word.text)[1]) in known


def _code(text: str) -> str:
    """Metaphone's consonants; which vowel a word begins with is no matter."""
    heard = metaphone(text)
    return "A" + heard[1:] if heard[:1] in set("AEIOU") else heard


def likeness(one: str, other: str) -> float:
    """Of two metaphone codes, 0 to 1: one less the edits it takes, by the longer one's length."""
    if not one or not other:
        return 0.0
    row = [0.0]
    for code in other:
        row.append(row[-1] + _cost(code))
    for code in one:
        above, row = row, [row[0] + _cost(code)]
        for j, against in enumerate(other, start=1):
            row.append(
                min(above[j] + _cost(code), row[-1] + _cost(against), above[j - 1] + _swap(code, against))
            )
    return max(0.0, 1 - row[-1] / max(len(one), len(other)))


def _cost(code: str) -> float:
    return _WEAK if code in _WEAK_CODES else 1.0


def _swap(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return _AKIN if one in _CLASSES and _CLASSES[one] == _CLASSES.get(other) else 1.0
