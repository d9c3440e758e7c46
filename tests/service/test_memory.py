"""What calls left with the allocator goes back to the system."""

from __future__ import annotations

import asyncio

from service.memory import _glibc_trim, give_back


async def test_it_is_given_back_again_and_again_and_not_on_the_event_loop() -> None:
    loop, given = asyncio.get_running_loop(), asyncio.Event()
    on_the_loop: list[bool] = []

    def trim() -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            on_the_loop.append(False)
        else:
            on_the_loop.append(True)
        if len(on_the_loop) == 3:
            loop.call_soon_threadsafe(given.set)

    giving = asyncio.create_task(give_back(trim, every=0.001))
    async with asyncio.timeout(10):
        await given.wait()
    giving.cancel()
    await asyncio.gather(giving, return_exceptions=True)
    assert not any(on_the_loop)


def test_where_the_c_library_can_it_is_asked_without_harm() -> None:
    trim = _glibc_trim()
    if trim is not None:
        assert trim() in (0, 1)
