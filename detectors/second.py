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
from streaming.events import CallInfo, Detection, Event, Party, Seconds, Tick, Verdict, WordSpan
from streaming.ports import Detector, DetectorFactory, Policy

_KEPT = 12
"""Turns whose reading is kept: a judge says within them what it says of a turn."""
_FRUSTRATION = "emotion.frustration"
_QUIET: Seconds = 3.0
"""Silence of the speaker's after which a turn counts as over, though nobody has answered yet."""


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
    adds: Literal["turn", "over", "end", "never"] = "turn"
    """When the reader may say it by itself: with the words, once the turn is over (what its next words may
    still change: a no that a way follows), at the call's end, or never."""
    first: bool = False
    """Told once a call, of the first turn that shows it."""
    upset: bool = False
    """Only where the judge has lately seen frustration: the reader alone takes a plain matter for trouble."""
    called: str = ""
    """What its limits are called, where not by its kind or verdict."""
    missing: str = ""
    """The sentence for the opposite, of what is judged once."""

    @property
    def name(self) -> str:
        """What its limits go by."""
        return self.called or self.kind or self.verdict.value


@dataclass(slots=True)
class _Read:
    turn: Turn
    scores: Mapping[str, float]
    judged: set[str]  # behaviours
    over: bool = False
    upset: bool = False


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
        self._done: set[str] = set()  # matters of what is judged once a call
        self._now: Seconds = 0.0

    def feed(self, event: Event, /) -> Iterable[Detection]:
        turn = self._turns.feed(event)
        read = self._take(turn) if turn is not None else None
        if isinstance(event, Tick):
            self._now = max(self._now, event.at)
        found = [*self._let_through(self._judge.feed(event))]
        if read is not None:
            before = self._reads.get(read.turn.number - 1)
            found += self._over(before) if before is not None else ()
            found += self._added(read)
        elif isinstance(event, Tick) and (last := self._newest()) is not None and self._is_quiet(last):
            found += self._over(last)
        return found

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        self._now = max(self._now, at)
        found = [*self._let_through(self._judge.finish(at))]
        if (last := self._newest()) is not None:
            found += self._over(last)
        ends = (one for one in self._opinions if one.adds == "end" and _matter(one) not in self._done)
        return [*found, *(said for one in ends for said in self._at_the_end(one))]

    def _take(self, turn: Turn) -> _Read:
        read = self._reads.get(turn.number)
        if read is None:
            read = self._reads[turn.number] = _Read(turn, {}, set())
            self._reads.pop(turn.number - _KEPT, None)
        read.scores, read.over = self._reading.of(turn), False
        self._now = max(self._now, turn.lines[-1].end)
        return read

    def _newest(self) -> _Read | None:
        return self._reads[max(self._reads)] if self._reads else None

    def _is_quiet(self, read: _Read) -> bool:
        quiet = self._now - read.turn.lines[-1].end
        return quiet >= _QUIET and self._turns.floor.speaking(read.turn.speaker) is None

    # --- what the judge found

    def _let_through(self, found: Iterable[Detection]) -> Iterator[Detection]:
        for one in found:
            self._notice(one)
            opinion = self._opinion(one)
            if one.provisional:
                yield one
            elif opinion is None:
                yield from self._beside(one)
            elif opinion.once:
                yield from self._once(one, opinion)
            elif (read := self._read_of(one, opinion.on, opinion.after)) is None:
                yield one
            elif _matter(opinion) not in read.judged | self._done:
                read.judged.add(_matter(opinion))  # disbelieved, it is not turned into its opposite either
                if self._believes(read, opinion):
                    self._tell(opinion)
                    yield one

    def _notice(self, one: Detection) -> None:
        if one.behaviour == _FRUSTRATION and (read := self._read_of(one, one.speaker, None)) is not None:
            read.upset = True

    def _beside(self, one: Detection) -> Iterator[Detection]:
        """Of what the reader has no word for: its turn is told of that, and not told again. Where the reader
        is sure of the opposite, nobody knows."""
        same = [
            opinion
            for opinion in self._opinions
            if opinion.behaviour == one.behaviour and opinion.verdict is not Verdict.OBSERVED
        ]
        if one.verdict is Verdict.OBSERVED or not same:
            yield one
            return
        if any(opinion.first and _matter(opinion) in self._done for opinion in same):
            return
        read = self._read_of(one, same[0].on, same[0].after)
        if read is not None:
            read.judged.add(one.behaviour)
            if any(self._sure(read, other) and _opposite(one.verdict, other.verdict) for other in same):
                return
        for opinion in same:
            self._tell(opinion)
        yield one

    def _tell(self, opinion: Opinion) -> None:
        if opinion.first:
            self._done.add(_matter(opinion))

    def _sure(self, read: _Read, opinion: Opinion) -> bool:
        return read.scores.get(opinion.code, 0.0) >= self._limit(opinion, "surely", 2.0)

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
        if _matter(opinion) in self._done:
            return
        self._done.add(_matter(opinion))
        read = self._read_of(one, opinion.on, opinion.after)
        if read is None:
            yield one
        elif one.verdict is opinion.verdict:
            yield one if self._believes(read, opinion) else _turned(one, opinion)
        else:
            turned = replace(one, verdict=opinion.verdict, note=opinion.note)
            yield turned if self._sure(read, opinion) else one

    def _at_the_end(self, opinion: Opinion) -> Iterator[Detection]:
        """What the judge said nothing of, in the last turn of whose it is about."""
        mine = [read for read in self._reads.values() if read.turn.speaker is opinion.on]
        read = max(mine, key=lambda one: one.turn.number, default=None)
        if read is not None and self._sure(read, opinion):
            self._done.add(_matter(opinion))
            yield self._say(read, opinion)

    def _read_of(self, one: Detection, on: Party, after: Party | None) -> _Read | None:
        """The newest turn of `on` it points at; or, of an answer, the one behind the turn it points at."""
        spans = {span.utterance_id for span in one.evidence if isinstance(span, WordSpan)}
        spans.add(one.id.partition("@")[2].partition(".")[0])
        reads = [read for read in self._reads.values() if any(line.id in spans for line in read.turn.lines)]
        about = [read for read in reads if read.turn.speaker is on]
        if not about and after is not None and reads:
            answer = self._reads.get(max(read.turn.number for read in reads) + 1)
            about = [answer] if answer is not None else []
        return max(about, key=lambda read: read.turn.number, default=None)

    # --- what the reader is sure of

    def _added(self, read: _Read) -> Iterator[Detection]:
        """With the words."""
        for opinion in self._opinions:
            if opinion.adds == "turn" and self._may_say(read, opinion):
                yield self._say(read, opinion)

    def _over(self, read: _Read) -> Iterable[Detection]:
        """Once the turn is over: what its next words could have changed. Nothing of what speaks against
        itself."""
        if read.over:
            return []
        read.over = True
        likely = [one for one in self._opinions if one.adds == "over" and self._may_say(read, one)]
        kinds = [(one.behaviour, one.verdict) for one in likely]
        return [
            self._say(read, one)
            for one in likely
            if not any(one.behaviour == other and _opposite(one.verdict, that) for other, that in kinds)
        ]

    def _may_say(self, read: _Read, opinion: Opinion) -> bool:
        if read.turn.speaker is not opinion.on or not self._sure(read, opinion):
            return False
        before = self._reads.get(read.turn.number - 1)
        answers = opinion.after is None or (before is not None and before.turn.speaker is opinion.after)
        if opinion.upset and not any(one.upset for one in self._reads.values()):
            return False
        return answers and _matter(opinion) not in read.judged | self._done

    def _say(self, read: _Read, opinion: Opinion) -> Detection:
        read.judged.add(_matter(opinion))
        if opinion.first or opinion.once:
            self._done.add(_matter(opinion))
        lines = 1 if opinion.adds == "turn" else len(read.turn.lines)
        line, first, last = self._reading.tells(read.turn, opinion.code, lines=lines)
        start, end = line.seconds(first, last)
        evidence = [line.evidence(first, last)]
        if opinion.after is not None:
            evidence.insert(0, self._reads[read.turn.number - 1].turn.lines[-1].whole())
        return self.detect(
            opinion.behaviour,
            opinion.verdict,
            where=f"{line.id}.read{f'.{opinion.kind}' if opinion.kind else ''}",
            start=start,
            end=end,
            at=max(self._now, line.end),
            kind=opinion.kind,
            confidence=round(0.95 * read.scores[opinion.code], 2),
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


def _opposite(one: Verdict, other: Verdict) -> bool:
    return (one is Verdict.DELIVERED) != (other is Verdict.DELIVERED)


def _turned(one: Detection, opinion: Opinion) -> Detection:
    return replace(one, verdict=Verdict.MISSED, note=opinion.missing)


def with_second_opinion(factory: DetectorFactory, opinions: Sequence[Opinion]) -> DetectorFactory:
    """`factory`'s judges, each with a second opinion where the policy has a reader."""

    def make(call: CallInfo, policy: Policy) -> Detector:
        judge = factory(call, policy)
        heard = bool(opinions) and policy.reader is not None
        return SecondOpinion(judge, opinions, call, policy) if heard else judge

    return make
