"""A call's audio between the socket and the ear: bounded, oldest dropped, every drop remembered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from streaming.audio import TrackLimits
from streaming.channel import Lost, Piece
from streaming.events import GapReason, Party, Seconds

_REMEMBERED = 256  # dropped stretches kept until their gap is seen
_ARRIVALS = 600  # times of arrival kept a party, one a tenth of a second of audio: a minute
_ARRIVAL_EVERY: Seconds = 0.1
_RECENT: Seconds = (
    30.0  # audio over which a client's pace is judged: an utterance or more, half of what is kept
)
_REPEATED: Seconds = TrackLimits().resend  # further back is an error, which the ear tells


def loop_time() -> float:
    return asyncio.get_running_loop().time()


class Inbox:
    """Waiting audio of every party, at the wire's rate; `limit` seconds a party."""

    def __init__(self, parties: Iterable[Party], *, rate: int, limit: Seconds) -> None:
        self._rate = rate
        self._limit = limit
        self._pieces: dict[Party, deque[Piece]] = {party: deque() for party in parties}
        self._waiting = dict.fromkeys(self._pieces, 0)
        self._ends = dict.fromkeys(self._pieces, 0)  # the sample behind the newest that came
        self._reasons: deque[tuple[Party, Seconds, Seconds, GapReason]] = deque(maxlen=_REMEMBERED)
        self._room = asyncio.Event()
        self._began: float | None = None
        self._arrived: dict[Party, deque[tuple[Seconds, float]]] = {
            party: deque(maxlen=_ARRIVALS) for party in self._pieces
        }

    @property
    def seconds(self) -> Seconds:
        """What the party with most audio has waiting."""
        return max(self._waiting.values()) / self._rate

    @property
    def received(self) -> int:
        """The wire sample behind what came of every party, heard or still waiting."""
        return min(self._ends.values())

    @property
    def full(self) -> bool:
        return self.seconds >= self._limit

    @property
    def empty(self) -> bool:
        return not any(self._pieces.values())

    def offer(self, piece: Piece) -> None:
        """Take a piece; while the party has more than `limit` waiting, its oldest is dropped.

        What came before is passed over: sent again, it would push out what waits, and be heard in its place.
        """
        again = self._ends[piece.party] - piece.end
        if 0 <= again <= _REPEATED * self._rate:
            return
        queue = self._pieces[piece.party]
        queue.append(piece)
        self._waiting[piece.party] += piece.samples
        self._ends[piece.party] = max(self._ends[piece.party], piece.end)
        self._note_arrival(piece)
        while self._waiting[piece.party] > self._limit * self._rate and len(queue) > 1:
            dropped = queue.popleft()
            self._waiting[piece.party] -= dropped.samples
            span = (dropped.position / self._rate, dropped.end / self._rate)
            self._reasons.append((piece.party, *span, "overload"))

    def waited(self, party: Party, at: Seconds) -> Seconds | None:
        """How long ago the party's audio at stream second `at` came; None when that is not remembered."""
        arrived = self._arrived[party]
        if not arrived or arrived[0][0] > at:
            return None
        first = next((when for end, when in arrived if end >= at), None)
        return None if first is None else loop_time() - first

    def age(self, at: Seconds) -> Seconds:
        """How long ago the first audio behind stream second `at` came; 0 when none has.

        Audio that came before what is remembered counts as if it were the oldest that is.
        """
        came = [
            first for arrived in self._arrived.values() if (first := _first_behind(arrived, at)) is not None
        ]
        return loop_time() - min(came) if came else 0.0

    def ahead(self, at: Seconds) -> Seconds:
        """How much sooner stream second `at` came than it would have been spoken; negative when later.

        Counted from the call's first audio, and from what came lately, whichever says less: one burst at the
        start is forgiven, and a client that makes up for a stall is ahead of that stall only.
        """
        recent = [one for arrived in self._arrived.values() for one in arrived if one[0] > at - _RECENT]
        if self._began is None or not recent:
            return 0.0
        now, (end, when) = loop_time(), min(recent)
        return at - now + min(self._began, when - end)

    def _note_arrival(self, piece: Piece) -> None:
        arrived, end = self._arrived[piece.party], piece.end / self._rate
        if self._began is None:
            self._began = loop_time() - end
        if not arrived or end >= arrived[-1][0] + _ARRIVAL_EVERY:
            arrived.append((end, loop_time()))

    def take(self) -> dict[Party, list[Piece]]:
        """Everything waiting; wakes who waits for room."""
        taken = {party: list(queue) for party, queue in self._pieces.items()}
        for party, queue in self._pieces.items():
            queue.clear()
            self._waiting[party] = 0
        self.release()
        return taken

    def release(self) -> None:
        """Wake who waits for room."""
        self._room.set()
        self._room = asyncio.Event()

    async def room(self) -> None:
        """Wait until something was taken."""
        await self._room.wait()

    def disconnected(self) -> None:
        """The client vanished: the hole behind what it sent has a name."""
        for party, end in self._ends.items():
            at = end / self._rate
            self._reasons.append((party, at, at, "disconnected"))

    def reason_for(self, lost: Lost) -> GapReason:
        """Why that stretch was not heard."""
        if lost.leading:
            return "missing"
        for party, start, end, reason in self._reasons:
            touches = start - 0.05 <= lost.end and end + 0.05 >= lost.start
            if touches and party is lost.speaker:
                return reason
        return "lost"


def _first_behind(arrived: deque[tuple[Seconds, float]], at: Seconds) -> float | None:
    """When the first audio that ends behind `at` came; from the newest on, since `at` is seldom long ago."""
    first = None
    for end, when in reversed(arrived):
        if end <= at:
            break
        first = when
    return first
