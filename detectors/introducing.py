"""How a customer gives the own name.

A name is taken where the words say so ("my name is"), where it was asked for, where it is spelled, or where a
call opens with it ("Hi, it's Chidinma Eze"). Names of third persons, places and firms are not.
"""

from __future__ import annotations

from collections.abc import Iterator

from detectors.lexicon import lexicon, word_list
from detectors.name_given import Given, Setting, given
from detectors.name_runs import LONGEST, behind_words, clause_end, clauses, is_thing, run
from detectors.name_spelled import spelled
from detectors.naming import Role, Span, can_be_name, is_known, is_word_too, said_as
from detectors.text import Line, Token

_SENTENCES = 3  # at an answer's beginning, in which a name that was asked for may stand
_PHRASE = 4  # tokens of "my youngest son"
_POSSESSIVES = frozenset({"my", "our", "his", "her", "their"})
_ROLES: dict[str, Role] = {
    "says_surname": "surname",
    "is_surname": "surname",
    "says_given": "given",
    "is_given": "given",
}


def introduced(line: Line, setting: Setting) -> tuple[Given, ...]:
    """Names that the speaker gives as the own, in order."""
    if _names_another(line):
        return ()
    told = [*_told(line, setting), *_behind(line, setting), *_alone(line, setting), *_in_full(line, setting)]
    found = {(one.first, one.last): one for one in (*spelled(line, setting, told), *reversed(told))}
    return tuple(found[span] for span in sorted(found))


def _names_another(line: Line) -> bool:
    """ "It's under my husband's name, Peter Marsh", "Her name is …"."""
    named = (at for at, text in enumerate(line.texts) if text in ("name", "names") and at > 0)
    return any(_of_other(line, at) for at in named)


def named_first(line: Line, start: int = 0) -> tuple[str, ...]:
    """The name a line begins with from `start` on, as a correction does ("No, it's Tariq."), or ()."""
    for begin, end in clauses(line, sentences=3 if start else 2):
        if begin < start:
            continue
        at = behind_words(line, begin, end, "before_own")
        span = run(line, at, end)
        if span is not None and (
            span.last == end or line.texts[span.last + 1] in word_list("names", "behind_own")
        ):
            return tuple(said_as(token) for token in line.tokens[span.first : span.last + 1])
        if at <= end:
            return ()
    return ()


# Told: behind words that lead to a name.


def _told(line: Line, setting: Setting) -> Iterator[Given]:
    labels = ("says_name", "says_surname", "says_given", "may_say_name", "answers_name")
    for match in lexicon("names").find(line, *labels):
        if match.label in ("says_surname", "says_given") and _of_other(line, match.first):
            continue
        end = clause_end(line, match.last + 1)
        span = run(line, match.last + 1, end) if end is not None else None
        if span is None and setting.asked and end == match.last + 1 and is_known(line.texts[end]):
            span = Span(first=end, last=end)  # "I'm blessing," to who is asked for the name
        if span is None or _is_possessive(line, span) or is_thing(line, span):
            continue
        if _greets_with_given(line, span, match.first, setting):  # whatever was made of the surname
            yield from given(line, _first_of(span), setting, confidence=0.7, role="given")
            continue
        sure = match.label.startswith("says") or setting.asked
        if sure or _is_person(line, span, match.first, match.label, setting):
            yield from given(
                line, span, setting, role=_ROLES.get(match.label), confidence=0.9 if sure else 0.75
            )


def _of_other(line: Line, at: int) -> bool:
    before = line.texts[at - 1] if at else ""
    return before.endswith("'s") or before in word_list("names", "of_others")


def _is_person(line: Line, span: Span, lead: int, label: str, setting: Setting) -> bool:
    """A name unasked behind "this is", "I'm" or "it's", which may say anything."""
    following = line.texts[span.last + 1] if span.last + 1 < len(line.tokens) else ""
    if following in {"here", "calling", "speaking"} or (span.titled and label != "answers_name"):
        return True
    ends = clause_end(line, span.last) == span.last
    if setting.elsewhere or not (ends or following in word_list("names", "behind_intro")):
        return False
    known = is_known(said_as(line.tokens[span.first]))
    if label == "answers_name":  # only as a call opens: "Hi, it's May Onyekachi"
        said = lead > 0 or following in {"from", "again"}
        taken_back = line.texts[span.last + 1 : span.last + 2] in (("no",), ("not",), ("sorry",))
        alone = (known and not taken_back) or (said and _sounds_personal(line.tokens[span.first]))
        return setting.opening and _greets(line, lead, setting) and (alone or span.last > span.first)
    return known or span.last > span.first or _sounds_personal(line.tokens[span.first])


def _greets_with_given(line: Line, span: Span, lead: int, setting: Setting) -> bool:
    """ "Hello, it's May on your catchy": said with a greeting, and the clause goes on."""
    if span.titled or setting.elsewhere or clause_end(line, span.last) == span.last:
        return False
    hails = lead > 0 and not {"hi", "hello", "hey", "hiya"}.isdisjoint(line.texts[:lead])
    known = is_known(said_as(line.tokens[span.first]))
    return setting.opening and hails and known and _greets(line, lead, setting) and span.last == span.first


def _first_of(span: Span) -> Span:
    return Span(first=span.first, last=span.first)


def _greets(line: Line, at: int, setting: Setting) -> bool:
    """Nothing but greetings, hesitations and the other party's name stand before token `at`."""
    greetings = word_list("names", "greetings")
    return all(text in greetings or text in setting.others for text in line.texts[:at])


def _sounds_personal(token: Token) -> bool:
    """A rare given name alone behind "I'm": neither a people nor a manner ("I'm American", "I'm Fine")."""
    text = said_as(token)
    return not is_word_too(text) and not text.endswith(
        ("an", "ish", "ese", "ist", "ic", "ly", "ing", "ed", "ful")
    )


def _is_possessive(line: Line, span: Span) -> bool:
    return any(token.text.endswith("'s") for token in line.tokens[span.first : span.last + 1])


# Behind the name: "Suzanne speaking", "Hanh is the first name".


def _behind(line: Line, setting: Setting) -> Iterator[Given]:
    settled = setting.opening or setting.asked
    for match in lexicon("names").find(line, *("behind_name",) * settled, "is_surname", "is_given"):
        first = match.first
        while (
            first
            and match.first - first < LONGEST
            and _same_clause(line, first - 1, match.first, match.label)
        ):
            if not can_be_name(line.tokens[first - 1]) or line.texts[first - 1] in ("hi", "hello", "hey"):
                break
            first -= 1
        last = match.first - 1
        if first > last or is_thing(line, Span(first=first, last=last)) or not _opens_clause(line, first):
            continue
        yield from given(
            line, Span(first=first, last=last), Setting(), role=_ROLES.get(match.label), confidence=0.85
        )


def _same_clause(line: Line, at: int, other: int, label: str) -> bool:
    end = clause_end(line, at)
    return end is not None and (end >= other - 1 if label == "behind_name" else end >= other)


def _opens_clause(line: Line, at: int) -> bool:
    begin = next(begin for begin, last in line.sentence_of(at).clauses if begin <= at <= last)
    return all(text in word_list("names", "before_own") for text in line.texts[begin:at])


# Alone: the answer to a question for it.


def _alone(line: Line, setting: Setting) -> Iterator[Given]:
    if not setting.asked:
        return
    greeted = False
    for begin, end in clauses(line, sentences=_SENTENCES):
        hails = line.texts[begin] in ("hi", "hello", "hey")
        at = behind_words(line, begin, end, "before_own")
        span = run(line, at, end)
        if "not" in line.texts[begin:at]:
            continue
        if span is not None and not greeted and not hails and not _is_apposed(line, begin):
            if _ends_name(line, span, end):
                yield from given(line, span, setting, confidence=0.85)
            elif begin == 0 and _opens_with_given(line, span):
                yield from given(line, _first_of(span), setting, confidence=0.6, role="given")
        greeted = hails and begin == end


def _in_full(line: Line, setting: Setting) -> Iterator[Given]:
    """A given name and more, alone: as the line opens, or as a sentence of an answer to some question."""
    if (setting.elsewhere and not setting.place) or setting.asked or setting.known:
        return
    for begin, end in clauses(line, sentences=len(line.sentences)):
        opens = setting.opening and _greets(line, begin, setting)
        sentence = line.sentence_of(begin)
        whole = setting.answers and (sentence.first, sentence.last) == (begin, end)
        whole = whole and (begin > 0 or not setting.place)
        at = behind_words(line, begin, end, "greetings") if opens else begin
        span = run(line, at, end) if opens or whole else None
        if span is None or span.last != end or _is_apposed(line, begin) or is_thing(line, span):
            continue
        words = {token.word for token in line.tokens[span.first : span.last + 1]}
        if len(words) > 1 and is_known(said_as(line.tokens[span.first])) and not _is_another(line, end):
            yield from given(line, span, setting, confidence=0.7)


def _is_another(line: Line, end: int) -> bool:
    """ "Chidi Okonkwo, he's in Year One": who was named is spoken of."""
    return line.texts[end + 1 : end + 2] in (("he",), ("she",), ("they",), ("his",), ("her",))


def _is_apposed(line: Line, begin: int) -> bool:
    """ "My husband, Daniel", "My dad's. Bill Marsh.": the clause names who stands before it."""
    if begin and line.texts[begin - 1].endswith("'s"):
        return True
    of = line.texts[max(line.sentence_of(begin).first, begin - _PHRASE) : begin]
    return not _POSSESSIVES.isdisjoint(of) and of[-1] not in ("name", "surname")


def _ends_name(line: Line, span: Span, end: int) -> bool:
    """It fills its clause, or letters follow it; a lone word that opens a sentence must look like a name."""
    text = said_as(line.tokens[span.first])
    lone = span.first == span.last and line.tokens[span.first].opens and not span.titled
    if is_thing(line, span) or (lone and not is_known(text) and text.endswith(("ly", "ing"))):
        return False
    if span.last == end:
        return True
    following = line.texts[span.last + 1]
    return len(following) == 1 or following in word_list("names", "behind_own")


def _opens_with_given(line: Line, span: Span) -> bool:
    """A given name and what the recogniser made of the rest ("Will Vula conco heart")."""
    text = said_as(line.tokens[span.first])
    return is_known(text) and not is_thing(line, span) and (span.last > span.first or not is_word_too(text))
