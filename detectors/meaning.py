"""Judging by meaning where words fail: how much a sentence is like example sentences (pure).

How a detector uses it. Examples lie in ``detectors/examples/FILE.toml``, a table a class, `pro` and `con`
(what looks alike and is not meant: they count as much). In the detector's ``__init__``:

    self._effort = likeness(examples("customer", "effort"), policy.meaning)

and for a line (finals only: a partial has no meaning, and costs nothing):

    found = self._effort.best(line)           # None without weights, or where nothing may be judged
    if found is not None and found.score >= self.threshold(EFFORT, "meaning"):
        yield self.detect(..., evidence=(line.evidence(found.piece.first, found.piece.last),))

`best` passes over pieces that are reported ("he said calm down") or denied ("I'm not saying it's you"); with
``own=False`` it does not (a customer's trouble is told in others' words: "they told me to wait"). Words go
first: they are quicker, and sure of their form. A score is 0 to 1: how surely a sentence is of the class,
against its `con` and ordinary talk; two decimals.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from detectors.lexicon import lexicon, word_list
from detectors.text import Line, Sentence, once_a_line
from streaming.events import Party
from streaming.ports import Meaning

Vectors = NDArray[np.float32]
Plane = NDArray[np.float64]
"""Weights and offset of a boundary between sentences, shape ``(d + 1,)``."""

MOST_TOKENS = 24  # a longer sentence is cut between clauses: one that says five things is like none of them
LEAST_TOKENS = 2  # "Okay." means whatever is around it
_JOINTS = frozenset({"and", "but", "so", "because", "then", "which", "when", "if"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sentence of a line, or part of a long one: tokens `first` to `last`, and how it is meant."""

    first: int
    last: int
    text: str
    reported: bool  # somebody else's words
    denied: bool  # said not to be said
    negated: bool  # holds a "not", "never", "no"
    asked: bool  # ends in a question mark

    @property
    def own(self) -> bool:
        """Whether they are the speaker's own words."""
        return not (self.reported or self.denied)


@dataclass(frozen=True, slots=True)
class Examples:
    """A class by its examples: what belongs to it, and what looks alike and does not."""

    name: str
    pro: tuple[str, ...]
    con: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Likely:
    piece: Piece
    score: float


class Likeness:
    """How much sentences are like a class: logistic regression on their vectors, learnt from the examples.

    Ordinary talk of calls (``examples/ordinary.toml``) stands on the other side beside the class's own
    `con`, which weigh as much as all of it. Without a `meaning` every score is 0.
    """

    def __init__(self, of: Examples, meaning: Meaning | None) -> None:
        self.of = of
        self._meaning = meaning
        self._plane = None if meaning is None else _plane(of, meaning)

    @property
    def present(self) -> bool:
        return self._plane is not None

    def score(self, sentence: str) -> float:
        """0 to 1, to two decimals, so that a rounding in the last place of a vector judges nothing."""
        if self._meaning is None or self._plane is None:
            return 0.0
        [vector] = self._meaning.vectors([sentence])
        return round(float(_sigmoid(self._plane[:-1] @ vector + self._plane[-1])), 2)

    def best(self, line: Line, *, own: bool = True, last: int | None = None) -> Likely | None:
        """The piece of a final line that is most like the class; `own`: that its speaker stands behind.

        None for a partial, without weights, and where no piece may be judged.
        """
        if not line.utterance.final or not self.present:
            return None
        able = [
            piece for piece in pieces(line) if (piece.own or not own) and (last is None or piece.last <= last)
        ]
        found = [Likely(piece, self.score(piece.text)) for piece in able]
        return max(found, key=lambda one: (one.score, -one.piece.first), default=None)


@lru_cache(maxsize=1024)  # a team may have 100 behaviours of four classes each
def likeness(of: Examples, meaning: Meaning | None) -> Likeness:
    """Learnt once a process: a call must not wait for it."""
    return Likeness(of, meaning)


def examples(name: str, key: str) -> Examples:
    """The shipped class `key` of ``examples/NAME.toml``. Raises KeyError where there is none."""
    return _shipped(name)[key]


@once_a_line
def pieces(line: Line) -> tuple[Piece, ...]:
    """What can be judged by meaning: sentences of at least two tokens, long ones cut between clauses."""
    return tuple(
        _piece(line, first, last, sentence)
        for sentence in line.sentences
        for first, last in _cut(line, sentence)
    )


def texts_of(line: Line) -> tuple[str, ...]:
    """What `vectors` will be asked for when detectors judge this line."""
    found = tuple(piece.text for piece in pieces(line))
    return (*found, line.utterance.text) if line.speaker is Party.AGENT and len(found) > 1 else found


def _cut(line: Line, sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Whole, or where too long in runs of clauses that are not; no run shorter than can be judged."""
    first = sentence.first
    if len(sentence) > MOST_TOKENS:
        for begin, end in _clauses(line, sentence):
            if end - first >= MOST_TOKENS and begin - first >= LEAST_TOKENS:
                yield first, begin - 1
                first = begin
    if sentence.last - first + 1 >= LEAST_TOKENS:
        yield first, sentence.last


def _clauses(line: Line, sentence: Sentence) -> Iterator[tuple[int, int]]:
    """At commas, and where Whisper set none at the words that begin a clause."""
    for first, last in sentence.clauses:
        starts = [first, *(at for at in range(first + 1, last) if line.texts[at] in _JOINTS)]
        yield from zip(starts, [*(at - 1 for at in starts[1:]), last], strict=True)


def _piece(line: Line, first: int, last: int, sentence: Sentence) -> Piece:
    found = {
        match.label: match.last
        for match in lexicon("stance").find(line)
        if sentence.first <= match.first <= last and not _is_behind(match.first, match.last, first, last)
    }
    words = line.utterance.words[line.tokens[first].word : line.tokens[last].word + 1]
    opens = words[0].text.startswith(('"', "“", "'", "‘")) if words else False
    return Piece(
        first=first,
        last=last,
        text=" ".join(word.text for word in words),
        reported=opens or "reports" in found or _reports(line, sentence.first, last - 2),
        denied="denies" in found,
        negated=any(first <= match.first <= last for match in lexicon("stance").find(line, "negates")),
        asked=sentence.mark == "?" and last == sentence.last,
    )


def _reports(line: Line, first: int, until: int) -> bool:
    """Whether somebody else tells it: a telling verb that words follow, and no "I" or "we" in front."""
    tells, between = word_list("stance", "tells"), word_list("stance", "between")
    for at in range(first + 1, until + 1):
        if line.texts[at] in tells:
            before = at - 1
            while before > first and line.texts[before] in between:
                before -= 1
            if line.texts[before] not in ("i", "we"):
                return True
    return False


def _is_behind(begin: int, end: int, first: int, last: int) -> bool:
    """Words in the second half of a piece say nothing of what stood in front of them."""
    return begin > (first + last) / 2 and end > first


# --- learning


def _plane(of: Examples, meaning: Meaning) -> NDArray[np.float64]:
    """Weights and offset of the class's boundary, shape ``(d + 1,)``; the same on every run."""
    ordinary = [one for one in _shipped("ordinary")["talk"].pro if one not in of.pro]
    rows = [*of.pro, *of.con, *ordinary]
    sides = np.array([1.0] * len(of.pro) + [0.0] * (len(of.con) + len(ordinary)))
    heavy = np.concatenate([_share(len(of.pro), 1.0), _share(len(of.con), 0.5), _share(len(ordinary), 0.5)])
    return logistic(meaning.vectors(rows).astype(np.float64), sides, heavy * len(rows) / 2)


def _share(count: int, weight: float) -> NDArray[np.float64]:
    return np.full(count, weight / max(1, count))


_STRENGTH = 8.0  # inverse ridge; from a comparison on labelled calls (docs/decisions/0011-meaning.md)
_STEPS = 25
_SETTLED = 1e-5  # scores have two decimals


def logistic(
    rows: NDArray[np.float64],
    sides: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    strength: float = _STRENGTH,
) -> NDArray[np.float64]:
    """Ridge logistic regression by Newton's method: convex, so it ends where it must.

    In the space that the rows span, which is smaller than theirs: a ridge's answer lies in it.
    """
    span, within = np.linalg.qr(rows.T)
    padded = np.hstack([within.T, np.ones((len(rows), 1))])
    ridge = np.full(padded.shape[1], 1.0 / strength)
    ridge[-1] = 1e-6
    plane = np.zeros(padded.shape[1])
    for _ in range(_STEPS):
        chance = _sigmoid(padded @ plane)
        slope = padded.T @ (weights * (chance - sides)) + ridge * plane
        bend = (padded * (weights * chance * (1 - chance))[:, None]).T @ padded + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        plane -= step
        if float(np.abs(step).max()) < _SETTLED:
            break
    return np.append(span @ plane[:-1], plane[-1])


def _sigmoid(x: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0))))


@cache
def _shipped(name: str) -> dict[str, Examples]:
    text = files("detectors").joinpath(f"examples/{name}.toml").read_text(encoding="utf-8")
    return {
        key: Examples(f"{name}.{key}", _strings(row["pro"]), _strings(row.get("con", ())))
        for key, row in tomllib.loads(text).items()
    }


def _strings(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row))
