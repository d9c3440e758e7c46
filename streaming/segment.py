"""Voice activity → utterances: where speech starts and ends, decided by stream time alone (pure).

A segment is what one party says between two pauses. Decisions depend only on the probabilities and
their places, never on how they were cut into calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from streaming.audio import WINDOW_SECONDS
from streaming.events import Seconds

Stretch = tuple[Seconds, Seconds]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentConfig:
    """Thresholds of the endpointing; durations are rounded to whole 32 ms windows.

    `on`/`off`: speech begins at one probability and lasts until below the other. `min_speech`: shorter
    runs open nothing (three windows let "yep" live and drop clicks). `endpoint`: the pause that ends an
    utterance; below 0.4 s it splits sentences at breaths, above 0.6 s it eats the two seconds from end of
    speech to alert. `pad_before`/`pad_after`: audio kept around speech, less than `endpoint` together with
    what may overlap. `longest`: where a turn is cut, at the best pause of its last `cut_search` seconds.
    `gap`: lost audio this long ends the utterance, shorter is heard as silence.
    """

    on: float = 0.5
    off: float = 0.35
    min_speech: Seconds = 0.1
    endpoint: Seconds = 0.45
    pad_before: Seconds = 0.2
    pad_after: Seconds = 0.2
    longest: Seconds = 12.0
    cut_search: Seconds = 4.0
    gap: Seconds = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.off <= self.on < 1:
            raise ValueError("need 0 < off <= on < 1")
        if not 0 <= self.pad_after <= self.endpoint:
            raise ValueError("need 0 <= pad_after <= endpoint")
        if self.longest < 2 * self.cut_search or self.cut_search < 2 * self.min_speech:
            raise ValueError("need longest >= 2 cut_search >= 4 min_speech")


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """Speech began at `at`; it was known at `decided_at`, its place in the log."""

    at: Seconds
    decided_at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """Speech ended at `at` (its last voiced window); known at `decided_at`."""

    at: Seconds
    decided_at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One utterance's audio from `start` to `end`, padded, never overlapping its neighbours.

    `closed_at` is the stream time at which the end was decided. `voiced` are the stretches of speech in it.
    `continues`: a long turn was cut here, and the next segment goes on with it.
    """

    index: int  # from 1 within the channel
    start: Seconds
    end: Seconds
    closed_at: Seconds
    voiced: tuple[Stretch, ...]
    continues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSegment:
    """The utterance still going on, as far as heard."""

    index: int
    start: Seconds
    end: Seconds
    voiced: tuple[Stretch, ...]


Decision = Onset | Offset | Segment


@dataclass(slots=True)
class _Run:
    """Consecutive speech windows, `first` to before `end`."""

    first: int
    end: int


class Segmenter:
    """Endpointing of one channel. Feed probabilities and gaps in order of their stream time.

    An `Onset` precedes the first segment of a turn; an `Offset` and the last `Segment` end it together.
    """

    def __init__(self, config: SegmentConfig | None = None) -> None:
        self._config = config or SegmentConfig()
        self._next = 0  # index of the next window expected
        self._runs: deque[_Run] = deque()  # of the open segment, or short ones that may be its beginning
        self._growing = False  # whether the last run may still grow
        self._recent: deque[float] = deque(maxlen=_windows(self._config.cut_search))
        self._opened: int | None = None  # window of the open segment's first speech (or cut)
        self._start: Seconds = 0.0
        self._floor: Seconds = 0.0  # the last segment's end: the next one starts behind it
        self._index = 1

    @property
    def at(self) -> Seconds:
        """Stream time up to which everything is decided that can be."""
        return self._next * WINDOW_SECONDS

    def feed(self, window: int, probabilities: Iterable[float]) -> list[Decision]:
        """Speech probabilities of consecutive windows, the first being window `window` of the channel."""
        if window < self._next:
            raise ValueError(f"window {window} was already fed; expected {self._next}")
        if window > self._next:
            self._recent.clear()
            self._growing = False
            self._next = window
        out: list[Decision] = []
        for probability in probabilities:
            self._step(float(probability), out)
        return out

    def gap(self, start: Seconds, end: Seconds) -> list[Decision]:
        """Audio from `start` to `end` was lost; long enough, it ends what is open at its edge."""
        if end - start < self._config.gap:
            return []
        return self._break(start)

    def flush(self) -> list[Decision]:
        """The call is over."""
        return self._break(self.at)

    def open_segment(self) -> OpenSegment | None:
        """The utterance going on, for partial transcripts; None before speech is certain."""
        if self._opened is None:
            return None
        return OpenSegment(
            index=self._index, start=self._start, end=self.at, voiced=self._voiced(self._start, self.at)
        )

    @property
    def voice(self) -> Stretch | None:
        """From the beginning of the utterance going on to its last speech; None before speech is certain."""
        return None if self._opened is None else (self._start, self._last_speech() * WINDOW_SECONDS)

    def _step(self, probability: float, out: list[Decision]) -> None:
        window, self._next = self._next, self._next + 1
        self._recent.append(probability)
        self._grow(window, probability)
        if self._opened is None:
            self._forget_short_runs()
            if self._growing and self._is_real(self._runs[-1]):
                self._open(self._runs[-1], out)
        elif self._growing:
            self._cut_if_long(out)
        elif self._next - self._last_speech() >= _windows(self._config.endpoint):
            self._close(self.at, out)

    def _grow(self, window: int, probability: float) -> None:
        # `not >=` so that a NaN is silence.
        if not probability >= (self._config.off if self._growing else self._config.on):
            self._growing = False
            return
        if self._growing:
            self._runs[-1].end = window + 1
        else:
            self._runs.append(_Run(window, window + 1))
            self._growing = True

    def _is_real(self, run: _Run) -> bool:
        """Long enough to open an utterance or to keep it open."""
        return run.end - run.first >= _windows(self._config.min_speech)

    def _forget_short_runs(self) -> None:
        """Without an open segment, a finished short run matters only inside the padding of the next."""
        reach = self._next - _windows(self._config.pad_before + self._config.min_speech)
        while len(self._runs) > int(self._growing) and self._runs[0].end < reach:
            self._runs.popleft()

    def _open(self, run: _Run, out: list[Decision]) -> None:
        self._opened = run.first
        speech = run.first * WINDOW_SECONDS
        self._start = max(self._floor, speech - self._config.pad_before, 0.0)
        out.append(Onset(at=max(speech, self._floor), decided_at=self.at))

    def _last_speech(self) -> int:
        return max((run.end for run in self._runs if self._is_real(run)), default=self._opened or 0)

    def _close(self, limit: Seconds, out: list[Decision]) -> None:
        """End the open segment; nothing of it lies behind `limit`."""
        speech = min(self._last_speech() * WINDOW_SECONDS, limit)
        end = min(speech + self._config.pad_after, limit)
        out.append(Offset(at=speech, decided_at=self.at))
        self._finish(end, False, out)
        self._opened = None
        self._runs.clear()
        self._growing = False

    def _finish(self, end: Seconds, continues: bool, out: list[Decision]) -> None:
        voiced = self._voiced(self._start, end)
        closed = Segment(
            index=self._index,
            start=self._start,
            end=end,
            closed_at=self.at,
            voiced=voiced,
            continues=continues,
        )
        out.append(closed)
        self._index += 1
        self._floor = end

    def _cut_if_long(self, out: list[Decision]) -> None:
        config = self._config
        if self._opened is None or not self._is_real(self._runs[-1]):
            return
        if self.at - self._start < config.longest:
            return
        cut = self._quietest_window()
        edge = cut * WINDOW_SECONDS
        before = max((min(run.end, cut) for run in self._runs if run.first < cut), default=cut)
        self._finish(min(edge, before * WINDOW_SECONDS + config.pad_after), True, out)
        self._runs = deque(_Run(max(run.first, cut), run.end) for run in self._runs if run.end > cut)
        self._opened = self._runs[0].first
        self._start = max(self._floor, self._opened * WINDOW_SECONDS - config.pad_before)

    def _quietest_window(self) -> int:
        """The window with the least speech around it (mean of three; the later one on a tie).

        The last `min_speech` is left out, so that what goes on is long enough to be an utterance.
        """
        recent = list(self._recent)
        first = self._next - len(recent)
        last = len(recent) - max(_windows(self._config.min_speech), 1)
        means = [(sum(recent[i - 1 : i + 2]), -i) for i in range(1, last)]
        return first - min(means)[1]

    def _voiced(self, start: Seconds, end: Seconds) -> tuple[Stretch, ...]:
        stretches = ((run.first * WINDOW_SECONDS, run.end * WINDOW_SECONDS) for run in self._runs)
        return tuple((max(a, start), min(b, end)) for a, b in stretches if a < end and b > start)

    def _break(self, limit: Seconds) -> list[Decision]:
        out: list[Decision] = []
        if self._opened is not None:
            self._close(max(limit, self._start), out)
        self._runs.clear()
        self._growing = False
        self._recent.clear()
        return out


def _windows(seconds: Seconds) -> int:
    return round(seconds / WINDOW_SECONDS)
