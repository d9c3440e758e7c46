"""What the scribe has measured, and what it does not bother the meter with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from models.scripted import Scenario, ScriptedTranscriber
from streaming.calllog import EventOrder
from streaming.channel import Spoken
from streaming.events import CallInfo, Party, Seconds, Signal, Word
from streaming.ports import HeldWords, Samples, Transcript
from streaming.scribe import Scribe, credited


class Meter:
    def __init__(self) -> None:
        self.starts: list[Seconds] = []

    def measure(self, audio: Samples, /, *, speaker: Party, start: Seconds) -> Sequence[Signal]:
        self.starts.append(start)
        return []


def spoken(start: Seconds, *voiced: Seconds) -> Spoken:
    """Two seconds of sound from `start` on with stretches of speech of these lengths in it."""
    return Spoken(
        utterance_id=f"c{start}",
        speaker=Party.CUSTOMER,
        start=start,
        end=start + 2.0,
        voiced=tuple((start + at, start + at + length) for at, length in enumerate(voiced)),
        audio=np.zeros(32_000, np.float32),
    )


@pytest.mark.parametrize(
    ("voiced", "measured"),
    [((1.0,), True), ((0.4, 0.4), True), ((0.3,), False), ((0.2, 0.2), False), ((), False)],
)
async def test_an_utterance_too_short_to_have_a_melody_is_not_measured(
    voiced: tuple[Seconds, ...], measured: bool
) -> None:
    meter, order = Meter(), EventOrder()
    with ThreadPoolExecutor(1) as executor:
        scribe = Scribe(
            CallInfo(call_id="c1"),
            order=order,
            transcriber=ScriptedTranscriber(Scenario()),
            priority="final",
            prosody=meter,
            executor=executor,
            on_answer=lambda: None,
            on_partial=lambda shown, stable: None,
        )
        async with asyncio.TaskGroup() as tasks:
            scribe.take(spoken(4.0, *voiced), 6.5, tasks)
    assert meter.starts == ([4.0] if measured else [])
    assert order.outstanding == 0  # nothing is awaited that never comes


def test_words_in_the_other_partys_speech_are_held_back() -> None:
    said = [("my", 1.0, 1.2), ("router", 1.2, 1.7), ("yes", 2.4, 2.7)]
    words = tuple(Word(text=text, start=start, end=end) for text, start, end in said)
    transcript = Transcript(words=words)
    heard = replace(spoken(1.0, 2.0), copied=((1.0, 1.6),))
    assert credited(transcript, heard) == Transcript(
        words=words[2:], held_back=(HeldWords(words=words[:2], reason="crosstalk"),)
    )
    assert credited(transcript, spoken(1.0, 2.0)) is transcript
    brief = Transcript(words=(Word(text="yes", start=2.5, end=2.5),))  # as long as recognisers say at times
    assert credited(brief, heard) is brief
    assert not credited(brief, replace(heard, copied=((2.4, 2.6),))).words
    assert credited(transcript, replace(heard, copied=((2.9, 3.0),))) is transcript
