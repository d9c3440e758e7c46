"""`python -m evaluation.limits`: how sure the turn reader must be, chosen on ``calls/tune``.

For every opinion (`detectors.opinions`) two limits, by verdict: from `surely` on the reader is believed
alone, below `hardly` the judge is not believed. They are the pair that finds most (F1) among those that are
right often enough on calls that neither the reader nor any rule has seen; a code with too few labels there
keeps its judge as it is. Writes ``detectors/learnt/limits.toml``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import detectors
from detectors import JUDGES
from detectors.opinions import INSIDE
from detectors.second import Opinion, SecondOpinion
from detectors.temper import Temper
from detectors.turns import Turn
from evaluation.cases import Case
from evaluation.judging import judge, judging_everything
from evaluation.labels import Moment
from evaluation.run import events_under
from evaluation.sets import TEXT, own_set
from service.settings import Settings
from streaming.events import CallInfo, Detection, Event, Party, Verdict
from streaming.ports import DetectorFactory, Policy

LIMITS = Path(detectors.__file__).parent / "learnt" / "limits.toml"
LEAST_LABELS = 12
PRECISE = {"missed": 0.85, "harmful": 0.9, "delivered": 0.85, "observed": 0.85}
"""The least precision by verdict: an accusation must be right more often than praise.

It is lower than what is asked of the figures, because the writers of ``calls/tune`` left labels out: what the
rules find there is right .1 less often than on the calls whose labels were written with more care. That of
`took` and `missed` is worst (.63, .69 against .88, .86), so acknowledgement is left to the rules.
"""

CHOSEN_ON = (("tune", TEXT), ("dev", "tel20-base"))
"""Found most on the first, and right often enough on both; the reader has learnt from neither."""

_STEPS = [round(0.02 * step, 2) for step in range(51)]
_NEVER, _ALWAYS = 2.0, 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """One turn for one opinion: the reader's score, whether the judge found it, and the label (1, 0, -1)."""

    score: float
    found: bool
    side: int


@dataclass(slots=True)
class _Heard:
    turns: dict[int, tuple[Turn, Mapping[str, float]]] = field(default_factory=dict)
    found: set[tuple[int, str]] = field(default_factory=set)


class _Witness(SecondOpinion):
    """Lets nothing through, and writes down what it would have had to decide on."""

    heard: _Heard

    def _let_through(self, found: Iterable[Detection]) -> Iterator[Detection]:
        for one in found:
            opinion = self._opinion(one)
            read = self._read_of(one, opinion.on, opinion.after) if opinion is not None else None
            stands = opinion is not None and one.verdict is opinion.verdict and not one.provisional
            if opinion is not None and read is not None and stands:
                self.heard.found.add((read.turn.number, opinion.code))
        yield from ()

    def _added(self, read: object) -> Iterator[Detection]:
        for number, one in self._reads.items():
            self.heard.turns[number] = (one.turn, one.scores)
        yield from ()


def answers(case: Case, events: Iterable[Event], policy: Policy, name: str) -> dict[str, list[Answered]]:
    """What the judge `name` and the reader said of every turn of `events`, by code."""
    factory, opinions = JUDGES[name]
    inside = INSIDE.get(name, ())
    heard = _Heard()

    def make(call: CallInfo, policy: Policy) -> _Witness:
        plain = replace(policy, reader=None)
        witness = _Witness(factory(call, plain), (*opinions, *inside), call, policy)
        witness.heard = heard
        return witness

    factories: dict[str, DetectorFactory] = {name: make}
    ready = replace(judging_everything(Settings()), factories=factories, policy=policy)
    failed = judge(case.info, events, ready).failed
    if failed:
        raise RuntimeError(f"{name} failed on {case.name}: {failed}")
    return {one.code: [*_answered(case, heard, one)] for one in (*opinions, *inside)}


def _answered(case: Case, heard: _Heard, opinion: Opinion) -> Iterator[Answered]:
    temper = Temper()
    for number, (turn, scores) in sorted(heard.turns.items()):
        if turn.speaker is Party.AGENT:
            temper.answered(scores["leak"])
        if turn.speaker is opinion.on and (at := _place(case, turn)) is not None:
            side = _side(case, at, opinion)
            score = scores[opinion.code]
            if opinion.alone:
                yield Answered(temper.shows(number, score, turn.lines[-1]), False, side)
            else:
                yield Answered(score, (number, opinion.code) in heard.found, side)


def side_of(case: Case, turn: Turn, code: str) -> int:
    """The label of `turn`: 1, 0, or -1 where a fair judge may differ or nothing was labelled there."""
    [opinion] = [one for some in INSIDE.values() for one in some if one.code == code]
    at = _place(case, turn)
    return -1 if at is None else _side(case, at, opinion)


def _place(case: Case, turn: Turn) -> int | None:
    """Which labelled turn it is."""
    start, end = turn.lines[0].start, turn.lines[-1].end
    mine = [one.speaker is turn.speaker for one in case.turns]
    shared = [
        min(end, one.end) - max(start, one.start) if own else -1.0
        for one, own in zip(case.turns, mine, strict=True)
    ]
    best = int(np.argmax(shared))
    return best if shared[best] > 0 else None


_OF_CUSTOMER = {"took": "ack+", "missed": "ack-"}


def _side(case: Case, at: int, opinion: Opinion) -> int:
    code = _OF_CUSTOMER.get(opinion.code, opinion.code)
    if code != opinion.code:
        at -= 1
    if at < 0 or (code != opinion.code and case.turns[at].speaker is Party.AGENT):
        return 0
    here = [one for one in case.moments if one.start == case.turns[at].start]
    same = [one for one in here if _same_matter(one, opinion)]
    if opinion.once and opinion.adds != "turn" and not same:
        return -1
    if any(one.meaning.code == code and not one.unsure for one in same):
        return 1
    return -1 if any(one.unsure for one in same) else 0


def _same_matter(one: Moment, opinion: Opinion) -> bool:
    same = one.meaning.behaviour == opinion.behaviour
    return same and (one.meaning.verdict is not Verdict.OBSERVED or one.meaning.kind in ("", opinion.kind))


class _Told:
    """What was surely labelled, as arrays."""

    def __init__(self, said: Iterable[Answered]) -> None:
        told = [one for one in said if one.side >= 0]
        self.sides = np.array([one.side for one in told], bool)
        self._scores = np.array([one.score for one in told])
        self._found = np.array([one.found for one in told], bool)

    def claimed(self, hardly: float, surely: float) -> NDArray[np.bool_]:
        return (self._found & (self._scores >= hardly)) | (self._scores >= surely)

    def precision(self, claimed: NDArray[np.bool_]) -> float:
        """0 where nothing is right."""
        return float((claimed & self.sides).sum() / max(1, claimed.sum()))

    def f1(self, claimed: NDArray[np.bool_]) -> float:
        return float(2 * (claimed & self.sides).sum() / max(1, claimed.sum() + self.sides.sum()))


def limits(
    said: Iterable[Answered], precise: float, *, also: Iterable[Answered] = (), once: bool = False
) -> tuple[float, float] | None:
    """(hardly, surely); None where there are too few labels to choose by.

    `also` is what was heard on the telephone, with words wrong: there too it must be right as often.

    What is judged `once` a call is judged either way, so the pair that is right most often is chosen.
    """
    told, heard = _Told(said), _Told(also)
    if told.sides.sum() < LEAST_LABELS:
        return None
    best: tuple[float, float, float] | None = None
    for hardly in _STEPS:
        for surely in [step for step in _STEPS if step >= max(hardly, 0.4)] + [_NEVER]:
            claimed = told.claimed(hardly, surely)
            if told.precision(claimed) < precise:
                continue
            if heard.sides.sum() >= LEAST_LABELS and heard.precision(heard.claimed(hardly, surely)) < precise:
                continue
            good = float((claimed == told.sides).mean()) if once else told.f1(claimed)
            if best is None or good > best[0] + 1e-9:
                best = (good, hardly, surely)
    return (best[1], best[2]) if best is not None else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation.limits")
    parser.add_argument("--out", type=Path, default=LIMITS)
    asked = parser.parse_args()
    policy = judging_everything(Settings()).policy
    text = "# How sure the turn reader must be: chosen by `python -m evaluation.limits`, not by hand.\n"
    chosen: dict[str, list[str]] = {}
    for name, (_, opinions) in JUDGES.items():
        written, heard = (_asked(which, condition, policy, name) for which, condition in CHOSEN_ON)
        for opinion in (*opinions, *INSIDE.get(name, ())):
            rows = _rows(opinion, written[opinion.code], heard[opinion.code])
            chosen.setdefault(opinion.behaviour, []).extend(rows)
    for behaviour, lines in chosen.items():
        text += "\n".join(["", f'["{behaviour}"]', *lines, ""])
    asked.out.write_text(text, encoding="utf-8")


def _asked(which: str, condition: str, policy: Policy, name: str) -> dict[str, list[Answered]]:
    labelled = own_set(which)
    said: dict[str, list[Answered]] = {}
    for case in labelled.cases:
        for code, found in answers(case, events_under(labelled, case, condition) or (), policy, name).items():
            said.setdefault(code, []).extend(found)
    return said


def _rows(opinion: Opinion, said: list[Answered], heard: list[Answered]) -> Iterator[str]:
    once = opinion.once and opinion.adds != "turn"
    chosen = limits(said, PRECISE[opinion.verdict], also=heard, once=once)
    hardly, surely = chosen if chosen is not None else (_ALWAYS, _NEVER)
    told = [one for one in said if one.side >= 0]
    claimed = [one for one in told if (one.found and one.score >= hardly) or one.score >= surely]
    right, labels = (sum(one.side for one in some) for some in (claimed, told))
    alone = [one.side for one in told if one.found]
    yield (
        f"# {opinion.code}: {right} right of {len(claimed)}, of {labels} labelled; "
        f"the judge alone {sum(alone)} of {len(alone)}"
    )
    yield f"{opinion.name}_hardly = {hardly}"
    yield f"{opinion.name}_surely = {surely}"


if __name__ == "__main__":
    main()
