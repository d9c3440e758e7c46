"""What an agent asks for: the customer's own name, or another's, or something that is no name (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from detectors.lexicon import lexicon, word_list
from detectors.naming import Span, can_be_name, is_title
from detectors.text import Line
from detectors.vocative import in_clause


def asks_name(line: Line) -> bool:
    """Whether the other's own name is asked for, or its spelling."""
    return lexicon("names").has(line, "asks_name") or any(
        _is_asked(line, at) and not _is_others(line, at) for at in _names_named(line)
    )


def asks_else(line: Line) -> bool:
    """Whether it asks whose name or what else: "the other driver's name?", "Store name?", "Which street?"."""
    others = any(_is_others(line, at) for at in _names_named(line)) or lexicon("names").has(
        line, "asks_other"
    )
    return not asks_name(line) and (
        others or (line.asks and not word_list("names", "other_things").isdisjoint(line.texts))
    )


def asks_place(line: Line) -> bool:
    """Whether it asks for an address, and for nobody's name: one's own name may follow that."""
    return not word_list("names", "places_asked").isdisjoint(line.texts) and "name" not in line.texts


def is_verified(line: Line, span: Span) -> bool:
    """Whether the agent asks if that is the name: "Is that Linh?", "Linh, is it?", "Mr. Delaney?"."""
    first = span.first - span.titled
    sentence = line.sentence_of(span.first)
    if sentence.mark == "?" and (sentence.first, sentence.last) == (first, span.last):
        return True
    around = lexicon("names").find(line, "verifies", "verifies_behind")
    return any(
        match.first == span.last + 1 if match.label == "verifies_behind" else match.last == first - 1
        for match in around
    )


def asked_about(line: Line) -> Iterator[int]:
    """Where a name may stand that the agent asks about: "Is that Linh?", "Linh, is it?"."""
    for match in lexicon("names").find(line, "verifies", "verifies_behind"):
        at = match.last + 1
        sentence = line.sentence_of(match.first)
        if match.label == "verifies":
            if sentence.mark != "?" or not in_clause(line, match.last, at):
                continue
        else:
            at = match.first
            while at > sentence.first and can_be_name(line.tokens[at - 1]):
                at -= 1
            at -= bool(at) and is_title(line.tokens[at - 1])
            if at == match.first:
                continue
        yield at


def _names_named(line: Line) -> Iterator[int]:
    """Where a name is spoken of, not the agent's own."""
    named = (at for at, text in enumerate(line.texts) if text in ("name", "surname", "names"))
    return (at for at in named if at == 0 or line.texts[at - 1] not in ("my", "by"))


def _is_asked(line: Line, at: int) -> bool:
    sentence = line.sentence_of(at)
    begin = next(begin for begin, last in sentence.clauses if begin <= at <= last)
    if sentence.mark == "?" or at - begin <= 2:
        return True
    return not word_list("names", "asking").isdisjoint(line.texts[sentence.first : at])


def _is_others(line: Line, at: int) -> bool:
    """Of somebody or something else: "his name", "the driver's last name", "store name", "names of …"."""
    if line.texts[at + 1 : at + 2] == ("of",):
        return True
    begin = next(begin for begin, last in line.sentence_of(at).clauses if begin <= at <= last)
    before = at - 1
    while before >= begin and line.texts[before] in word_list("names", "kinds_of_name"):
        before -= 1
    if before < begin:
        return False
    text = line.texts[before]
    return text.endswith("'s") or text not in word_list("names", "asks_own")
