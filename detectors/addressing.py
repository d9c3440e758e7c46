"""An agent addressing somebody by name: uses of the customer's name, and calls to anybody else.

Punctuation as heard tells who is addressed from who is spoken of ("Thank you, Karen." against "my
colleague, Karen, will call"). Uses are forgiven freely; another's name counts only where it is plain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rapidfuzz.distance import JaroWinkler

from detectors.lexicon import lexicon, plain_words, word_list
from detectors.naming import NEAR, Name, Span, same
from detectors.text import Line, Token


def mentions(line: Line, names: Sequence[Name]) -> tuple[Span, ...]:
    """Where the line uses one of `names` to the person: not spoken of, not checked, not the own name."""
    others = lexicon("names").find(line, "verifies", "own_intro")
    found: list[Span] = []
    at = 0
    while at < len(line.tokens):
        width = next((width for width in (2, 1) if _says(line, at, width, names)), 0)
        if width:
            end = at + width - 1
            while end + 1 < len(line.tokens) and _says(line, end + 1, 1, names):
                end += 1
            if not _spoken_of(line, at) and not any(_covers(other.last, at) for other in others):
                found.append(Span(first=at, last=end))
            at = end
        at += 1
    return tuple(found)


def _covers(lead: int, at: int) -> bool:
    return lead < at <= lead + 3


def _says(line: Line, at: int, width: int, names: Sequence[Name]) -> bool:
    tokens = line.tokens[at : at + width]
    if len(tokens) < width:
        return False
    if width == 2:  # a name cut in two ("Suz Ann")
        joined = "".join(token.text for token in tokens)
        return all(token.capital for token in tokens) and any(
            JaroWinkler.similarity(joined, name.text)
            >= max(NEAR, *(JaroWinkler.similarity(token.text, name.text) + 0.01 for token in tokens))
            for name in names
        )
    token = tokens[0]
    if token.text in word_list("names", "words_too") or token.text in plain_words("common_words"):
        exact = any(name.text == token.text for name in names)
        return exact and token.capital and (_titled(line, at) or _addresses(line, at, at))
    opens = token.opens and not _addresses(line, at, at)
    exact = any(name.text == token.text for name in names)
    return exact or (token.capital and not opens and _is_one(token.text, names))


def _is_one(text: str, names: Sequence[Name]) -> bool:
    return any(same(text, name.text) for name in names)


def _titled(line: Line, at: int) -> bool:
    return at > 0 and line.tokens[at - 1].text in word_list("names", "titles")


def _spoken_of(line: Line, at: int) -> bool:
    before = at - 2 if _titled(line, at) else at - 1
    if before < 0:
        return False
    same_clause = any(begin <= before and at <= last for begin, last in line.sentence_of(at).clauses)
    return same_clause and line.tokens[before].text in word_list("names", "spoken_of")


def _addresses(line: Line, first: int, last: int) -> bool:
    """The name ends its clause, and nothing but "okay", "thank you" and the like stands before it there."""
    for begin, end in line.sentence_of(first).clauses:
        if begin <= first and last == end:
            leads = (token.text for token in line.tokens[begin:first])
            return all(text in word_list("names", "leads") for text in leads)
    return False


def addressed(line: Line) -> Iterator[Span]:
    """Somebody called by name, whoever that is: only where that is plain from how the sentence is cut."""
    for sentence in line.sentences:
        for number, (begin, end) in enumerate(sentence.clauses):
            at = begin
            while at <= end and line.tokens[at].text in word_list("names", "leads"):
                at += 1
            titled = at <= end and line.tokens[at].text in word_list("names", "titles")
            at += titled
            if not 0 <= end - at <= 1 or not all(_could_be(token) for token in line.tokens[at : end + 1]):
                continue
            if (titled or line.tokens[at].text in plain_words("given_names")) and not _apposition(
                line, sentence.clauses, number, lone=at == begin
            ):
                yield Span(first=at, last=end, titled=titled)


def _could_be(token: Token) -> bool:
    return token.capital and token.text.isalpha() and token.text not in plain_words("common_words")


def _apposition(line: Line, clauses: Sequence[tuple[int, int]], number: int, *, lone: bool) -> bool:
    """ "My colleague, Karen, will call": the clause before names who is meant, so nobody is addressed."""
    if number == 0 or not lone:
        return False
    begin, end = clauses[number - 1]
    texts = [token.text for token in line.tokens[begin : end + 1]]
    only_leads = all(text in word_list("names", "leads") for text in texts)
    last_clause = number == len(clauses) - 1
    points = {"my", "our", "the", "your", "a", "his", "her", "and"} & set(texts[-4:])
    return not only_leads and (not last_clause or bool(points) or line.tokens[begin].capital is False)
