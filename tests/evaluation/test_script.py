"""The `.call` form is read as LABELS.md says, and what is wrong in it is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evaluation.script import BackChannel, Mark, ScriptError, parse_call, read_call
from evaluation.sets import CALLS, HERE, OWN
from streaming.errors import ConfigError
from streaming.events import Party
from tests.evaluation.written import HEADER, call

LABELS = (HERE / "LABELS.md").read_text(encoding="utf-8")


def test_the_example_of_labels_md_is_a_call() -> None:
    example = re.search(r"```\n(id: .*?)```", LABELS, re.DOTALL)
    assert example is not None
    read = parse_call(example[1], name="example")
    assert read.agent.name == "Claire Bennett" and (read.customer.sex, read.customer.accent) == ("m", "us")
    assert not read.name_known
    assert read.turns[1].back_channels == (BackChannel(Party.AGENT, "mm-hmm", 6),)
    assert read.turns[1].text.startswith("Hi Claire. It's my router, it drops")
    assert [one.code for one in read.turns[0].marks] == ["greet+"]
    assert (read.turns[4].gap, read.turns[5].silence, read.turns[5].gap) == (1.0, 8.0, 0.0)
    assert read.turns[6].gap == -0.8


def test_a_label_may_be_unsure_and_point_at_words() -> None:
    (turn,) = call("A: Thanks, and thanks again. | thanks=thanks_again ~sorry").turns
    assert turn.marks == (Mark("thanks", "thanks again"), Mark("sorry", unsure=True))


def test_silences_music_and_cut_offs() -> None:
    read = call("A: Bear with me.", "…20 music", "A: Thanks for--", "C -0.8: No no", "…6")
    assert (read.turns[1].silence, read.turns[1].music, read.turns[1].gap) == (20.0, True, 0.0)
    assert read.turns[1].cut_off and read.turns[1].text == "Thanks for"
    assert (read.tail, read.tail_music) == (6.0, False)


def test_a_dash_alone_is_no_word() -> None:
    assert call("C: I -- I don't know.").turns[0].words == ("I", "I", "don't", "know.")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("A: Hello. | hello", "unknown label"),
        ("A: Hello. | ack+", "belongs on the customer's turns"),
        ("A: Your address? | ask", "unknown label"),  # only ever unsure
        ("C: It's James. | name-learned", "unknown label"),  # follows from the script
        ("A: So [A: mm] you said", "back-channel"),
        ("B: Hello.", "not a turn"),
        ("A: … | thanks", "without words"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line: str, told: str) -> None:
    with pytest.raises(ScriptError, match=told) as error:
        parse_call(f"{HEADER}\nA: Hello.\n{line}\n", name="c1", where="my.call")
    assert error.value.message.startswith("my.call:9: ") and isinstance(error.value, ConfigError)


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("domain: home internet\n", "", "lacks domain"),
        ("(f, uk)", "(f, fr)", "agent must be as"),
        ("name_known: no", "name_known: maybe", "yes or no"),
        ("temper: calm", "temper: calm\ntemper: cross", "twice"),
        ("temper: calm", "mood: calm", "not a header line"),
    ],
)
def test_a_wrong_header_is_told(wrong: str, right: str, told: str) -> None:
    with pytest.raises(ScriptError, match=re.escape(told)):
        parse_call(HEADER.replace(wrong, right) + "\nA: Hello.\n", name="c1")


def test_a_call_without_turns_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="no turns"):
        parse_call(HEADER, name="c1")
    (tmp_path / "c.call").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScriptError, match="UTF-8"):
        read_call(tmp_path / "c.call")


@pytest.mark.parametrize("which", OWN)
def test_every_call_of_ours_is_read_and_labelled_by_the_rules(which: str) -> None:
    """Of the held-out calls nothing but numbers may reach an assertion's message."""
    wrong = 0
    for path in sorted((CALLS / which).glob("*.call")):
        codes = [mark.code for turn in read_call(path).turns for mark in turn.marks]
        opened = codes.count("greet+") + codes.count("greet-")
        closed = codes.count("close+") + codes.count("close-")
        settled = codes.count("settled+") + codes.count("settled-")
        wrong += opened != 1 or closed > 1 or settled > 1
    assert wrong == 0
