"""Names that are spelled out letter by letter (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from detectors.lexicon import lexicon, word_list
from detectors.name_given import Given, Setting, given
from detectors.name_runs import behind_words, clause_end, clauses, is_thing, run
from detectors.naming import Name, is_known, is_word_too, like
from detectors.spelling import spellings
from detectors.text import Line


def spelled(line: Line, setting: Setting, told: Sequence[Given]) -> Iterator[Given]:
    """Letters that spell a name: asked for, the line's own topic, or the spelling of a name that is known."""
    for letters in spellings(line):
        spoken = re.match(r"[a-z]{3,}", letters.value)  # "M, A, T, H, E, S, O, N, one T"
        if spoken is None:
            continue
        value, last = _with_rest(line, spoken[0], letters.last)
        names = {name.text for given in told for name in given.names} | set(setting.known)
        if line.texts[line.sentence_of(letters.first).first] in word_list("names", "of_persons"):
            continue
        near = _before(line, letters.first) if not told and not setting.elsewhere else None
        if near is not None and not (setting.asked or len(near.names) > 1 or is_known(near.names[0].text)):
            near = None
        matches = any(spells(value, name) for name in names)
        if near is not None and any(spells(value, name.text) for name in near.names):
            yield near
            matches, names = True, names | {name.text for name in near.names}
        topic = setting.asked or lexicon("names").has(
            line, "says_name", "says_surname", "says_given", "spells"
        )
        part = any(name != value and (name.startswith(value) or name.endswith(value)) for name in names)
        if (matches or (topic and not setting.elsewhere)) and not part:
            known = Name(text=value, role="any")
            yield Given(names=(known,), first=letters.first, last=last, confidence=0.9, spelled=True)


def spells(letters: str, name: str) -> bool:
    """Whether letters are the spelling of a name as heard, or the beginning of it."""
    return like(letters, name) or (len(letters) >= 3 and name.startswith(letters[:3]))


def _with_rest(line: Line, value: str, last: int) -> tuple[str, int]:
    """ "A, C, H, T, E, R, berg": the rest of the name is said as a word."""
    at = last + 1
    if at >= len(line.tokens) or line.tokens[at].opens or line.tokens[at].capital:
        return value, last
    rest = line.texts[at]
    ends = clause_end(line, at) == at
    plain = is_word_too(rest) or not rest.isalpha() or len(rest) > 6
    return (value, last) if plain or not ends else (value + rest, at)


def _before(line: Line, at: int) -> Given | None:
    """A name that makes up the clause before the letters ("I am. Kwabena Asante. K, W, A …")."""
    before = [clause for clause in clauses(line, sentences=len(line.sentences)) if clause[1] < at]
    for begin, end in before[-1:]:
        span = run(line, behind_words(line, begin, end, "before_own"), end)
        if span is not None and span.last == end and not is_thing(line, span):
            return next(given(line, span, Setting(), confidence=0.8), None)
    return None
