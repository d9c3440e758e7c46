"""The label codes of LABELS.md: who they are written on, and what the product would call the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streaming.events import Party, Verdict

_A, _C = Party.AGENT, Party.CUSTOMER
_DELIVERED, _MISSED, _HARMFUL = Verdict.DELIVERED, Verdict.MISSED, Verdict.HARMFUL


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code: on whose turns it stands, and the detection that says the same."""

    code: str
    on: Party
    behaviour: str
    verdict: str  # a `Verdict`, or "observed": a fact that nobody is judged for
    kind: str = ""
    reach: int = 0
    """How many turns before and behind the labelled one a detection may lie on: its span runs over an
    exchange, and detectors and writers put the mark on either end of it."""


_ROWS = (
    Meaning("greet+", _A, "courtesy.greeting", _DELIVERED, reach=2),
    Meaning("greet-", _A, "courtesy.greeting", _MISSED, reach=2),
    Meaning("close+", _A, "courtesy.closing", _DELIVERED, reach=4),
    Meaning("close-", _A, "courtesy.closing", _MISSED, reach=4),
    Meaning("thanks", _A, "courtesy.words", "observed", "thanks"),
    Meaning("please", _A, "courtesy.words", "observed", "please"),
    Meaning("sorry", _A, "courtesy.words", "observed", "apology"),
    Meaning("ask+", _A, "courtesy.request_form", _DELIVERED),
    Meaning("ask-", _A, "courtesy.request_form", _MISSED, "demand"),
    Meaning("curt", _A, "courtesy.please_thanks", _HARMFUL, "curt"),
    Meaning("will+", _A, "courtesy.willingness", _DELIVERED, reach=2),
    Meaning("will-", _A, "courtesy.willingness", _MISSED, reach=2),
    Meaning("hold+", _A, "courtesy.hold", _DELIVERED, reach=2),
    Meaning("hold-", _A, "courtesy.hold", _MISSED, "hold", reach=2),
    Meaning("dead", _A, "courtesy.hold", _MISSED, "dead_air", reach=1),
    Meaning("name", _A, "name.use", _DELIVERED),
    Meaning("name-wrong", _A, "name.use", _HARMFUL, "wrong_name"),
    Meaning("name-forced", _A, "name.use", _HARMFUL, "forced"),
    Meaning("name-unused", _A, "name.use", _MISSED, "unused", reach=99),
    Meaning("leak", _A, "emotion.leakage", _HARMFUL),
    Meaning("steady", _A, "emotion.leakage", _DELIVERED, reach=2),
    Meaning("empathy+", _A, "emotion.empathy", _DELIVERED, reach=2),
    Meaning("empathy-", _A, "emotion.empathy", _MISSED, reach=2),
    Meaning("cut", _A, "listening.interruption", _HARMFUL, reach=1),
    Meaning("check", _A, "listening.comprehension", _DELIVERED),
    Meaning("pos", _A, "language.positive", _DELIVERED),
    Meaning("neg", _A, "language.positive", _MISSED),
    Meaning("own+", _A, "service.ownership", _DELIVERED),
    Meaning("own-", _A, "service.ownership", _MISSED),
    Meaning("esc+", _A, "service.escalation", _DELIVERED, reach=2),
    Meaning("esc-", _A, "service.escalation", _MISSED, reach=2),
    Meaning("next", _A, "service.next_issue", _DELIVERED),
    Meaning("settled+", _A, "service.resolution", _DELIVERED, reach=2),
    Meaning("settled-", _A, "service.resolution", _MISSED, reach=99),
    Meaning("offer", _A, "sales.opening", _DELIVERED, reach=2),
    Meaning("ack+", _C, "listening.acknowledgement", _DELIVERED, reach=2),
    Meaning("ack-", _C, "listening.acknowledgement", _MISSED, reach=2),
    Meaning("ack!", _C, "listening.acknowledgement", _HARMFUL, "wrong_readback", reach=2),
    Meaning("frus", _C, "emotion.frustration", "observed"),
    Meaning("ease", _C, "emotion.recovery", _DELIVERED, reach=2),
    Meaning("effort", _C, "service.effort", "observed"),
    Meaning("wants-boss", _C, "service.escalation", "observed", "wanted"),
    Meaning("abuse", _C, "emotion.abuse", "observed"),
    Meaning("settled", _C, "service.resolution", "observed", "confirmed"),
    Meaning("cue", _C, "sales.opening", "observed", "cue"),
)

CODES: Mapping[str, Meaning] = {row.code: row for row in _ROWS}
"""Every code of LABELS.md. `~ask` is the only one without a sign: see `KNOWN`."""

UNSIGNED: Mapping[str, str] = {"ask": "ask+"}
"""A code that is only ever unsure, and the code whose opportunity it is."""
