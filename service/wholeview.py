"""A call as a supervisor sees it, whole: what memory let go of is read from the store."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar

from service.callview import CallProjection, CallView, Keep
from service.store.repository import Repository
from streaming.errors import NotFound

T = TypeVar("T")

_WHOLE = Keep(utterances=100_000, detections=100_000, alerts=10_000, whispers=10_000, gaps=10_000)

_UNSHOWN = ("signal", "tick")
"""Two thirds of a log, of which a view shows nothing but how late it is: that, its end tells."""


async def whole_view(repository: Repository, shown: CallView | None, call_id: str) -> CallView:
    """`shown` is what memory has. Raises NotFound when neither knows the call."""
    if shown is not None and not shown.truncated:
        return shown
    if shown is None or shown.state == "ended":
        return await stored_view(repository, call_id)
    try:
        return joined(await stored_view(repository, call_id), shown)
    except NotFound:  # the store has not written its first record yet
        return shown


async def stored_view(repository: Repository, call_id: str) -> CallView:
    """Raises NotFound."""
    projection = CallProjection(call_id, _WHOLE)
    last = 0
    async for record in repository.replay(call_id, without=_UNSHOWN):
        projection.apply(record.event)
        last = record.seq
    if last == 0:
        raise NotFound("no such call is known")
    return projection.view(seq=last)


def joined(stored: CallView, shown: CallView) -> CallView:
    """A live call: its newest part as memory has it, and in front of that what only the store has.

    The store is a moment behind memory and has all that is older.
    """
    return replace(
        shown,
        utterances=_joined(stored.utterances, shown.utterances, lambda one: one.id),
        detections=_joined(stored.detections, shown.detections, lambda one: one.id),
        alerts=_joined(stored.alerts, shown.alerts, lambda one: one.alert.id),
        whispers=_joined(stored.whispers, shown.whispers, lambda one: one.whisper.id),
        gaps=_joined(stored.gaps, shown.gaps, lambda one: one),
        truncated=stored.truncated,
    )


def _joined(stored: Sequence[T], shown: Sequence[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Only what lies before the first that memory has: of what came later memory knows better."""
    if not shown:
        return tuple(stored)
    first = key(shown[0])
    place = next((place for place, one in enumerate(stored) if key(one) == first), len(stored))
    return (*stored[:place], *shown)
