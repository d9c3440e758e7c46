"""Holds and dead air: asked or announced, its length said, thanked on return; silence with a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict, WordsHeldBack, WordSpan

_ID = "courtesy.hold"
_FRESH = 20.0  # seconds: an announcement covers a silence that begins this soon after it

_GOES_ON = 8  # tokens
_AGREED = 5.0  # seconds of silence between "can I put you on hold" and "thank you for holding"
_PAUSE = 1.0  # seconds: less is the pause between two sentences


@dataclass(slots=True)
class _Hold:
    """Announced in `line`; `since` is when the silence began, once there is one."""

    line: Line
    formal: bool  # "one moment", "hold on" rather than "let me check"
    how_long: bool
    until: Seconds  # the end of the last line that announced it
    evidence: tuple[WordSpan, ...]
    since: Seconds | None = None
    quiet: Seconds = 0.0  # the longest silence so far
    reminded: bool = False
    back: Line | None = None


class Holds(Part):
    """A silence is the agent's when the customer was owed a word: not while the customer fetches
    something, answers a question or follows an instruction, not after goodbye, and not over lost audio."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._dead_air = judge.threshold(_ID, "dead_air_seconds")
        self._least = judge.threshold(_ID, "hold_seconds")
        self._look_up = judge.threshold(_ID, "look_up_seconds")
        self._long = judge.threshold(_ID, "long_hold_seconds")
        self._thanks = judge.threshold(_ID, "thanks_seconds")
        self._hold: _Hold | None = None
        self._last: Reading | None = None  # the newest line, whoever said it
        self._customers_move = False
        self._fetching = False  # the customer is, since the agent last spoke
        self._over = False  # goodbyes were said
        self._judged_silence: Seconds | None = None
        self._unheard: Seconds = 0.0  # the end of the agent's last words that were held back
        self._customer_heard = False  # one who never is may be on a channel that is not there

    def heard(self, reading: Reading) -> Iterable[Detection]:
        self._customer_heard |= not reading.by_agent
        found = list(self._return(reading)) if reading.by_agent else []
        self._note_turn(reading)
        if reading.by_agent and (announced := self._announcement(reading)):
            if self._hold is None or self._hold.since is None:
                self._hold = self._merged(announced)
            elif self._hold.back is not None:
                found.extend(self._judge(self._hold, reading.line.end))
                self._hold = announced
        elif reading.by_agent and self._talks_on(reading.line):
            self._hold = None
        self._last = reading
        return found

    def passed(self, at: Seconds) -> Iterable[Detection]:
        found: list[Detection] = []
        hold = self._hold
        if hold and hold.back and at >= hold.back.start + self._thanks:
            self._hold = None
            found.extend(self._judge(hold, at))
        silence = self.floor.silent_since()
        if silence is not None and self._customer_heard:
            found.extend(self._silent(silence[0], at))
        return found

    def unheard(self, held: WordsHeldBack) -> None:
        if held.speaker is Party.AGENT:
            self._unheard = held.end

    def finish(self, at: Seconds) -> Iterable[Detection]:
        hold, self._hold = self._hold, None
        return self._judge(hold, at) if hold and hold.back else ()

    # Silence.

    def _silent(self, since: Seconds, at: Seconds) -> Iterator[Detection]:
        hold = self._hold
        if hold and hold.back is None and since - hold.until <= _FRESH:
            if hold.since is None and at - since < _PAUSE:
                return
            hold.since = hold.since or since
            hold.quiet = max(hold.quiet, at - since)
            if at - since >= self._long and not hold.reminded:
                hold.reminded = True
                yield self._dead(since, at, "A word now and then keeps the customer company on a long hold.")
        elif at - since >= self._dead_air and since != self._judged_silence and self._owed(since, at):
            self._judged_silence = since
            yield self._dead(since, at, "A word on what is being done would fill this silence.")

    def _owed(self, since: Seconds, at: Seconds) -> bool:
        if self._last is None or self._over or self._customers_move:
            return False
        return self._last.line.end >= since - 1.0 and not self.floor.missing(since, at)

    def _dead(self, since: Seconds, at: Seconds, note: str) -> Detection:
        last = self._last.line if self._last else None
        return self.judge.detect(
            _ID,
            Verdict.MISSED,
            where=f"{since:.2f}",
            kind="dead_air",
            start=since,
            end=at,
            confidence=0.85 if last and last.speaker is Party.CUSTOMER else 0.7,
            evidence=(last.whole(),) if last else (),
            note=note,
        )

    def _note_turn(self, reading: Reading) -> None:
        """Whose word or deed is awaited after this line, and whether the call is winding up."""
        if reading.has("farewell"):
            self._over = True
        elif not reading.slight:
            self._over = False
        if reading.by_agent and reading.slight and not reading.line.asks:
            return  # "Sure." to a customer who goes to look changes nothing
        if reading.by_agent:
            asks = reading.line.sentences[-1].mark == "?"
            self._customers_move = (
                asks or reading.has("act") or any(ask.form != "plain" for ask in reading.asks)
            )
            self._fetching = False
        elif reading.has("fetching"):
            self._customers_move = self._fetching = True
        elif not reading.slight:
            self._customers_move = self._fetching

    # Announced holds.

    def _announcement(self, reading: Reading) -> _Hold | None:
        length = reading.of("how_long")
        formal, look_up = reading.of("hold", "takes"), reading.of("look_up")
        if not formal and not look_up:
            return None
        spans = list((formal or look_up)[:1])
        spans += [match for match in length[:1] if match.first > spans[0].last]
        evidence = tuple(reading.line.evidence(match.first, match.last) for match in spans)
        return _Hold(reading.line, bool(formal), bool(length), reading.line.end, evidence)

    def _talks_on(self, line: Line) -> bool:
        """The agent goes on with a question instead of stepping away."""
        asks = line.sentences[-1].mark == "?"
        return asks and self._hold is not None and self._hold.since is None and len(line.tokens) >= _GOES_ON

    def _merged(self, hold: _Hold) -> _Hold:
        """Two announcements before one silence are one hold ("let me look … just a minute")."""
        before = self._hold
        if before is None or hold.line.start - before.until >= _FRESH:
            return hold
        before.evidence = before.evidence if before.how_long else before.evidence + hold.evidence
        before.formal |= hold.formal
        before.how_long |= hold.how_long
        before.until = hold.until
        return before

    def _return(self, reading: Reading) -> Iterator[Detection]:
        """The agent speaks again after an announced silence: thanks may still follow for a while."""
        hold = self._hold
        if hold is None or reading.line.start < (hold.since or hold.until):
            return
        if hold.back is None:
            silent = self._quiet_since(hold, reading.line.start)
            hold.since = hold.since or silent
            hold.quiet = max(hold.quiet, reading.line.start - silent)
            both = hold.formal and reading.has("return_thanks")  # the agent calls it a hold before and after
            least = _AGREED if both else self._least if hold.formal else self._look_up
            if hold.quiet < least:
                hold.since = None  # a pause, not a hold: a later silence may still be one
                return
            hold.back = reading.line
        thanks = self._thanks_in(reading)
        if thanks is not None:
            self._hold = None
            yield from self._judge(hold, reading.line.end, thanks)

    def _quiet_since(self, hold: _Hold, back: Seconds) -> Seconds:
        """When both had last spoken before the agent's return, whether or not the words are here yet."""
        if self.floor.overlap(Party.CUSTOMER, back - _PAUSE, back) > 0.0:
            return back
        spoken = [self.floor.ended(party, back) or 0.0 for party in Party]
        return max(hold.until, self._last.line.end if self._last else 0.0, *spoken)

    def _thanks_in(self, reading: Reading) -> WordSpan | None:
        """Thanks or an apology; "… for holding" is enough, as what stands first behind silence gets lost."""
        said = [(act.first, act.last) for act in reading.does("thanks", "apology")]
        said += [(match.first, match.last) for match in reading.of("return_thanks")]
        first = min(said, key=lambda span: (span[0], -span[1]), default=None)
        return None if first is None else reading.line.evidence(*first)

    def _judge(self, hold: _Hold, at: Seconds, thanks: WordSpan | None = None) -> list[Detection]:
        if hold.back is None or hold.since is None or self.floor.missing(hold.since, hold.back.end):
            return []
        left = [] if hold.how_long else ["how long it takes"]
        left += [] if thanks else ["thanks on return"]
        if not thanks and self._unheard > hold.since + _PAUSE:
            return []  # the thanks may be in the words that were not heard
        end = hold.back.end
        return [
            self.judge.detect(
                _ID,
                Verdict.MISSED if left else Verdict.DELIVERED,
                where=hold.line.id,
                kind="incomplete" if left else "",
                start=hold.line.start,
                end=end,
                at=max(at, end),
                confidence=0.65 if left else 0.9,
                evidence=(*hold.evidence, *([thanks] if thanks else [hold.back.whole()])),
                note=f"The hold was announced, and leaves room for {' and '.join(left)}."
                if left
                else "The hold was announced with its length, and the customer thanked on return.",
            )
        ]
