"""Requests for information: their form, and the please and thank you around them.

An *exchange* is the agent asking, the customer giving, and the agent taking. Its form is judged when it
is asked (`courtesy.request_form`), its courtesy words when it is taken (`courtesy.please_thanks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from detectors.base import Judge
from detectors.courtesy_acts import Act
from detectors.courtesy_form import Ask, Form
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import word_list
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict, WordSpan

_FORM = "courtesy.request_form"
_WORDS = "courtesy.please_thanks"
_A_TURN = 4  # tokens: less from the agent ("Okay, got it.") still hears the answer out
_SERIES = 30.0  # seconds: "and your phone number?" this soon after a friendly request goes on with it


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
        asks = list(self._asks(reading))
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

    def _asks(self, reading: Reading) -> Iterator[Ask]:
        """The line's asks; a bare noun that goes on with a friendly series, or answers, is no demand."""
        wary = False
        for ask in reading.asks:
            plain = ask.bare and (wary or self._goes_on(reading, ask) or self._was_named(reading, ask))
            wary |= ask.form == "friendly" and ask.wary
            demanding = ask.choice and self._judged is not None and self._judged[0] == "demand"
            yield replace(ask, form="plain" if plain else "demand" if demanding else ask.form)

    def _goes_on(self, reading: Reading, ask: Ask) -> bool:
        soon = self._friendly_at is not None and reading.line.start - self._friendly_at < _SERIES
        return soon and reading.line.texts[ask.first] == "and"

    def _was_named(self, reading: Reading, ask: Ask) -> bool:
        """The customer asked what is needed, or has just said that word: it is told, or read back."""
        customer = self._customer
        if customer is None:
            return False
        if customer.line.asks and customer.has("asks_which"):
            return True
        data = word_list("courtesy", "datum") & set(reading.line.texts[ask.first : ask.last + 1])
        return bool(data) and data <= set(customer.line.texts)

    def _judge_form(self, line: Line, asks: list[Ask]) -> Iterator[Detection]:
        form = asks[0].form
        if any(ask.wary for ask in asks if ask.form == "friendly"):
            self._friendly_at = line.end
        repeated = self._judged is not None and self._judged[0] == form
        if repeated and self._judged and line.start - self._judged[1] < self._again:
            self._judged = (form, line.end)
            return
        self._judged = (form, line.end)
        first, last = asks[0].first, asks[-1].last
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
            evidence=tuple(line.evidence(ask.first, ask.last) for ask in asks),
            note="A friendly request is the form that invites an answer here."
            if demand
            else "What is needed is asked for as a friendly request.",
        )

    # The words around it.

    def _open(self, reading: Reading, asks: list[Ask]) -> None:
        line = reading.line
        forms = {ask.form for ask in asks}
        form: Form = "demand" if "demand" in forms else "friendly" if "friendly" in forms else "plain"
        last = asks[-1]
        please = bool(reading.does("please"))
        self._exchange = _Exchange(line, form, please, line.evidence(last.first, last.last))

    def _courtesy_words(self, reading: Reading) -> Iterator[Detection]:
        """Please where something is asked, thanks where something was given: delivered, once a line."""
        shown = sorted(self._please(reading) + self._thanks(reading), key=lambda act: act.first)
        line = reading.line
        taken = reading.does("thanks") or reading.has("pleased", "welcome")
        if taken and self._exchange and self._exchange.given:
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
            evidence=tuple(line.evidence(act.first, act.last) for act in shown),
            note="Courtesy words stand where something is asked or given.",
        )

    def _please(self, reading: Reading) -> list[Act]:
        return list(reading.does("please")[:1]) if reading.asks else []

    def _thanks(self, reading: Reading) -> list[Act]:
        """Thanks for what the customer gave; "thank you for calling" is not."""
        if not self._gave_since_agent and not reading.has("return_thanks"):
            return []
        calling = reading.of("calling_thanks")
        return [
            act
            for act in reading.does("thanks")
            if not any(other.first <= act.first <= other.last for other in calling)
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
