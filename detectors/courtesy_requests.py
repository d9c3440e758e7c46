"""Requests for information: their form, and the please and thank you around them.

An *exchange* is the agent asking, the customer giving, and the agent taking. Its form is judged when it
is asked (`courtesy.request_form`), its courtesy words when it is taken (`courtesy.please_thanks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import Match
from detectors.text import Line, Sentence
from streaming.events import Detection, Party, Seconds, Verdict, WordSpan

_FORM = "courtesy.request_form"
_WORDS = "courtesy.please_thanks"
Form = Literal["friendly", "demand", "plain"]
_ASKS = ("ask_friendly", "ask_demand", "ask_bare", "ask_bare_please", "ask_choice", "ask_plain")
_WONDERS = frozenset({"how", "what", "where", "why", "when", "if"})
_A_TURN = 4  # tokens: less from the agent ("Okay, got it.") still hears the answer out
_SERIES = 30.0  # seconds: "and your phone number?" this soon after a friendly request goes on with it


@dataclass(frozen=True, slots=True)
class _Ask:
    form: Form
    match: Match
    sentence: Sentence
    confidence: float


@dataclass(slots=True)
class _Exchange:
    """An open exchange: asked in `line`, `given` once the customer has answered."""

    line: Line
    form: Form
    please: bool
    evidence: WordSpan
    given: Line | None = None
    taken_since: Seconds | None = None  # when the agent first answered what was given


class Requests(Part):
    """A plain question ("What's your account number?") opens an exchange but its form is not judged:
    practitioners call it neither friendly nor a demand, and tone, which is not in the words, decides."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._again = judge.threshold(_FORM, "gap_seconds")
        self._near = judge.threshold(_WORDS, "courtesy_seconds")
        self._exchange: _Exchange | None = None
        self._friendly_at: Seconds | None = None
        self._judged: tuple[Form, Seconds] | None = None
        self._customer: Reading | None = None
        self._gave_since_agent = False

    def heard(self, reading: Reading) -> Iterable[Detection]:
        return list(self._agent(reading) if reading.by_agent else self._given(reading))

    def passed(self, at: Seconds) -> Iterable[Detection]:
        exchange = self._exchange
        if exchange is None or exchange.taken_since is None or at < exchange.taken_since + self._near:
            return ()
        return list(self._close(at))

    def finish(self, at: Seconds) -> Iterable[Detection]:
        taken = self._exchange is not None and self._exchange.taken_since is not None
        return list(self._close(at)) if taken else ()

    def _agent(self, reading: Reading) -> Iterator[Detection]:
        line = reading.line
        yield from self._courtesy_words(reading)
        asks = [ask for ask in self._asks(reading) if ask is not None]
        exchange = self._exchange
        if exchange and exchange.given and len(line.tokens) >= _A_TURN:
            exchange.taken_since = exchange.taken_since or line.start
        if asks and self._exchange and self._exchange.given:
            yield from self._close(line.end)
        for form in ("demand", "friendly"):
            of_form = [ask for ask in asks if ask.form == form]
            if of_form:
                yield from self._judge_form(line, of_form)
                break
        if asks:
            self._open(reading, asks)
        self._gave_since_agent = False

    def _given(self, reading: Reading) -> Iterator[Detection]:
        self._customer = reading
        exchange = self._exchange
        if reading.has("fetching") or (reading.line.asks and reading.has("unsure")):
            return
        if not reading.slight:
            self._gave_since_agent = True
        if exchange is None:
            return
        if exchange.taken_since is not None and reading.line.start < exchange.taken_since:
            exchange.taken_since = None  # the agent spoke into it: the customer was still giving
        elif exchange.taken_since is not None and not reading.slight:
            yield from self._close(reading.line.end)
        elif exchange.given is None:
            exchange.given = reading.line

    # The form of what is asked.

    def _asks(self, reading: Reading) -> Iterator[_Ask | None]:
        previous: Form | None = None
        for sentence in reading.line.sentences:
            asked = self._ask(reading, sentence, previous)
            previous = asked.form if asked else previous
            yield asked

    def _ask(self, reading: Reading, sentence: Sentence, previous: Form | None) -> _Ask | None:
        found = [match for match in reading.of(*_ASKS, within=sentence) if not self._excused(reading, match)]
        labels = {match.label for match in found}
        if not labels or reading.of("hold", within=sentence):
            return None  # asking to hold is judged as a hold
        opens_here = sentence.first == 0 and reading.continued
        please = bool(reading.of("please", within=sentence))
        if any(match.label == "ask_friendly" and _asks_now(reading, sentence, match) for match in found):
            return _Ask("friendly", _best(found, "ask_friendly"), sentence, 0.95 if please else 0.85)
        if "ask_bare_please" in labels or (labels & {"ask_demand", "ask_bare"} and please):
            return _Ask("friendly", found[0], sentence, 0.7)
        if "ask_demand" in labels:
            if reading.of("softener", "reason", within=sentence):
                return _Ask("plain", found[0], sentence, 0.5)
            return _Ask("demand", _best(found, "ask_demand"), sentence, 0.9)
        if labels & {"ask_bare", "ask_choice"} and not opens_here:
            return self._fragment(reading, sentence, found, previous)
        if labels == {"ask_friendly"}:
            return None
        return _Ask("plain", found[0], sentence, 0.5)

    def _fragment(
        self, reading: Reading, sentence: Sentence, found: list[Match], previous: Form | None
    ) -> _Ask | None:
        """A noun with a question mark: a demand, unless it goes on with a friendly series."""
        line, customer = reading.line, self._customer
        match = _best(found, "ask_bare", "ask_choice")
        if previous == "friendly" or (
            line.tokens[sentence.first].text == "and"
            and self._friendly_at is not None
            and line.start - self._friendly_at < _SERIES
        ):
            return _Ask("plain", match, sentence, 0.5)
        if customer is not None and customer.line.asks and customer.has("asks_which", "unsure"):
            return None  # the customer asked which one is needed, and is told
        sure = match.label == "ask_bare" and sentence.mark == "?"
        return _Ask("demand", match, sentence, 0.85 if sure else 0.65)

    def _excused(self, reading: Reading, match: Match) -> bool:
        return any(
            other.first <= match.last and match.first <= other.last for other in reading.of("not_ask", "hold")
        )

    def _judge_form(self, line: Line, asks: list[_Ask]) -> Iterator[Detection]:
        form = asks[0].form
        if form == "friendly":
            self._friendly_at = line.end
        repeated = self._judged is not None and self._judged[0] == form
        if repeated and self._judged and line.start - self._judged[1] < self._again:
            self._judged = (form, line.end)
            return
        self._judged = (form, line.end)
        first, last = asks[0].sentence.first, asks[-1].sentence.last
        start, end = line.seconds(first, last)
        demand = form == "demand"
        yield self.judge.detect(
            _FORM,
            Verdict.MISSED if demand else Verdict.DELIVERED,
            where=line.id,
            kind="demand" if demand else "",
            start=start,
            end=end,
            at=line.end,
            confidence=max(ask.confidence for ask in asks),
            evidence=tuple(line.evidence(ask.sentence.first, ask.sentence.last) for ask in asks),
            note="A friendly request is the form that invites an answer here."
            if demand
            else "The information is asked for as a friendly request.",
        )

    # The words around it.

    def _open(self, reading: Reading, asks: list[_Ask]) -> None:
        line = reading.line
        forms = {ask.form for ask in asks}
        form: Form = "demand" if "demand" in forms else "friendly" if "friendly" in forms else "plain"
        please = any(reading.of("please", within=ask.sentence) for ask in asks)
        last = asks[-1].sentence
        self._exchange = _Exchange(line, form, please, line.evidence(last.first, last.last))

    def _courtesy_words(self, reading: Reading) -> Iterator[Detection]:
        """Please where something is asked, thanks where something was given: delivered, once a line."""
        shown = sorted(self._please(reading) + self._thanks(reading), key=lambda match: match.first)
        line = reading.line
        if reading.has("thanks", "pleased", "welcome") and self._exchange and self._exchange.given:
            self._exchange = None
        if not shown:
            return
        start, end = line.seconds(shown[0].first, shown[-1].last)
        yield self.judge.detect(
            _WORDS,
            Verdict.DELIVERED,
            where=line.id,
            start=start,
            end=end,
            at=line.end,
            confidence=0.9,
            evidence=tuple(line.evidence(match.first, match.last) for match in shown),
            note="Courtesy words stand where something is asked or given.",
        )

    def _please(self, reading: Reading) -> list[Match]:
        return list(reading.of("please")[:1]) if any(self._asks(reading)) else []

    def _thanks(self, reading: Reading) -> list[Match]:
        """Thanks for what the customer gave; "no thanks", "thanks to" and "thank you for calling" are not."""
        if not self._gave_since_agent and not reading.has("return_thanks"):
            return []
        others = reading.of("not_thanks", "calling_thanks")
        return [
            match
            for match in reading.of("thanks")
            if not any(other.first <= match.first <= other.last for other in others)
        ][:1]

    def _close(self, at: Seconds) -> Iterator[Detection]:
        """What was given was taken without thanks, and asked for without please."""
        exchange, self._exchange = self._exchange, None
        if exchange is None or exchange.please or exchange.given is None:
            return
        if self.floor.missing(exchange.given.end, at, Party.AGENT):
            return
        agent = self.floor.last(Party.AGENT) or exchange.line
        end = max(exchange.given.end, agent.end)
        yield self.judge.detect(
            _WORDS,
            Verdict.MISSED,
            where=f"{exchange.line.id}/taken",
            start=exchange.line.start,
            end=end,
            at=max(at, end),
            confidence=0.75 if exchange.form == "demand" else 0.6,
            evidence=(exchange.evidence,),
            note="A please at the question, or a thank you for the answer, belongs here.",
        )


def _best(found: list[Match], *labels: str) -> Match:
    return next(match for match in found if match.label in labels)


def _asks_now(reading: Reading, sentence: Sentence, match: Match) -> bool:
    """ "Could you …" put to the customer: not "how can you tell", not buried in a statement."""
    before = reading.line.texts[max(sentence.first, match.first - 2) : match.first]
    if _WONDERS & set(before):
        return False
    near = match.first - sentence.first <= 3
    return near or sentence.mark == "?" or bool(reading.of("please", within=sentence))
