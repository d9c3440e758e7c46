"""What a line's judges need worked out is worked out before the line is filed, and off the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from streaming.calllog import EventOrder
from streaming.channel import Spoken
from streaming.events import CallInfo, Party, Utterance, Word
from streaming.ports import SpeechRequest, Transcript
from streaming.scribe import Scribe

WORDS = (Word(text="Leave", start=0.0, end=0.5), Word(text="it.", start=0.5, end=1.0))
SAID = Spoken(
    utterance_id="a1",
    speaker=Party.AGENT,
    start=0.0,
    end=1.0,
    voiced=((0.0, 1.0),),
    audio=np.zeros(16_000, np.float32),
)


class Hears:
    def __init__(self, words: tuple[Word, ...]) -> None:
        self._words = words

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        return Transcript(words=self._words)

    def forget(self, call_id: str, /) -> None:
        pass


async def file_one(words: tuple[Word, ...], work: Callable[[], object] | None) -> tuple[list[Utterance], int]:
    """The lines that were filed, and how often it was asked what to ponder."""
    order, asked = EventOrder(), 0

    def ponder(line: Utterance) -> Callable[[], object] | None:
        nonlocal asked
        asked += 1
        return work

    with ThreadPoolExecutor(1) as executor:
        scribe = Scribe(
            CallInfo(call_id="c1"),
            order=order,
            transcriber=Hears(words),
            priority="final",
            prosody=None,
            executor=executor,
            on_answer=lambda: None,
            on_partial=lambda shown, stable: None,
            ponder=ponder,
        )
        async with asyncio.TaskGroup() as tasks:
            scribe.take(SAID, 1.5, tasks)
    assert order.outstanding == 0
    return [one for one in order.drain() if isinstance(one, Utterance)], asked


async def test_it_is_done_in_the_executor_before_the_line_is_filed() -> None:
    threads: list[str] = []
    lines, asked = await file_one(WORDS, lambda: threads.append(threading.current_thread().name))
    assert [line.text for line in lines] == ["Leave it."] and asked == 1
    assert len(threads) == 1 and threads[0] != threading.main_thread().name


@pytest.mark.parametrize("words, asked", [((), 0), (WORDS, 1)])
async def test_where_nothing_was_said_nothing_is_pondered(words: tuple[Word, ...], asked: int) -> None:
    lines, found = await file_one(words, None)
    assert len(lines) == 1 and found == asked


async def test_a_line_is_filed_though_pondering_it_fails() -> None:
    def fails() -> None:
        raise RuntimeError("no network")

    lines, _ = await file_one(WORDS, fails)
    assert [line.text for line in lines] == ["Leave it."]
