"""Use of the customer's name: learned from data or talk, used early and spaced, never wrong or forced.

Every conversational use is a chance taken (`delivered`); the chances missed are the first 90 seconds
after the name is known ("unused") and every later stretch of three minutes without it ("spacing").
Counting uses is not the goal: bursts, and a use in nearly every turn, are "forced".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from detectors.addressing import addressed, mentions
from detectors.base import Judge
from detectors.floor import Floor
from detectors.lexicon import lexicon, word_list
from detectors.naming import Name, Span, apart, follows, introduced, parts, roles, same, spelled_out
from detectors.text import Line, tokenize
from streaming.events import (
    CallInfo,
    Detection,
    Event,
    Party,
    Seconds,
    SpeechStarted,
    Tick,
    Verdict,
    WordSpan,
)
from streaming.ports import Policy

_ID = "name.use"
_WELL_HEARD = 0.6  # recogniser confidence from which a name said by the customer can make another one wrong
_LINES = 2  # agent lines since the name was known before its absence means anything


class Names(Judge):
    """Judges `name.use`."""

    name = "names"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self._floor = Floor()
        self._known: tuple[Name, ...] = parts(call.customer_name or "")
        self._from_data = bool(self._known)
        self._said_at: WordSpan | None = None
        self._agent: tuple[str, ...] = tokenize(call.agent or "")
        self._mentioned: set[str] = set()  # capitalised words the customer said: people spoken of, and more
        self._clock: Seconds | None = None  # since when the agent could have used the name
        self._lines = 0  # agent lines since then
        self._turns = 0  # agent turns since the first use
        self._turns_with = 0
        self._agent_has_floor = False
        self._asked = False
        self._offered: tuple[Name, ...] = ()  # a name the agent asks the customer to confirm
        self._uses: deque[Seconds] = deque(maxlen=32)
        self._used = False
        self._judged_until: Seconds = 0.0
        self._absences = 0

    @property
    def known(self) -> tuple[str, ...]:
        """The customer's name as far as it is known, normalised, part by part."""
        return tuple(name.text for name in self._known)

    def feed(self, event: Event, /) -> Iterable[Detection]:
        line = self._floor.feed(event)
        if line is not None:
            return list(self._agent_says(line)) if line.speaker is Party.AGENT else self._customer_says(line)
        if isinstance(event, SpeechStarted) and event.speaker is Party.CUSTOMER and self._known:
            self._start_clock(event.at)
        if isinstance(event, Tick):
            return self._absent(event.at)
        return ()

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        least = self.threshold(_ID, "least_seconds")
        if self._used or self._absences or self._clock is None or at - self._clock < least:
            return ()
        return self._unused(at) if self._lines > _LINES else ()

    # Learning the name.

    def _customer_says(self, line: Line) -> Iterable[Detection]:
        self._agent_has_floor = False
        self._mentioned.update(token.text.removesuffix("'s") for token in line.tokens if token.capital)
        self._hear_agents_name(line)
        for span in introduced(line, asked=self._asked, known=self.known):
            self._learn(line, span)
        if self._offered and lexicon("names").has(line, "confirms"):
            self._know(self._offered, line.end)
        self._offered, self._asked = (), self._asked and len(line.tokens) <= 2
        return ()

    def _learn(self, line: Line, span: Span) -> None:
        texts = spelled_out(line, span)
        if any(same(text, own) for text in texts for own in self._agent):
            return
        sure = line.confidence(span.first, span.last) >= _WELL_HEARD
        self._said_at = line.evidence(span.first, span.last)
        self._know(roles(texts, titled=span.titled, sure=sure), line.end)

    def _know(self, names: tuple[Name, ...], at: Seconds) -> None:
        fresh = tuple(name for name in names if name.text not in self.known)
        self._known = (*self._known, *fresh)
        self._start_clock(at)

    def _start_clock(self, at: Seconds) -> None:
        if self._clock is None:
            self._clock = self._judged_until = at

    def _hear_agents_name(self, line: Line) -> None:
        """ "Hi Terry," from the customer names the agent."""
        if self._floor.last(Party.AGENT) is None or line.start > 60.0:
            return
        for at, token in enumerate(line.tokens[1:4], start=1):
            if not token.opens and line.tokens[at - 1].text in {"hi", "hello", "hey"}:
                self._agent += follows(line, at, 1)

    # The agent speaks.

    def _agent_says(self, line: Line) -> Iterator[Detection]:
        phrases = lexicon("names")
        self._asked = self._asked or phrases.has(line, "asks_name")
        self._own_names(line)
        self._offer(line)
        self._take_turn(line)
        uses = mentions(line, self._known) if self._known else ()
        if uses:
            self._start_clock(line.start)
            yield self._use(line, uses)
        elif self._known and not self._floor.continued and (wrong := self._wrong(line)):
            yield self._call_wrong(line, wrong)

    def _own_names(self, line: Line) -> None:
        for match in lexicon("names").find(line, "own_intro"):
            self._agent += follows(line, match.last + 1, 2)

    def _offer(self, line: Line) -> None:
        for match in lexicon("names").find(line, "verifies"):
            at = match.last + 1
            titled = at < len(line.tokens) and line.tokens[at].text in word_list("names", "titles")
            texts = [text for text in follows(line, at + titled, 2) if text not in self._agent]
            if texts:
                self._offered = roles(texts, titled=titled)

    def _take_turn(self, line: Line) -> None:
        self._lines += self._clock is not None
        if not self._agent_has_floor and len(line.tokens) > 2:
            self._agent_has_floor = True
            self._turns += self._used

    def _use(self, line: Line, uses: tuple[Span, ...]) -> Detection:
        if not self._used:
            self._turns = 1
        self._used = True
        self._turns_with += 1
        self._uses.extend(line.seconds(use.first, use.last)[0] for use in uses)
        self._judged_until = line.end
        forced = self._forced(line)
        return self.detect(
            _ID,
            Verdict.HARMFUL if forced else Verdict.DELIVERED,
            where=line.id,
            kind="forced" if forced else "",
            start=line.seconds(uses[0].first, uses[0].last)[0],
            end=line.seconds(uses[-1].first, uses[-1].last)[1],
            at=line.end,
            confidence=0.75 if forced else 0.9,
            evidence=tuple(line.evidence(use.first, use.last) for use in uses),
            note="The name comes so often that it sounds like a script; a little less sounds warmer."
            if forced
            else "The customer's name is used in the conversation.",
        )

    def _forced(self, line: Line) -> bool:
        recent = [at for at in self._uses if at > line.end - self.threshold(_ID, "burst_seconds")]
        if len(recent) >= self.threshold(_ID, "burst_uses"):
            return True
        share = self._turns_with / max(1, self._turns)
        return self._turns >= self.threshold(_ID, "turns_least") and share > self.threshold(
            _ID, "turns_share"
        )

    # Another name.

    def _wrong(self, line: Line) -> Span | None:
        return next((span for span in addressed(line) if self._is_wrong(line, span)), None)

    def _is_wrong(self, line: Line, span: Span) -> bool:
        texts = [token.text for token in line.tokens[span.first : span.last + 1]]
        least = self.threshold(_ID, "wrong_confidence")
        if line.confidence(span.first, span.last) < least:
            return False
        if any(same(text, other) for text in texts for other in (*self._agent, *self._mentioned)):
            return False
        wanted = {"surname", "any"} if span.titled else {"given", "any"}
        comparable = [name for name in self._known if name.role in wanted and name.sure]
        return bool(comparable) and all(apart(text, name.text) for text in texts for name in self._known)

    def _call_wrong(self, line: Line, span: Span) -> Detection:
        start, end = line.seconds(span.first, span.last)
        shown = (line.evidence(span.first, span.last),)
        return self.detect(
            _ID,
            Verdict.HARMFUL,
            where=f"{line.id}/wrong",
            kind="wrong_name",
            start=start,
            end=end,
            at=line.end,
            confidence=0.9 if self._from_data else 0.8,
            evidence=(*shown, self._said_at) if self._said_at else shown,
            note="The customer is addressed by a name other than the one known.",
        )

    # Absence.

    def _absent(self, at: Seconds) -> Iterable[Detection]:
        if self._clock is None or self._lines < _LINES:
            return ()
        wait = self.threshold(_ID, "spacing_seconds" if self._used or self._absences else "first_use_seconds")
        due = self._judged_until + wait
        since = self._floor.speaking(Party.AGENT)
        if at < due or (since is not None and since < due):
            return ()
        return self._unused(at)

    def _unused(self, at: Seconds) -> Iterable[Detection]:
        start, self._judged_until = self._judged_until, at
        self._absences += 1
        if self._floor.missing(start, at, Party.AGENT):
            return ()
        first = not self._used and self._absences == 1
        return (
            self.detect(
                _ID,
                Verdict.MISSED,
                where="unused" if first else f"spacing{self._absences}",
                kind="unused" if first else "spacing",
                start=start,
                end=at,
                confidence=0.9 if first else 0.6,
                evidence=(self._said_at,) if self._said_at else (),
                note="The name is known, and its first use is still to come."
                if first
                else "A few minutes have passed; the name would fit the next answer.",
            ),
        )
