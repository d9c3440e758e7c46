"""What holds of the alert desk whatever detectors and supervisors do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.alerts import AlertDesk, AlertPolicy, AlertRule
from streaming.events import (
    Alert,
    AlertUpdate,
    Detection,
    DetectionWithdrawn,
    Event,
    Party,
    Severity,
    Tick,
    Verdict,
)

BEHAVIOURS = ("a", "b", "c", "d")
CLOSING = {"acked", "dismissed", "followed", "expired", "withdrawn"}
RULES = [
    AlertRule(
        behaviour=behaviour,
        verdict=Verdict.MISSED,
        kind=kind,
        severity=severity,
        title=behaviour,
        coaching="",
        count=count,
        in_a_row=count == 2,
        within=within,
        cooldown=cooldown,
        follow_within=20.0,
    )
    for behaviour, kind, severity, count, within, cooldown in [
        ("a", "", Severity.NOTICE, 1, None, 15.0),
        ("a", "x", Severity.CRITICAL, 1, None, 5.0),
        ("b", "", Severity.WARNING, 2, None, 10.0),
        ("c", "", Severity.NOTICE, 3, 12.0, 30.0),
        ("d", "", Severity.CRITICAL, 1, None, 8.0),
    ]
]
POLICY = AlertPolicy(expire_after=12.0, give_way_after=5.0, give_way_to_lower_after=8.0, stale_after=7.0)


@dataclass(frozen=True)
class Answer:
    """A supervisor's click on one of the cards raised so far."""

    pick: int
    dismiss: bool
    useful: bool | None
    at: float


Step = Event | Answer
_KINDS = ["found", "found", "provisional", "final", "withdrawn", "tick", "answer"]


@st.composite
def calls(draw: st.DrawFn) -> list[Step]:
    at, steps, provisional = 0.0, [], []
    for number in range(draw(st.integers(0, 60))):
        at += draw(st.sampled_from([0.0, 0.3, 1.0, 4.0, 9.0]))
        match draw(st.sampled_from(_KINDS)):
            case "found":
                steps.append(draw(detections(f"d{number}", at)))
            case "provisional":
                steps.append(draw(detections(f"d{number}", at, provisional=True)))
                provisional.append(steps[-1])
            case "final" if provisional:
                first = provisional.pop(draw(st.integers(0, len(provisional) - 1)))
                steps.append(draw(detections(first.id, at, behaviour=first.behaviour)))
            case "withdrawn" if provisional:
                first = provisional.pop(draw(st.integers(0, len(provisional) - 1)))
                steps.append(DetectionWithdrawn(id=first.id, at=at))
            case "answer":
                useful = draw(st.sampled_from([None, True, False]))
                steps.append(Answer(draw(st.integers(0, 9)), draw(st.booleans()), useful, at))
            case _:
                steps.append(Tick(at=at))
    return steps


@st.composite
def detections(
    draw: st.DrawFn, key: str, at: float, *, behaviour: str | None = None, provisional: bool = False
) -> Detection:
    return Detection(
        id=key,
        behaviour=behaviour or draw(st.sampled_from(BEHAVIOURS)),
        verdict=draw(st.sampled_from([Verdict.MISSED, Verdict.MISSED, Verdict.DELIVERED])),
        kind=draw(st.sampled_from(["", "x"])),
        speaker=Party.AGENT,
        start=at,
        end=at,
        at=at,
        confidence=draw(st.sampled_from([0.9, 0.9, 0.3])),
        severity=Severity.NOTICE,
        provisional=provisional,
    )


def played(steps: Iterable[Step], policy: AlertPolicy = POLICY) -> list[list[Alert | AlertUpdate]]:
    """What the desk says to each step, and at last to the call's end."""
    desk, raised, said, at = AlertDesk(RULES, policy), [], [], 0.0
    for step in steps:
        at = step.at
        if not isinstance(step, Answer):
            said.append(desk.feed(step))
        elif raised:
            answer = desk.dismiss if step.dismiss else desk.ack
            said.append(answer(raised[step.pick % len(raised)], by="s", useful=step.useful, at=at))
        raised += [one.id for one in (said[-1] if said else []) if isinstance(one, Alert)]
    return [*said, desk.finish(at)]


def flat(said: list[list[Alert | AlertUpdate]]) -> list[Alert | AlertUpdate]:
    return [one for some in said for one in some]


@settings(max_examples=100, deadline=None)
@given(calls())
def test_never_two_cards_are_open_and_none_stays_so(steps: list[Step]):
    open_card = None
    for one in flat(played(steps)):
        if isinstance(one, Alert):
            assert open_card is None
            open_card = one.id
        elif one.id == open_card and one.state in CLOSING:
            open_card = None
    assert open_card is None


@settings(max_examples=100, deadline=None)
@given(calls())
def test_every_alert_is_raised_once_and_only_told_of_afterwards(steps: list[Step]):
    states: dict[str, str] = {}
    for one in flat(played(steps)):
        if isinstance(one, Alert):
            assert one.id not in states
            states[one.id] = "open"
            assert one.count == len(one.detections) > 0
        elif one.state == "merged":
            assert states[one.id] != "withdrawn"
            assert one.count
        else:
            assert (states[one.id], one.state) in _STEPS
            states[one.id] = one.state
    assert set(states.values()) <= CLOSING


_STEPS = {("open", closed) for closed in CLOSING} | {
    ("expired", "acked"),
    ("expired", "dismissed"),
    ("expired", "followed"),
    ("acked", "followed"),
    ("acked", "acked"),
    ("acked", "dismissed"),
    ("dismissed", "acked"),
    ("dismissed", "dismissed"),
    ("followed", "followed"),
    *((closed, "withdrawn") for closed in CLOSING - {"withdrawn"}),
}


@settings(max_examples=100, deadline=None)
@given(calls())
def test_a_rule_interrupts_nobody_twice_within_its_cooldown(steps: list[Step]):
    said = flat(played(steps))
    withdrawn = {one.id for one in said if isinstance(one, AlertUpdate) and one.state == "withdrawn"}
    last: dict[str, float] = {}
    cooldown = {(rule.behaviour, rule.kind): rule.cooldown for rule in RULES}
    for card in said:
        if isinstance(card, Alert) and card.id not in withdrawn:
            kind = card.kind if (card.behaviour, card.kind) in cooldown else ""
            rule = f"{card.behaviour}/{kind}"
            assert card.at - last.get(rule, -100.0) >= cooldown[card.behaviour, kind]
            last[rule] = card.at


@settings(max_examples=100, deadline=None)
@given(calls())
def test_the_same_events_give_the_same_alerts(steps: list[Step]):
    assert played(steps) == played(steps)


@settings(max_examples=100, deadline=None)
@given(calls())
def test_no_card_is_raised_only_to_expire(steps: list[Step]):
    """Nobody could have acted on it, yet a console would show it for a moment, and count it."""
    for said in played(steps):
        raised = {one.id for one in said if isinstance(one, Alert)}
        assert not any(one.id in raised for one in said if isinstance(one, AlertUpdate))


@settings(max_examples=300, deadline=None)
@given(calls())
def test_a_card_that_goes_before_its_time_goes_for_another(steps: list[Step]):
    """Given way to nothing, it would be gone from the console and nobody would know why."""
    raised: dict[str, float] = {}
    for said in played(steps)[:-1]:
        new = {one.id: one.at for one in said if isinstance(one, Alert)}
        for one in said:
            if isinstance(one, AlertUpdate) and one.state == "expired":
                assert new or one.at - raised[one.id] >= POLICY.expire_after
        raised |= new


@settings(max_examples=100, deadline=None)
@given(calls())
def test_no_unprovisional_detection_a_rule_asks_for_is_lost_when_one_is_enough(steps: list[Step]):
    """Behaviour ``d`` alerts on its first detection: every one ends up counted in some card."""
    steps = [step for step in steps if not isinstance(step, Detection) or not step.provisional]
    wanted = {
        step.id
        for step in steps
        if isinstance(step, Detection)
        if (step.behaviour, step.verdict, step.confidence) == ("d", Verdict.MISSED, 0.9)
    }
    patient = replace(POLICY, stale_after=1e6)
    end = max((step.at for step in steps), default=0.0)
    rest = [Tick(at=end + POLICY.expire_after * (more + 1)) for more in range(len(RULES))]
    said = flat(played([*steps, *rest], patient))
    counts = {one.id: one.count for one in said if isinstance(one, Alert) and one.behaviour == "d"}
    for one in said:
        if isinstance(one, AlertUpdate) and one.state == "merged" and one.id in counts:
            counts[one.id] = one.count or 0
    assert sum(counts.values()) == len(wanted)
