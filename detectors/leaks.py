"""Phrases of an agent that a frustrated customer should not hear, and what makes them innocent (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from detectors.lexicon import Lexicon, Match, lexicon
from detectors.text import Line
from streaming.events import WordSpan

LeakKind = Literal["dismissive", "blaming", "defensive", "sarcastic", "command"]
KINDS: tuple[LeakKind, ...] = ("dismissive", "blaming", "defensive", "sarcastic", "command")
_ALWAYS, _MILD = "_always", "_mild"
_TO_FRUSTRATED = 0.9
_TO_ANYONE = 0.65
_CONTEXT = 0.8  # a phrase that only a frustrated customer makes harmful
_FILLER = 0.6  # one that is often only a filler
_LEAST_CONFIDENCE = 0.4  # mean recogniser confidence of the phrase's words
_UNSURE = 0.6
_UNSURE_COST = 0.2
_QUOTE_REACH = 3  # tokens between the end of "he said that" and the phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One kind of leakage in one utterance."""

    kind: LeakKind
    confidence: float
    first: int  # token indexes of the phrase that weighs most
    last: int
    evidence: tuple[WordSpan, ...]


def leaks(line: Line, *, frustrated: bool, whole: bool = True) -> tuple[Leak, ...]:
    """At most one leak a kind. `whole` is false for a partial utterance, whose last word may go on."""
    book = lexicon("leakage")
    labels = [name for name in book.labels if _kind(name) in KINDS and (frustrated or name.endswith(_ALWAYS))]
    found = [match for match in book.find(line, *labels) if whole or match.last < len(line.tokens) - 1]
    if not found:
        return ()
    quoted = _quoted(book, line)
    found = [match for match in found if not _is_quoted(line, match, quoted)]
    by_kind = [_leak(line, kind, [m for m in found if _kind(m.label) == kind], frustrated) for kind in KINDS]
    return tuple(leak for leak in by_kind if leak is not None)


def is_empathetic(lines: Iterable[Line]) -> Match | None:
    """The first empathetic phrase of a reply that does not take it back ("I'm sorry, but …")."""
    book = lexicon("leakage")
    for line in lines:
        cold = book.find(line, "cold")
        for match in book.find(line, "empathy"):
            if not any(one.first <= match.first <= one.last for one in cold):
                return match
    return None


def is_cold(lines: Iterable[Line]) -> bool:
    return any(lexicon("leakage").has(line, "cold") for line in lines)


def _leak(line: Line, kind: LeakKind, matches: list[Match], frustrated: bool) -> Leak | None:
    rated = [(_confidence(line, match, frustrated), match) for match in matches]
    rated = [(sure, match) for sure, match in rated if sure > 0.0]
    if not rated:
        return None
    sure, best = max(rated, key=lambda pair: (pair[0], len(pair[1]), -pair[1].first))
    spans = {line.evidence(match.first, match.last): None for _, match in rated}
    return Leak(
        kind=kind, confidence=sure, first=best.first, last=best.last, evidence=_outermost(tuple(spans))
    )


def _confidence(line: Line, match: Match, frustrated: bool) -> float:
    if match.label.endswith(_ALWAYS):
        sure = _TO_FRUSTRATED if frustrated else _TO_ANYONE
    else:
        sure = _FILLER if match.label.endswith(_MILD) else _CONTEXT
    heard = line.confidence(match.first, match.last)
    if heard < _LEAST_CONFIDENCE:
        return 0.0
    return round(sure - (_UNSURE_COST if heard < _UNSURE else 0.0), 2)


def _kind(label: str) -> str:
    return label.removesuffix(_ALWAYS).removesuffix(_MILD)


def _quoted(book: Lexicon, line: Line) -> tuple[Match, ...]:
    return book.find(line, "quoting")


def _is_quoted(line: Line, match: Match, quoted: tuple[Match, ...]) -> bool:
    """Somebody else's words, or explicitly not said; also inside written quotation marks."""
    sentence = line.sentence_of(match.first)
    for one in quoted:
        if sentence.first <= one.first < match.first and match.first - one.last <= _QUOTE_REACH:
            return True
    heard = line.utterance.words[line.tokens[match.first].word].text
    return heard.startswith(("'", '"', "“", "‘"))


def _outermost(spans: tuple[WordSpan, ...]) -> tuple[WordSpan, ...]:
    """Spans that lie in no other one."""
    return tuple(
        one
        for one in spans
        if not any(one != two and two.first <= one.first and one.last <= two.last for two in spans)
    )
