"""Sample positions for platforms that send a timestamp and perhaps a number with each frame of a track."""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

HELD_FRAMES = 4
"""How many frames wait for an earlier one (80 ms at 20 ms a frame)."""

ORDER_SECONDS = 0.010
"""A timestamp this near to the end of the track's audio is the next frame's."""

JITTER_SECONDS = 0.060
"""Timestamps may wobble this much (three frames) before they outweigh the count of frames."""


class _Held(NamedTuple):
    order: int
    at: int
    chunk: int | None
    data: bytes


class Reorder:
    """Frames of one track, one byte a sample → (position, audio), in order.

    Timestamps are whole milliseconds and wobble around the 20 ms grid, so audio stays contiguous while they
    agree within `JITTER_SECONDS`. A hole in the chunk numbers counts as lost frames when the timestamp says
    so too (some platforms number across both tracks); a timestamp further off is believed.
    """

    def __init__(self, rate: int) -> None:
        self._near = round(rate * ORDER_SECONDS)
        self._jitter = round(rate * JITTER_SECONDS)
        self._expected: int | None = None  # position behind the last frame released
        self._last_chunk: int | None = None
        self._held: list[_Held] = []

    def push(self, at: int, chunk: int | None, data: bytes) -> list[tuple[int, bytes]]:
        """`at` is the frame's timestamp in samples. What was sent twice or given up already is dropped."""
        frame = _Held(at if chunk is None else chunk, at, chunk, data)
        if self._is_late(frame):
            return []
        if not self._held and self._is_next(frame):  # as nearly always
            return [self._release(frame)]
        if any(held[:2] == frame[:2] for held in self._held):
            return []
        insort(self._held, frame, key=lambda held: held[:2])
        out = []
        while self._held and (len(self._held) > HELD_FRAMES or self._is_next(self._held[0])):
            out.append(self._release(self._held.pop(0)))
        return out

    def flush(self) -> list[tuple[int, bytes]]:
        """The track is over: what still waits."""
        held, self._held = self._held, []
        return [self._release(frame) for frame in held]

    def _is_late(self, frame: _Held) -> bool:
        if self._expected is None or frame.at + len(frame.data) > self._expected + self._near:
            return False
        numbered = frame.chunk is not None and self._last_chunk is not None
        return not numbered or frame.order <= (self._last_chunk or 0)

    def _is_next(self, frame: _Held) -> bool:
        if self._expected is None or frame.at <= self._expected + self._near:
            return True
        return self._frames_between(frame) == 0

    def _frames_between(self, frame: _Held) -> int | None:
        """Frames missing by number; None where it cannot tell."""
        if frame.chunk is None or self._last_chunk is None or frame.chunk <= self._last_chunk:
            return None
        return frame.chunk - self._last_chunk - 1

    def _release(self, frame: _Held) -> tuple[int, bytes]:
        position = self._place(frame)
        self._expected = position + len(frame.data)
        self._last_chunk = frame.chunk
        return position, frame.data

    def _place(self, frame: _Held) -> int:
        if self._expected is None:
            return frame.at
        lost = (self._frames_between(frame) or 0) * len(frame.data)
        nearest = min(self._expected, self._expected + lost, key=lambda place: abs(place - frame.at))
        if abs(nearest - frame.at) <= self._jitter:
            return nearest
        # New audio with an older timestamp is still new: it follows what was there.
        return max(frame.at, self._expected)
