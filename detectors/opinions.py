"""What the turn reader may say beside each judge: its codes (evaluation/LABELS.md) as judgements."""

from __future__ import annotations

from detectors.second import Opinion
from streaming.events import Party, Verdict

_A, _C = Party.AGENT, Party.CUSTOMER


def _agent(
    code: str, behaviour: str, verdict: Verdict, note: str, kind: str = "", after: Party | None = None
) -> Opinion:
    return Opinion(code=code, on=_A, behaviour=behaviour, verdict=verdict, kind=kind, note=note, after=after)


def _customer(code: str, behaviour: str, verdict: Verdict, note: str, kind: str = "") -> Opinion:
    return Opinion(code=code, on=_C, behaviour=behaviour, verdict=verdict, kind=kind, note=note)


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
        _C,
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
        "The agent says that the agent is willing to help.",
    ),
)
EMOTION = (
    _agent(
        "steady",
        "emotion.leakage",
        Verdict.DELIVERED,
        "The agent answers the frustrated customer steadily.",
        "steady",
        _C,
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
    ),
    _customer("ease", "emotion.recovery", Verdict.DELIVERED, "The customer eases after a good answer."),
)
SERVICE = (
    _agent("check", "listening.comprehension", Verdict.DELIVERED, "The agent checks what was understood."),
    _agent("pos", "language.positive", Verdict.DELIVERED, "The agent says what can be done."),
    _agent("neg", "language.positive", Verdict.MISSED, "The agent says no and offers no way."),
    _agent("own+", "service.ownership", Verdict.DELIVERED, "The agent takes it on."),
    _agent("own-", "service.ownership", Verdict.MISSED, "The agent sends the customer away with it."),
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
    _customer("effort", "service.effort", Verdict.OBSERVED, "The customer tells of effort."),
    _customer("wants-boss", "service.escalation", Verdict.OBSERVED, "The customer asks for a supervisor."),
    _customer("settled", "service.resolution", Verdict.OBSERVED, "The customer confirms that it is settled."),
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
