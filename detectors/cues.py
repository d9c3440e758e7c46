"""What shows frustration in one turn of a customer's: words, form, and meaning where words fail (pure).

Form is what an upset speaker does with other people's words: throws the agent's own back as a question,
says the same thing twice in two sentences, praises where there is nothing to praise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from detectors.clauses import by_clause, find, has
from detectors.leaks import names_feeling, offers
from detectors.lexicon import Match, lexicon, word_list
from detectors.matter import Move, move
from detectors.numerals import numbers_of
from detectors.text import Line, Sentence
from streaming.events import WordSpan

_LEXICON = "frustration"
WEIGHTS = {"strong": 1.0, "medium": 0.4, "weak": 0.15}
THROWN_BACK, PRAISE, INSULT = 0.4, 0.4, 1.0
COLOUR = {"echo": 0.2, "twice": 0.2, "loud": 0.15, "weak": 0.15}
"""What adds to a cue and is none alone."""
_SHORT = 5
_STATEMENT = 4  # tokens that are no figures
_MOST_LOUD = 2
_REACH = 5  # tokens behind "he said …" that are still his
_NEGATIONS = frozenset({"not", "never", "no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that shows it: what it is, how much it weighs, and where."""

    name: str
    weight: float
    first: int
    last: int


def cues(line: Line, *, answered: Line | None, tense: bool) -> tuple[Found, ...]:
    """`answered` is what the agent said last; `tense`: the call is already, so that less says more."""
    matches = [match for match in find(lexicon(_LEXICON), line) if not _is_negated(line, match)]
    words = _apart([match for match in matches if match.label in WEIGHTS])
    found = [_found(one.label, WEIGHTS[one.label], one) for one in words]
    found += [_found("insult", INSULT, one) for one in abusive(line)]
    found += _form(line, answered if tense else None)
    if is_sour(line, answered, tense=tense or any(one.name not in COLOUR for one in found)):
        found += [_found("praise", PRAISE, one) for one in lexicon(_LEXICON).find(line, "praise")]
    return tuple(found)


def eases(line: Line, *, answered: Line | None, tense: bool) -> bool:
    """Thanks, relief, agreement; not praise for nothing."""
    book = lexicon(_LEXICON)
    if not has(book, line, "ease", "warm") or has(book, line, "sour"):
        return False
    return not is_sour(line, answered, tense=tense)


def is_warm(line: Line) -> bool:
    return has(lexicon(_LEXICON), line, "warm")


def is_sour(line: Line, answered: Line | None, *, tense: bool) -> bool:
    """Praise alone in its sentence, in a tense call, where the agent has offered nothing to praise."""
    nothing = answered is None or not (offers(answered) or names_feeling(answered))
    return tense and nothing and lexicon(_LEXICON).has(line, "praise")


def _found(name: str, weight: float, at: Match | Sentence) -> Found:
    return Found(name=name, weight=weight, first=at.first, last=at.last)


def _form(line: Line, answered: Line | None) -> Iterator[Found]:
    loud = [sentence for sentence in line.sentences if sentence.mark == "!"]
    clauses = by_clause(line).sentences
    for sentence in loud[:_MOST_LOUD]:
        yield _found("loud", COLOUR["loud"], sentence)
    first, *others = clauses
    if answered is not None and others and _is_echo(line, first, answered):
        telling = first.mark in "?!" or len(_content(line, first)) > 1
        thrown = telling and first.mark != "." and others[0].mark != "?" and len(others[0]) > 2
        yield _found("thrown_back", THROWN_BACK, first) if thrown else _found("echo", COLOUR["echo"], first)
    for before, after in pairwise(clauses):
        if len(after) <= _SHORT and _says_again(line, before, after):
            yield _found("twice", COLOUR["twice"], after)


def _is_echo(line: Line, sentence: Sentence, answered: Line) -> bool:
    """The agent's own words as a sentence of their own."""
    said = _content(line, sentence)
    return 0 < len(sentence) <= _SHORT and bool(said) and said <= set(answered.texts)


def _says_again(line: Line, before: Sentence, after: Sentence) -> bool:
    """ "I ticked the porch. The porch." A number said again is only a number."""
    said = _content(line, after)
    return bool(said) and said <= _content(line, before)


def _content(line: Line, sentence: Sentence) -> set[str]:
    light = word_list(_LEXICON, "light")
    counted = {at for number in numbers_of(line) for at in range(number.first, number.last + 1)}
    tokens = (line.texts[at] for at in range(sentence.first, sentence.last + 1) if at not in counted)
    return {text for text in tokens if text not in light and len(text) > 1}


def _is_negated(line: Line, match: Match) -> bool:
    """ "I'm not fed up": a negation right in front, in the same clause."""
    first = by_clause(line).sentence_of(match.first).first
    before = line.tokens[max(first, match.first - 2) : match.first]
    return any(token.text in _NEGATIONS for token in before)


def _apart(matches: Iterable[Match]) -> list[Match]:
    """Matches that share no token, the weightiest and longest first: one phrase is one cue."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda one: (-WEIGHTS[one.label], -len(one), one.first)):
        if all(match.last < one.first or match.first > one.last for one in kept):
            kept.append(match)
    return sorted(kept, key=lambda one: one.first)


def abusive(line: Line) -> tuple[Match, ...]:
    """Curses, and insults that are said to the listener."""
    book = lexicon("abuse")
    quoted = book.find(line, "told")
    found = [
        match
        for match in find(book, line, "curse", "to_you")
        if not any(one.first < match.first <= one.last + _REACH for one in quoted)
    ]
    return tuple(found)


def is_statement(line: Line) -> bool:
    """More than a nod, a figure, a question or a consent."""
    counted = sum(number.last - number.first + 1 for number in numbers_of(line))
    opens = line.tokens[0].text in word_list(_LEXICON, "consent")
    plain = move(line) in (Move.STAY, Move.ON) and not line.asks
    return plain and not opens and len(line.tokens) - counted >= _STATEMENT


def spans(line: Line, found: Iterable[Found]) -> tuple[WordSpan, ...]:
    return tuple(dict.fromkeys(line.evidence(one.first, one.last) for one in found))


def warm() -> None:
    """Read the lexicons (0.5 s, once a process) before the first word waits for them."""
    for name in (_LEXICON, "leakage", "abuse", "acknowledgement"):
        lexicon(name)
