"""Switchboard telephone talk with dialogue acts: not service calls, and what they can show all the same.

Each side of each conversation is taken for the agent once. The acts stand in for labels: `ft` thanks (in
closings, `fc`, it may be), `fa` apology, `b` and its kin back-channels, which no detector may call a curt
answer (whether a real "No." to a friend is one, nobody has labelled), `b^m` the other's phrase repeated and
`bf` reformulated (acknowledgement, and a check of understanding). Of the last two only the recall is told: no
label says what else acknowledges. Times are estimated from the number of words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.cases import Case, Span, joined
from evaluation.events import SECONDS_A_WORD, events_of, said
from evaluation.labels import CODES, Moment
from evaluation.script import spoken
from evaluation.sets import LabelledSet, hash_of
from streaming.errors import ConfigError
from streaming.events import CallInfo, Party, Seconds

NAME = "swda"
ACTS: Mapping[str, tuple[str, ...]] = {
    "ft": ("thanks",),
    "fa": ("sorry",),
    "b^m": ("ack+",),
    "bf": ("ack+", "check"),
}
UNSURE: Mapping[str, tuple[str, ...]] = {"fc": ("thanks",)}
BACK_CHANNELS = frozenset({"b", "bk", "ba", "bh"})
CODES_SHOWN = frozenset({"thanks", "sorry", "curt", "ack+", "check"})
RECALL_ONLY = frozenset({"ack+", "check"})
_GAP: Seconds = 0.3
_TAIL: Seconds = 2.0


def swda(data: Path) -> LabelledSet:
    """Raises `ConfigError` where the conversations are not beside the project."""
    path = data / "swda_text" / "conversations.jsonl"
    if not path.exists():
        raise ConfigError(f"the set {NAME} needs {path}, which is not part of the project")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    cases = [_case(row, agent) for row in rows for agent in ("A", "B")]
    return LabelledSet(
        name=NAME,
        cases=tuple(cases),
        hash=hash_of([path]),
        codes=CODES_SHOWN,
        recall_only=RECALL_ONLY,
    )


def _case(row: Mapping[str, Any], agent: str) -> Case:
    segments = [one for one in row["turns"] if spoken(one["text"])]
    turns = tuple(_spans(segments, agent))
    name = f"{row['id']}-{agent}"
    return Case(
        name=name,
        info=CallInfo(call_id=name, source="replay"),
        turns=turns,
        moments=tuple(_moments(segments, turns)),
        events=events_of(
            [said(one.speaker, spoken(one.text), one.start, one.end) for one in joined(turns)],
            until=turns[-1].end + _TAIL,
        ),
    )


def _spans(segments: Sequence[Mapping[str, str]], agent: str) -> Iterator[Span]:
    """One speaker's segments follow each other without a pause: together they are a turn."""
    at: Seconds = 0.0
    before = ""
    for one in segments:
        at += _GAP if one["speaker"] != before else 0.0
        end = at + SECONDS_A_WORD * len(spoken(one["text"]))
        yield Span(Party.AGENT if one["speaker"] == agent else Party.CUSTOMER, at, end, one["text"])
        at, before = end, one["speaker"]


def _moments(segments: Sequence[Mapping[str, str]], turns: Sequence[Span]) -> Iterator[Moment]:
    for one, span in zip(segments, turns, strict=True):
        if span.speaker is Party.AGENT:
            act = one["act"]
            doubtful = (*UNSURE.get(act, ()), *(() if act in BACK_CHANNELS else ("curt",)))
            for code in (*ACTS.get(act, ()), *doubtful):
                yield Moment(
                    meaning=CODES[code],
                    start=span.start,
                    end=span.end,
                    unsure=code in doubtful,
                    speaker=Party.AGENT,
                )
