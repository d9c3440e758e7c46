"""A node's live calls as its consoles get them: put together from the bus, the store and the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from detectors.base import Behaviour
from service.deskboard import DeskBoard
from service.fanout import Fanout, FanoutLimits
from service.feed import LiveFeed, LiveStore
from service.live import LiveView
from streaming.events import Record
from streaming.ports import Bus

_ENOUGH = (500, 250, 100, 50, 20)  # utterances a call may show in a snapshot of many calls
_SNAPSHOT_UTTERANCES = 1000  # in all of a snapshot, as long as each call has the least of the above


class CallTexts:
    """The snapshot's calls as JSON. A call is written anew only when it has changed."""

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self._texts: dict[str, tuple[tuple[int, int], bytes]] = {}

    def __call__(self, team: str | None) -> bytes:
        calls = self._view.calls(team)
        each = next((n for n in _ENOUGH if n * len(calls) <= _SNAPSHOT_UTTERANCES), _ENOUGH[-1])
        texts = [self._text(call_id, each) for call_id in calls]
        for call_id in self._texts.keys() - set(self._view.calls()):
            del self._texts[call_id]
        return b"[%b]" % b",".join(texts)

    def _text(self, call_id: str, utterances: int) -> bytes:
        wanted = (self._view.version(call_id), utterances)
        known = self._texts.get(call_id)
        if known is None or known[0] != wanted:
            view = self._view.view(call_id, utterances=utterances)
            known = self._texts[call_id] = (wanted, to_json(view, inf_nan_mode="null"))
        return known[1]


@dataclass(frozen=True, slots=True)
class LiveBoard:
    """A node's live calls: what is known of them, who keeps it true, and who is shown it."""

    view: LiveView
    feed: LiveFeed
    fanout: Fanout
    desks: DeskBoard


def live_board(
    bus: Bus,
    store: LiveStore,
    behaviours: Mapping[str, Behaviour],
    *,
    ended: int = 50,
    limits: FanoutLimits | None = None,
) -> LiveBoard:
    """Put the parts together; run `.feed.run()` in a task for as long as the service serves."""
    view = LiveView(ended=ended)
    head = b'"behaviours":' + to_json(behaviour_cards(behaviours))
    fanout = Fanout(calls=CallTexts(view), team=view.team, head=head, limits=limits)
    desks = DeskBoard(view)

    def shown(record: Record, data: bytes) -> None:
        fanout.put(record, data)
        desks.notice(record.call_id)

    def changed() -> None:
        fanout.refresh()
        desks.refresh()

    return LiveBoard(view, LiveFeed(bus, store, view, shown=shown, changed=changed), fanout, desks)


def behaviour_cards(behaviours: Mapping[str, Behaviour]) -> list[dict[str, Any]]:
    """What a console needs of the catalogue: title, coaching line, prepared whispers."""
    return [
        {
            "id": row.id,
            "title": row.title,
            "coaching": next((rule.coaching for rule in row.alerts), ""),
            "whispers": list(dict.fromkeys(line for rule in row.alerts for line in rule.whispers)),
        }
        for row in behaviours.values()
    ]
