"""A second opinion: what the turn reader says of a turn, beside a judge that goes by words and form.

What the judge found is passed over where the reader hardly believes it (`…_hardly`), and what the reader is
sure of is added where the judge found nothing of that behaviour in the turn (`…_surely`). Both are
thresholds of the catalogue's row, by verdict; a verdict without them is the judge's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from detectors.base import Judge
from detectors.turns import Reading, Turn, Turns
from streaming.events import CallInfo, Detection, Event, Party, Seconds, Utterance, Verdict, WordSpan
from streaming.ports import Detector, DetectorFactory, Policy

_KEPT = 12
"""Turns whose reading is kept: a judge says within them what it says of a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One of the reader's codes as a judgement; `note` says in a sentence what it means."""

    code: str
    on: Party
    behaviour: str
    verdict: Verdict
    kind: str = ""
    note: str
    after: Party | None = None
    """Whose turn must stand right before: an answer needs something to answer."""
    alone: bool = False
    """The reader decides by itself: the judge goes by words only where there is no reader."""
    once: bool = False
    """Judged once a call: what the judge found missing the reader may have heard, and the other way round."""
    adds: Literal["turn", "end", "never"] = "turn"
    """When the reader may say by itself that it was delivered."""
    missing: str = ""
    """The sentence for the opposite, of what is judged once."""

    @property
    def name(self) -> str:
        """What its limits are called."""
        return self.kind or self.verdict.value


@dataclass(slots=True)
class _Read:
    turn: Turn
    scores: Mapping[str, float]
    judged: set[str]  # behaviours


class SecondOpinion(Judge):
    """`judge`, heard together with the reader on what `opinions` name."""

    def __init__(self, judge: Detector, opinions: Sequence[Opinion], call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self.name = judge.name
        self._judge = judge
        self._opinions = opinions
        self._reading = Reading(policy.reader)
        self._turns = Turns()
        self._reads: dict[int, _Read] = {}
        self._of: dict[str, int] = {}  # utterance → its turn
        self._done: set[str] = set()  # of what is judged once a call

    def feed(self, event: Event, /) -> Iterable[Detection]:
        turn = self._turns.feed(event)
        read = self._take(turn) if turn is not None else None
        found = [*self._let_through(self._judge.feed(event))]
        if read is not None and isinstance(event, Utterance):
            found += self._added(read)
        return found

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        found = [*self._let_through(self._judge.finish(at))]
        ends = (one for one in self._opinions if one.adds == "end" and one.behaviour not in self._done)
        return [*found, *(said for one in ends for said in self._at_the_end(one, at))]

    def _take(self, turn: Turn) -> _Read:
        read = self._reads.get(turn.number)
        if read is None:
            read = self._reads[turn.number] = _Read(turn, {}, set())
            self._reads.pop(turn.number - _KEPT, None)
        read.scores = self._reading.of(turn)
        self._of[turn.lines[-1].id] = turn.number
        return read

    # --- what the judge found

    def _let_through(self, found: Iterable[Detection]) -> Iterator[Detection]:
        for one in found:
            opinion = self._opinion(one)
            if opinion is None or one.provisional:
                yield one
            elif opinion.once:
                yield from self._once(one, opinion)
            elif (read := self._read_of(one, opinion)) is None:
                yield one
            elif _matter(opinion) not in read.judged and self._believes(read, opinion):
                read.judged.add(_matter(opinion))
                yield one

    def _opinion(self, one: Detection) -> Opinion | None:
        same = [opinion for opinion in self._opinions if opinion.behaviour == one.behaviour]
        for opinion in same:
            if opinion.verdict is one.verdict and opinion.kind in ("", one.kind):
                return opinion
        judged = one.verdict is not Verdict.OBSERVED
        return next((opinion for opinion in same if opinion.once and judged), None)

    def _believes(self, read: _Read, opinion: Opinion) -> bool:
        return read.scores.get(opinion.code, 1.0) >= self._limit(opinion, "hardly", 0.0)

    def _once(self, one: Detection, opinion: Opinion) -> Iterator[Detection]:
        if opinion.behaviour in self._done:
            return
        self._done.add(opinion.behaviour)
        read = self._read_of(one, opinion)
        if read is None:
            yield one
        elif one.verdict is opinion.verdict:
            yield one if self._believes(read, opinion) else _turned(one, opinion)
        else:
            sure = read.scores.get(opinion.code, 0.0) >= self._limit(opinion, "surely", 2.0)
            yield replace(one, verdict=opinion.verdict, note=opinion.note) if sure else one

    def _at_the_end(self, opinion: Opinion, at: Seconds) -> Iterator[Detection]:
        """What the judge said nothing of, in the last turn of whose it is about."""
        mine = [read for read in self._reads.values() if read.turn.speaker is opinion.on]
        read = max(mine, key=lambda one: one.turn.number, default=None)
        if read is None or read.scores.get(opinion.code, 0.0) < self._limit(opinion, "surely", 2.0):
            return
        self._done.add(opinion.behaviour)
        yield replace(
            self._say(read, opinion, read.scores[opinion.code]), at=max(at, read.turn.lines[-1].end)
        )

    def _read_of(self, one: Detection, opinion: Opinion) -> _Read | None:
        """The newest turn it points at whose speaker it is about; or the answer to the one it points at."""
        spans = [span.utterance_id for span in one.evidence if isinstance(span, WordSpan)]
        where = one.id.partition("@")[2].partition(".")[0]
        numbers = [self._of[key] for key in (*spans, where) if key in self._of]
        reads = [self._reads[number] for number in numbers if number in self._reads]
        about = [read for read in reads if read.turn.speaker is opinion.on]
        if not about and opinion.after is not None and numbers:
            answer = self._reads.get(max(numbers) + 1)
            about = [answer] if answer is not None else []
        return max(about, key=lambda read: read.turn.number, default=None)

    # --- what the reader is sure of

    def _added(self, read: _Read) -> Iterator[Detection]:
        for opinion in self._opinions:
            score = read.scores.get(opinion.code, 0.0)
            mine = opinion.adds == "turn" and read.turn.speaker is opinion.on
            if not mine or score < self._limit(opinion, "surely", 2.0):
                continue
            before = self._reads.get(read.turn.number - 1)
            answers = opinion.after is None or (before is not None and before.turn.speaker is opinion.after)
            known = _matter(opinion) in read.judged or (opinion.once and opinion.behaviour in self._done)
            if answers and not known:
                read.judged.add(_matter(opinion))
                if opinion.once:
                    self._done.add(opinion.behaviour)
                yield self._say(read, opinion, score)

    def _say(self, read: _Read, opinion: Opinion, score: float) -> Detection:
        line, first, last = self._reading.tells(read.turn, opinion.code)
        start, end = line.seconds(first, last)
        evidence = [line.evidence(first, last)]
        if opinion.after is not None:
            evidence.insert(0, self._reads[read.turn.number - 1].turn.lines[-1].whole())
        return self.detect(
            opinion.behaviour,
            opinion.verdict,
            where=f"{line.id}.read",
            start=start,
            end=end,
            at=line.end,
            kind=opinion.kind,
            confidence=round(0.95 * score, 2),
            evidence=tuple(evidence),
            note=opinion.note,
            speaker=opinion.on,
        )

    def _limit(self, opinion: Opinion, which: str, otherwise: float) -> float:
        return self.threshold(opinion.behaviour, f"{opinion.name}_{which}", otherwise)


def _matter(opinion: Opinion) -> str:
    """What a turn is judged of once: a behaviour, or one kind of what is only observed."""
    observed = opinion.verdict is Verdict.OBSERVED
    return f"{opinion.behaviour}.{opinion.kind}" if observed else opinion.behaviour


def _turned(one: Detection, opinion: Opinion) -> Detection:
    return replace(one, verdict=Verdict.MISSED, note=opinion.missing)


def with_second_opinion(factory: DetectorFactory, opinions: Sequence[Opinion]) -> DetectorFactory:
    """`factory`'s judges, each with a second opinion where the policy has a reader."""

    def make(call: CallInfo, policy: Policy) -> Detector:
        judge = factory(call, policy)
        heard = bool(opinions) and policy.reader is not None
        return SecondOpinion(judge, opinions, call, policy) if heard else judge

    return make
