"""What one call's alerts are made of: the rules, a team's policy, a card, and what a rule has seen (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from streaming.events import Alert, AlertState, Detection, Evidence, Seconds, Severity, Verdict

_EVIDENCE = 8  # spans a card shows; a card is read in a few seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """When detections of one behaviour become a card.

    `kind` empty matches every kind that has no rule of its own. The card is raised at the `count`-th
    matching detection (within `within` seconds when given; `in_a_row`: a delivered one in between starts
    the count anew), then not again for `cooldown` seconds: further ones merge into the card. `follow`
    are behaviours whose delivered detection within `follow_within` seconds shows that the agent acted
    (empty: the same one).
    """

    behaviour: str
    verdict: Verdict
    kind: str = ""
    severity: Severity
    title: str
    coaching: str
    whispers: tuple[str, ...] = ()
    count: int = 1
    in_a_row: bool = False
    within: Seconds | None = None
    cooldown: Seconds = 60.0
    follow: tuple[str, ...] = ()
    follow_within: Seconds = 60.0
    min_confidence: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """What one team wants pushed, beside the rules of the catalogue.

    An open card that nobody answers expires after `expire_after` seconds; after `give_way_after` when one
    at least as severe waits, after `give_way_to_lower_after` when any does. A waiting alert whose last
    detection is older than `stale_after` is not raised any more. The times are a first choice, to be
    replaced by what supervisors' answers show.
    """

    off: frozenset[str] = frozenset()
    least: Severity = Severity.NOTICE
    expire_after: Seconds = 60.0
    give_way_after: Seconds = 12.0
    give_way_to_lower_after: Seconds = 24.0
    stale_after: Seconds = 45.0


@dataclass(slots=True, eq=False)
class Card:
    """One alert from its trigger on; `id` is empty until it is raised."""

    line: Line
    detections: dict[str, Detection]
    triggered: Seconds
    renewed: Seconds  # when its latest detection came
    state: Literal["waiting", "open"] | AlertState = "waiting"
    id: str = ""
    raised: Seconds = 0.0
    useful: bool | None = None

    @property
    def rank(self) -> int:
        return self.line.rule.severity.rank

    def to_alert(self) -> Alert:
        rule, found = self.line.rule, list(self.detections.values())
        spans: list[Evidence] = [span for one in found for span in one.evidence]
        return Alert(
            id=self.id,
            at=self.raised,
            behaviour=rule.behaviour,
            verdict=rule.verdict,
            kind=found[-1].kind,
            severity=rule.severity,
            title=rule.title,
            coaching=rule.coaching,
            detections=tuple(self.detections),
            evidence=tuple(spans[-_EVIDENCE:]),
            note=found[-1].note,
            count=len(found),
            provisional=any(one.provisional for one in found),
        )


@dataclass(slots=True, eq=False)
class Line:
    """What one rule has seen: the run that counts towards its next card, and its latest card."""

    rule: AlertRule
    run: dict[str, Detection] = field(default_factory=dict)
    card: Card | None = None

    def merges(self, now: Seconds) -> bool:
        """A further detection belongs to the card there is: it is not closed yet, or cools down."""
        card = self.card
        if card is None:
            return False
        return card.state in ("waiting", "open") or now < card.raised + self.rule.cooldown

    def holding(self, detection_id: str) -> dict[str, Detection] | None:
        """The run or card that counts this detection already."""
        if detection_id in self.run:
            return self.run
        if self.card is not None and detection_id in self.card.detections:
            return self.card.detections
        return None

    def count(self, detection: Detection) -> bool:
        """Count one more towards the next card; true when that makes it due."""
        self.run[detection.id] = detection
        if self.rule.within is not None:
            since = detection.at - self.rule.within
            self.run = {key: one for key, one in self.run.items() if one.at >= since}
        return len(self.run) >= self.rule.count
