"""Thanks, please and apologies that a speaker means, told from the same words that are only mentioned.

The words come from the lexicon; whether they are meant is a matter of who is said to say them
("she said sorry"), of negation ("no need to be sorry"), and of what they do there ("Sorry?" asks to repeat).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from detectors.lexicon import Match
from detectors.text import Line, Sentence

Kind = Literal["thanks", "please", "apology"]

_TELLING = frozenset(
    {
        "say",
        "says",
        "said",
        "saying",
        "tell",
        "tells",
        "told",
        "telling",
        "ask",
        "asks",
        "asked",
        "asking",
        "wrote",
    }
)
_PAST = frozenset({"said", "told", "asked", "wrote"})
_OWN = frozenset({"i", "we", "me", "us"})
_OTHERS = frozenset({"he", "she", "they", "you", "who", "nobody", "everyone", "somebody", "someone"})
_MODALS = frozenset({"could", "can", "would", "will", "may", "might"})
_COPULAS = frozenset(
    {"is", "are", "was", "were", "be", "been", "feel", "felt", "feeling", "sounds", "sounded"}
)
_NEGATIONS = frozenset({"not", "never", "no", "nothing", "neither", "without", "nor"})
_UNSURE = frozenset({"if", "whether", "how", "why", "whose", "unless"})
_BLAME = frozenset({"mistake", "fault", "bad", "error", "doing"})
_COMPLEMENTS = frozenset({"about", "for", "to", "that", "you", "we", "your", "it", "this"})
_MIND = frozenset(
    {"frustration", "frustrations", "concern", "concerns", "position", "situation", "anger", "worry"}
)
_SO_MUCH = frozenset(
    {"so", "very", "a", "sir", "maam", "madam", "mr", "mrs", "miss", "ms", "dr", "and", "for"}
)
_SAID_AGAIN = 8  # tokens
_BARE = 3  # tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Tokens `first` to `last` (inclusive) of a line do this."""

    kind: Kind
    first: int
    last: int


def acts_of(line: Line, matches: Sequence[Match]) -> tuple[Act, ...]:
    """What the words of the lexicon do; the same kind twice in a sentence is one act."""
    found: list[Act] = []
    for act in sorted(_meant(line, matches), key=lambda act: act.first):
        sentence = line.sentence_of(act.first)
        if not any(one.kind == act.kind and one.first >= sentence.first for one in found):
            found.append(act)
    return tuple(found)


def _meant(line: Line, matches: Sequence[Match]) -> Iterator[Act]:
    excused = {
        label: [one for one in matches if one.label == f"not_{label}"]
        for label in ("thanks", "please", "sorry")
    }
    for match in matches:
        sentence = line.sentence_of(match.first)
        if _covered(match, excused.get(match.label, ())) or _reported(line, sentence, match.first):
            continue
        if match.label == "thanks" and _is_thanks(line, sentence, match):
            yield Act(kind="thanks", first=match.first, last=match.last)
        elif match.label == "please" and not (
            sentence.last == match.last and line.texts[match.first] == "do"
        ):
            yield Act(kind="please", first=match.first, last=match.last)
        elif match.label == "sorry" and _is_apology(line, sentence, match, matches):
            yield Act(kind="apology", first=match.first, last=match.last)


def _covered(match: Match, others: Iterable[Match]) -> bool:
    return any(other.first <= match.last and match.first <= other.last for other in others)


def _reported(line: Line, sentence: Sentence, first: int) -> bool:
    """Somebody else's words, or one's own of before: "he said sorry"; not "I just want to say sorry"."""
    texts = line.texts
    if first == sentence.last and texts[first] == "please" and _ends_clause(line, sentence, first - 1):
        return False  # "…, please."
    for at in range(first - 1, max(sentence.first, first - 4) - 1, -1):
        if texts[at] not in _TELLING:
            continue
        around = texts[max(sentence.first, at - 5) : at]
        if texts[at - 1] == "you" and texts[at - 2] in _MODALS:
            return False  # "could you tell me …, please" reports nothing
        if texts[at] in _PAST:
            return len(around) < 2 or around[-2] not in {"as", "like"}  # "as I said, thank you"
        return not _OWN & set(around) and at > sentence.first
    return False


def _is_thanks(line: Line, sentence: Sentence, match: Match) -> bool:
    if line.texts[match.last] == "appreciate":
        return _appreciates(line, sentence, match.last)
    before = line.texts[max(sentence.first, match.first - 4) : match.first]
    if "appreciated" in line.texts[match.first : match.last + 1]:
        return "be" not in before  # "that would be appreciated" asks for something
    return True


def _appreciates(line: Line, sentence: Sentence, at: int) -> bool:
    """ "I appreciate it" thanks; "I appreciate that you are upset" understands, "I'd appreciate" asks."""
    before = line.texts[max(sentence.first, at - 3) : at]
    if {"would", "will", "not", "you", "he", "she", "they", "to", "could"} & set(before):
        return False
    rest = line.texts[at + 1 : sentence.last + 1]
    if not rest:
        return bool(before)
    if rest[0] == "your":
        return len(rest) > 1 and rest[1] not in _MIND
    if rest[0] == "you":
        return len(rest) == 1 or rest[1].endswith("ing") or rest[1] in _SO_MUCH
    if rest[0] in {"it", "that", "this", "them", "everything", "all"}:
        return len(rest) == 1 or rest[1] in _SO_MUCH or _ends_clause(line, sentence, at + 1)
    return rest[0] in {"the", "everything"} and len(rest) <= _SAID_AGAIN


def _ends_clause(line: Line, sentence: Sentence, at: int) -> bool:
    return any(last == at for _, last in sentence.clauses)


def _is_apology(line: Line, sentence: Sentence, match: Match, matches: Sequence[Match]) -> bool:
    texts = line.texts
    clause = next(first for first, last in sentence.clauses if match.first <= last)
    before = texts[max(clause, match.first - 4) : match.first]
    said = texts[match.first : match.last + 1]
    denials = _NEGATIONS - {"no", "without"} if said[-1] == "sorry" else _NEGATIONS  # "no sorry, the fifth"
    if set(before) & denials and not ({"how", "enough"} & set(texts[sentence.first : sentence.last + 1])):
        return False
    if _OTHERS & set(before[-3:]) and _COPULAS & set(before[-3:]) and not _OWN & {*before[-2:], *said}:
        return False
    if said[-1] in _BLAME and (sentence.mark == "?" or _UNSURE & set(texts[sentence.first : match.first])):
        return False
    return said[-1] != "sorry" or not _asks_again(line, sentence, match, matches)


def _asks_again(line: Line, sentence: Sentence, match: Match, matches: Sequence[Match]) -> bool:
    """A bare "sorry" that asks to repeat: alone with a question mark, or with the request behind it."""
    following = line.texts[match.last + 1] if match.last < sentence.last else ""
    if following in _COMPLEMENTS and not _ends_clause(line, sentence, match.last):
        return False
    if sentence.mark == "?" and len(sentence) <= _BARE:
        return True
    return any(
        one.label == "say_again" and match.last < one.first <= match.last + _SAID_AGAIN for one in matches
    )
