"""An event loop whose clock jumps to the next thing due: minutes of waiting in no time, the same each run."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class _NoWaiting(selectors.DefaultSelector):
    """Tells the loop's clock of waiting instead of doing it."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing is due and nothing can come: the test would wait for ever")
        if not ready and timeout is not None:
            self.waited += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code that waits by the loop's own clock only: no threads, processes or sockets."""

    def __init__(self) -> None:
        self._clock = _NoWaiting()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.waited


def run_virtually(main: Coroutine[Any, Any, _Result]) -> _Result:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
