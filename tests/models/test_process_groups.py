"""Groups before an engine in a process that dies or hangs: who is asked again, and who is not answered."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from models.process import ProcessWorker
from streaming.errors import CallcueError
from tests.models.engines import Moody
from tests.models.test_worker import request


async def outcomes(worker: ProcessWorker, *names: str) -> dict[str, str]:
    """What came of a group, by utterance: the text heard, or why there is none."""
    found = [answer async for answer in worker.run_many([request(name) for name in names])]
    assert sorted(which for which, _ in found) == list(range(len(names)))
    return {
        names[which]: outcome.message if isinstance(outcome, CallcueError) else outcome.words[0].text
        for which, outcome in found
    }


def heard(*names: str) -> dict[str, str]:
    return {name: f"{name}:0.123456" for name in names}


async def test_of_a_group_in_which_one_hangs_only_that_one_fails() -> None:
    async with ProcessWorker(Moody(), timeout=1.0, backoff=(0.0,)) as worker:
        found = await outcomes(worker, "a1", "hang", "a2", "a3")
        assert found.pop("hang") == "the engine gave no answer within 1 s"
        assert found == heard("a1", "a2", "a3")
        assert worker.stats().restarts == 2  # with its company, and alone


async def test_of_a_group_in_which_one_kills_the_engine_only_that_one_fails() -> None:
    async with ProcessWorker(Moody(), backoff=(0.0,)) as worker:
        found = await outcomes(worker, "a1", "crash", "a2", "raise")
        assert found.pop("crash") == "the engine process died twice on this request"
        assert found.pop("raise") == "the engine raised ValueError"
        assert found == heard("a1", "a2")


async def test_what_was_answered_before_the_engine_died_is_kept_and_not_asked_for_again(
    tmp_path: Path,
) -> None:
    async with ProcessWorker(Moody(str(tmp_path)), backoff=(0.0,)) as worker:
        assert await outcomes(worker, "a1", "note", "crash-once", "a2") == heard(
            "a1", "note", "crash-once", "a2"
        )
        assert (tmp_path / "noted").read_text() == "."
        assert worker.stats().restarts == 1


async def test_a_group_that_makes_progress_may_take_longer_than_the_time_out_of_one() -> None:
    async with ProcessWorker(Moody(), timeout=1.5, backoff=(0.0,)) as worker:
        names = [f"slow-{n}" for n in range(6)]  # 0.3 s each
        assert await outcomes(worker, *names) == heard(*names)
        assert worker.stats().restarts == 0


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_is_asked_of_a_child_that_has_just_ended_is_asked_again(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the child's end and its supervisor's noticing; uvloop raises another error there."""
    start, children = asyncio.create_subprocess_exec, list[asyncio.subprocess.Process]()

    async def starting(*args: Any, **options: Any) -> asyncio.subprocess.Process:
        children.append(await start(*args, **options))
        return children[-1]

    async def main() -> None:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)
        async with ProcessWorker(Moody(), backoff=(0.0,)) as worker:
            child = children[0]
            assert child.stdin is not None
            child.send_signal(signal.SIGSTOP)  # it has not ended before the group was written
            child.stdin.close()
            await turns()
            asked = asyncio.create_task(outcomes(worker, "a1", "a2"))
            await turns()
            child.send_signal(signal.SIGCONT)
            assert await asked == heard("a1", "a2")
            assert worker.stats().restarts == 1

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
