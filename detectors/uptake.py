"""What an agent's reply does with the customer's matter where no key word of it comes back (pure).

It may answer, do what was asked, say that the customer is right or how that must be; it may turn it away,
or go straight to something else. By words first; how close the two are in meaning where there are vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.lexicon import lexicon, word_list
from detectors.matter import asks_anew
from detectors.meaning import Likeness, pieces
from detectors.text import Line, Sentence
from streaming.ports import Meaning

_LEXICON = "acknowledgement"
_LEAST_ANSWER = 3  # tokens of a sentence that can answer something
_CURT = 2  # tokens
_PLAINLY = 0.4  # of the limit: below it a sentence is no thanks, whatever words are in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptake:
    """A reply so far. `closeness` is 0 to 1, None where no vectors tell it."""

    says_first: bool = False  # a statement of some length stands before any new question
    takes_up: bool = False  # "you're right", "that's hard", "my mistake"
    warm: bool = False  # "ha", "aw": heard as what it was, small talk
    complies: bool = False  # "sending it now", "done"
    wraps_up: bool = False  # asks whether anything else is wanted: what was said last was no matter
    bides: bool = False  # asks for nothing but a moment
    deflects: bool = False  # "it's in the terms", "like I said"
    refuses: bool = False  # "nah", and nothing else
    closeness: float | None = None


def uptake(stated: Sequence[Line], reply: Sequence[Line], meaning: Meaning | None) -> Uptake:
    book = lexicon(_LEXICON)
    return Uptake(
        says_first=_says_first(reply),
        takes_up=any(book.has(line, "takes_up") for line in reply),
        warm=any(book.has(line, "warm") for line in reply),
        complies=any(book.has(line, "complies", "does_it") or _is_doing(line) for line in reply),
        wraps_up=any(book.has(line, "wraps_up") for line in reply),
        bides=_bides(reply),
        deflects=any(book.has(line, "deflects") for line in reply),
        refuses=all(is_refusal(line) for line in reply),
        closeness=None if meaning is None else closeness(stated, reply, meaning),
    )


def is_refusal(line: Line) -> bool:
    return len(line.tokens) <= _CURT and all(text in word_list(_LEXICON, "refusal") for text in line.texts)


def light_tokens(line: Line, easy: frozenset[int], light: Likeness, least: float) -> frozenset[int]:
    """Tokens of what wants no acknowledging: thanks, agreement, banter, "one moment".

    By meaning; what words alone call `easy` counts unless its meaning speaks plainly against it.
    """
    found: set[int] = set()
    for piece in pieces(line):
        inside = range(piece.first, piece.last + 1)
        score = light.score(piece.text)
        if score >= least or (score >= least * _PLAINLY and not easy.isdisjoint(inside)):
            found.update(inside)
    return frozenset(found)


def closeness(stated: Sequence[Line], reply: Sequence[Line], meaning: Meaning) -> float:
    """Mean of how close the two are as wholes and in the sentences that are closest, to two decimals."""
    own, said = _vectors(stated, meaning), _vectors(reply, meaning)
    if own is None or said is None:
        return 0.0
    nearest = float((own @ said.T).max())
    whole = float(_unit(own.sum(axis=0)) @ _unit(said.sum(axis=0)))
    return round(max(0.0, (nearest + whole) / 2), 2)


def _vectors(lines: Sequence[Line], meaning: Meaning) -> NDArray[np.float32] | None:
    texts = [piece.text for line in lines for piece in pieces(line)]
    return meaning.vectors(texts) if texts else None


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def _says_first(reply: Sequence[Line]) -> bool:
    for line, sentence in _sentences(reply):
        if len(sentence) >= _LEAST_ANSWER and not _only_nods(line, sentence):
            return not asks_anew(line, sentence)
    return False


def _bides(reply: Sequence[Line]) -> bool:
    asking = [(line, one) for line, one in _sentences(reply) if asks_anew(line, one)]
    moment = word_list(_LEXICON, "moment")
    return bool(asking) and all(
        not moment.isdisjoint(line.texts[one.first : one.last + 1]) for line, one in asking
    )


def _sentences(reply: Sequence[Line]) -> Iterator[tuple[Line, Sentence]]:
    return ((line, sentence) for line in reply for sentence in line.sentences)


def _only_nods(line: Line, sentence: Sentence) -> bool:
    nods = word_list(_LEXICON, "nod")
    return all(text in nods for text in line.texts[sentence.first : sentence.last + 1])


def _is_doing(line: Line) -> bool:
    """ "Renewing it now": a sentence that opens with what is being done."""
    return any(
        line.texts[sentence.first].endswith("ing")
        and len(line.texts[sentence.first]) > len("thing")
        and sentence.mark != "?"
        and len(sentence) >= _CURT
        for sentence in line.sentences
    )
