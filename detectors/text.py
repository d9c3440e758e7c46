"""Words as heard → tokens that can be compared, each still knowing which word it came from.

An utterance becomes a `Line`: normalised tokens grouped into sentences and clauses by the recogniser's
punctuation. Normalising is lower case, no punctuation, contractions opened ("I'll" → "i will"),
spelling variants folded ("alright", "OK", "mm-hmm", "Mister"), hyphens opened ("forty-two"), and
hesitations ("um", "uh") left out. Word indexes are kept, so evidence always points at words as heard.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from operator import attrgetter
from typing import Any, TypeVar

from streaming.events import Party, Seconds, Utterance, WordSpan

T = TypeVar("T")

HESITATIONS = frozenset({"um", "umm", "uh", "uhm", "er", "erm", "ehm", "hm"})
"""Left out of tokens: they carry no words, and stand in the middle of phrases ("my name is, um, …")."""

_VARIANTS = {
    "ok": ("okay",),
    "o.k": ("okay",),
    "okey": ("okay",),
    "kay": ("okay",),
    "alright": ("all", "right"),
    "uh-huh": ("uhhuh",),
    "uhhuh": ("uhhuh",),
    "ah-huh": ("uhhuh",),
    "mm-hmm": ("mhm",),
    "mm-hm": ("mhm",),
    "mmhmm": ("mhm",),
    "mm-mm": ("mhm",),
    "m-hm": ("mhm",),
    "mhmm": ("mhm",),
    "uh-uh": ("uhuh",),
    "nuh-uh": ("uhuh",),
    "e-mail": ("email",),
    "mister": ("mr",),
    "missus": ("mrs",),
    "misses": ("mrs",),
    "doctor": ("dr",),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
    "gimme": ("give", "me"),
    "lemme": ("let", "me"),
    "dunno": ("do", "not", "know"),
    "thankyou": ("thank", "you"),
    "cannot": ("can", "not"),
    "can't": ("can", "not"),
    "won't": ("will", "not"),
    "shan't": ("shall", "not"),
    "ain't": ("is", "not"),
    "let's": ("let", "us"),
    "y'all": ("you", "all"),
    "c'mon": ("come", "on"),
    "'cause": ("because",),
    "cause": ("because",),
    "ma'am": ("maam",),
    "mam": ("maam",),
    "colour": ("color",),
    "cheque": ("check",),
    "zipcode": ("zip", "code"),
    "postcode": ("post", "code"),
    "ya": ("you",),
}
_ENDINGS = (("n't", "not"), ("'ll", "will"), ("'re", "are"), ("'ve", "have"), ("'m", "am"), ("'d", "would"))
_IS_NAMES = (
    "it that this what who where when how why he she there here everything everybody something "
    "somebody nobody name number address problem"
)
_TAKES_IS = frozenset(_IS_NAMES.split())  # behind these "'s" is "is", elsewhere mostly a possessive
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "–": "-", "—": "-", "‐": "-", "‑": "-"})
_EDGES = re.compile(r"^[^\w'$£€#]+|[^\w'%]+$")
_SENTENCE_END = re.compile(r"[.?!…]+[\"')\]]*$")
_CLAUSE_END = re.compile(r"[,;:\-]+[\"')\]]*$")
_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "st.", "no.", "vs.", "etc."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One comparable token; `word` is its index in the utterance's words, `heard` that word unedged."""

    text: str
    word: int
    heard: str
    capital: bool
    opens: bool  # the first token of its sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Tokens `first` to `last` (inclusive) of a line; `mark` is ".", "?", "!" or "" (cut or unpunctuated)."""

    first: int
    last: int
    mark: str
    clauses: tuple[tuple[int, int], ...]  # inclusive token ranges, split at commas, dashes and colons

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One utterance, read. `known` is what was worked out of it so far (`once_a_line`)."""

    utterance: Utterance
    tokens: tuple[Token, ...]
    sentences: tuple[Sentence, ...]
    texts: tuple[str, ...]  # of the tokens, in order
    known: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def speaker(self) -> Party:
        return self.utterance.speaker

    @property
    def id(self) -> str:
        return self.utterance.id

    @property
    def start(self) -> Seconds:
        return self.utterance.start

    @property
    def end(self) -> Seconds:
        return self.utterance.end

    @property
    def asks(self) -> bool:
        """Whether any sentence of it ends in a question mark."""
        return any(sentence.mark == "?" for sentence in self.sentences)

    def sentence_of(self, token: int) -> Sentence:
        return self.sentences[bisect_left(self.sentences, token, key=attrgetter("last"))]

    def evidence(self, first: int, last: int) -> WordSpan:
        """The words under tokens `first` to `last`, inclusive."""
        return WordSpan(
            utterance_id=self.utterance.id, first=self.tokens[first].word, last=self.tokens[last].word
        )

    def whole(self) -> WordSpan:
        return WordSpan(utterance_id=self.utterance.id, first=0, last=max(0, len(self.utterance.words) - 1))

    def seconds(self, first: int, last: int) -> tuple[Seconds, Seconds]:
        """When tokens `first` to `last` were said, kept within the utterance's own times."""
        words = self.utterance.words
        start = max(self.start, words[self.tokens[first].word].start)
        end = min(self.end, words[self.tokens[last].word].end)
        return start, max(start, end)

    def confidence(self, first: int, last: int) -> float:
        """Mean recogniser confidence of the words under tokens `first` to `last`."""
        words = self.utterance.words[self.tokens[first].word : self.tokens[last].word + 1]
        return sum(word.confidence for word in words) / len(words)


def once_a_line(work: Callable[[Line], T]) -> Callable[[Line], T]:
    """`work` is done the first time that it is asked for: judges ask the same of a line, and again."""

    @wraps(work)
    def known(line: Line) -> T:
        if work not in line.known:
            line.known[work] = work(line)
        found: T = line.known[work]
        return found

    return known


@once_a_line
def clause_ends(line: Line) -> frozenset[int]:
    """The last tokens of its clauses."""
    return frozenset(last for sentence in line.sentences for _, last in sentence.clauses)


_newest: Line | None = None


def read(utterance: Utterance) -> Line:
    """Tokens, sentences and clauses of an utterance; the newest one is read once for all who ask."""
    global _newest  # noqa: PLW0603 - an utterance goes to every judge before the next one does
    before = _newest
    if before is not None and before.utterance is utterance:
        return before
    _newest = line = _read(utterance)
    return line


def _read(utterance: Utterance) -> Line:
    tokens: list[Token] = []
    sentences: list[Sentence] = []
    clauses: list[tuple[int, int]] = []
    first = clause = 0
    for index, word in enumerate(utterance.words):
        heard = _folded(word.text).strip()
        tokens.extend(_tokens(index, heard, opens=len(tokens) == first))
        sentence_ends = _SENTENCE_END.search(heard) and heard.lower() not in _ABBREVIATIONS
        if (sentence_ends or _CLAUSE_END.search(heard)) and len(tokens) > clause:
            clauses.append((clause, len(tokens) - 1))
            clause = len(tokens)
        if sentence_ends and len(tokens) > first:
            sentences.append(_sentence(first, len(tokens) - 1, _mark(heard), clauses))
            first, clauses = len(tokens), []
    if len(tokens) > first:
        if len(tokens) > clause:
            clauses.append((clause, len(tokens) - 1))
        sentences.append(_sentence(first, len(tokens) - 1, "", clauses))
    texts = tuple(token.text for token in tokens)
    return Line(utterance=utterance, tokens=tuple(tokens), sentences=tuple(sentences), texts=texts)


def tokenize(text: str) -> tuple[str, ...]:
    """Normalised tokens of plain text (a name from the call's data, a lexicon's phrase)."""
    found: list[str] = []
    for heard in _folded(text).split():
        found.extend(token.text for token in _tokens(0, heard, opens=False))
    return tuple(found)


def stem(token: str) -> str:
    """A light English stem: plural, -ing, -ed and a final e are taken off, so that inflections meet.

    Deliberately weaker than Porter: "service" and "servicing" meet, "organ" and "organise" do not.
    """
    word = token.removesuffix("'s")
    return _stem(word) if len(word) > 3 and word.isalpha() else word


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and re.search("[aeiouy]", root):
            word = _undouble(root)
            break
    return word.removesuffix("e") if len(word) > 4 else word


def _undouble(root: str) -> str:
    return root[:-1] if root[-1] == root[-2] and root[-1] not in "lsz" else root


def _folded(text: str) -> str:
    """Apostrophes, dashes and digits as English types them: "٤٢" is 42."""
    if text.isascii():
        return text.translate(_APOSTROPHES)
    return "".join(str(unicodedata.decimal(mark, mark)) for mark in text.translate(_APOSTROPHES))


def _tokens(index: int, heard: str, *, opens: bool) -> Iterator[Token]:
    shown = _EDGES.sub("", heard)
    capital = shown[:1].isupper()
    for number, text in enumerate(_comparable(shown.lower())):
        yield Token(text=text, word=index, heard=shown, capital=capital, opens=opens and number == 0)


def _comparable(plain: str) -> tuple[str, ...]:
    if plain.isalpha() and plain not in _VARIANTS:
        return () if plain in HESITATIONS else (plain,)
    return () if plain in HESITATIONS else tuple(_open(plain))


def _open(plain: str) -> Iterator[str]:
    if not plain:
        return
    if plain in _VARIANTS:
        yield from _VARIANTS[plain]
        return
    if "-" in plain:
        for part in plain.split("-"):
            yield from _open(part)
        return
    plain = plain.strip("'")
    for ending, opened in _ENDINGS:
        if plain.endswith(ending) and len(plain) > len(ending):
            yield from (plain.removesuffix(ending), opened)
            return
    stem_of_s = plain.removesuffix("'s")
    if stem_of_s != plain and stem_of_s in _TAKES_IS:
        yield from (stem_of_s, "is")
    elif plain:
        yield plain


def _sentence(first: int, last: int, mark: str, clauses: Sequence[tuple[int, int]]) -> Sentence:
    return Sentence(first=first, last=last, mark=mark, clauses=tuple(clauses))


def _mark(heard: str) -> str:
    found = _SENTENCE_END.search(heard)
    marks = found.group() if found else ""
    return "?" if "?" in marks else "!" if "!" in marks else "."
