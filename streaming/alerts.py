"""Detections → alerts: which judgement interrupts a person, and when (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from streaming.events import Seconds, Severity, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """When detections of one behaviour become a card.

    `kind` empty matches every kind. The card is raised at the `count`-th matching detection (within
    `within` seconds when given; `in_a_row`: a delivered one in between starts the count anew), then not
    again for `cooldown` seconds: further ones merge into the open card. `follow` are behaviours whose
    delivered detection within `follow_within` seconds shows that the agent acted (empty: the same one).
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
