"""What the turn reader learns from: every turn with the two before it, and what is told of it."""

from __future__ import annotations

from evaluation.learn import LABELS, items
from evaluation.script import parse_call

CALL = """id: x
domain: test
temper: calm
agent: Ann Lee (f, us)
customer: Bob Ray (m, uk)
name_known: no

A: Hello, this is Ann. | greet+
C: My order, [A: mm-hmm] number four, never came. | ack-
A: Your postcode. | ask- ~leak
C: I'd rather have my order. | frus ~ack+
A: Let me find it.
"""


def side(turn: int, label: str) -> float:
    return float(items([parse_call(CALL, name="x")])[turn].sides[LABELS.index(label)])


def test_a_turn_is_read_with_what_came_before_and_without_back_channels() -> None:
    found = items([parse_call(CALL, name="x")])
    assert found[0].before == "" and found[0].text == "agent: hello, this is ann"
    assert found[2].before == "agent: hello, this is ann . customer: my order, number four, never came"
    assert found[2].text == "agent: your postcode"


def test_labels_are_told_of_whom_they_concern() -> None:
    assert side(2, "ask-") == 1.0 and side(2, "neg") == 0.0
    assert side(2, "leak") == -1.0  # a fair judge might differ
    assert side(2, "frus") == -1.0 and side(3, "frus") == 1.0


def test_what_the_customer_stated_is_told_of_the_answer() -> None:
    assert side(2, "missed") == 1.0 and side(2, "took") == 0.0
    assert side(4, "missed") == side(4, "took") == -1.0  # in doubt
    assert side(1, "missed") == -1.0
