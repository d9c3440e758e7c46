"""Bare nouns that ask for a datum ("Account number?", "And the date of service."), told from talk (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.lexicon import word_list
from detectors.numerals import numbers_of
from detectors.text import Line, Sentence, once_a_line

_LONGEST = 7  # tokens
_CHOICE = 5  # tokens
_JOINTS = frozenset({"of", "on", "for", "at", "in"})
_WHOSE = frozenset({"your", "the", "his", "her", "their", "a", "an", "any", "full", "current", "new"})
_THIS_ONE = frozenset(
    {"same", "wrong", "right", "correct", "nice", "good", "this", "these", "those", "our", "my", "another"}
)
_BARE_WH = {("where",), ("when",), ("and", "when"), ("and", "where")}
_AND = frozenset({"and", "or", "plus", "then"})


def core(line: Line, sentence: Sentence, within: tuple[int, int] | None = None) -> int:
    """The token where the sentence (or a clause of it) gets to its point: behind "okay", "and", a number or
    letters that are read back. One past its last token when that is all there is."""
    at, last = within or (sentence.first, sentence.last)
    fillers, read_back = word_list("courtesy", "filler"), _read_back(line)
    while at <= last and (line.texts[at] in fillers or at in read_back):
        at += 1
    return at


def is_verbless(texts: Sequence[str]) -> bool:
    """No verb or pronoun that would make a clause of it, as far as the common ones tell."""
    return not any(text in word_list("courtesy", "clausal") for text in texts)


def bare_noun(line: Line, sentence: Sentence) -> bool:
    """The sentence, or what is left of it behind a number read back, is a noun that names a datum.

    It has to end the line, or be followed by no more than a word: what goes on is talk about it.
    """
    if len(line.tokens) - 1 - sentence.last > 1:
        return False
    if line.texts in _BARE_WH:
        return sentence.mark == "?"
    if not is_verbless(line.texts[sentence.first : sentence.last + 1]):
        return False
    starts = [core(line, sentence), *(core(line, sentence, clause) for clause in sentence.clauses[1:])]
    starts += [at for at in range(sentence.first + 1, sentence.last) if line.texts[at] in _AND]
    last = sentence.last - 1 if _addresses(line, sentence) else sentence.last
    return any(
        _names_datum(line, start, last, asked=sentence.mark == "?") for start in starts if start <= last
    )


def is_choice(line: Line, sentence: Sentence) -> bool:
    """ "Street or driveway?": two nouns to choose from, and nothing else."""
    texts = line.texts[sentence.first : sentence.last + 1]
    return len(texts) <= _CHOICE and "or" in texts[1:-1] and is_verbless(texts) and sentence.mark == "?"


def _addresses(line: Line, sentence: Sentence) -> bool:
    """The last word is a name or a title behind a comma: "Email address, Maria?"."""
    first, last = sentence.clauses[-1]
    token = line.tokens[last]
    return first == last > sentence.first and (
        token.capital or token.text in {"sir", "maam", "madam", "love"}
    )


def _names_datum(line: Line, first: int, last: int, *, asked: bool) -> bool:
    if last - first >= _LONGEST or any(number in _read_back(line) for number in range(first, last + 1)):
        return False
    texts = [text for text in line.texts[first : last + 1] if text not in _AND]
    if not texts or _THIS_ONE & set(texts[:2]):
        return False
    head = next((at for at, text in enumerate(texts) if text in _JOINTS), len(texts))
    of = texts[head + 1 :]
    if texts[:head] == ["date"]:
        return asked or bool(of)
    data = word_list("courtesy", "datum")
    named = [text for text in texts[:head] if text not in _WHOSE]
    return bool(named) and (named[-1] in data or (asked and bool(of) and of[-1] in data))


@once_a_line
def _read_back(line: Line) -> frozenset[int]:
    """Tokens of numbers, and of letters said one by one."""
    found = {at for number in numbers_of(line) for at in range(number.first, number.last + 1)}
    letters = {at for at, text in enumerate(line.texts) if len(text) == 1 and text not in {"a", "i"}}
    return frozenset(
        found | letters | {at for at, text in enumerate(line.texts) if text in {"double", "triple"}}
    )
