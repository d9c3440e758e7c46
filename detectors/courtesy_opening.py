"""The call's opening: a greeting, the agent's own name, and an offer to help."""

from __future__ import annotations

from collections.abc import Iterable

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import plain_words
from detectors.naming import like
from detectors.text import Line, Token, tokenize
from streaming.events import Detection, Party, Seconds, Verdict, WordSpan

_ID = "courtesy.greeting"
_PARTS = {"greeting": "a greeting", "own_name": "the own name", "offer": "an offer to help"}
_LEADS = frozenset({("this", "is"), ("i", "am"), ("it", "is")})
_CONFIDENCE = {0: 0.9, 1: 0.75, 2: 0.8, 3: 0.95}  # by parts found: the clear cases are the outer ones
_SHORT = 12  # tokens: "… speaking" in the first of an opening is somebody's name, later a manner of speaking


class Opening(Part):
    """Delivered as soon as all parts are said, else judged when the opening's time is over.

    A lone "Hello?" is one part of three. A customer who speaks first changes nothing. When audio of the
    agent was lost during the opening, nothing is held against the agent.
    """

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._within = judge.threshold(_ID, "within_seconds")
        self._needed = int(judge.threshold(_ID, "parts_needed"))
        self._agent = frozenset(tokenize(judge.call.agent or "")[:1])
        self._found: dict[str, WordSpan] = {}
        self._first: Line | None = None
        self._last: Line | None = None
        self._done = False

    def heard(self, reading: Reading) -> Iterable[Detection]:
        line = reading.line
        if self._done:
            return ()
        if not reading.by_agent:
            self._answered(reading)
            return ()
        self._first = self._first or line
        if line.start - self._first.start > self._within:
            return self._judge(line.start)
        self._last = line
        for part in _PARTS:
            if part not in self._found and (span := self._span(reading, part)):
                self._found[part] = span
        return self._judge(line.end) if len(self._found) == len(_PARTS) else ()

    def passed(self, at: Seconds) -> Iterable[Detection]:
        if self._done or self._first is None or at < self._first.start + self._within:
            return ()
        since = self.floor.speaking(Party.AGENT)
        if since is not None and since < self._first.start + self._within:
            return ()  # a sentence begun in time is heard out
        return self._judge(at)

    def finish(self, at: Seconds) -> Iterable[Detection]:
        return self._judge(at) if self._first is not None and not self._done else ()

    def _span(self, reading: Reading, part: str) -> WordSpan | None:
        for match in reading.of(part):
            return reading.line.evidence(match.first, match.last)
        return self._introduced(reading.line) if part == "own_name" else None

    def _answered(self, reading: Reading) -> None:
        """The customer greets the agent by name: it was said, whatever the recogniser made of it."""
        greeted = next(iter(reading.of("greeting")), None)
        if self._first is None or "own_name" in self._found or greeted is None:
            return
        named = greeted.last + 1
        if named < len(reading.line.tokens) and self._is_agent(reading.line.tokens[named]):
            self._found["own_name"] = reading.line.evidence(greeted.first, named)

    def _is_agent(self, token: Token) -> bool:
        if not self._agent:
            return token.capital and not token.opens and token.text not in plain_words("common_words")
        return any(token.text == name or like(token.text, name) for name in self._agent)

    def _introduced(self, line: Line) -> WordSpan | None:
        """The agent's name as the call's data has it, or "this is …" / "I'm …" and a name."""
        tokens = line.tokens
        for at, token in enumerate(tokens):
            if token.text in self._agent:
                return line.evidence(at, at)
            if 0 < at < _SHORT and _closes_a_clause(line, at) and self._signs_off(line, at):
                return line.evidence(at - 1, at)
            pair = (tokens[at - 2].text, tokens[at - 1].text) if at >= 2 else ("", "")
            named = token.capital and len(token.text) > 1 and token.text not in plain_words("common_words")
            if pair in _LEADS and named and not self._is_company(line, at):
                return line.evidence(at - 2, at)
        return None

    def _signs_off(self, line: Line, at: int) -> bool:
        """ "Tasha speaking", "Hope here"."""
        text = line.tokens[at].text
        return text == "speaking" or (text == "here" and line.tokens[at - 1].capital)

    def _is_company(self, line: Line, at: int) -> bool:
        """ "This is Larkspur Wireless": two names in a row, neither of them the agent's."""
        follows = line.tokens[at + 1] if at + 1 < len(line.tokens) else None
        two = follows is not None and follows.capital and not follows.opens
        return two and bool(self._agent) and not self._is_agent(line.tokens[at])

    def _judge(self, at: Seconds) -> Iterable[Detection]:
        self._done = True
        first, last = self._first, self._last or self._first
        if first is None or last is None:
            return ()
        delivered = len(self._found) >= self._needed
        lost = self.floor.missing(0.0, first.start + self._within, Party.AGENT)
        if not delivered and lost:
            return ()
        end = max(first.end, last.end)
        return (
            self.judge.detect(
                _ID,
                Verdict.DELIVERED if delivered else Verdict.MISSED,
                where="opening",
                start=first.start,
                end=end,
                at=max(at, end),
                confidence=_CONFIDENCE[len(self._found)],
                evidence=tuple(self._found.values()) or (first.whole(),),
                note=self._note(),
            ),
        )

    def _note(self) -> str:
        said = [name for part, name in _PARTS.items() if part in self._found]
        left = [name for part, name in _PARTS.items() if part not in self._found]
        if not left:
            return "The opening has a greeting, the own name and an offer to help."
        if not said:
            return "The opening leaves room for a greeting, the own name and an offer to help."
        return f"The opening has {' and '.join(said)}, and leaves room for {' and '.join(left)}."


def _closes_a_clause(line: Line, at: int) -> bool:
    return any(last == at for _, last in line.sentence_of(at).clauses)
