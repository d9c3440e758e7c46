"""`callcue behaviours`: the catalogue to read, a team's file checked, and tried on lines and calls."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from detectors.base import catalogue
from service.behaviours import read_behaviours
from service.trial import Figures, Labelled, Part, Tally, figures, read_lines, suggest, try_lines
from streaming.errors import ConfigError
from streaming.events import Party
from tests.cli.running import callcue

REPO = Path(__file__).parents[2]
EXAMPLE = REPO / "docs" / "examples" / "behaviours.toml"
LINES = REPO / "docs" / "examples" / "behaviours.tsv"
CALL = """
id: x
domain: energy
temper: calm
agent: Ann Lee (f, uk)
customer: Bo Ray (m, us)
name_known: no

A: Hello, this is Ann.
C: I'd like to cancel my contract with you.
A: May I ask why you want to leave?
"""
ROW = r"(custom\.\w+) +(\w+) +(dev|test) +(\d+) +(\d+) +(\d+)"
HEAD = '[[behaviour]]\nid = "custom.it"\ntitle = "It"\nmeaning = "It is said."\n'


def test_list_and_show_tell_what_is_judged_own_ones_among_it(tmp_path: Path) -> None:
    own = {"CALLCUE_BEHAVIOURS": str(EXAMPLE)}
    listed = callcue("behaviours", "list", cwd=tmp_path, **own)
    assert listed.status == 0
    assert all(key in listed.out for key in (*catalogue(), "custom.leaving"))
    shown = callcue("behaviours", "show", "custom.leaving", cwd=tmp_path, **own)
    assert "May I ask what made you decide to leave?" in shown.out and "turns = 2" in shown.out
    built_in = callcue("behaviours", "show", "emotion.leakage", cwd=tmp_path)
    assert "reply_seconds = 3" in built_in.out
    unknown = callcue("behaviours", "show", "custom.leaving", cwd=tmp_path)
    assert unknown.status == 2 and "no behaviour is called custom.leaving" in unknown.err


@pytest.mark.weights
def test_the_worked_example_of_the_docs_does_what_the_docs_say(tmp_path: Path) -> None:
    ran = callcue("behaviours", "test", EXAMPLE, "--lines", LINES, cwd=tmp_path)
    assert ran.status == 0, ran.err
    rows = re.findall(ROW, ran.out)
    right, false, missed = (sum(int(row[at]) for row in rows) for at in (3, 4, 5))
    assert len(rows) == 10 and false <= 1 and right > missed
    page = (REPO / "docs" / "custom-behaviours.md").read_text(encoding="utf-8")
    shown = {row[:3]: row[3:] for row in re.findall(ROW, page)}
    for name, kind, part, *counts in rows:  # a last place may fall otherwise on another processor
        told = shown[name, kind, part]
        assert all(abs(int(one) - int(other)) <= 1 for one, other in zip(told, counts, strict=True))


@pytest.mark.weights
def test_test_lines_are_never_shown_or_chosen_by(tmp_path: Path) -> None:
    ran = callcue("behaviours", "test", EXAMPLE, "--lines", LINES, cwd=tmp_path)
    labelled = read_lines(LINES, read_behaviours(EXAMPLE))
    numbers = {int(number) for number in re.findall(r"^  line (\d+) ", ran.out, re.MULTILINE)}
    assert numbers and numbers <= {one.number for one in labelled if one.part == "dev"}


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("behaviour = ", "mine.toml: Invalid value"),
        ("[other]\n", "holds [[behaviour]] tables and nothing else"),
        ("", "0 behaviours"),
        ('[[behaviour]]\nid = "custom.it"\n', "behaviour 1 (custom.it): title: Field required"),
        (HEAD, "behaviour 1 (custom.it): says neither what is delivered"),
        (HEAD + '[behaviour.delivered]\nexamples = ["One."]', "delivered: 3 examples at least"),
        (
            HEAD + '[behaviour.delivered]\nphrase = ["One."]',
            "delivered.phrase: Extra inputs are not permitted",
        ),
        (HEAD + '[behaviour.delivered]\nphrases = ["a (b"]', "delivered.phrases.1: brackets do not match"),
        (
            HEAD + '[behaviour.delivered]\nphrases = ["ok", "{who} b"]',
            "delivered.phrases.2: there are no lists",
        ),
        (
            HEAD + '[behaviour.delivered]\nphrases = ["..20 a ..20 b ..20 c ..20 d"]',
            "delivered.phrases.1: too many brackets",
        ),
        (
            HEAD + '[behaviour.opens]\nwhen = "said"\n[behaviour.delivered]\nphrases = ["a"]',
            'opens: examples or phrases belong to when = "said"',
        ),
        (
            HEAD + '[behaviour.opens]\nwhen = "start"\n[behaviour.harmful]\nphrases = ["a"]',
            'when = "start" asks for something',
        ),
        (
            HEAD + "[behaviour.harmful]\nphrases = ['a']\n[behaviour.thresholds]\nharmful = 2",
            "thresholds.harmful",
        ),
        (
            HEAD.replace("custom.it", "emotion.it") + "[behaviour.harmful]\nphrases = ['a']",
            "is callcue's own",
        ),
        (
            2 * (HEAD + "[behaviour.harmful]\nphrases = ['a']\n"),
            "behaviour 2 (custom.it): this id stands twice",
        ),
        (
            HEAD + "[behaviour.harmful]\nphrases = ['a']\n[[behaviour.alert]]\nverdict = 'harmful'\n"
            "title = 'T'\ncoaching = 'C'\nfollow = ['custom.other']",
            "no behaviour is called custom.other",
        ),
        (
            HEAD + '[behaviour.delivered]\nphrases = ["a ..19998 b"]',
            "delivered.phrases.1: ..N passes over 20 words at most",
        ),
        (
            HEAD + '[behaviour.delivered]\nphrases = ["wait ..."]',
            "delivered.phrases.1: two dots need a number",
        ),
        (HEAD + "version = " + 5000 * "9", "a number is too long"),
        ("a = " + 100_000 * "[", "nested too deep"),
        (HEAD + "# " + (1 << 20) * "x", "is larger than 1 MiB"),
        (
            HEAD.replace("custom.it", r"\u001b[2J\nit"),
            r"behaviour 1 ('\x1b[2J\nit'): id: String should match",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_row_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    ran = callcue("behaviours", "test", path, cwd=tmp_path)
    assert ran.status == 2
    assert str(path) in ran.err and complaint in ran.err


def test_faults_do_not_quote_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + '[behaviour.delivered]\nexamples = "My card is four one"', encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        read_behaviours(path)
    assert "four one" not in told.value.message


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("speaker\texpected\ttext\nagent\tdelivered\tHi\n", ":2: of which behaviour? The file has 3"),
        ("speaker\texpected\ttext\nagent\tgood\tHi\n", ":2: expected is delivered, missed, harmful, opens"),
        ("speaker\ttext\nboss\tHi\n", ":2: speaker: Input should be 'agent' or 'customer'"),
        ("speaker\tbehaviour\ttext\nagent\tcustom.x\tHi\n", ":2: the file has no behaviour custom.x"),
        (
            "speaker\tbehaviour\texpected\ttext\nagent\tcustom.price_promise\tmissed\tHi\n",
            ":2: custom.price_promise does not tell what missed sounds like",
        ),
        ("speaker\ttext\n", "holds no labelled lines"),
    ],
)
def test_what_is_wrong_in_labelled_lines_is_told_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "lines.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        read_lines(path, read_behaviours(EXAMPLE))
    assert complaint in told.value.message


def test_json_lines_say_the_same_as_tab_separated_ones(tmp_path: Path) -> None:
    tabs, objects = tmp_path / "lines.tsv", tmp_path / "lines.jsonl"
    tabs.write_text('speaker\texpected\ttext\nagent\t\tHe said "fine".\n', encoding="utf-8")
    objects.write_text('{"speaker": "agent", "text": "He said \\"fine\\"."}\n', encoding="utf-8")
    behaviours = read_behaviours(EXAMPLE)
    one, other = read_lines(tabs, behaviours), read_lines(objects, behaviours)
    assert [(line.text, line.behaviour, line.part) for line in one] == [
        (line.text, line.behaviour, line.part) for line in other
    ]
    assert len(one) == 3  # a line that names no behaviour and expects nothing is of all


def answers(part: Part, *scores: tuple[float, bool]) -> Tally:
    from service.trial import Answer

    tally = Tally("custom.it", "delivered", 0.5)
    for number, (score, right) in enumerate(scores):
        line = Labelled(
            number=number,
            behaviour="custom.it",
            speaker=Party.AGENT,
            text=str(number),
            expected="delivered" if right else "",
            part=part,
        )
        tally.answers.append(Answer(line, score, score >= 0.5))
    return tally


RIGHTS = [(0.9, True), (0.8, True), (0.7, True), (0.62, True), (0.6, True)]
WRONGS = [(0.4, False)] + [(0.1, False)] * 9


def test_a_threshold_is_suggested_in_the_middle_of_those_that_do_as_well() -> None:
    found = suggest(answers("dev", *RIGHTS, *WRONGS), 0.9)
    assert found is not None and found.reached and found.threshold == pytest.approx(0.5, abs=0.02)


def test_no_threshold_is_suggested_from_test_lines_or_from_a_few() -> None:
    assert suggest(answers("test", *RIGHTS, *WRONGS), 0.9) is None
    assert suggest(answers("dev", *RIGHTS[:3], *WRONGS), 0.9) is None
    assert suggest(answers("dev", *RIGHTS, *WRONGS[:4]), 0.9) is None


def test_where_none_is_precise_enough_the_most_precise_is_named_so() -> None:
    found = suggest(answers("dev", *RIGHTS, *WRONGS, (0.95, False), (0.97, False)), 0.9)
    assert found is not None and not found.reached


def test_figures_count_what_was_found_and_what_not() -> None:
    tally = answers("dev", (0.9, True), (0.4, True), (0.8, False), (0.1, False))
    assert figures(tally, tally.of("dev")) == Figures(right=1, false=1, missed=1)
    assert figures(tally, tally.of("dev"), 0.3) == Figures(right=2, false=1, missed=0)


def test_a_line_counts_only_for_who_can_say_it() -> None:
    behaviours = read_behaviours(EXAMPLE)
    lines = [
        Labelled(number=1, behaviour="custom.leaving", speaker=who, text="Hi there.", expected="", part="dev")
        for who in Party
    ]
    tried = {tally.kind: len(tally.answers) for tally in try_lines(behaviours, lines, None)}
    assert tried == {"delivered": 1, "missed": 1, "opens": 1, "harmful": 0}


@pytest.mark.weights
def test_calls_that_nobody_labelled_show_what_would_be_found(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "one.call").write_text(CALL, encoding="utf-8")
    ran = callcue("behaviours", "test", EXAMPLE, "--calls", folder, cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert re.search(r"one +[\d.]+ s +custom\.leaving delivered", ran.out)
    folder.rename(tmp_path / "held_out")
    closed = callcue("behaviours", "test", EXAMPLE, "--calls", tmp_path / "held_out", cwd=tmp_path)
    assert closed.status == 2 and "only for measuring" in closed.err
