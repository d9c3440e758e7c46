"""Voice activity: Silero v6.2 from its authors' wheel, streamed with its state carried per channel.

faster-whisper bundles an older export of the network, which on telephone speech sinks below its own threshold
(docs/decisions/0005: it finds 33 % of a real caller's loud frames where this one finds 91 %).

The network has two parts: an encoder that sees each window with 64 samples of what came before, and an
LSTM whose state runs from window to window. Carrying both gives the same probabilities, bit for bit, however
the audio is cut. Through a noisy stretch without speech the state sinks so low that the next sentence may
not lift it again, so its fast half is forgotten every `_FORGET` windows of it. Forgetting sooner finds short
answers, and loses sentences of other voices: so from `_FORGET_SOONER` windows on a second memory, which
forgets as often, listens too, until the first has caught on, and the higher probability counts
(docs/decisions/0005).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from models.catalog import verify
from models.shelf import VOICE_ACTIVITY
from streaming.ports import Samples

WINDOW = 512
"""Samples per probability: 32 ms at 16 kHz."""

CONTEXT = 64
_STATE = (1, 1, 128)
_SPEECH = 0.5
_QUIET = 0.1  # a window of less is no speech, and near none
_FORGET = 94  # windows of that in a row: 3.0 s
_FORGET_SOONER = 31  # 1.0 s
_CAUGHT_ON = 8  # windows of speech: 0.26 s


class SileroNetwork:
    """The ONNX session, one thread wide; stateless, so all channels of a process share one.

    Raises `WeightsError` when the network was not fetched.
    """

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        path = verify(VOICE_ACTIVITY) / "silero_vad_16k_sequence.onnx"
        self._session: Any = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )

    def run(self, windows: Samples, h: Samples, c: Samples) -> tuple[Samples, Samples, Samples]:
        """`windows` has shape ``(n, 576)``: context then samples. Returns probabilities and the new state."""
        out, h, c = self._session.run(None, {"input": windows, "h": h, "c": c})
        return np.asarray(out, np.float32).reshape(-1), h, c


_sharing = threading.Lock()


@cache
def _load() -> SileroNetwork:
    return SileroNetwork()


def shared_network() -> SileroNetwork:
    """The process's one network, loaded on first use (about 50 ms)."""
    with _sharing:
        return _load()


class SileroVoiceActivity:
    """One channel's voice activity (`streaming.ports.VoiceActivity`). Not to be shared between channels.

    A run costs about 0.2 ms plus 0.08 ms a window, so callers do well to gather a few windows a call.
    """

    def __init__(self, network: SileroNetwork | None = None) -> None:
        self._network = network or shared_network()
        self.reset()

    def reset(self) -> None:
        """Forgets what was heard: use it after a gap in the audio."""
        self._context: Samples = np.zeros(CONTEXT, np.float32)
        self._memory = _Memory(self._network, _FORGET)
        self._second: _Memory | None = None
        self._speech = 0  # windows of it in the first memory since there is a second

    def probabilities(self, samples: Samples, /) -> Samples:
        """One speech probability (0 to 1) per 512 samples; the argument is only read.

        Raises ValueError unless `samples` is one-dimensional and a multiple of 512 long.
        """
        if samples.ndim != 1 or len(samples) % WINDOW:
            raise ValueError("voice activity needs mono audio in whole windows of 512 samples")
        if not len(samples):
            return np.zeros(0, np.float32)
        framed = np.empty((len(samples) // WINDOW, CONTEXT + WINDOW), np.float32)
        framed[:, CONTEXT:] = samples.reshape(-1, WINDOW)
        framed[0, :CONTEXT] = self._context
        framed[1:, :CONTEXT] = framed[:-1, -CONTEXT:]
        self._context = framed[-1, -CONTEXT:].copy()
        found = [self._run(framed[first:last]) for first, last in self._runs(len(framed))]
        return np.concatenate(found)

    def _runs(self, windows: int) -> Iterator[tuple[int, int]]:
        """As far as memories can last: they forget, and a second one begins, only where a run ends."""
        done = 0
        while done < windows:
            quiet = self._memory.quiet
            left = [_FORGET - quiet] if quiet >= _FORGET_SOONER else [_FORGET_SOONER - quiet]
            left += [self._second.lasts] if self._second else []
            last = min(windows, done + min(left))
            yield done, last
            done = last

    def _run(self, framed: Samples) -> Samples:
        found = self._memory.run(framed)
        if self._second is not None:
            known = self._speech + np.cumsum(found >= _SPEECH)
            self._speech = int(known[-1])
            found = np.where(known < _CAUGHT_ON, np.maximum(found, self._second.run(framed)), found)
            if self._speech >= _CAUGHT_ON:
                self._second = None
        elif self._memory.quiet == _FORGET_SOONER:
            self._second, self._speech = self._memory.forgetting_sooner(), 0
        return found


class _Memory:
    """The LSTM's state, whose fast half is forgotten after so many windows without speech."""

    def __init__(self, network: SileroNetwork, forget: int, c: Samples | None = None) -> None:
        self._network = network
        self._forget = forget
        self._h: Samples = np.zeros(_STATE, np.float32)
        self._c: Samples = np.zeros(_STATE, np.float32) if c is None else c
        self.quiet = 0  # windows without speech up to now

    @property
    def lasts(self) -> int:
        """Windows that may be heard in one run."""
        return self._forget - self.quiet

    def run(self, framed: Samples) -> Samples:
        found, self._h, self._c = self._network.run(framed, self._h, self._c)
        voiced = np.flatnonzero(found >= _QUIET)
        self.quiet = len(found) - 1 - int(voiced[-1]) if len(voiced) else self.quiet + len(found)
        if self.quiet >= self._forget:
            self._h = np.zeros(_STATE, np.float32)
            self.quiet = 0
        return found

    def forgetting_sooner(self) -> _Memory:
        return _Memory(self._network, _FORGET_SOONER, self._c)
