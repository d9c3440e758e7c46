"""Uses of the customer's name by the agent, whatever the recogniser made of it.

Only where it is said to the person: not spoken of, not checked or spelled, not just read back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from jellyfish import metaphone
from rapidfuzz.distance import JaroWinkler

from detectors.lexicon import lexicon, plain_words, word_list
from detectors.naming import (
    Name,
    can_be_name,
    is_frequent,
    is_known,
    is_long,
    is_short_for,
    is_title,
    is_word_too,
    like,
    said_as,
    same,
    sound,
    sounds_like,
)
from detectors.text import Line, clause_ends
from detectors.vocative import has_title, in_clause, is_addressed, is_alone, is_called

_JOINED = 4  # words that one name may have been heard as
_VERY_LIKE = 0.8  # Jaro-Winkler likeness from which a word without a capital may be a name
_UNSURE = 0.9  # recogniser confidence below which a word where a name would stand may have been one
_BRIEF = 5  # tokens of a line that may do without punctuation
_UNHEARD = 0.3  # … and below which two words may have been anything
_SAME_SOUND = 0.8  # likeness of sounds from which words without capitals may be a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Tokens of a line that use the name; `exact` where it is spelled as known, or its short form."""

    first: int
    last: int
    exact: bool


def uses(line: Line, names: Sequence[Name], *, stated: Collection[str] = ()) -> tuple[Use, ...]:
    """Where the line uses one of `names` to the person: not spoken of, not checked, not the agent's own.

    `stated` are the parts that the customer has just said: a line that opens with them reads them back.
    """
    found: list[Use] = []
    at = 0
    while at < len(line.tokens):
        width, exact = _match(line, at, names)
        if not width:
            at += 1
            continue
        end = at + width - 1
        while end + 1 < len(line.tokens) and not line.tokens[end + 1].opens:
            width, also = _match(line, end + 1, names)
            if not width:
                break
            end, exact = end + width, exact or also
        if _is_use(line, at, end, names, stated):
            found.append(Use(first=at, last=end, exact=exact))
        at = end + 1
    return (*found, *_further(line, found, names)) if found else ()


def _further(line: Line, found: Sequence[Use], names: Sequence[Name]) -> Iterator[Use]:
    """Where the name is an everyday word: once used, it is at a sentence's end too ("… unwrapping art")."""
    for sentence in line.sentences:
        at = sentence.last
        known = any(use.first <= at <= use.last for use in found) or at == sentence.first
        if known or not is_word_too(line.texts[at]) or line.texts[at - 1] in word_list("names", "not_before"):
            continue
        if any(name.text == line.texts[at] and name.role != "surname" for name in names):
            yield Use(first=at, last=at, exact=True)


def may_hold(line: Line, texts: Collection[str], *, rare: bool) -> bool:
    """Whether one of these names may have been said: something like it, or words hardly heard.

    `rare`: no recogniser would write it, so that any words that it is least sure of may stand for it, and any
    at all where it leaves out punctuation.
    """
    if rare and len(line.tokens) > _BRIEF and not line.sentences[-1].mark:
        return True
    unsure = 0
    for at, token in enumerate(line.tokens):
        text, heard = said_as(token), line.confidence(at, at)
        called = has_title(line, at) or is_called(line, at, at)
        cut = bool(line.sentence_of(at).mark)
        if text in texts and (called or not cut or (token.capital and is_known(text))):
            return True  # read back, or without punctuation, it may be taken for a use
        if (
            called
            and text not in texts
            and (_is_unsure(text, heard) or any(like(text, one) for one in texts))
        ):
            return True
        unsure = unsure + 1 if heard < _UNHEARD else 0
        if rare and unsure > 1:
            return True
    return False


def _is_unsure(text: str, heard: float) -> bool:
    return heard < _UNSURE and text not in word_list("names", "leads")


# Is it the name?


def _match(line: Line, at: int, names: Sequence[Name]) -> tuple[int, bool]:
    """How many tokens from `at` on say one of the names (0: none), and whether as it is spelled."""
    token, text = line.tokens[at], said_as(line.tokens[at])
    if is_title(token) or not names:
        return 0, False
    exact = any(name.text == text or is_short_for(text, name.text) for name in names)
    if any(name.text == text for name in names) and not is_word_too(text):
        return 1, True
    joined = next((width for width in range(_JOINED, 1, -1) if _is_joined(line, at, width, names)), 0)
    if joined:
        return joined, False
    if exact and not is_word_too(text):
        return 1, True
    if is_word_too(text):
        addressed = is_addressed(line, at, at) if token.capital else is_alone(line, at)
        return int(exact and (addressed or has_title(line, at))), exact
    if token.capital and not token.opens and any(same(text, name.text) for name in names):
        return int(not token.text.endswith("'s")), False
    called = has_title(line, at) or is_called(line, at, at)
    return int(called and _is_heard_badly(line, at, names)), False


def _is_heard_badly(line: Line, at: int, names: Sequence[Name]) -> bool:
    """Somebody is addressed by what is no name that many have, and is like the known one."""
    text, titled = said_as(line.tokens[at]), has_title(line, at)
    wanted = {"surname", "any"} if titled else {"given", "any"}
    near = [name.text for name in names if name.role in wanted]
    if not can_be_name(line.tokens[at]):
        return text.isalpha() and any(JaroWinkler.similarity(text, name) >= _VERY_LIKE for name in near)
    return any(same(text, name) or (not is_frequent(text) and like(text, name)) for name in near)


def _is_joined(line: Line, at: int, width: int, names: Sequence[Name]) -> bool:
    """A name heard as two or three words ("Suz Ann", "pre-yanka", "all the way son" for Oluwaseun).

    Capitals tell a name; without them it must sound like a long one, at a clause's end.
    """
    tokens = line.tokens[at : at + width]
    if len(tokens) < width or any(token.opens for token in tokens[1:]) or tokens[-1].text.endswith("'s"):
        return False
    texts = [said_as(token) for token in tokens]
    if any(text == name.text for text in texts for name in names):
        return False
    joined = "".join(texts)
    if all(token.capital and len(token.text) > 1 for token in tokens):
        return any(_fits_better(joined, texts, name.text) for name in names)
    end = at + width - 1
    if end not in clause_ends(line) or not in_clause(line, at, end):
        return False
    if has_title(line, at):
        return any(like(joined, name.text) for name in names if name.role != "given")
    called = end == line.sentence_of(at).last or is_called(line, at, end)
    if not called or texts[0] in word_list("names", "articles") or set(texts) <= plain_words("common_words"):
        return False
    return any(sound(joined, name.text) >= _SAME_SOUND for name in names if is_long(name.text))


def _fits_better(joined: str, texts: Sequence[str], name: str) -> bool:
    """The words together are like the name, and more so than any of them alone."""
    alone = max(JaroWinkler.similarity(text, name) for text in texts)
    return (
        len(metaphone(name)) > 1
        and sounds_like(joined, name)
        and JaroWinkler.similarity(joined, name) > alone
    )


# Is it said to the person?


def _is_use(line: Line, first: int, last: int, names: Sequence[Name], stated: Collection[str]) -> bool:
    before = first - 1 - has_title(line, first)
    if line.tokens[last].text.endswith("'s") or _is_checked(line, first, last, before):
        return False
    if _is_amid(line, before, first, last):
        return False
    if in_clause(line, before, first) and line.texts[before] in word_list("names", "spoken_of"):
        return False
    bare = not has_title(line, first) and _is_bare_surname(line, first, last, names)
    if bare or _is_subject(line, last):
        return False
    return not _is_read_back(line, first, last, before, names, stated)


def _is_amid(line: Line, before: int, first: int, last: int) -> bool:
    """In a clause that goes on behind it, of its own accord: "a James Castellano in Reno"."""
    begin, end = next(one for one in line.sentence_of(first).clauses if one[0] <= first <= one[1])
    unpunctuated = not line.sentence_of(first).mark
    if has_title(line, first) or before < begin or last == end or unpunctuated:
        return False
    led = set(line.texts[begin : before + 1]) <= word_list("names", "leads")
    return not led and line.texts[last + 1] not in word_list("names", "goes_on")


def _opens(line: Line, before: int, first: int) -> bool:
    """Nothing stands before it in its sentence, and no title."""
    return not has_title(line, first) and before < line.sentence_of(first).first


def _is_checked(line: Line, first: int, last: int, before: int) -> bool:
    """ "Am I speaking with …", "…, did I say that right?", "… with an i", and letters behind the name."""
    leads = lexicon("names").find(line, "verifies", "own_intro")
    if in_clause(line, before, first) and any(match.last == before for match in leads):
        return True
    sentence = line.sentence_of(first)
    checks = lexicon("names").find(line, "checks_name")
    if any(sentence.first <= match.first <= sentence.last for match in checks):
        return True
    if sentence.mark == "?" and (sentence.first, sentence.last) == (before + 1, last):
        return True
    reach = len(line.tokens) - 1 if _opens(line, before, first) else sentence.last
    ahead = line.tokens[max(sentence.first, before - 2) : before + 1]
    behind = line.tokens[last + 1 : min(last + 3, reach) + 1]
    return any(
        len(some) == 3 and all(len(token.text) == 1 and token.capital for token in some)
        for some in (ahead, behind)
    )


def _is_subject(line: Line, last: int) -> bool:
    """ "David will call": spoken of. "David will you hold?" is not."""
    clause = next(end for begin, end in line.sentence_of(last).clauses if begin <= last <= end)
    behind = line.texts[last + 1 : min(clause + 1, last + 3)]
    if behind in (("on", "the"), ("here", "with")):
        return True
    if not behind or (behind[0] not in word_list("names", "verbs") and not _is_verb(behind[0])):
        return False
    inverted = "asked_by" if behind[0] in word_list("names", "modals") else "asked_of"
    return not (behind[1:] and behind[1] in word_list("names", inverted))


def _is_verb(text: str) -> bool:
    """ "comes", "works": as a third person does."""
    return len(text) > 3 and text.endswith("s") and not text.endswith(("ss", "us")) and not is_word_too(text)


def _is_bare_surname(line: Line, first: int, last: int, names: Sequence[Name]) -> bool:
    texts = [said_as(token) for token in line.tokens[first : last + 1]]
    roles = {name.role for name in names if any(same(text, name.text) for text in texts)}
    return roles == {"surname"} and not is_known(texts[0])


def _is_read_back(
    line: Line, first: int, last: int, before: int, names: Sequence[Name], stated: Collection[str]
) -> bool:
    """Just said by the customer: as a sentence of its own, or in full, or no given name, it is read back."""
    texts = [said_as(token) for token in line.tokens[first : last + 1]]
    sentence = line.sentence_of(first)
    opens = _opens(line, before, first)
    if (sentence.mark == "!" and is_known(texts[0])) or not any(
        same(text, one) for text in texts for one in stated
    ):
        return False
    full = last > first and len({token.word for token in line.tokens[first : last + 1]}) > 1
    led = set(line.texts[sentence.first : first]) <= word_list("names", "leads")
    if not opens:
        return full and not led
    given = is_known(texts[0]) or any(name.role == "given" and same(texts[0], name.text) for name in names)
    return sentence.last == last or last > first or not given
