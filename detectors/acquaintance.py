"""Whose names came up in a call: the customer's, the agent's, and other people's (pure)."""

from __future__ import annotations

from detectors.addressing import may_hold
from detectors.naming import Name, apart, is_frequent, is_known, is_usual, is_word_too, parts, said_as, same
from detectors.text import Line, tokenize
from detectors.vocative import Call, spoken_of
from streaming.events import CallInfo, WordSpan


class Acquaintance:
    """What is known of the customer's name, and which names are not the customer's."""

    def __init__(self, call: CallInfo) -> None:
        self.names: tuple[Name, ...] = parts(call.customer_name or "")
        self.from_data = bool(self.names)
        self.said_at: WordSpan | None = None  # where the customer gave it
        self.agent = {text.replace("'", "") for text in tokenize(call.agent or "")}
        self._mentioned: set[str] = set()  # capitalised words the customer said: people spoken of, and more
        self._others: set[str] = set()  # names of those whom the customer spoke of, or to
        self._just_said: set[str] = set()  # capitalised words of the customer's last line
        self.is_doubtful = False  # the agent may have used the name, heard as something else

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.text for name in self.names))

    def know(self, names: tuple[Name, ...]) -> None:
        """Take what is new: another text, or a part of the name as what it is called."""
        had = {(name.text, name.role) for name in self.names}
        kept = (
            name
            for name in names
            if name.text not in self.texts or (name.role == "given" and (name.text, "given") not in had)
        )
        self.names = (*self.names, *kept)

    def said_of(self, line: Line) -> tuple[str, ...]:
        """The parts of the customer's name that a line says as they are known."""
        said = {said_as(token) for token in line.tokens}
        return tuple(text for text in self.texts if text in said)

    def mention(self, line: Line, *, answers: bool) -> None:
        """Take the names in a customer's line; `answers`: it answers a question for the own one."""
        capitals = {said_as(token) for token in line.tokens if token.capital and not token.heard.isupper()}
        self._just_said = capitals
        if not answers:
            self._mentioned |= capitals
        self._others |= {said_as(line.tokens[at]) for at in spoken_of(line)}

    def is_hearable(self) -> bool:
        """Whether the recogniser would have written the name, had it been used."""
        return self.from_data or any(name.sure for name in self.names)

    def doubt(self, line: Line) -> None:
        """Take an agent's line that does not use the name as known: it may hold what was made of it."""
        self.is_doubtful = self.is_doubtful or may_hold(line, self.texts, rare=self._is_rare())

    def _is_rare(self) -> bool:
        return not any(is_usual(text) and not is_word_too(text) for text in self.texts)

    # Of a name that somebody was called by.

    def may_be_called(self, call: Call) -> bool:
        """Neither the agent's own name nor one that was spoken of."""
        return not any(same(text, other) for text in call.texts for other in (*self.agent, *self._mentioned))

    def may_be_own(self, call: Call) -> bool:
        """The customer has at most said it, as one's own name is said."""
        if call.echoes and is_word_too(call.texts[0]) and call.texts[0] in self._just_said:
            return False  # "C: Last June. A: June, so you …"
        return not any(same(text, other) for text in call.texts for other in (*self.agent, *self._others))

    def lacks(self, call: Call) -> bool:
        """Nothing is known of the part of the name that it uses."""
        return not any(
            name.role != "any" or call.span.titled != is_known(name.text) for name in self._wanted(call)
        )

    def is_other(self, call: Call) -> bool:
        """It is clearly another name than the one known, and that one is known well enough to say so."""
        sure = any(name.sure and (self.from_data or is_frequent(name.text)) for name in self._wanted(call))
        return sure and all(apart(text, known) for text in call.texts for known in self.texts)

    def _wanted(self, call: Call) -> list[Name]:
        roles = {"surname", "any"} if call.span.titled else {"given", "any"}
        return [name for name in self.names if name.role in roles]
