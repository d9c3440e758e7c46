"""Runs of words in a line that can be a name, and where the line is cut (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from detectors.lexicon import lexicon, word_list
from detectors.naming import Span, can_be_name, is_title, said_as
from detectors.text import Line

LONGEST = 3  # words of a name


def run(line: Line, at: int, end: int) -> Span | None:
    """A title and up to three name-like words from `at` on, `end` the last token that may belong to it."""
    if at > end or at >= len(line.tokens):
        return None
    titled = is_title(line.tokens[at])
    first = at + titled
    last, words = first - 1, set[int]()
    while (
        last < end
        and can_be_name(line.tokens[last + 1])
        and len(words | {line.tokens[last + 1].word}) <= LONGEST
    ):
        last += 1
        words.add(line.tokens[last].word)
    return Span(first=first, last=last, titled=titled) if last >= first else None


def clauses(line: Line, *, sentences: int) -> Iterator[tuple[int, int]]:
    return (clause for sentence in line.sentences[:sentences] for clause in sentence.clauses)


def clause_end(line: Line, at: int) -> int | None:
    if at >= len(line.tokens):
        return None
    return next(last for begin, last in line.sentence_of(at).clauses if begin <= at <= last)


def behind_words(line: Line, at: int, end: int, words: str) -> int:
    while at <= end and line.texts[at] in word_list("names", words):
        at += 1
    return at


def own_names(line: Line, label: str = "", *, at: int | None = None, opens: bool = False) -> tuple[str, ...]:
    """Names behind each phrase of that label, in one clause, or behind token `at`."""
    if at is None:
        matches = lexicon("names").find(line, label)
        return tuple(text for match in matches for text in own_names(line, at=match.last + 1))
    end = clause_end(line, at)
    span = run(line, at, end) if end is not None and (opens or not line.tokens[at].opens) else None
    return tuple(said_as(token) for token in line.tokens[span.first : span.last + 1]) if span else ()


def introduced_self(line: Line) -> tuple[str, ...]:
    """Names that an agent gives as the own one; "That's how it is, Brenda" gives none."""
    found: list[str] = []
    for match in lexicon("names").find(line, "own_intro"):
        cut = clause_end(line, match.last) == match.last
        if not (cut and line.texts[match.first : match.last + 1] == ("it", "is")):
            found.extend(own_names(line, at=match.last + 1))
    return tuple(found)


def hailed(line: Line) -> tuple[str, ...]:
    """Whom a line greets; but "Hi, Curtis Holloway, …" is who greets."""
    found: list[str] = []
    for match in lexicon("names").find(line, "hails"):
        names = own_names(line, at=match.last + 1)
        if len(names) < 2 or clause_end(line, match.last) != match.last:
            found.extend(names)
    return tuple(found)


def is_thing(line: Line, span: Span) -> bool:
    """A street, a firm, a place: told by a word of it, or behind it."""
    things = word_list("names", "things")
    end = min(span.last + 2, len(line.tokens))
    return not things.isdisjoint(line.texts[span.first : end])
