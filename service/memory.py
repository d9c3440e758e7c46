"""Memory that calls which are over have left with the allocator goes back to the system, now and then.

glibc keeps what was freed in its arenas; with calls coming and going the process grew by 17 MB an hour of
calls (`callcue bench churn --callers 30 --seconds 90`), although nothing was held.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable

from streaming.events import Seconds

TRIM_EVERY: Seconds = 20.0


async def give_back(trim: Callable[[], object] | None = None, *, every: Seconds = TRIM_EVERY) -> None:
    """For as long as the node runs, off the event loop; where the C library cannot, it only waits."""
    trim = trim or _glibc_trim()
    while True:
        await asyncio.sleep(every)
        if trim is not None:
            await asyncio.to_thread(trim)


def _glibc_trim() -> Callable[[], object] | None:
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return None if found is None else lambda: found(0)
