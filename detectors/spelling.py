"""Names and codes read out by letters: "K as in kite, seven seven", "Kilo Bravo nine", "R-F-28" (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detectors.lexicon import word_list
from detectors.numerals import Number, numbers_of
from detectors.text import Line, Token

_ALPHABET = (
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november "
    "oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
)
_PLAIN_WORDS = "hotel india echo golf mike november oscar papa victor uniform delta"
_NATO = {word: word[0] for word in _ALPHABET.split()}
_TOO_PLAIN = frozenset(_PLAIN_WORDS.split())
"""Words of the alphabet that mean something of their own: letters only beside other letters or digits."""
_MIXED = re.compile(r"^(?=.*\d)(?=.*[a-z])[a-z0-9]{3,}$")
_NOT_MIXED = re.compile(r"^\d+(st|nd|rd|th|am|pm|k|g|gb|mb|mbps|km|ish|s|x|p|m)$")
_INITIALS = re.compile(r"^[a-z](\.[a-z0-9]+)+$")  # "T.R.516"
_LEAST = 3
_CAPITALS = 4  # letters: "ACHTERBERG" is how recognisers may write what was spelled; "PIN" is a word
_DOUBLES = {"double": 2, "triple": 3, "treble": 3}


@dataclass(frozen=True, slots=True)
class Spelled:
    """Tokens `first` to `last` (inclusive) spell `value`: letters and digits in lower case."""

    value: str
    first: int
    last: int


def spellings(line: Line) -> list[Spelled]:
    """Runs of at least three signs with a letter among them; one letter needs two digits beside it."""
    digits = {number.first: number for number in numbers_of(line)}
    found: list[Spelled] = []
    at = 0
    while at < len(line.tokens):
        run = _run(line.tokens, digits, at)
        if _is_whole(run.value):
            found.append(run)
        at = max(run.last, at) + 1  # what is too little with its beginning is too little without it
    return found


def letters_said(line: Line) -> frozenset[str]:
    """Single letters said for themselves ("no, D like dog")."""
    return frozenset(
        token.text
        for at, token in enumerate(line.tokens)
        if len(token.text) == 1
        and token.text.isalpha()
        and (token.text not in "ai" or _is_for(line.tokens, at))
    )


def _run(tokens: Sequence[Token], digits: Mapping[int, Number], at: int) -> Spelled:
    """The signs from `at` on, however few."""
    value, last = "", at - 1
    here = at
    while here < len(tokens):
        sign = _sign(tokens, digits, here, opens=not value)
        if sign is not None:
            value, last = value + sign.value, sign.last
            here = last + 1
        elif value and (taken_back := _taken_back(tokens, here)):
            value, here = value[:-1], taken_back
        elif value and (behind := _behind_fillers(tokens, digits, here)):
            here = behind
        else:
            break
    return Spelled(value, at, last)


def _is_whole(value: str) -> bool:
    letters = {sign for sign in value if sign.isalpha()}
    return len(value) >= _LEAST and (len(letters) > 1 or (len(letters) == 1 and letters.isdisjoint("ai")))


def _sign(tokens: Sequence[Token], digits: Mapping[int, Number], at: int, *, opens: bool) -> Spelled | None:
    """What one token, with what explains it, adds to a spelling."""
    text = tokens[at].text.removesuffix("'s")
    if at in digits:
        number = digits[at]
        return None if number.ordinal else Spelled(number.digits, at, number.last)
    if _INITIALS.match(text):
        text = text.replace(".", "")
    if len(text) == 1 and text.isalpha():
        return Spelled(text, at, _explained(tokens, at))
    capitals = len(text) >= _CAPITALS and text.isalpha() and tokens[at].heard.isupper()
    if capitals or (_MIXED.match(text) and not _NOT_MIXED.match(text)):
        return Spelled(text, at, at)
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if text in _DOUBLES and len(following) == 1 and following.isalpha():
        return Spelled(following * _DOUBLES[text], at, _explained(tokens, at + 1))
    if text in _NATO and (text not in _TOO_PLAIN or not opens or _is_sign(following)):
        return Spelled(_NATO[text], at, at)
    return None


def _is_sign(text: str) -> bool:
    return (len(text) == 1 and text.isalnum()) or text in _NATO or text.isdecimal()


def _is_for(tokens: Sequence[Token], at: int) -> bool:
    return _explained(tokens, at) > at


def _explained(tokens: Sequence[Token], at: int) -> int:
    """The last token of "B", "B as in boy", "B for bravo" or "B like boy": the word tells the letter only."""
    texts = [token.text for token in tokens[at : at + 4]]
    if texts[1:3] == ["as", "in"] and len(texts) > 3:
        return at + 3
    if len(texts) > 2 and texts[1] in ("for", "like") and texts[2].startswith(texts[0]):
        return at + 2
    return at


def _taken_back(tokens: Sequence[Token], at: int) -> int:
    """Behind "oh, no" or "sorry" in the middle of a spelling, or 0: the sign before it was wrong."""
    words = word_list("figures", "taken_back")
    end = at
    while end < len(tokens) and end - at < 3 and tokens[end].text in words:
        end += 1
    took = {token.text for token in tokens[at:end]} & {"no", "sorry", "wait"}
    return end if took and end < len(tokens) and len(tokens[end].text) == 1 else 0


def _behind_fillers(tokens: Sequence[Token], digits: Mapping[int, Number], at: int) -> int:
    """Behind "and then a", or 0 where no sign follows it."""
    fillers = word_list("figures", "spelling_filler")
    end = at
    while end < len(tokens) and end - at < 6 and tokens[end].text in fillers:
        end += 1
    follows = end > at and _sign(tokens, digits, end, opens=False) if end < len(tokens) else None
    return end if follows else 0
