"""What the turn reader may say beside each judge: its codes (evaluation/LABELS.md) as judgements."""

from __future__ import annotations

from typing import Literal

from detectors.second import Opinion
from streaming.events import Party, Verdict

_A, _C = Party.AGENT, Party.CUSTOMER


def _agent(
    code: str,
    behaviour: str,
    verdict: Verdict,
    note: str,
    kind: str = "",
    *,
    after: Party | None = None,
    adds: Literal["turn", "over"] = "turn",
    first: bool = False,
    upset: bool = False,
) -> Opinion:
    return Opinion(
        code=code,
        on=_A,
        behaviour=behaviour,
        verdict=verdict,
        kind=kind,
        note=note,
        after=after,
        adds=adds,
        first=first,
        upset=upset,
    )


def _noticed(code: str, behaviour: str, note: str, kind: str = "", *, first: bool = False) -> Opinion:
    """Of the customer's, as the judges call it."""
    return Opinion(
        code=code,
        on=_C,
        behaviour=behaviour,
        verdict=Verdict.OBSERVED,
        kind=kind,
        called=Verdict.OBSERVED.value,
        note=note,
        first=first,
    )


COURTESY = (
    Opinion(
        code="greet+",
        on=_A,
        behaviour="courtesy.greeting",
        verdict=Verdict.DELIVERED,
        note="The greeting has at least two of a greeting, the agent's name and an offer of help.",
        missing="The greeting leaves room for a greeting, the agent's name, and an offer of help.",
        once=True,
        adds="never",
    ),
    Opinion(
        code="close+",
        on=_A,
        behaviour="courtesy.closing",
        verdict=Verdict.DELIVERED,
        note="The closing is warm.",
        missing="The closing leaves room for a welcome, an offer of more help, and a wish.",
        once=True,
        adds="end",
    ),
    _agent("thanks", "courtesy.words", Verdict.OBSERVED, "The agent thanks the customer.", "thanks"),
    _agent("sorry", "courtesy.words", Verdict.OBSERVED, "The agent apologises.", "apology"),
    _agent("please", "courtesy.words", Verdict.OBSERVED, "The agent says please.", "please"),
    _agent(
        "curt",
        "courtesy.please_thanks",
        Verdict.HARMFUL,
        "The agent gives a curt answer where more was owed.",
        "curt",
        after=_C,
        adds="over",
    ),
    _agent(
        "ask-",
        "courtesy.request_form",
        Verdict.MISSED,
        "The agent demands it, without a friendly form.",
        "demand",
    ),
    _agent("ask+", "courtesy.request_form", Verdict.DELIVERED, "The agent asks in a friendly form."),
    _agent(
        "will+",
        "courtesy.willingness",
        Verdict.DELIVERED,
        "The request is met with readiness to help.",
        first=True,
    ),
)
EMOTION = (
    _agent(
        "steady",
        "emotion.leakage",
        Verdict.DELIVERED,
        "The agent answers the frustrated customer steadily.",
        "steady",
        after=_C,
        adds="over",
        upset=True,
    ),
    _agent(
        "empathy+",
        "emotion.empathy",
        Verdict.DELIVERED,
        "The agent names what the customer is going through.",
        after=_C,
    ),
    _agent(
        "empathy-",
        "emotion.empathy",
        Verdict.MISSED,
        "The customer told of trouble, and the agent's answer passes it over.",
        after=_C,
        adds="over",
        upset=True,
    ),
    Opinion(
        code="ease",
        on=_C,
        behaviour="emotion.recovery",
        verdict=Verdict.DELIVERED,
        note="The customer eases after a good answer.",
    ),
)
SERVICE = (
    _agent("check", "listening.comprehension", Verdict.DELIVERED, "The agent checks what was understood."),
    _agent("pos", "language.positive", Verdict.DELIVERED, "The agent says what can be done.", adds="over"),
    _agent("neg", "language.positive", Verdict.MISSED, "The agent says no and offers no way.", adds="over"),
    _agent("own+", "service.ownership", Verdict.DELIVERED, "The agent takes it on."),
    _agent(
        "own-",
        "service.ownership",
        Verdict.MISSED,
        "The customer is sent to somebody else with it.",
        adds="over",
    ),
    _agent(
        "next",
        "service.next_issue",
        Verdict.DELIVERED,
        "The agent heads off what the customer would call about next.",
    ),
    Opinion(
        code="settled+",
        on=_A,
        behaviour="service.resolution",
        verdict=Verdict.DELIVERED,
        note="The agent asks whether everything is settled.",
        missing="The agent never asks whether everything is settled.",
        once=True,
    ),
    _noticed("effort", "service.effort", "The customer tells of effort."),
    _noticed("wants-boss", "service.escalation", "The customer asks for a supervisor.", "asked"),
    _noticed(
        "settled", "service.resolution", "The customer confirms that it is settled.", "confirmed", first=True
    ),
)

INSIDE = {
    "emotion": (
        _agent("leak", "emotion.leakage", Verdict.HARMFUL, "The answer is of a kind that makes it worse."),
        Opinion(
            code="frus",
            on=_C,
            behaviour="emotion.frustration",
            verdict=Verdict.OBSERVED,
            note="The customer shows frustration.",
            alone=True,
        ),
    )
}
"""What the judge itself asks the reader, because more than one judgement hangs on it."""
