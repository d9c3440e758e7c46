"""Detections → alerts: which judgement interrupts a person, and when (pure).

A supervisor has many calls and one pair of eyes, so a call shows one open card at a time. An alert whose
turn does not come in time is no alert: its detections stand in the log all the same. Every card that was
raised is closed by exactly one of acked, dismissed, followed, expired or withdrawn. Time is
the stream time of the events fed, so the same events give the same alerts live and in replay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streaming.cards import AlertPolicy, AlertRule, Card, Line
from streaming.events import (
    Alert,
    AlertState,
    AlertUpdate,
    Detection,
    DetectionWithdrawn,
    Event,
    Seconds,
    Severity,
    Tick,
    Verdict,
)

__all__ = ["AlertDesk", "AlertPolicy", "AlertRule"]

_CARDS = 256  # raised cards a call remembers for late answers and follow-through


class AlertDesk:
    """Decides for one call which detections interrupt a supervisor.

    - A rule has at most one alert waiting or open; equal detections merge into it, and into the closed
      card while it cools down (`AlertUpdate` with state ``merged`` and the new count; the state of the
      card does not change). The waiting alerts are therefore never more than the rules.
    - One card is open at a time. Waiting ones come by severity, then age. A critical alert closes an open
      card of lower severity (state ``expired``) and takes its place: it can be acted on now or never.
    - A card raised on a provisional detection is withdrawn with it. Nothing is sent when the final
      detection confirms it: that detection, of the same id, is the confirmation.
    - ``followed`` closes an open card (the agent acted, nothing is left to do) and is recorded for an
      acked or expired one.
    - A late answer to an expired card counts, and a verdict on usefulness may be given or changed after
      the card is closed; neither reopens it.
    """

    def __init__(self, rules: Sequence[AlertRule], policy: AlertPolicy | None = None) -> None:
        self._policy = policy or AlertPolicy()
        least = max(self._policy.least.rank, Severity.NOTICE.rank)  # INFO is never pushed
        on = [rule for rule in rules if rule.behaviour not in self._policy.off]
        self._lines = [Line(rule) for rule in on if rule.severity.rank >= least]
        self._kinds = {(rule.behaviour, rule.verdict, rule.kind) for rule in on}
        self._waiting: list[Card] = []
        self._open: Card | None = None
        self._cards: dict[str, Card] = {}
        self._raised: dict[str, int] = {}
        self._now: Seconds = 0.0

    def feed(self, event: Event) -> list[Alert | AlertUpdate]:
        """What the supervisor is to be shown because of `event`; only some kinds of events matter."""
        match event:
            case Tick() | Detection() | DetectionWithdrawn():
                return list(self._feed(event))
            case _:
                return []

    def ack(
        self, alert_id: str, *, by: str | None = None, useful: bool | None = None, at: Seconds
    ) -> list[Alert | AlertUpdate]:
        """A supervisor took the card; empty when there is nothing new in that (unknown, said before)."""
        return list(self._answer(alert_id, "acked", by, useful, at))

    def dismiss(
        self, alert_id: str, *, by: str | None = None, useful: bool | None = None, at: Seconds
    ) -> list[Alert | AlertUpdate]:
        """A supervisor turned the card away; empty as for `ack`."""
        return list(self._answer(alert_id, "dismissed", by, useful, at))

    def finish(self, at: Seconds) -> list[Alert | AlertUpdate]:
        """The call is over: what is open expires, and nobody is interrupted for what waits."""
        self._now = max(self._now, at)
        self._forget(list(self._waiting))
        return [self._close(self._open, "expired")] if self._open else []

    def _feed(self, event: Tick | Detection | DetectionWithdrawn) -> Iterator[Alert | AlertUpdate]:
        self._now = max(self._now, event.at)
        if self._open is not None and self._shown(self._open) >= self._policy.expire_after:
            yield self._close(self._open, "expired")
        if isinstance(event, Detection):
            yield from self._judge(event)
        elif isinstance(event, DetectionWithdrawn):
            for line in self._lines:
                yield from self._unsay(line, event.id)
        yield from self._settle()

    def _judge(self, detection: Detection) -> Iterator[Alert | AlertUpdate]:
        if detection.verdict is Verdict.DELIVERED and not detection.provisional:
            self._break_runs(detection)
            yield from self._follow(detection)
        for line in self._lines:
            held = line.holding(detection.id)
            if not self._matches(line.rule, detection):
                yield from self._unsay(line, detection.id)
            elif held is None:
                yield from self._count(line, detection)
            elif not detection.provisional:
                held[detection.id] = detection

    def _matches(self, rule: AlertRule, detection: Detection) -> bool:
        key = (detection.behaviour, detection.verdict, detection.kind)
        kind = detection.kind if key in self._kinds else ""
        wanted = (rule.behaviour, rule.verdict, rule.kind) == (detection.behaviour, detection.verdict, kind)
        return wanted and detection.confidence >= rule.min_confidence

    def _count(self, line: Line, detection: Detection) -> Iterator[AlertUpdate]:
        card = line.card
        if card is not None and line.merges(self._now):
            card.detections[detection.id] = detection
            card.renewed = self._now
            if card.state != "waiting":
                yield self._merged(card)
        elif line.count(detection):
            line.card = Card(line, line.run, triggered=self._now, renewed=self._now)
            line.run = {}
            self._waiting.append(line.card)

    def _unsay(self, line: Line, detection_id: str) -> Iterator[AlertUpdate]:
        """A provisional detection does not hold; what was confirmed stays, whatever comes later."""
        held = line.holding(detection_id)
        if held is None or not held[detection_id].provisional:
            return
        del held[detection_id]
        card = line.card
        if held is line.run or card is None:
            return
        if len(held) >= line.rule.count:
            if card.state != "waiting":
                yield self._merged(card)
            return
        line.card = None
        if card.state in ("waiting", "open"):
            line.run = held  # what is left counts towards the next card
        if card.state == "waiting":
            self._waiting.remove(card)
        else:
            yield self._close(card, "withdrawn")

    def _break_runs(self, delivered: Detection) -> None:
        for line in self._lines:
            if line.rule.in_a_row and line.rule.behaviour == delivered.behaviour:
                line.run.clear()

    def _follow(self, delivered: Detection) -> Iterator[AlertUpdate]:
        """The agent did, after the card was raised, what it asks for."""
        for card in list(self._cards.values()):
            rule = card.line.rule
            asked = rule.follow or ((rule.behaviour,) if rule.verdict is not Verdict.DELIVERED else ())
            if delivered.behaviour not in asked or delivered.confidence < rule.min_confidence:
                continue
            in_time = card.raised < delivered.end <= card.raised + rule.follow_within
            if in_time and card.state in ("open", "acked", "expired"):
                yield self._close(card, "followed")

    def _settle(self) -> Iterator[Alert | AlertUpdate]:
        """Show the next card when the open one goes, but only when all is judged: it may be another one.

        What is stale is forgotten before: no card gives way to one that is not shown then.
        """
        fresh = self._now - self._policy.stale_after
        self._forget([card for card in self._waiting if card.renewed < fresh])
        self._waiting.sort(key=lambda card: (-card.rank, card.triggered))
        if self._open is not None and self._gives_way(self._open):
            yield self._close(self._open, "expired")
        if self._open is None and self._waiting:
            self._open = self._waiting.pop(0)
            self._open.state = "open"
            yield self._raise(self._open)

    def _shown(self, card: Card) -> Seconds:
        return self._now - card.raised

    def _gives_way(self, card: Card) -> bool:
        shown = self._shown(card)
        first = self._waiting[0] if self._waiting else None
        if first is None:
            return shown >= self._policy.expire_after
        if first.rank < card.rank:
            return shown >= min(self._policy.give_way_to_lower_after, self._policy.expire_after)
        urgent = first.line.rule.severity is Severity.CRITICAL and first.rank > card.rank
        return urgent or shown >= min(self._policy.give_way_after, self._policy.expire_after)

    def _forget(self, cards: Sequence[Card]) -> None:
        """Their turn never came. Nobody was interrupted, so nothing cools down."""
        for card in cards:
            self._waiting.remove(card)
            card.line.card = None

    def _raise(self, card: Card) -> Alert:
        behaviour = card.line.rule.behaviour
        number = self._raised[behaviour] = self._raised.get(behaviour, 0) + 1
        card.id, card.raised = f"{behaviour}#{number}", self._now
        self._cards[card.id] = card
        if len(self._cards) > _CARDS:
            del self._cards[next(iter(self._cards))]
        return card.to_alert()

    def _answer(
        self, alert_id: str, state: AlertState, by: str | None, useful: bool | None, at: Seconds
    ) -> Iterator[Alert | AlertUpdate]:
        card = self._cards.get(alert_id)
        if card is None or card.state == "withdrawn":
            return
        self._now = max(self._now, at)
        if card.state not in ("open", "expired") and useful in (None, card.useful):
            return
        card.useful = card.useful if useful is None else useful
        kept: AlertState = "followed" if card.state == "followed" else state
        yield self._close(card, kept, by=by, useful=useful)
        yield from self._settle()

    def _close(
        self, card: Card, state: AlertState, *, by: str | None = None, useful: bool | None = None
    ) -> AlertUpdate:
        card.state = state
        if self._open is card:
            self._open = None
        return AlertUpdate(id=card.id, at=self._now, state=state, by=by, useful=useful)

    def _merged(self, card: Card) -> AlertUpdate:
        return AlertUpdate(id=card.id, at=self._now, state="merged", count=len(card.detections))
