"""Small labelled calls for tests, and detections placed by hand."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.cases import Case, case_of
from evaluation.judging import Judged
from evaluation.labels import CODES, Meaning
from evaluation.matching import Outcome, match
from evaluation.script import Call, parse_call
from streaming.events import Detection, Evidence, Party, Seconds, Severity, Utterance

HEADER = """\
id: c1
domain: home internet
temper: calm
agent: Claire Bennett (f, uk)
customer: James Walker (m, us)
name_known: no
"""


def call(*lines: str, name: str = "c1") -> Call:
    return parse_call(HEADER + "\n" + "\n".join(lines) + "\n", name=name)


def case(*lines: str, name: str = "c1") -> Case:
    return case_of(call(*lines, name=name))


def detection(
    code: str,
    start: Seconds,
    end: Seconds,
    *,
    speaker: Party | None = None,
    confidence: float = 0.9,
    evidence: tuple[Evidence, ...] = (),
) -> Detection:
    """One that claims what a label of that code does."""
    meaning: Meaning = CODES[code]
    return Detection(
        id=f"{meaning.behaviour}@{start}/{code}",
        behaviour=meaning.behaviour,
        verdict=meaning.verdict,
        kind=meaning.kind,
        speaker=speaker or meaning.on,
        start=start,
        end=end,
        at=end + 0.5,
        confidence=confidence,
        severity=Severity.INFO,
        evidence=evidence,
    )


def on_turn(case: Case, number: int, code: str, **options: float) -> Detection:
    turn = case.turns[number]
    return detection(code, turn.start, turn.end, speaker=turn.speaker, **options)


def matched(
    case: Case, code: str, detections: Sequence[Detection], utterances: Sequence[Utterance] = ()
) -> Outcome:
    judged = Judged(tuple(detections), {one.id: one for one in utterances}, {})
    return match(case, judged, [CODES[code]])[code]


def counts(outcome: Outcome) -> tuple[int, int, int]:
    """Right, false, missed."""
    return len(outcome.pairs), len(outcome.false), len(outcome.missed)
