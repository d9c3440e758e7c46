"""One call's case: ordered events in, numbered records out, with what follows from each (pure).

Live calls, batch scoring and replay all go through here, which is why they judge alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streaming.alerts import AlertDesk
from streaming.calllog import Numbering
from streaming.events import (
    BetweenPeople,
    CallEnded,
    CallInfo,
    CallStarted,
    Event,
    Record,
    Scorecard,
    Seconds,
    Utterance,
)
from streaming.ports import Judges, ScoreKeeper


class CaseFile:
    """Feeds each ordered event to the judges, the alert desk and the score keeper."""

    def __init__(self, call: CallInfo, *, judges: Judges, desk: AlertDesk, keeper: ScoreKeeper) -> None:
        self.call = call
        self.scorecard: Scorecard | None = None
        self._judges = judges
        self._desk = desk
        self._keeper = keeper
        self._numbering = Numbering(call.call_id)

    @property
    def last_seq(self) -> int:
        return self._numbering.last

    def open(self) -> list[Record]:
        return self.take(CallStarted(call=self.call))

    def take(self, event: Event) -> list[Record]:
        """An event whose place is certain, followed by every judgement and alert it led to."""
        return self._file([event, *self._follow(event)])

    def glimpse(self, shown: Utterance, stable: Utterance | None) -> list[Record]:
        """A partial utterance: passing, unless its stable words led to a provisional judgement.

        Then the stable words are filed in front of the judgement, so that a replay finds the same.
        """
        judged = self._judges.feed(stable) if stable else []
        if stable is None or not judged:
            return [self._numbering.passing(shown)]
        return self._file([stable, *self._alerts(judged)])

    def ack(self, alert_id: str, *, by: str | None, useful: bool | None, at: Seconds) -> list[Record]:
        """A supervisor took a card; nothing follows when the call raised no such card."""
        return self._file(self._desk.ack(alert_id, by=by, useful=useful, at=at))

    def dismiss(self, alert_id: str, *, by: str | None, useful: bool | None, at: Seconds) -> list[Record]:
        """A supervisor turned a card away; otherwise as `ack`."""
        return self._file(self._desk.dismiss(alert_id, by=by, useful=useful, at=at))

    def note(self, event: BetweenPeople) -> list[Record]:
        """What passed between supervisor and agent: part of the log, never of the transcript."""
        return self._file([event])

    def close(self, ended: CallEnded) -> list[Record]:
        """The last judgements, the end, and the scorecard as the log's last record."""
        judged = self._alerts(self._judges.finish(ended.at))
        last = [*judged, *self._desk.finish(ended.at), ended]
        records = self._file(last)
        self.scorecard = self._keeper.card(ended.at)
        return records + self._file([self.scorecard])

    def _follow(self, event: Event) -> list[Event]:
        raised = self._desk.feed(event)
        return [*raised, *self._alerts(self._judges.feed(event))]

    def _alerts(self, judged: Sequence[Event]) -> list[Event]:
        """Each judgement, with the alerts it leads to right behind it."""
        followed: list[Event] = []
        for judgement in judged:
            followed += [judgement, *self._desk.feed(judgement)]
        return followed

    def _file(self, events: Iterable[Event]) -> list[Record]:
        records = [self._numbering.number(event) for event in events]
        for record in records:
            self._keeper.feed(record.event)
        return records
