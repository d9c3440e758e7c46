"""Notices audio that cannot be what the hello promised (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.channel import Piece
from streaming.errors import FrameError
from streaming.events import Seconds

_FRAMES_TO_JUDGE = 20
_SECONDS_TO_JUDGE: Seconds = 5.0


class Plausibility:
    """Watches the first audio of a two-party call.

    Mono audio sent where two channels were promised is cut in half, so every position runs ahead by just
    what is missing. The same audio on both channels judges each party by the other's words.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._expected: int | None = None
        self._halved = 0
        self._two = False  # positions have fitted two channels once
        self._same = 0
        self._apart = False  # the channels have differed once

    def watch(self, pieces: Sequence[Piece]) -> str | None:
        """One frame's channels. Returns a warning once, if any; raises `FrameError` on mono audio."""
        if len(pieces) != 2:
            return None
        first, second = pieces
        if not self._two:
            self._count_halved(first)
        return None if self._apart else self._count_same(first, second)

    def _count_same(self, first: Piece, second: Piece) -> str | None:
        if first.data != second.data:
            self._apart = True
        elif len(set(first.data)) > 2:  # more than silence
            self._same += first.samples
        if self._same < _SECONDS_TO_JUDGE * self._rate:
            return None
        self._apart = True  # said once
        return "both channels carry the same audio: the parties cannot be told apart"

    def _count_halved(self, piece: Piece) -> None:
        if self._expected is not None:
            ahead = piece.position - self._expected
            self._two = ahead == 0
            self._halved = self._halved + 1 if 0 < ahead == piece.samples else 0
        self._expected = piece.end
        if self._halved >= _FRAMES_TO_JUDGE:
            raise FrameError(
                "positions advance twice as fast as the audio: two channels were promised, but the frames"
                " look like mono; interleave both parties, or name one channel in the hello"
            )
