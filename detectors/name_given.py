"""A name that somebody gives as the own one, and what went before (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from detectors.name_runs import clause_end
from detectors.naming import Name, Role, Span, is_known, roles, said_as, words_of
from detectors.text import Line

_WELL_HEARD = 0.6  # recogniser confidence from which a name can make another one wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What went before a line: the own name was `asked` for, or a name `elsewhere`, which is not taken.

    `answers`: something was asked, whatever it was; `place`: an address. `opening`: the line is among the
    speaker's first; `known` are texts of the own name, `others` of the other party's.
    """

    asked: bool = False
    elsewhere: bool = False
    answers: bool = False
    place: bool = False
    opening: bool = False
    known: Collection[str] = ()
    others: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A name that the speaker gives as the own one, and how sure that is."""

    names: tuple[Name, ...]
    first: int
    last: int
    confidence: float
    spelled: bool = False


def given(
    line: Line, span: Span, setting: Setting, *, confidence: float, role: Role | None = None
) -> Iterator[Given]:
    """The name under a span, as given; nothing where it is the other party's.

    `role`: what the words around it call the part ("my last name is").
    """
    words = words_of(line, span)
    if any(text in setting.others and text not in setting.known for word in words for text in word):
        return
    heard = line.confidence(span.first, span.last)
    names = roles(words, titled=span.titled, sure=heard >= _WELL_HEARD)
    last = span.last
    surname = role == "surname" or (role is None and not is_known(said_as(line.tokens[span.first])))
    if surname and len(words) == 1 and (given := _given_behind(line, span.last)):
        names, last = (*names, Name(text=given, role="given")), span.last + 1
    if role is not None:
        names = tuple(Name(text=n.text, role=role if n.role == "any" else n.role, sure=n.sure) for n in names)
    yield Given(names=names, first=span.first, last=last, confidence=min(confidence, max(0.5, heard)))


def _given_behind(line: Line, last: int) -> str:
    """ "Szczepanski, Bill.": the given name behind the surname."""
    at = last + 1
    alone = at < len(line.tokens) and clause_end(line, at) == at and not line.tokens[at].opens
    text = said_as(line.tokens[at]) if alone else ""
    return text if alone and line.tokens[at].capital and is_known(text) else ""
