"""The agent's raised voice against the agent's own median in this call; only under the profile `full`.

Pitch that jumps well above the agent's own median, together with louder speech on the same channel or
raised arousal. Support for words and dynamics: it counts only in answer to a frustrated customer.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from detectors.text import Line
from streaming.events import Party, Seconds, Signal, SignalSpan

_RAISED = 4.0  # semitones above the own median: beyond the 2.6 to 3.7 st SD of real agents
_AROUSED = 2.0  # z-score
_LOUDER = 5.0  # dB above the own median
_LEAST_BASELINE = 6  # utterances before anything is judged
_LEARNT = ("f0_median", "energy_db")
_NEAR: Seconds = 0.6  # between a signal's edges and its utterance's


class AgentVoice:
    """Feed it the agent's signals, ask at each final line."""

    def __init__(self) -> None:
        self._usual: dict[str, deque[float]] = {
            name: deque(maxlen=200) for name in ("f0_median", "energy_db")
        }
        self._recent: deque[Signal] = deque(maxlen=32)

    def feed(self, signal: Signal) -> None:
        if signal.speaker is Party.AGENT and signal.name in (*_LEARNT, "arousal"):
            self._recent.append(signal)

    def raised(self, line: Line) -> SignalSpan | None:
        """The pitch measurement that shows a raised voice in this line; also learns from the line."""
        pitch, energy, arousal = (self._of(line, name) for name in ("f0_median", "energy_db", "arousal"))
        if pitch is None or pitch.value <= 0.0:
            return None
        higher = 12.0 * math.log2(pitch.value / self._own(pitch))
        louder = energy.value - self._own(energy) if energy is not None else 0.0
        for signal in (pitch, energy):
            if signal is not None:
                self._usual[signal.name].append(signal.value)
        aroused = arousal is not None and arousal.value >= _AROUSED
        if higher < _RAISED or not (aroused or louder >= _LOUDER):
            return None
        return SignalSpan(
            name=pitch.name, speaker=Party.AGENT, start=pitch.start, end=pitch.end, value=pitch.value
        )

    def _own(self, signal: Signal) -> float:
        """The agent's median so far; the value itself while there is too little to compare with."""
        usual = self._usual[signal.name]
        return median(usual) if len(usual) >= _LEAST_BASELINE else signal.value

    def _of(self, line: Line, name: str) -> Signal | None:
        fitting = (
            signal
            for signal in reversed(self._recent)
            if signal.name == name and signal.start < line.end and signal.end > line.start - _NEAR
        )
        return next(fitting, None)
