"""Names: what can be one, how a full name falls into parts, and when two of them are the same.

Whisper spells a name by ear, so names are compared by sound and likeness ("Susan" may be Suzanne,
"Folly Kay" Folake). Being forgiven credits the agent; being accused of a wrong name needs a name that is
clearly another.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from jellyfish import metaphone
from rapidfuzz.distance import JaroWinkler, Levenshtein

from detectors.lexicon import plain_words, word_list
from detectors.text import Line, Token, tokenize

Role = Literal["given", "surname", "any"]
_ALIKE = 0.75  # Jaro-Winkler likeness from which equal sound is the same name
_NEAR = 0.92  # … and from which likeness alone is
_LIKE = 0.65  # … and from which, where somebody is addressed, it may be the same name heard badly
_BEGINS_ALIKE = 0.5  # … or from which likeness of sounds that begin the same does ("Shavon" for Siobhan)
_APART = 0.45  # Levenshtein likeness, of letters and of sounds, below which it may be called another name
_LONG = 4  # consonants from which on the sound of several words can tell a name
_LEAD = 0.6  # Jaro-Winkler likeness from which names that begin alike are not called apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One part of somebody's name, normalised; `sure` when it is from the call's data or well heard."""

    text: str
    role: Role
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Tokens `first` to `last` (inclusive) of a line hold a name; `titled`: "Mr" or the like before it."""

    first: int
    last: int
    titled: bool = False


def parts(full: str) -> tuple[Name, ...]:
    """The parts of a name as data has it: "Ms. Maria Lopez", "Lopez, Maria", "Walker"."""
    if "," in full:
        surname, _, given = full.partition(",")
        full = f"{given} {surname}"
    words = [tokenize(word) for word in full.split()]
    titles = word_list("names", "titles")
    titled = bool(words) and bool(words[0]) and words[0][0] in titles
    kept = [tuple(text.replace("'", "") for text in word if text not in titles) for word in words]
    return roles(
        [word for word in kept if all(len(text) > 1 and text.isalpha() for text in word)], titled=titled
    )


def roles(words: Iterable[Sequence[str]], *, titled: bool = False, sure: bool = True) -> tuple[Name, ...]:
    """The first word is given and the last is surname; a lone one may be either, behind a title a surname.

    A word is one text, or several where it is hyphenated.
    """
    kept = [word for word in words if word]
    alone: Role = "surname" if titled else "any"
    return tuple(
        Name(
            text=text,
            role=alone if len(kept) == 1 else "surname" if at == len(kept) - 1 else "given",
            sure=sure,
        )
        for at, word in enumerate(kept)
        for text in word
    )


# What is said.


def said_as(token: Token) -> str:
    """A token as a name: without possessive and apostrophe ("O'Brien" → "obrien")."""
    text = "kay" if token.capital and token.heard.lower() == "kay" else token.text
    return text.removesuffix("'s").replace("'", "")


def words_of(line: Line, span: Span) -> list[tuple[str, ...]]:
    """The texts under a span, by word as heard: a hyphenated one has several."""
    words: dict[int, tuple[str, ...]] = {}
    for token in line.tokens[span.first : span.last + 1]:
        words[token.word] = (*words.get(token.word, ()), said_as(token))
    return list(words.values())


def _is_written(token: Token) -> bool:
    """Whether the word itself says it: "I'll" does not say "will" as a name, nor "uh-huh" anything."""
    heard = token.heard.lower()
    return said_as(token) in (heard.replace("'", ""), *heard.replace("'", "-").split("-"))


def is_title(token: Token) -> bool:
    return token.text in word_list("names", "titles")


def is_known(text: str) -> bool:
    """Whether it is a given name, somewhere."""
    return is_frequent(text) or text in plain_words("world_names")


def is_frequent(text: str) -> bool:
    """Whether many people in one country have it: what is heard as one is hardly another, garbled."""
    return is_usual(text) or text in plain_words("rarer_names")


def is_usual(text: str) -> bool:
    """Whether recognisers of English write it as a matter of course."""
    return text in plain_words("given_names")


def is_word_too(text: str) -> bool:
    """Whether it is, or may be, an everyday word: its capital must not come from a sentence's start."""
    return text in word_list("names", "words_too") or text in plain_words("common_words")


def can_be_name(token: Token) -> bool:
    """A capitalised word that is a name, or nothing else that is capitalised often."""
    text = said_as(token)
    if not (token.capital and text.isalpha() and len(text) > 1 and _is_written(token)) or is_title(token):
        return False
    if (
        token.heard.isupper() and len(text) > 2
    ):  # letters that were spelled, or an abbreviation; "TJ" is a name
        return False
    known = is_known(text) or text in word_list("names", "words_too")
    return known or text not in plain_words("common_words")


# Likeness.


def same(heard: str, name: str) -> bool:
    """Whether what was heard may be `name`: spelled otherwise, sounding alike, or its short form."""
    if heard == name or is_short_for(heard, name):
        return True
    if heard in plain_words("common_words") or min(len(heard), len(name)) < 3:
        return False
    return sounds_like(heard, name)


def is_short_for(heard: str, name: str) -> bool:
    """James and Jim, Susan and Suzanne; a given name that begins with what was heard."""
    if name in _short_forms().get(heard, frozenset()):
        return True
    short, long = sorted((heard, name), key=len)
    return (
        len(short) >= 3
        and long.startswith(short)
        and (is_known(long) or (is_known(short) and len(short) > 4))
    )


def sounds_like(heard: str, name: str) -> bool:
    likeness = JaroWinkler.similarity(heard, name)
    sound = metaphone(name)
    return likeness >= _NEAR or (likeness >= _ALIKE and len(sound) > 1 and metaphone(heard) == sound)


def like(heard: str, name: str) -> bool:
    """Whether it may be `name` heard badly: only where the words around it already say that it is one."""
    if min(len(heard), len(name)) < 3:
        return heard == name
    if same(heard, name):
        return True
    if JaroWinkler.similarity(heard, name) >= _LIKE and sound(heard, name) > 0.0:
        return True  # "Arm" shares letters with James, and no sound
    sounds = metaphone(heard), metaphone(name)
    least = _BEGINS_ALIKE if sounds[0][:1] == sounds[1][:1] else _LIKE
    return min(map(len, sounds)) > 1 and sound(heard, name) >= least


def apart(heard: str, name: str) -> bool:
    """Whether what was heard is clearly not `name`, by letters and by sound."""
    if same(heard, name) or Levenshtein.normalized_similarity(heard, name) >= _APART:
        return False
    begins_alike = metaphone(heard)[:1] == metaphone(name)[:1] or heard[:1] == name[:1]
    if begins_alike and JaroWinkler.similarity(heard, name) >= _LEAD:
        return False
    return sound(heard, name) < _APART


def sound(heard: str, name: str) -> float:
    """Likeness of two words by their consonants, from 0 to 1; which vowel they begin with is no matter."""
    return Levenshtein.normalized_similarity(_consonants(heard), _consonants(name))


def is_long(name: str) -> bool:
    """Whether its sound alone can tell a name from other words."""
    return len(_consonants(name)) >= _LONG


def _consonants(text: str) -> str:
    heard = metaphone(text)
    return "A" + heard[1:] if heard[:1] in set("AEIOU") else heard


@cache
def _short_forms() -> dict[str, frozenset[str]]:
    text = files("detectors").joinpath("lexicons/names.toml").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for group in tomllib.loads(text)["nicknames"]["groups"]:
        members = group.split()
        for member in members:
            found.setdefault(member, set()).update(members)
    return {member: frozenset(group) for member, group in found.items()}
