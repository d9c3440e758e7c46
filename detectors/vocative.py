"""Somebody addressed by name, told from how a sentence is cut (pure).

Punctuation as heard tells who is addressed from who is spoken of: "Thank you, Karen." against "my colleague,
Karen, will call".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from detectors.lexicon import word_list
from detectors.naming import Span, can_be_name, is_known, is_title, said_as
from detectors.text import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody is addressed; `plain` where nothing else can be meant by how the sentence is cut.

    `own`: said to the other party, so that it must be the name of who was not known by one: with a title,
    or a given name set off by commas, or any name behind thanks, a greeting or words to "you".
    """

    span: Span
    texts: tuple[str, ...]
    plain: bool
    own: bool
    echoes: bool = False  # it opens its sentence, as what was just said is repeated


def is_addressed(line: Line, first: int, last: int) -> bool:
    """The name ends its clause, and nothing but "okay", "thank you" and the like stands before it there."""
    begin, end = next(clause for clause in line.sentence_of(first).clauses if clause[0] <= first <= clause[1])
    if last != end:
        return False
    before = first - 1 - has_title(line, first)
    leads = (line.texts[at] for at in range(begin, before + 1))
    if all(text in word_list("names", "leads") for text in leads):
        return True
    ends = end == line.sentence_of(first).last and line.tokens[first].capital
    return ends and line.texts[before] not in word_list("names", "not_before")


def calls(line: Line) -> Iterator[Call]:
    """Somebody called by name, whoever that is."""
    at = 0
    while at < len(line.tokens):
        first, last = at, at - 1
        while (
            last + 1 < len(line.tokens)
            and can_be_name(line.tokens[last + 1])
            and in_clause(line, first, last + 1)
        ):
            last += 1
        if first <= last <= first + 1 and (call := _call(line, first, last)) is not None:
            yield call
        at = max(last, at) + 1


def _call(line: Line, first: int, last: int) -> Call | None:
    titled = has_title(line, first)
    span = Span(first=first, last=last, titled=titled)
    texts = tuple(said_as(token) for token in line.tokens[first : last + 1])
    called = is_called(line, first, last)
    known = is_known(texts[0])
    if called or (titled and is_addressed(line, first, last)):
        other = _may_be_other(line, span)
        plain = called and (titled or known) and not other
        own = titled or (called and (known or _is_to_you(line, span)))
        return Call(span=span, texts=texts, plain=plain, own=(own and not other) or _is_greeted(line, span))
    if known and _is_set_off(line, span) and not _may_be_other(line, span):
        echoes = line.sentence_of(first).first == first
        return Call(span=span, texts=texts, plain=False, own=True, echoes=echoes)
    return None


def is_alone(line: Line, at: int) -> bool:
    """Called, between commas: "Okay, art." for Art."""
    return is_called(line, at, at) and any(begin == at for begin, _ in line.sentence_of(at).clauses)


def is_called(line: Line, first: int, last: int) -> bool:
    """Behind "thank you" and the like, or behind a comma at the end."""
    sentence = line.sentence_of(first)
    begin, end = next(clause for clause in sentence.clauses if clause[0] <= first <= clause[1])
    before = line.texts[sentence.first : first - has_title(line, first)]
    if (last != end and not has_title(line, first)) or not before:
        return False
    if all(text in word_list("names", "leads") for text in before):
        return True
    return begin == first - has_title(line, first) and last == sentence.last


def _may_be_other(line: Line, span: Span) -> bool:
    """A place as an answer ("Right, Virginia."), or who was spoken of ("my colleague, Karen")."""
    if not span.titled and said_as(line.tokens[span.first]) in word_list("names", "places_too"):
        return True
    before = span.first - 1 - span.titled
    if before < line.sentence_of(span.first).first or in_clause(line, before, span.first):
        return False
    begin = next(begin for begin, last in line.sentence_of(before).clauses if begin <= before <= last)
    texts = line.texts[max(begin, before - 4) : before + 1]
    return texts[-1] in word_list("names", "not_before") or not word_list("names", "points").isdisjoint(texts)


def _is_set_off(line: Line, span: Span) -> bool:
    """Between commas, or first, and the sentence goes on to "you" or with "I": "Frank, if there's …"."""
    sentence = line.sentence_of(span.first)
    if all(clause != (span.first, span.last) for clause in sentence.clauses) or span.last == sentence.last:
        return False
    behind = line.texts[span.last + 1 : sentence.last + 1]
    if behind[0] in word_list("names", "verbs") and behind[1:2] != ("you",):
        return False
    if span.first > sentence.first:
        before = line.texts[sentence.first : span.first]
        return not word_list("names", "persons").isdisjoint((*before, *behind[:2]))
    return not word_list("names", "persons").isdisjoint(behind[:4])


def _is_to_you(line: Line, span: Span) -> bool:
    """The sentence before it speaks to somebody: "You're in it, …", "Anything else, …?", "Thanks for …"."""
    begin, end = line.sentence_of(span.first).first, span.first - span.titled
    if can_be_name(line.tokens[end - 1]):
        return False  # "I am from Minneapolis, Minnesota"
    before = line.texts[begin:end]
    return not word_list("names", "to_you").isdisjoint(before)


def _is_greeted(line: Line, span: Span) -> bool:
    """Behind "thank you", "hello" or "bye": whoever it is, the line is said to them."""
    before = line.texts[max(0, span.first - span.titled - 2) : span.first - span.titled]
    called = is_called(line, span.first, span.last)
    return called and (
        before[-2:] == ("thank", "you") or before[-1:][0] in word_list("names", "greeting_words")
    )


def has_title(line: Line, at: int) -> bool:
    return at > 0 and is_title(line.tokens[at - 1])


def in_clause(line: Line, before: int, at: int) -> bool:
    return (
        before >= 0
        and at < len(line.tokens)
        and any(begin <= before and at <= last for begin, last in line.sentence_of(at).clauses)
    )


def spoken_of(line: Line) -> Iterator[int]:
    """Names of others in a line: "my husband, Ron", "with Karen", "Ron said", "Mum's"; and who is hailed."""
    for at, token in enumerate(line.tokens):
        if not can_be_name(token):
            continue
        sentence = line.sentence_of(at)
        first = at
        while first > sentence.first and (can_be_name(line.tokens[first - 1]) or has_title(line, first)):
            first -= 1
        before = line.texts[max(sentence.first, first - 1) : first]
        near = line.texts[max(sentence.first, first - 3) : first]
        behind = line.texts[at + 1 : min(at + 2, sentence.last + 1)]
        named = before and before[0] in word_list("names", "spoken_before")
        of = not word_list("names", "possessives").isdisjoint(near) and before[:1] != ("name",)
        subject = behind and behind[0] in word_list("names", "verbs")
        if named or of or subject or token.text.endswith("'s"):
            yield at
