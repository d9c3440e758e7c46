"""Phrases found whatever the punctuation: recognisers write a comma, or nothing, where a speaker stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from detectors.lexicon import Lexicon, Match
from detectors.text import Line, Sentence, once_a_line


@once_a_line
def by_clause(line: Line) -> Line:
    """The same line with each clause for a sentence; a clause inside a sentence ends with the mark ","."""
    if all(len(sentence.clauses) == 1 for sentence in line.sentences):
        return line
    return replace(line, sentences=tuple(_clauses(line)), known={})


def find(book: Lexicon, line: Line, *labels: str) -> tuple[Match, ...]:
    """As `Lexicon.find`, with clauses' edges for sentences' edges too."""
    loose = by_clause(line)
    if loose is line:
        return book.find(line, *labels)
    both = {*book.find(line, *labels), *filter(loose_enough(line), book.find(loose, *labels))}
    return tuple(sorted(both, key=lambda one: (one.first, one.last, one.label)))


def loose_enough(line: Line) -> Callable[[Match], bool]:
    """A word alone between commas is a filler ("again, …") unless the sentence ends with it ("…, again.")."""
    ends = {sentence.last for sentence in line.sentences}
    return lambda match: len(match) > 1 or match.last in ends


def has(book: Lexicon, line: Line, *labels: str) -> bool:
    return bool(find(book, line, *labels))


def _clauses(line: Line) -> list[Sentence]:
    return [
        Sentence(
            first=first,
            last=last,
            mark=sentence.mark if last == sentence.last else ",",
            clauses=((first, last),),
        )
        for sentence in line.sentences
        for first, last in sentence.clauses
    ]
