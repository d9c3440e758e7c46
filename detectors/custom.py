"""A team's own behaviours: told by example sentences and phrases, judged like any other (pure).

Each is a detector of its own, so that one that fails takes no other with it. How they are written, and the
checks they pass before they get here, are `service.behaviours`; docs/custom-behaviours.md is for the writer.
Nothing is judged by silence where the audio in question was not wholly heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from detectors.base import Behaviour, Judge
from detectors.floor import Floor
from detectors.meaning import Examples
from detectors.sayings import Found, Hearing, Sayings
from detectors.text import Line
from streaming.events import (
    CallInfo,
    Detection,
    Event,
    Party,
    Seconds,
    Tick,
    Utterance,
    Verdict,
    WordsHeldBack,
    WordSpan,
)
from streaming.ports import Meaning, Policy

When = Literal["always", "start", "end", "said", "every"]
OPENS = "opens"
_LEAST_LINES = 3  # of the one who is judged: with less said, nothing was left out
_LONGEST_WAIT: Seconds = 20.0  # for a sentence that began before the deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """When the chance opens: for `said`, when `by` says one of the catalogue's ``opens`` sayings."""

    when: When = "always"
    by: Party = Party.CUSTOMER


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomBehaviour:
    """`sayings` by verdict, and by ``opens``; numbers are the row's thresholds."""

    row: Behaviour
    who: Party
    opening: Opening
    sayings: Mapping[str, Sayings] = field(default_factory=dict)

    def __call__(self, call: CallInfo, policy: Policy) -> CustomJudge:
        """`streaming.ports.DetectorFactory`."""
        return CustomJudge(self, call, policy)

    def heard(self, meaning: Meaning | None) -> dict[str, Hearing]:
        """What can be recognised, by verdict: the other verdicts' examples are what each is not."""
        return {
            key: Hearing(self._examples(key), said.phrases, meaning) for key, said in self.sayings.items()
        }

    def _examples(self, key: str) -> Examples:
        others = [
            one for name, said in self.sayings.items() if name not in (key, OPENS) for one in said.examples
        ]
        return Examples(
            f"{self.row.id}.{key}",
            self.sayings[key].examples,
            tuple(dict.fromkeys([*self.sayings[key].unlike, *(others if key != OPENS else ())])),
        )


@dataclass(slots=True)
class _Chance:
    """An opportunity since `line` (None: the clock opened it), to be used until `until`."""

    where: str
    start: Seconds
    until: Seconds
    line: Line | None = None
    words: Found | None = None
    turns: int = 0


class CustomJudge(Judge):
    """One custom behaviour in one call."""

    def __init__(self, behaviour: CustomBehaviour, call: CallInfo, policy: Policy) -> None:
        super().__init__(call, policy)
        self.name = behaviour.row.id
        self.rows = {behaviour.row.id: behaviour.row}
        self._of = behaviour
        self._dumb = behaviour.row.needs_meaning and policy.meaning is None
        self._hearing = behaviour.heard(policy.meaning)
        self._floor = Floor()
        self._doubts: list[tuple[Seconds, Seconds]] = []
        self._lines = 0
        self._now: Seconds = 0.0
        self._latest: tuple[Line, Found] | None = None  # delivered, for what is judged at the end
        self._chance = self._by_clock(0.0)
        self._spoke: Party | None = None

    def feed(self, event: Event, /) -> Iterable[Detection]:
        if self._dumb or (isinstance(event, Utterance) and not event.final):
            return []
        line = self._floor.feed(event)
        if line is not None:
            self._now = max(self._now, line.end)
            return list(self._hear(line))
        match event:
            case WordsHeldBack() if event.speaker is self._of.who and event.doubtful:
                self._doubts.append((event.start, event.end))
            case Tick():
                self._now = max(self._now, event.at)
                return list(self._wait())
        return []

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        self._now = max(self._now, at)
        return [] if self._dumb else list(self._finish(at))

    # --- what is said

    def _hear(self, line: Line) -> Iterator[Detection]:
        opening = self._of.opening
        if line.speaker is opening.by and opening.when == "said":
            yield from self._open(line)
        if line.speaker is self._of.who:
            self._lines += 1
            yield from self._judge(line)
        elif self._used_up():
            yield from self._miss()
        self._spoke = line.speaker

    def _judge(self, line: Line) -> Iterator[Detection]:
        if (found := self._find(line, Verdict.HARMFUL)) is not None:
            yield self._say(Verdict.HARMFUL, f"{line.id}.harmful", line, found)
        done, failed = self._find(line, Verdict.DELIVERED), self._find(line, Verdict.MISSED)
        if done is not None and (failed is None or done.confidence >= failed.confidence):
            yield from self._deliver(line, done)
        elif failed is not None:
            yield from self._fail(line, failed)
        elif self._chance is not None and self._spoke is not self._of.who:
            self._chance.turns += 1

    def _find(self, line: Line, key: str) -> Found | None:
        hearing = self._hearing.get(key)
        return None if hearing is None else hearing.find(line, self.threshold(self.name, key))

    def _deliver(self, line: Line, found: Found) -> Iterator[Detection]:
        self._latest = (line, found)
        if self._of.opening.when == "always":
            yield self._say(Verdict.DELIVERED, line.id, line, found)
        elif self._chance is not None and line.start <= self._chance.until and self._of.opening.when != "end":
            yield self._say(Verdict.DELIVERED, self._chance.where, line, found, self._chance)
            self._close()

    def _fail(self, line: Line, found: Found) -> Iterator[Detection]:
        """Said the other way: judged at once, whatever else might have come."""
        if self._of.opening.when == "always":
            yield self._say(Verdict.MISSED, line.id, line, found)
        elif self._chance is not None and self._of.opening.when != "end":
            yield self._say(Verdict.MISSED, self._chance.where, line, found, self._chance)
            self._close()

    # --- chances

    def _by_clock(self, at: Seconds) -> _Chance | None:
        when, seconds = self._of.opening.when, self._number("seconds")
        if when == "start":
            return _Chance("start", 0.0, seconds)
        return _Chance(f"from{at:.0f}", at, at + seconds) if when == "every" else None

    def _open(self, line: Line) -> Iterator[Detection]:
        found = self._find(line, OPENS)
        if found is None:
            return
        if self._used_up():
            yield from self._miss()
        if self._chance is None:
            self._chance = _Chance(line.id, line.start, line.end + self._number("seconds"), line, found)

    def _used_up(self) -> bool:
        chance = self._chance
        return chance is not None and chance.line is not None and chance.turns >= self._number("turns")

    def _wait(self) -> Iterator[Detection]:
        chance = self._chance
        if chance is None or self._now < chance.until:
            return
        since = self._floor.speaking(self._of.who)
        if since is not None and since <= chance.until and self._now < chance.until + _LONGEST_WAIT:
            return  # what is being said now may be it
        if self._now >= chance.until + 1.0:  # its words are there by now, as a rule
            yield from self._miss()

    def _miss(self) -> Iterator[Detection]:
        chance = self._chance
        self._close()
        if chance is not None and self._may_miss(chance):
            until = min(self._now, chance.until)
            yield self._missed(chance.where, chance.start, until, chance.line, chance.words)

    def _close(self) -> None:
        chance, self._chance = self._chance, None
        if chance is not None and self._of.opening.when == "every":
            self._chance = self._by_clock(chance.until)

    def _may_miss(self, chance: _Chance) -> bool:
        """Somebody was there to be judged, and all of it was heard."""
        who = self._of.who
        spoke = self._floor.overlap(who, chance.start, self._now) > 0.0
        unsure = any(start < chance.until and end > chance.start for start, end in self._doubts)
        return spoke and not unsure and not self._floor.missing(chance.start, self._now, who)

    def _finish(self, at: Seconds) -> Iterator[Detection]:
        opening, seconds = self._of.opening, self._number("seconds")
        if opening.when == "end":
            yield from self._at_the_end(max(0.0, at - seconds), at)
        elif self._used_up() or (self._chance is not None and at >= self._chance.until):
            yield from self._miss()

    def _at_the_end(self, start: Seconds, at: Seconds) -> Iterator[Detection]:
        last = _Chance("end", start, at)
        if self._latest is not None and self._latest[0].end >= start:
            yield self._say(Verdict.DELIVERED, "end", *self._latest)
        elif self._lines >= _LEAST_LINES and start > 0.0 and self._may_miss(last):
            yield self._missed("end", start, at, self._floor.last(self._of.who), None)

    # --- writing

    def _number(self, key: str) -> float:
        return self.threshold(self.name, key) if key in self._of.row.thresholds else 0.0

    def _say(
        self, verdict: Verdict, where: str, line: Line, found: Found, chance: _Chance | None = None
    ) -> Detection:
        start, end = line.seconds(found.first, found.last)
        asked = _cause(chance.line, chance.words) if chance is not None else ()
        return self.detect(
            self.name,
            verdict,
            where=where,
            start=start,
            end=end,
            at=max(self._now, line.end),
            kind="",
            confidence=found.confidence,
            evidence=(*asked, line.evidence(found.first, found.last)),
            note=_NOTES[verdict],
            speaker=self._of.who,
        )

    def _missed(
        self, where: str, start: Seconds, end: Seconds, line: Line | None, words: Found | None
    ) -> Detection:
        return self.detect(
            self.name,
            Verdict.MISSED,
            where=where,
            start=start,
            end=max(start, end),
            at=self._now,
            confidence=words.confidence if words is not None else 0.8,
            evidence=_cause(line, words),
            note="It was not said while it was due.",
            speaker=self._of.who,
        )


_NOTES = {
    Verdict.DELIVERED: "It was said.",
    Verdict.MISSED: "The opposite was said.",
    Verdict.HARMFUL: "What should not be said was said.",
}


def _cause(line: Line | None, words: Found | None) -> tuple[WordSpan, ...]:
    if line is None:
        return ()
    return (line.evidence(words.first, words.last),) if words is not None else (line.whole(),)
