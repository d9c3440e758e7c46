"""What an utterance does in the talk: what a customer's turn matters, where an agent's turn goes (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from detectors.figures import Figure
from detectors.lexicon import lexicon, word_list
from detectors.text import Line, Sentence, once_a_line, tokenize

_LEXICON = "acknowledgement"
_NOD_TOKENS = 7
_REPAIR_TOKENS = 9
_DEMAND_TOKENS = 4  # "account number", whatever mark stands behind it
_FIELD_TOKENS = 6
_LONG = 8  # tokens
_LEAST_SPELLING = 4  # letters; shorter ones are mostly acronyms


class Matter(IntEnum):
    """Whether a turn wants acknowledging.

    `MAY`: a plain statement; saying it back is credited, not doing so is not held against anyone.
    """

    NONE = 0
    MAY = 1
    DOES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What one customer utterance is."""

    request: bool = False
    action: bool = False  # wants something done
    problem: bool = False
    questions: frozenset[int] = frozenset()  # last tokens of its questions
    address: bool = False
    winds_up: bool = False
    accepts: bool = False
    easy: frozenset[int] = (
        frozenset()
    )  # tokens of sentences that thank, agree, are glad, have the agent go on
    agrees: bool = False  # opens with a yes
    retorts: bool = False  # a question that wants no answer ("how am I supposed to …?")
    surely: bool = False  # `easy` was told by meaning, not by words that stand beside anything
    long: bool = False  # enough words to state something without a content word ("bring it back")
    names: frozenset[int] = frozenset()  # tokens that say somebody's name

    @property
    def question(self) -> bool:
        return not self.questions <= self.easy

    @property
    def eases(self) -> bool:
        return bool(self.easy)

    @property
    def matters(self) -> bool:
        return self.request or self.problem or self.question


def remark(line: Line, customer_name: str | None) -> Remark:
    labels = {match.label for match in lexicon(_LEXICON).find(line)}
    last = line.sentences[-1]
    return Remark(
        request="request" in labels,
        action="action" in labels,
        problem="problem" in labels,
        questions=frozenset(one.last for one in line.sentences[-2:] if _is_question(line, one)),
        address="place" in labels,
        winds_up=any(match.first >= last.first for match in lexicon(_LEXICON).find(line, "wind_up")),
        accepts="accept" in labels,
        easy=_easy(line),
        long=len(line.tokens) >= _LONG,
        agrees=line.texts[0] in word_list(_LEXICON, "yes"),
        retorts="retorts" in labels,
        names=_names(line, customer_name),
    )


def _easy(line: Line) -> frozenset[int]:
    found = {line.sentence_of(match.first) for match in lexicon(_LEXICON).find(line, "eases")}
    return frozenset(at for one in found for at in range(one.first, one.last + 1))


def _is_question(line: Line, last: Sentence) -> bool:
    """Marked as one, or with a question's opening where the recogniser left the mark out."""
    opens = any(
        last.first <= match.first <= last.last for match in lexicon(_LEXICON).find(line, "asks_agent")
    )
    return opens or (last.mark == "?" and len(last) > 2)


def matter(said: Remark, figures: list[Figure], weight: float) -> Matter:
    """How much a turn matters, from what it is, its figures, and the weight of its key words."""
    if any(is_data(figure) or said.address for figure in figures):
        return Matter.DOES
    if said.winds_up and not said.request:
        return Matter.NONE
    if said.matters and (weight >= 1.0 or (said.request and said.long)):
        return Matter.DOES
    return Matter.MAY if figures or weight >= 1.0 or said.question else Matter.NONE


def is_data(figure: Figure) -> bool:
    if figure.kind == "spelling":
        return len(figure.value) >= _LEAST_SPELLING
    return figure.kind in ("code", "date")


class Move(IntEnum):
    """Where an agent's utterance goes after the customer's turn."""

    NOD = 0  # "okay", "mm-hm": the customer still has the floor
    REPAIR = 1  # "sorry, could you repeat that?": the customer is asked to say it again
    STAY = 2  # a statement, or a question about the same matter
    ON = 3  # a new question or demand


@once_a_line
def move(line: Line) -> Move:
    nod = word_list(_LEXICON, "nod")
    if len(line.tokens) <= _NOD_TOKENS and all(text in nod for text in line.texts):
        return Move.NOD if not _is_huh(line) else Move.REPAIR
    book = lexicon(_LEXICON)
    if len(line.tokens) <= _REPAIR_TOKENS and book.has(line, "repair"):
        return Move.REPAIR
    return Move.ON if _asks_anew(line) else Move.STAY


def is_courteous(line: Line) -> bool:
    """Hears the customer without saying what was heard ("I can help with that"), or says it is being done."""
    return lexicon(_LEXICON).has(line, "generic", "complies")


def answers(line: Line) -> bool:
    """Says yes or no first, or that it is being done."""
    book = lexicon(_LEXICON)
    first = line.sentences[0]
    said = book.find(line, "answers_yes_no")
    return any(match.first <= first.last for match in said) or book.has(line, "complies")


def _is_huh(line: Line) -> bool:
    return line.texts in {("huh",), ("what",), ("sorry",)}


def _asks_anew(line: Line) -> bool:
    if _is_form_field(line):
        return True
    return any(asks_anew(line, sentence) for sentence in line.sentences)


def _is_form_field(line: Line) -> bool:
    """ "Account number", "and the other driver's name": read off a form, whatever mark stands behind it."""
    if line.tokens[-1].text.removesuffix("'s") not in word_list(_LEXICON, "datum"):
        return False
    short = len(line.tokens) <= _DEMAND_TOKENS
    return short or (len(line.tokens) <= _FIELD_TOKENS and word_list(_LEXICON, "says").isdisjoint(line.texts))


def asks_anew(line: Line, sentence: Sentence) -> bool:
    """Whether a sentence asks or demands something, and not about what the customer said."""
    book = lexicon(_LEXICON)
    inside = range(sentence.first, sentence.last + 1)
    asks = sentence.mark == "?" or any(match.first in inside for match in book.find(line, "demand", "asks"))
    back = any(match.first in inside for match in book.find(line, "points_back", "formula"))
    return asks and not back


def _names(line: Line, customer_name: str | None) -> frozenset[int]:
    """Tokens of the customer's name: as the call's data has it, or behind "my name is"."""
    known = set(tokenize(customer_name or ""))
    found = {at for at, token in enumerate(line.tokens) if token.text in known}
    stop = word_list(_LEXICON, "stop")
    for match in lexicon(_LEXICON).find(line, "own_name"):
        for at in range(match.last + 1, min(match.last + 3, len(line.tokens))):
            token = line.tokens[at]
            if not token.capital or token.text in stop or token.opens:
                break
            found.add(at)
    return frozenset(found)
