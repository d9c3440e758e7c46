"""The label codes of LABELS.md, and what the product would call the same thing.

One table: everything that compares labels with detections goes by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streaming.events import Detection, Party, Seconds, Verdict

_A, _C = Party.AGENT, Party.CUSTOMER
_DELIVERED, _MISSED = Verdict.DELIVERED, Verdict.MISSED
_HARMFUL, _OBSERVED = Verdict.HARMFUL, Verdict.OBSERVED

EXCHANGE = 2
"""Turns around the labelled one that belong to the same exchange: an answer may come in two parts."""

WHOLE_CALL = 10_000
"""For what is judged once a call, and lies wherever it could first be told."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a label claims, and which detections claim the same.

    `kind` "" takes every kind of that behaviour and verdict. `reach` is how many turns away from the
    labelled one a detection may lie: labels stand on one turn of an exchange, detections span it.
    """

    code: str
    on: Party
    behaviour: str
    verdict: Verdict
    kind: str = ""
    reach: int = 0

    def claims(self, detection: Detection) -> bool:
        same = detection.behaviour == self.behaviour and detection.verdict is self.verdict
        return same and self.kind in ("", detection.kind)

    @property
    def topic(self) -> str:
        """What a doubtful label leaves open: one question, whatever the verdict on it."""
        return f"{self.behaviour}/{self.kind}" if self.verdict is _OBSERVED else self.behaviour


_ROWS = (
    Meaning("greet+", _A, "courtesy.greeting", _DELIVERED, reach=EXCHANGE),
    Meaning("greet-", _A, "courtesy.greeting", _MISSED, reach=EXCHANGE),
    Meaning("close+", _A, "courtesy.closing", _DELIVERED, reach=2 * EXCHANGE),
    Meaning("close-", _A, "courtesy.closing", _MISSED, reach=2 * EXCHANGE),
    Meaning("thanks", _A, "courtesy.words", _OBSERVED, "thanks"),
    Meaning("sorry", _A, "courtesy.words", _OBSERVED, "apology"),
    Meaning("please", _A, "courtesy.words", _OBSERVED, "please"),
    Meaning("ask-", _A, "courtesy.request_form", _MISSED, "demand"),
    Meaning("ask+", _A, "courtesy.request_form", _DELIVERED),
    Meaning("curt", _A, "courtesy.please_thanks", _HARMFUL, "curt"),
    Meaning("will+", _A, "courtesy.willingness", _DELIVERED, reach=EXCHANGE),
    Meaning("will-", _A, "courtesy.willingness", _MISSED, reach=EXCHANGE),
    Meaning("hold+", _A, "courtesy.hold", _DELIVERED, reach=EXCHANGE),
    Meaning("hold-", _A, "courtesy.hold", _MISSED, "incomplete", reach=EXCHANGE),
    Meaning("dead", _A, "courtesy.hold", _MISSED, "dead_air", reach=1),
    Meaning("name-learned", _C, "name.use", _OBSERVED, "learned", reach=EXCHANGE),
    Meaning("name", _A, "name.use", _DELIVERED),
    Meaning("name-wrong", _A, "name.use", _HARMFUL, "wrong_name"),
    Meaning("name-forced", _A, "name.use", _HARMFUL, "forced"),
    Meaning("name-unused", _A, "name.use", _MISSED, "unused", reach=WHOLE_CALL),
    Meaning("ack+", _C, "listening.acknowledgement", _DELIVERED, reach=EXCHANGE),
    Meaning("ack-", _C, "listening.acknowledgement", _MISSED, reach=EXCHANGE),
    Meaning("ack!", _C, "listening.acknowledgement", _HARMFUL, "wrong_readback", reach=EXCHANGE),
    Meaning("frus", _C, "emotion.frustration", _OBSERVED),
    Meaning("leak", _A, "emotion.leakage", _HARMFUL),
    Meaning("steady", _A, "emotion.leakage", _DELIVERED, reach=EXCHANGE),
    Meaning("empathy+", _A, "emotion.empathy", _DELIVERED, reach=EXCHANGE),
    Meaning("empathy-", _A, "emotion.empathy", _MISSED, reach=EXCHANGE),
    Meaning("ease", _C, "emotion.recovery", _DELIVERED, reach=EXCHANGE),
    Meaning("abuse", _C, "emotion.abuse", _OBSERVED),
    Meaning("cut", _A, "listening.interruption", _HARMFUL, reach=1),
    Meaning("check", _A, "listening.comprehension", _DELIVERED),
    Meaning("pos", _A, "language.positive", _DELIVERED),
    Meaning("neg", _A, "language.positive", _MISSED),
    Meaning("own+", _A, "service.ownership", _DELIVERED),
    Meaning("own-", _A, "service.ownership", _MISSED),
    Meaning("esc+", _A, "service.escalation", _DELIVERED, reach=EXCHANGE),
    Meaning("esc-", _A, "service.escalation", _MISSED, reach=EXCHANGE),
    Meaning("wants-boss", _C, "service.escalation", _OBSERVED),
    Meaning("next", _A, "service.next_issue", _DELIVERED),
    Meaning("effort", _C, "service.effort", _OBSERVED),
    Meaning("settled+", _A, "service.resolution", _DELIVERED, reach=EXCHANGE),
    Meaning("settled-", _A, "service.resolution", _MISSED, reach=WHOLE_CALL),
    Meaning("settled", _C, "service.resolution", _OBSERVED),
    Meaning("offer", _A, "sales.opening", _DELIVERED, reach=EXCHANGE),
    Meaning("cue", _C, "sales.opening", _OBSERVED),
)

CODES: Mapping[str, Meaning] = {row.code: row for row in _ROWS}
"""Every code of LABELS.md, and `name-learned`, which follows from the script (evaluation/derived.py)."""

DERIVED = frozenset({"name-learned"})

UNSIGNED: Mapping[str, str] = {"ask": "ask+"}
"""A code that is only ever doubtful, and the code whose opportunity it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One label in time: somebody claims `meaning` of what was said between `start` and `end`."""

    meaning: Meaning
    start: Seconds
    end: Seconds
    unsure: bool = False
    words: str = ""
    speaker: Party | None = None  # whose turn it stands on; None: `meaning.on`


def meaning_of(behaviour: str, verdict: Verdict, kind: str, speaker: Party) -> Meaning:
    """The row for a label in words; what the table does not know (a custom behaviour) gets its own."""
    for row in _ROWS:
        same = row.behaviour == behaviour and row.verdict is verdict
        if same and row.kind in ("", kind):
            return row
    code = " ".join(part for part in (behaviour, verdict.value, kind) if part)
    return Meaning(code, speaker, behaviour, verdict, kind, reach=EXCHANGE)
