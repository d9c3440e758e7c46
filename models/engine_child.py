"""The engine's own process, started by `models.process.ProcessWorker`.

Speaks length-prefixed pickles with its parent over stdin and stdout (both ends are this program). It ends
when stdin ends, so it never outlives a parent that died.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

from models.worker import Engine, EngineFactory, WorkerStats, answers, own_stats
from streaming.errors import CallcueError, EngineFailed
from streaming.ports import SpeechRequest, Transcript

HEADER = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Load:
    factory: EngineFactory
    slots: int


@dataclass(frozen=True, slots=True)
class Run:
    """Requests to decode together; `number` is the group's."""

    number: int
    requests: tuple[SpeechRequest, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    stats: WorkerStats


@dataclass(frozen=True, slots=True)
class Refused:
    """Loading failed; the process ends after this."""

    error: CallcueError


@dataclass(frozen=True, slots=True)
class Done:
    """One request of the group `number` is answered."""

    number: int
    which: int
    outcome: Transcript | CallcueError
    stats: WorkerStats


ToChild = Load | Run
FromChild = Ready | Refused | Done


def pack(message: ToChild | FromChild) -> bytes:
    body = pickle.dumps(message, protocol=5)
    return HEADER.pack(len(body)) + body


def unpack(body: bytes) -> ToChild | FromChild:
    message: ToChild | FromChild = pickle.loads(body)  # noqa: S301 - see above
    return message


class Child:
    """Reads requests on the main thread, so that the parent's end is noticed while engine threads work."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()

    def serve(self) -> int:
        first = self._receive()
        if not isinstance(first, Load):
            return 2
        try:
            engine = _load(first.factory)
        except CallcueError as error:
            self._send(Refused(error))
            return 1
        self._send(Ready(own_stats()))
        threads = ThreadPoolExecutor(first.slots, thread_name_prefix="engine")
        while (message := self._receive()) is not None:
            if isinstance(message, Run):
                threads.submit(self._answer, engine, message)
        return 0

    def _answer(self, engine: Engine, run: Run) -> None:
        for which, outcome in answers(engine, run.requests):
            self._send(Done(run.number, which, outcome, own_stats()))

    def _receive(self) -> ToChild | FromChild | None:
        header = self._source.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        (size,) = HEADER.unpack(header)
        body = self._source.read(size)
        return unpack(body) if len(body) == size else None

    def _send(self, message: FromChild) -> None:
        packed = pack(message)
        with self._writing:
            self._sink.write(packed)
            self._sink.flush()


def _load(factory: EngineFactory) -> Engine:
    try:
        return factory()
    except CallcueError:
        raise
    except Exception as error:
        raise EngineFailed(f"the engine could not be loaded: {type(error).__name__}: {error}") from error


def main() -> None:
    """Takes stdout for the protocol and gives libraries stderr instead; leaves Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    code = 1
    try:
        code = Child(sys.stdin.buffer, sink).serve()
    except BrokenPipeError:
        code = 0  # the parent has gone
    finally:
        os._exit(code)  # do not wait for an engine thread whose answer nobody wants
