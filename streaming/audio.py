"""Audio of one channel: wire bytes ↔ samples, and the true 16 kHz timeline by sample position.

Time comes from the sender's positions, never from arrival. Cutting the same audio into other
frames gives bit-identical 16 kHz windows (soxr streams exactly), and indexes are integers computed from
absolute positions, so a ten-hour call does not drift.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import soxr

from streaming import g711
from streaming.errors import FrameError, PositionError
from streaming.events import Seconds
from streaming.ports import SAMPLE_RATE, Samples

WINDOW = 512
"""Samples at 16 kHz in one voice-activity window (32 ms); chunks are whole windows on this grid."""

WINDOW_SECONDS = WINDOW / SAMPLE_RATE


class Encoding(StrEnum):
    """How one sample is written on the wire; multi-byte samples are little-endian."""

    MULAW = "mulaw"
    ALAW = "alaw"
    PCM_S16LE = "pcm_s16le"
    PCM_F32LE = "pcm_f32le"

    @property
    def width(self) -> int:
        """Bytes per sample."""
        return _WIDTHS[self]


_WIDTHS = {Encoding.MULAW: 1, Encoding.ALAW: 1, Encoding.PCM_S16LE: 2, Encoding.PCM_F32LE: 4}


def decode(encoding: Encoding, data: bytes) -> Samples:
    """Mono wire bytes → float32 in -1..1, shape ``(len(data) / width,)``.

    Floats beyond full scale are clipped and NaN is silence. Raises `FrameError` on a part of a sample.
    """
    if len(data) % encoding.width:
        raise FrameError(f"the frame ends inside a sample: {encoding} has {encoding.width} bytes per sample")
    if encoding is Encoding.PCM_F32LE:
        floats = np.frombuffer(data, dtype="<f4").astype(np.float32)
        return np.clip(np.nan_to_num(floats, nan=0.0), -1.0, 1.0)
    if encoding is Encoding.PCM_S16LE:
        pcm = np.frombuffer(data, dtype="<i2")
    else:
        table = g711.mulaw_expansion() if encoding is Encoding.MULAW else g711.alaw_expansion()
        pcm = table[np.frombuffer(data, dtype=np.uint8)]
    return pcm.astype(np.float32) / np.float32(32768.0)


def encode(encoding: Encoding, samples: Samples) -> bytes:
    """Float32 samples → mono wire bytes; beyond full scale is clipped."""
    if encoding is Encoding.PCM_F32LE:
        return bytes(np.asarray(samples, dtype="<f4").tobytes())
    pcm = np.clip(np.rint(np.asarray(samples) * 32768.0), -32768, 32767).astype("<i2")
    if encoding is Encoding.PCM_S16LE:
        return bytes(pcm.tobytes())
    table = g711.mulaw_compression() if encoding is Encoding.MULAW else g711.alaw_compression()
    return bytes(table[pcm.view(np.uint16)].tobytes())


def deinterleave(encoding: Encoding, data: bytes, channels: int) -> tuple[bytes, ...]:
    """Interleaved wire bytes → one bytes per channel. Raises `FrameError` unless it divides evenly."""
    step = encoding.width * channels
    if len(data) % step:
        raise FrameError(
            f"the audio of a frame must be a multiple of {step} bytes: "
            f"{channels} channel(s) of {encoding} with {encoding.width} byte(s) per sample, interleaved"
        )
    if channels == 1:
        return (data,)
    if encoding.width == 1:  # telephony's own: a stride is five times as quick as an array
        return tuple(data[channel::channels] for channel in range(channels))
    frames = np.frombuffer(data, dtype=np.uint8).reshape(-1, channels, encoding.width)
    return tuple(frames[:, channel].tobytes() for channel in range(channels))


def interleave(encoding: Encoding, channels: tuple[bytes, ...]) -> bytes:
    """The inverse of `deinterleave`; the channels must be equally long."""
    columns = [np.frombuffer(data, dtype=np.uint8).reshape(-1, encoding.width) for data in channels]
    return np.stack(columns, axis=1).tobytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Whole windows of 16 kHz audio; `start` is the first sample's index, a multiple of `WINDOW`.

    Consecutive chunks join without a hole, except behind a long `Gap`, where `start` jumps ahead.
    """

    start: int
    samples: Samples

    @property
    def window(self) -> int:
        """The index of the first window."""
        return self.start // WINDOW

    @property
    def at(self) -> Seconds:
        return self.start / SAMPLE_RATE

    @property
    def end(self) -> Seconds:
        return (self.start + len(self.samples)) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Nothing was received between `start` and `end`; the timeline holds silence there.

    `leading`: nothing came before it, so the channel only began later (a party who joined).
    """

    start: Seconds
    end: Seconds
    leading: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackLimits:
    """`resend`: how far back re-sent audio may reach (a client resumes from its last ack);
    `fill`: how much silence is fed for a gap, the rest is only skipped; `jump`: the longest gap believed."""

    resend: Seconds = 60.0
    fill: Seconds = 1.0
    jump: Seconds = 6 * 3600.0


class ChannelTrack:
    """Frames of one channel at the wire's rate → contiguous 16 kHz windows, with gaps by position.

    `start` is the wire position where the track begins (0, or where a resumed call goes on). The
    resampler holds back up to about 0.1 s; `flush` at the end of the call gives the rest.
    """

    def __init__(self, rate: int, *, start: int = 0, limits: TrackLimits | None = None) -> None:
        self.rate = rate
        self.position = start  # the next sample expected, at the wire's rate
        self._limits = limits or TrackLimits()
        self._silent_so_far = True
        self._resampler = self._fresh_resampler()
        self._fed = False  # whether the present resampler has had input
        self._end = self._index(start)  # index of the next 16 kHz sample
        self._pending = np.zeros(self._end % WINDOW, dtype=np.float32)  # less than one window

    @property
    def at(self) -> Seconds:
        """Stream seconds received so far, lost audio included."""
        return self.position / self.rate

    def push(self, position: int, samples: Samples) -> list[Chunk | Gap]:
        """One frame whose first sample lies at `position` (wire rate, from the call's start).

        What was already received is trimmed; a hole before it becomes a `Gap` filled with silence. Raises
        `PositionError` when it lies further back than `resend` or further ahead than `jump`.
        """
        self._check(position)
        out: list[Chunk | Gap] = []
        if position > self.position:
            self._leave_gap(position, out)
        fresh = samples[self.position - position :]
        if len(fresh):
            self._silent_so_far = False
            self.position += len(fresh)
            self._emit(self._resample(fresh), out)
        return out

    def advance(self, position: int) -> list[Chunk | Gap]:
        """Nothing before `position` will come any more (the party's leg ended, or lags too far)."""
        return self.push(position, np.zeros(0, dtype=np.float32)) if position > self.position else []

    def flush(self) -> list[Chunk | Gap]:
        """The call is over: what the resampler held back, padded with silence to a whole window."""
        out: list[Chunk | Gap] = []
        self._finish_run(out)
        self._emit(np.zeros(-self._end % WINDOW, dtype=np.float32), out)
        return out

    def _check(self, position: int) -> None:
        ahead = (position - self.position) / self.rate
        if ahead < -self._limits.resend:
            raise PositionError(
                f"the sample position went back by {-ahead:.1f} s; at most {self._limits.resend:g} s may be"
                f" sent again: go on from position {self.position}"
            )
        if ahead > self._limits.jump:
            raise PositionError(
                f"the sample position jumped ahead by {ahead:.0f} s; positions count samples per channel"
                f" from the call's start: the next one expected is {self.position}"
            )

    def _leave_gap(self, position: int, out: list[Chunk | Gap]) -> None:
        gap = Gap(start=self.at, end=position / self.rate, leading=self._silent_so_far)
        self._finish_run(out)
        silence = self._index(position) - self._end
        # The window in which the audio broke off comes before the gap, so that its speech still counts.
        head = min(silence, -self._end % WINDOW)
        self._emit(np.zeros(head, dtype=np.float32), out)
        out.append(gap)
        skipped = max(0, silence - head - round(self._limits.fill * SAMPLE_RATE)) // WINDOW * WINDOW
        fed = silence - head - skipped
        whole = fed // WINDOW * WINDOW
        self._emit(np.zeros(whole, dtype=np.float32), out)
        self._end += skipped
        self._emit(np.zeros(fed - whole, dtype=np.float32), out)
        self.position = position

    def _resample(self, samples: Samples) -> Samples:
        self._fed = True
        if self._resampler is None:
            return samples
        resampled: Samples = self._resampler.resample_chunk(np.ascontiguousarray(samples, dtype=np.float32))
        return resampled

    def _finish_run(self, out: list[Chunk | Gap]) -> None:
        """Empty the resampler so that the timeline reaches exactly `position`."""
        missing = self._index(self.position) - self._end
        if self._fed and self._resampler is not None:
            tail = self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)[:missing]
            self._emit(np.pad(tail, (0, missing - len(tail))), out)
            self._resampler = self._fresh_resampler()
        self._fed = False

    def _emit(self, samples: Samples, out: list[Chunk | Gap]) -> None:
        self._end += len(samples)
        joined = np.concatenate((self._pending, samples)) if len(samples) else self._pending
        whole = len(joined) // WINDOW * WINDOW
        self._pending = joined[whole:]
        if whole:
            out.append(Chunk(start=self._end - len(joined), samples=joined[:whole]))

    def _index(self, position: int) -> int:
        """The 16 kHz index nearest to a wire position."""
        return (2 * position * SAMPLE_RATE + self.rate) // (2 * self.rate)

    def _fresh_resampler(self) -> soxr.ResampleStream | None:
        if self.rate == SAMPLE_RATE:
            return None
        return soxr.ResampleStream(self.rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")


class Tape:
    """The recent 16 kHz audio of one channel, from which utterances are cut."""

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()

    @property
    def seconds(self) -> Seconds:
        """How much is held."""
        return sum(len(chunk.samples) for chunk in self._chunks) / SAMPLE_RATE

    def append(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)

    def between(self, start: Seconds, end: Seconds) -> Samples:
        """A copy of the audio from `start` to `end`; silence where nothing is held."""
        first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
        cut = np.zeros(max(0, last - first), dtype=np.float32)
        for chunk in self._chunks:
            low, high = max(first, chunk.start), min(last, chunk.start + len(chunk.samples))
            if low < high:
                cut[low - first : high - first] = chunk.samples[low - chunk.start : high - chunk.start]
        return cut

    def forget(self, before: Seconds) -> None:
        """Drop chunks that end at or before `before`."""
        while self._chunks and self._chunks[0].end <= before:
            self._chunks.popleft()
