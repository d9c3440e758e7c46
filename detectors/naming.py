"""Names in talk: how a customer says one, and when two names are the same.

Whisper spells a name by ear, so names are compared by sound and likeness ("Susan" may be Suzanne).
Being forgiven credits the agent; being accused of a wrong name needs a name that is clearly another.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from jellyfish import metaphone
from rapidfuzz.distance import JaroWinkler

from detectors.lexicon import lexicon, plain_words, word_list
from detectors.text import Line, Token, tokenize

Role = Literal["given", "surname", "any"]
_ALIKE = 0.75  # Jaro-Winkler likeness from which equal sound is the same name
NEAR = 0.92  # … and from which likeness alone is
_APART = 0.68  # … and below which it may be called another name
_SPELLED = 3  # single letters in a row that spell a name


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
    titles = word_list("names", "titles")
    tokens = tokenize(full)
    titled = bool(tokens) and tokens[0] in titles
    texts = [text for text in tokens if text not in titles and text.isalpha() and len(text) > 1]
    return roles(texts, titled=titled)


def roles(texts: Sequence[str], *, titled: bool = False, sure: bool = True) -> tuple[Name, ...]:
    """First is given and last is surname; a lone name may be either, behind a title it is a surname."""
    if len(texts) == 1:
        return (Name(text=texts[0], role="surname" if titled else "any", sure=sure),)
    last = len(texts) - 1
    return tuple(
        Name(text=text, role="surname" if at == last else "given", sure=sure) for at, text in enumerate(texts)
    )


# Likeness.


def same(heard: str, name: str) -> bool:
    """Whether what was heard may be `name`: spelled otherwise, sounding alike, or its short form."""
    if heard == name or name in _short_forms().get(heard, frozenset()):
        return True
    short, long = sorted((heard, name), key=len)
    if len(short) >= 3 and long.startswith(short) and long in plain_words("given_names"):
        return True
    if heard in plain_words("common_words") or min(len(heard), len(name)) < 3:
        return False
    likeness = JaroWinkler.similarity(heard, name)
    alike = likeness >= _ALIKE and metaphone(heard) == metaphone(name) and len(metaphone(name)) > 1
    return likeness >= NEAR or alike


def apart(heard: str, name: str) -> bool:
    """Whether what was heard is clearly not `name`, by letters and by sound."""
    if same(heard, name) or JaroWinkler.similarity(heard, name) >= _APART:
        return False
    sounds = metaphone(heard), metaphone(name)
    return sounds[0] != sounds[1] and JaroWinkler.similarity(*sounds) < NEAR


@cache
def _short_forms() -> dict[str, frozenset[str]]:
    text = files("detectors").joinpath("lexicons/names.toml").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for group in tomllib.loads(text)["nicknames"]["groups"]:
        members = group.split()
        for member in members:
            found.setdefault(member, set()).update(members)
    return {member: frozenset(group) for member, group in found.items()}


# The customer says a name.


def introduced(line: Line, *, asked: bool, known: Sequence[str] = ()) -> tuple[Span, ...]:
    """Names the speaker gives as their own; `asked`: the other party has just asked for it.

    Letters spelled out count when asked for, when a name is the topic, or when they spell a `known` one.
    """
    found = [span for span in _after_leads(line, asked=asked) if span]
    found += [span for span in [_spelled(line, asked=asked, known=known)] if span]
    if not found and asked and len(line.tokens) <= 8:
        found += [span for span in [_first_run(line)] if span]
    return tuple(found)


def spelled_out(line: Line, span: Span) -> tuple[str, ...]:
    """The name parts under a span: single letters are joined into one."""
    texts = [token.text.removesuffix("'s") for token in line.tokens[span.first : span.last + 1]]
    if len(texts) >= _SPELLED and all(len(text) == 1 for text in texts):
        return ("".join(texts),)
    return tuple(text for text in texts if text not in word_list("names", "titles"))


def _after_leads(line: Line, *, asked: bool) -> Iterator[Span | None]:
    for match in lexicon("names").find(line, "says_name", "may_say_name", "answers_name"):
        span = _run(line, match.last + 1)
        if span is None:
            continue
        if match.label == "says_name" or asked or _sounds_like_a_person(line, span, match.label):
            yield span


def _sounds_like_a_person(line: Line, span: Span, lead: str) -> bool:
    """A name unasked: behind "this is" or "I'm" a given name, or what only follows a name ("… calling").

    "It's …" alone may say anything, so there it must be followed by such a word.
    """
    following = line.tokens[span.last + 1] if span.last + 1 < len(line.tokens) else None
    word = following.text if following else ""
    if word in {"here", "calling", "speaking"}:
        return True
    if lead == "answers_name":
        return False
    ends = not word or any(last == span.last for _, last in line.sentence_of(span.last).clauses)
    given = line.tokens[span.first].text in plain_words("given_names")
    return span.titled or word == "from" or (given and (ends or word in {"and", "again", "i", "with"}))


def _run(line: Line, at: int) -> Span | None:
    """One to three capitalised tokens from `at` on, in one clause, that can be a name."""
    if at >= len(line.tokens):
        return None
    titled = line.tokens[at].text in word_list("names", "titles")
    first = at + 1 if titled else at
    closes = next(last for begin, last in line.sentence_of(at).clauses if begin <= at <= last)
    last = first - 1
    while last < min(closes, first + 2) and _can_be_name(line.tokens[last + 1], alone=last < first):
        last += 1
    return Span(first=first, last=last, titled=titled) if last >= first else None


def follows(line: Line, at: int, most: int) -> tuple[str, ...]:
    """Up to `most` name-like tokens from `at` on, in one sentence."""
    found: list[str] = []
    for token in line.tokens[at : at + most]:
        if token.opens or not token.capital or token.text in plain_words("common_words"):
            break
        found.append(token.text)
    return tuple(found)


def _can_be_name(token: Token, *, alone: bool) -> bool:
    if not token.text.isalpha() or len(token.text) < 2:
        return False
    known = token.text in plain_words("given_names") or token.text in word_list("names", "words_too")
    if alone and known:
        return token.capital or token.text not in word_list("names", "words_too")
    return token.capital and (token.text not in plain_words("common_words") or (known and not alone))


def _first_run(line: Line) -> Span | None:
    return next((span for at in range(len(line.tokens)) if (span := _run(line, at))), None)


def _spelled(line: Line, *, asked: bool, known: Sequence[str]) -> Span | None:
    """A row of single letters ("S-U-Z-A-N-N-E") that spells a name."""
    at = 0
    while at < len(line.tokens):
        end = at
        while end < len(line.tokens) and len(line.tokens[end].text) == 1 and line.tokens[end].text.isalpha():
            end += 1
        if end - at >= _SPELLED:
            again = any(same("".join(line.texts[at:end]), name) for name in known)
            topic = asked or again or lexicon("names").has(line, "says_name", "spells")
            return Span(first=at, last=end - 1) if topic else None
        at = max(end, at + 1)
    return None
