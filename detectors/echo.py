"""What a customer's turn stated, and how well an agent's words say it back (pure, no call state)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from detectors.details import Item, items
from detectors.figures import Figure, flow
from detectors.keywords import PLAIN, Keyword, keywords, likeness, stems
from detectors.lexicon import lexicon, word_list
from detectors.readback import Reading, compare
from detectors.text import Line, once_a_line
from streaming.events import WordSpan

ENOUGH = 0.8
"""Score from which a reply acknowledges: one content word or its paraphrase, two common ones, a figure."""
_FIGURE = 2.0
_SMALL = 0.5  # a single digit: it comes up anywhere
_SPELLED_ALIKE = 60.0  # rapidfuzz ratio: recognisers hear "M" as "N", and customers object to what is wrong
_FORMULA = 0.5  # "so you're saying …" in front of what is otherwise half an echo
_FORM = 0.4  # weight left to a key word inside a question for data ("what's the policy number?")
_FAMILIAR = 0.5  # weight left to a word the agent herself had been using
_OPENING = 16  # tokens of a reply in which one key word is an echo; later it takes nearly two
_LATE = 1.8
_MOST_WORDS = 80  # of a customer's turn; a longer story is not read further
_SHOWN = 4  # places where a turn's matter is pointed at
_LONGEST = 60  # tokens of a reply that are compared: behind them the agent has moved on


@dataclass(slots=True)
class Stated:
    """The key words and figures of a customer's turn, over one or several utterances."""

    lines: list[Line] = field(default_factory=list)
    words: list[tuple[Line, Keyword]] = field(default_factory=list)
    names: list[tuple[Line, Keyword]] = field(default_factory=list)
    familiar: frozenset[str] = frozenset()  # stems the agent had been using before: half an echo
    figures: list[Figure] = field(default_factory=list)

    def add(
        self, line: Line, *, given: frozenset[str] = frozenset(), names: frozenset[int] = frozenset()
    ) -> None:
        """Take in an utterance, less stems `given` by the agent's question; `names` are a name's tokens."""
        self.lines.append(line)
        self.figures = flow(self.lines)
        left_out = names | _under(self.figures, line)
        found = keywords(line)
        fresh = [word for word in found if word.token not in left_out and word.stem not in given]
        self.words = [*self.words, *((line, word) for word in fresh)][:_MOST_WORDS]
        self.names.extend((line, word) for word in found if word.token in names)

    @property
    def items(self) -> list[tuple[Line, Keyword]]:
        """The words that can come back. Names count only where nothing else was stated: saying somebody's
        name is not hearing the trouble."""
        return self.words if self.figures or self.weight >= PLAIN else [*self.words, *self.names]

    @property
    def weight(self) -> float:
        return sum(word.weight for _, word in _distinct(self.words))

    def fresh_in(self, line: Line, easy: frozenset[int]) -> float:
        """Weight of a line's words that the agent had not been saying herself, less the tokens `easy`."""
        own = [pair for pair in self.words if pair[0] is line and pair[1].token not in easy]
        return sum(word.weight for _, word in _distinct(own) if word.stem not in self.familiar)

    def opens_familiar(self, line: Line, known: Collection[str]) -> bool:
        """Whether a line begins with what the agent had been saying ("the form. Naturally.", "318, fine"):
        words, or figures she said, which are `known`."""
        opening = line.sentences[0].last
        first = [word for home, word in self.words if home is line and word.token <= opening]
        told = [one for one in self.figures if one.line is line and one.first == 0 and one.value in known]
        return bool(told) or (bool(first) and all(word.stem in self.familiar for word in first))

    @property
    def confidence(self) -> float:
        """Mean recogniser confidence of what could be said back; 1 when there is nothing."""
        sure = [line.confidence(word.token, word.token) for line, word in self.items]
        sure += [figure.line.confidence(figure.first, figure.last) for figure in self.figures]
        return sum(sure) / len(sure) if sure else 1.0

    def evidence(self) -> tuple[WordSpan, ...]:
        """Where it was stated: the first figure, or else the weightiest words, or else all of it."""
        spans = [figure.line.evidence(figure.first, figure.last) for figure in self.figures]
        heavy = sorted(_distinct(self.items), key=lambda pair: -pair[1].weight)
        spans += [line.evidence(word.token, word.token) for line, word in heavy]
        return _in_order(spans[:_SHOWN] or [self.lines[-1].whole()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """How well a reply says a turn back: the score, whether it is enough, and the words on both sides."""

    score: float = 0.0
    enough: bool = False
    points: int = 0
    figure: bool = False
    unfinished: bool = False  # the reply breaks off in the middle of a number it reads back
    fresh: bool = False  # some of it is what the agent had not been saying herself
    evidence: tuple[WordSpan, ...] = ()

    @property
    def confidence(self) -> float:
        """A figure read back is as sure as it gets; one paraphrased word is little."""
        if self.figure:
            return 0.92
        return round(min(0.9, 0.55 + 0.15 * self.score), 2)


NOTHING = Echo()


def listen(stated: Stated, reply: Sequence[Line], *, in_overlap: bool = False) -> Echo:
    """Compare a reply, over one or several utterances, with what was stated.

    `in_overlap`: the reply began during the turn, so only words said after the customer's own count.
    """
    said = flow(reply)
    places = _places(reply)
    hits = [hit for figure in said for hit in _figure_hits(stated, figure, places, in_overlap)]
    hits += _detail_hits(stated, reply, places, in_overlap)
    for line in reply:
        hits.extend(_word_hits(stated, line, places, _under(said, line), in_overlap))
    echo = _echo(_best(hits), reply)
    return replace(echo, unfinished=echo.figure and _breaks_off(stated, said, reply))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    key: str  # what of the customer's is said back
    score: float
    place: int  # token of the reply, counted over its utterances
    figure: bool
    spans: tuple[WordSpan, WordSpan]
    fresh: bool = True  # the customer's own, not the agent's word said back by both


def _figure_hits(stated: Stated, said: Figure, places: dict[str, int], in_overlap: bool) -> Iterator[_Hit]:
    for own in stated.figures:
        if compare(said, own) is Reading.SAME and not (in_overlap and _earlier(said, own)):
            yield _Hit(
                key=f"#{own.value}",
                score=_FIGURE,
                place=places[said.line.id] + said.first,
                figure=True,
                spans=(own.line.evidence(own.first, own.last), said.line.evidence(said.first, said.last)),
            )


def _detail_hits(
    stated: Stated, reply: Sequence[Line], places: dict[str, int], in_overlap: bool
) -> Iterator[_Hit]:
    """Digits and letters that come back in another form than they were stated in."""
    own = [item for line in stated.lines for item in items(line) if item.kind == "sign"]
    settled = {figure.value for figure in stated.figures}
    for line in reply:
        for said in items(line):
            for item in own:
                score = _detail_score(said, item) if item.value in settled or len(item.value) < 4 else 0.0
                if score and not (in_overlap and _before(line, said.first, item.line, item.first)):
                    yield _Hit(
                        key=f"#{item.value}",
                        score=score,
                        place=places[line.id] + said.first,
                        figure=score == _FIGURE,
                        spans=(item.evidence(), said.evidence()),
                    )


def _detail_score(said: Item, stated: Item) -> float:
    if said.kind != "sign":
        return 0.0
    if said.value == stated.value:
        return _FIGURE if len(said.value) > 1 else _SMALL
    if min(len(said.value), len(stated.value)) >= 4 and not (said.value + stated.value).isdecimal():
        return PLAIN if fuzz.ratio(said.value, stated.value) >= _SPELLED_ALIKE else 0.0
    return 0.0


def _word_hits(
    stated: Stated, line: Line, places: dict[str, int], left_out: frozenset[int], in_overlap: bool
) -> Iterator[_Hit]:
    form = _form_tokens(line)
    for word in keywords(line):
        if word.token in left_out:
            continue
        for home, own in reversed(stated.items):  # what was said again counts where it was said last
            score = likeness(word, own) * own.weight * (_FORM if word.token in form else 1.0)
            score *= _FAMILIAR if own.stem in stated.familiar else 1.0
            if score and not (in_overlap and _before(line, word.token, home, own.token)):
                yield _Hit(
                    key=own.stem,
                    score=score,
                    place=places[line.id] + word.token,
                    figure=False,
                    spans=(home.evidence(own.token, own.token), line.evidence(word.token, word.token)),
                    fresh=own.stem not in stated.familiar,
                )


def _echo(hits: Sequence[_Hit], reply: Sequence[Line]) -> Echo:
    if not (near := [hit for hit in hits if hit.place < _LONGEST]):
        return NOTHING
    early = sum(hit.score for hit in near if hit.place < _OPENING)
    score = sum(hit.score for hit in near)
    formula = any(lexicon("acknowledgement").has(line, "formula") for line in reply)
    bonus = _FORMULA if formula else 0.0
    return Echo(
        score=score + bonus,
        enough=early + bonus >= ENOUGH or score + bonus >= _LATE,
        points=len(near),
        figure=any(hit.figure for hit in near),
        fresh=any(hit.fresh for hit in near),
        evidence=_in_order([span for hit in near for span in hit.spans]),
    )


def _breaks_off(stated: Stated, said: Sequence[Figure], reply: Sequence[Line]) -> bool:
    last = said[-1] if said else None
    if last is None or last.line is not reply[-1] or last.last != len(last.line.tokens) - 1:
        return False
    return any(own.value.startswith(last.value) and own.value != last.value for own in stated.figures)


def _places(reply: Sequence[Line]) -> dict[str, int]:
    """How many tokens of the reply come before each of its utterances."""
    places: dict[str, int] = {}
    tokens = 0
    for line in reply:
        places[line.id] = tokens
        tokens += len(line.tokens)
    return places


def _under(found: Iterable[Figure], line: Line) -> frozenset[int]:
    """Tokens of a line that its figures cover."""
    mine = [figure for figure in found if figure.line is line]
    return frozenset(token for figure in mine for token in range(figure.first, figure.last + 1))


def _best(hits: Iterable[_Hit]) -> list[_Hit]:
    """The best echo of each stated item, and each place in the reply counted once."""
    by_item: dict[str, _Hit] = {}
    places: set[int] = set()
    for hit in sorted(hits, key=lambda hit: (-hit.score, hit.place)):
        if hit.key not in by_item and hit.place not in places:
            by_item[hit.key] = hit
            places.add(hit.place)
    return sorted(by_item.values(), key=lambda hit: hit.place)


@once_a_line
def _form_tokens(line: Line) -> frozenset[int]:
    """Tokens of questions and demands for data, where a key word is the form's own."""
    book = lexicon("acknowledgement")
    demands = {match.first for match in book.find(line, "demand")}
    datum = word_list("acknowledgement", "datum")
    found: set[int] = set()
    for sentence in line.sentences:
        inside = range(sentence.first, sentence.last + 1)
        asks = sentence.mark == "?" or not demands.isdisjoint(inside)
        if asks and any(line.tokens[at].text in datum for at in inside):
            found.update(inside)
    return frozenset(found)


@once_a_line
def question_words(line: Line) -> frozenset[str]:
    """Stems an agent's questions and demands put into the customer's mouth (offers of help do not)."""
    book = lexicon("acknowledgement")
    demands = {match.first for match in book.find(line, "demand")}
    asked: set[str] = set()
    for sentence in line.sentences:
        inside = range(sentence.first, sentence.last + 1)
        texts = {line.tokens[at].text for at in inside}
        chooses = "or" in texts  # which of them is not given by the question
        if "help" in texts or chooses or not (sentence.mark == "?" or not demands.isdisjoint(inside)):
            continue
        asked |= stems(word for word in keywords(line) if word.token in inside)
    return frozenset(asked)


def _distinct(words: Iterable[tuple[Line, Keyword]]) -> list[tuple[Line, Keyword]]:
    return list({word.stem: (line, word) for line, word in words}.values())


def _earlier(said: Figure, own: Figure) -> bool:
    return _before(said.line, said.first, own.line, own.first)


def _before(line: Line, token: int, other: Line, other_token: int) -> bool:
    return line.seconds(token, token)[0] < other.seconds(other_token, other_token)[0]


def _in_order(spans: Iterable[WordSpan]) -> tuple[WordSpan, ...]:
    return tuple(dict.fromkeys(spans))
