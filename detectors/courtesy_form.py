"""The form in which something is asked for: friendly, a demand, or a plain question (pure).

Form is read from clause structure, a sentence at a time: a modal before its subject ("could I …"), an
imperative, a need that is stated, a noun without a verb. Question marks help where the recogniser heard
one, and nothing rests on them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from detectors.courtesy_acts import Act
from detectors.courtesy_nouns import bare_noun, core, is_choice, is_verbless
from detectors.lexicon import Match, word_list
from detectors.text import Line, Sentence

Form = Literal["friendly", "demand", "plain"]

_MODALS = frozenset({"could", "can", "may", "might", "would", "will"})
_ASKED_FOR = frozenset({"could", "may", "might", "would"})  # further off than "can": surely friendly
_WONDERS = frozenset({"how", "what", "where", "why", "when", "if", "who", "which", "that", "so"})
_ADVERBS = frozenset(
    {
        "please",
        "just",
        "also",
        "possibly",
        "quickly",
        "maybe",
        "kindly",
        "perhaps",
        "then",
        "now",
        "actually",
        "really",
        "first",
    }
)
_INFO = frozenset({"name", "spell", "repeat", "confirm", "verify", "state", "read", "describe"})
_SAYS = frozenset({"give", "tell", "show", "send"})
_THEM = frozenset(
    {"it", "that", "them", "those", "me", "us", "your", "the", "this", "out", "back", "again", "his"}
)
_ALL = frozenset({"all", "more", "what", "how", "about", "a", "if", "when", "everything", "which", "where"})
_PASSING = frozenset(
    {
        "ignore",
        "disregard",
        "hesitate",
        "feel",
        "note",
        "worry",
        "know",
        "keep",
        "call",
        "ring",
        "contact",
        "do",
        "not",
        "never",
        "forgive",
        "accept",
    }
)
_TOLD = frozenset({"said", "says", "told", "asked", "like", "goes", "went", "he", "she", "they"})
_QUESTION = frozenset(
    {
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "can",
        "could",
        "will",
        "would",
        "have",
        "has",
        "should",
        "may",
        "am",
        "what",
        "where",
        "which",
        "who",
        "when",
        "how",
    }
)
_ORDERS = frozenset(
    {"take", "hold", "stay", "wait", "open", "press", "click", "try", "check", "look", "leave", "send"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Tokens `first` to `last` ask for something.

    `bare`: a noun without a verb; `wary`: "could", "may" or please; `choice`: nouns to choose from, which
    ask as the questions before them do.
    """

    form: Form
    first: int
    last: int
    confidence: float
    bare: bool = False
    wary: bool = False
    choice: bool = False


def asks_of(
    line: Line, matches: Sequence[Match], acts: Iterable[Act], *, continued: bool = False
) -> tuple[Ask, ...]:
    """At most one a sentence. `continued`: the line's first words go on with an open sentence."""
    pleased = {line.sentence_of(act.first).first for act in acts if act.kind == "please"}
    found = (
        _ask(line, sentence, _Said(matches, sentence, pleased), continued and sentence.first == 0)
        for sentence in line.sentences
    )
    return tuple(ask for ask in found if ask is not None)


class _Said:
    """The phrases of one sentence."""

    def __init__(self, matches: Sequence[Match], sentence: Sentence, pleased: set[int]) -> None:
        self.matches = [one for one in matches if sentence.first <= one.first <= sentence.last]
        self.please = sentence.first in pleased

    def has(self, *labels: str) -> bool:
        return any(one.label in labels for one in self.matches)

    def excuses(self, first: int, last: int) -> bool:
        return any(one.label == "not_ask" and one.first <= last and first <= one.last for one in self.matches)


def _ask(line: Line, sentence: Sentence, said: _Said, opens_here: bool) -> Ask | None:
    first, last = sentence.first, sentence.last

    def ask(form: Form, confidence: float, *, bare: bool = False, wary: bool = False) -> Ask:
        return Ask(
            form=form, first=first, last=last, confidence=confidence, bare=bare, wary=wary or said.please
        )

    modal = _modal(line, sentence, said)
    if modal or said.has("ask_friendly"):
        wary = modal in _ASKED_FOR or said.has("ask_friendly")
        return ask("friendly", 0.95 if said.please else 0.85 if wary else 0.7, wary=wary)
    needed = _needs(line, sentence, said) or _imperative(line, sentence, said)
    bare = not needed and not opens_here and bare_noun(line, sentence)
    asked = bool(needed or bare or said.has("ask_plain") or _is_question(line, sentence))
    if (said.please or said.has("mind")) and (asked or _orders(line, sentence)):
        return ask("friendly", 0.85, wary=True)
    if needed:
        return ask("plain", 0.5) if said.has("softener", "reason", "mind") else ask("demand", 0.9)
    if bare:
        return ask("demand", 0.85 if sentence.mark == "?" else 0.7, bare=True)
    if is_choice(line, sentence):
        return Ask(form="plain", first=first, last=last, confidence=0.65, choice=True)
    return ask("plain", 0.5) if said.has("ask_plain") else None


# --- could I, would you


def _modal(line: Line, sentence: Sentence, said: _Said) -> str:
    """The modal of "could I have", "would you tell": put to the other party as a request."""
    texts = line.texts
    for at in range(sentence.first, sentence.last):
        if texts[at] not in _MODALS or texts[at + 1] not in {"i", "we", "you"} or said.excuses(at, at + 1):
            continue
        verb = at + 2
        while verb <= sentence.last and texts[verb] in _ADVERBS:
            verb += 1
        if verb > sentence.last:
            tagged = texts[at + 1] == "you" and _imperative(line, sentence, said, tagged=True)
            return texts[at] if tagged else ""
        rest = texts[verb : verb + 2]
        if not _asks_now(line, sentence, at, said, plain=texts[at + 1] == "you"):
            continue
        if texts[at + 1] == "you" and _puts_to_you(texts[at], rest):
            return texts[at]
        if texts[at + 1] != "you" and texts[at] != "will" and rest[0] in word_list("courtesy", "taken"):
            return texts[at]
    return ""


def _puts_to_you(modal: str, rest: Sequence[str]) -> bool:
    """ "Could you tell", "would you have", not "would you like", "can you hear"."""
    if rest[0] == "be":
        return rest[-1] in {"so", "able", "willing", "kind", "happy", "good"} and modal in _ASKED_FOR
    if rest[0] in word_list("courtesy", "not_put_to_you"):
        return False
    return modal in _ASKED_FOR or rest[0] not in {
        "have",
        "need",
        "still",
        "see",
        "feel",
        "find",
        "know",
        "get",
    }


def _asks_now(line: Line, sentence: Sentence, at: int, said: _Said, *, plain: bool) -> bool:
    """Not "how can you tell", and (`plain`) not buried in a statement, as "may I ask" never is."""
    before = line.texts[max(sentence.first, at - 2) : at]
    if _WONDERS & set(before[-1:]) and before[-1:] != ("so",):
        return False
    if _WONDERS & set(before[:1]) and len(before) == 2 and before[0] not in {"so", "that"}:
        return False
    if not plain:
        return True
    opens = any(first <= at <= first + 3 for first, _ in sentence.clauses) or core(line, sentence) == at
    return opens or sentence.mark == "?" or said.please


# --- give me, I need


def _imperative(line: Line, sentence: Sentence, said: _Said, *, tagged: bool = False) -> bool:
    """Bids the other party to tell, read or spell something: at the sentence's or a clause's begin."""
    starts = {core(line, sentence)}
    for first, last in sentence.clauses:
        at = core(line, sentence, (first, last))
        before = line.texts[sentence.first : first]
        gives = line.texts[at : at + 2] == ("give", "me") and not _TOLD & set(before)
        if gives or is_verbless(before):  # "I took it, and read it" tells a story
            starts.add(at)
    return any(_bids(line, sentence, at, said, tagged=tagged) for at in sorted(starts) if at <= sentence.last)


def _bids(line: Line, sentence: Sentence, at: int, said: _Said, *, tagged: bool) -> bool:
    texts = line.texts[at : min(at + 8, sentence.last + 1)]
    if texts[0] in {"just", "please"}:
        texts = texts[1:]
    following = texts[1] if len(texts) > 1 else ""
    if not texts or (said.excuses(at, at + 1) and not tagged):
        return False
    if texts[0] in _SAYS:
        if following in {"me", "us"} and not tagged:
            what = frozenset(texts[2:])
            return bool(what & _THEM or what & word_list("courtesy", "datum")) and texts[2] not in _ALL
        return tagged and bool(following)
    if texts[0] == "say":
        return "again" in texts or following == "your"
    return texts[0] in _INFO and (following in _THEM or len(texts) == 1)


def _needs(line: Line, sentence: Sentence, said: _Said) -> bool:
    """ "I need your …", "you'll have to give me …"."""
    return said.has("need") or (
        said.has("need_noun") and not said.has("not_ask") and _noun_behind(line, sentence, said)
    )


def _noun_behind(line: Line, sentence: Sentence, said: _Said) -> bool:
    data = word_list("courtesy", "datum")
    ends = next(one.last for one in said.matches if one.label == "need_noun")
    return any(text in data for text in line.texts[ends + 1 : min(ends + 7, sentence.last + 1)])


def _orders(line: Line, sentence: Sentence) -> bool:
    """An imperative of any kind, as far as a few words tell: what "please" makes a request."""
    at = core(line, sentence)
    texts = line.texts[at : sentence.last + 1]
    if not texts:
        return False
    verb = next((text for text in texts if text not in _ADVERBS), "")
    return verb not in _PASSING and (is_verbless([verb]) or verb in _ORDERS)


def _is_question(line: Line, sentence: Sentence) -> bool:
    at = core(line, sentence)
    opens = at <= sentence.last and line.texts[at] in _QUESTION
    return sentence.mark == "?" or (opens and sentence.last > at)
