"""Phrases of an agent that a frustrated customer should not hear, and what makes them innocent (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from detectors.clauses import find, has
from detectors.lexicon import Match, lexicon
from detectors.text import Line, once_a_line
from streaming.events import WordSpan

LeakKind = Literal["dismissive", "blaming", "defensive", "sarcastic", "command", "clipped", "harsh"]
KINDS: tuple[LeakKind, ...] = ("dismissive", "blaming", "defensive", "sarcastic", "command")
_ALWAYS, _MILD, _REPLY = "_always", "_mild", "_reply"
_TO_FRUSTRATED = 0.9
_TO_ANYONE = 0.65
_CONTEXT = 0.8  # a phrase that only a frustrated customer makes harmful
_ANSWER = 0.7  # one that is so only as the answer to what was said in anger
_FILLER = 0.6  # one that is often only a filler
_LEAST_CONFIDENCE = 0.4  # mean recogniser confidence of the phrase's words
_UNSURE = 0.6
_UNSURE_COST = 0.2
_QUOTE_REACH = 3  # tokens between the end of "he said that" and the phrase
_NO = frozenset({"no", "nah", "nope"})
_WELL = frozenset({"yeah", "so", "and", "well", "then"})  # as a question only: "So?"
_MOST_CLIPPED = 2
_NO_OFFER = frozenset(
    {"not", "never", "only", "need", "have", "tell", "hear", "understand", "imagine", "say", "be"}
)


@dataclass(frozen=True, slots=True)
class Leak:
    """One kind of leakage in one utterance."""

    kind: LeakKind
    confidence: float
    first: int  # token indexes of the phrase that weighs most
    last: int
    evidence: tuple[WordSpan, ...]


def leaks(line: Line, *, frustrated: bool, answering: bool = False, whole: bool = True) -> tuple[Leak, ...]:
    """At most one leak a kind. `answering`: what the customer has just said was said in frustration.

    `whole` is false for a partial utterance, whose last word may go on.
    """
    book = lexicon("leakage")
    labels = [name for name in book.labels if _counts(name, frustrated, answering)]
    found = [match for match in find(book, line, *labels) if whole or match.last < len(line.tokens) - 1]
    found = [match for match in found if not _is_innocent(line, match)]
    if whole and (names_feeling(line) is not None or offers(line)):
        found = [match for match in found if not match.label.endswith(_REPLY)]
    if whole and not found and answering and is_clipped(line):
        return (_clipped(line),)
    by_kind = [_leak(line, kind, [m for m in found if _kind(m.label) == kind], frustrated) for kind in KINDS]
    return tuple(leak for leak in by_kind if leak is not None)


@once_a_line
def names_feeling(line: Line) -> Match | None:
    """Where the feeling or the inconvenience is named or apologised for, and not taken back ("…, but …")."""
    book = lexicon("leakage")
    back = book.find(line, "taken_back")
    for match in find(book, line, "empathy", "apology"):
        asked = (
            line.sentence_of(match.first).mark == "?" and match.first > line.sentence_of(match.first).first
        )
        if not asked and not any(one.first <= match.first <= one.last for one in back):
            return match
    return None


def consoles(line: Line) -> bool:
    """Names the feeling or the inconvenience itself: more than an apology, which may be for anything."""
    found = names_feeling(line)
    return found is not None and has(lexicon("leakage"), line, "empathy")


@once_a_line
def offers(line: Line) -> bool:
    """Something is being done, or can be."""
    book = lexicon("leakage")
    able = (line.texts[one.last + 1 : one.last + 2] for one in book.find(line, "able"))
    return book.has(line, "offers") or any(does and does[0] not in _NO_OFFER for does in able)


@once_a_line
def is_cold(line: Line) -> bool:
    return lexicon("leakage").has(line, "cold")


def is_clipped(line: Line) -> bool:
    """ "Nope.", "So?": nothing else. A plain "yes" or "mm-hm" takes nobody's turn away."""
    if len(line.tokens) > _MOST_CLIPPED or line.utterance.words[-1].text.endswith((",", "-")):
        return False
    return all(text in _NO for text in line.texts) or (
        line.asks and all(text in _WELL for text in line.texts)
    )


def _counts(label: str, frustrated: bool, answering: bool) -> bool:
    if _kind(label) not in KINDS:
        return False
    if label.endswith(_REPLY):
        return answering
    return frustrated or label.endswith(_ALWAYS)


def _clipped(line: Line) -> Leak:
    last = len(line.tokens) - 1
    return Leak(kind="clipped", confidence=_ANSWER, first=0, last=last, evidence=(line.whole(),))


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
    elif match.label.endswith(_REPLY):
        sure = _ANSWER
    else:
        sure = _FILLER if match.label.endswith(_MILD) else _CONTEXT
    heard = line.confidence(match.first, match.last)
    if heard < _LEAST_CONFIDENCE:
        return 0.0
    return round(sure - (_UNSURE_COST if heard < _UNSURE else 0.0), 2)


def _kind(label: str) -> str:
    return label.removesuffix(_ALWAYS).removesuffix(_MILD).removesuffix(_REPLY)


def _is_innocent(line: Line, match: Match) -> bool:
    """Meant well, somebody else's words, or explicitly not said; also inside written quotation marks."""
    book = lexicon("leakage")
    meant_well = book.find(line, "innocent") if match.label.endswith(_REPLY) else ()
    if any(one.first <= match.last and one.last >= match.first for one in meant_well):
        return True
    sentence = line.sentence_of(match.first)
    for one in book.find(line, "quoting"):
        if sentence.first <= one.first < match.first and match.first - one.last <= _QUOTE_REACH:
            return True
    heard = line.utterance.words[line.tokens[match.first].word].text
    return heard.startswith(("'", '"', "“", "‘"))


def _outermost(spans: Iterable[WordSpan]) -> tuple[WordSpan, ...]:
    """Spans that lie in no other one."""
    spans = tuple(spans)
    return tuple(
        one
        for one in spans
        if not any(one != two and two.first <= one.first and one.last <= two.last for two in spans)
    )
