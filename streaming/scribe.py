"""Turns what a call's ears heard into words and voice measures, each back at its place in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace

from streaming.calllog import EventOrder
from streaming.channel import Ear, Spoken
from streaming.crosstalk import Crosstalk, shared
from streaming.errors import EngineFailed, Overloaded, Superseded
from streaming.events import (
    AudioGap,
    CallInfo,
    DetectorFailed,
    Event,
    Party,
    Profile,
    Seconds,
    Utterance,
    WordsHeldBack,
)
from streaming.partials import Partials
from streaming.ports import HeldWords, Priority, ProsodyMeter, SpeechRequest, Transcriber, Transcript

_MELODY: Seconds = 0.6  # of voice activity; with less (a "yes") no utterance of a real call could be measured
_GO_BACK: Seconds = 1.0  # before a recording's utterance asks again, where the queue does not say when

Shown = Callable[[Utterance, Utterance | None], None]
"""Called with a partial line to show and its stable beginning."""

Ponder = Callable[[Utterance], Callable[[], object] | None]
"""What to work out beforehand (CPU, in the executor) so that a line's judges need not; None: nothing."""


class Scribe:
    """Asks for transcripts and measures, and files the answers with `order` as they come."""

    def __init__(
        self,
        call: CallInfo,
        *,
        order: EventOrder,
        transcriber: Transcriber,
        priority: Priority,
        prosody: ProsodyMeter | None,
        executor: Executor,
        on_answer: Callable[[], None],
        on_partial: Shown,
        ponder: Ponder = lambda line: None,
        crosstalk: Mapping[Party, Crosstalk] | None = None,
    ) -> None:
        self._call = call
        self._order = order
        self._transcriber = transcriber
        self._priority = priority
        self._prosody = prosody
        self._executor = executor
        self._on_answer = on_answer
        self._on_partial = on_partial
        self._ponder = ponder
        self._crosstalk = crosstalk or {}
        self._measuring = asyncio.Lock()
        self._partials = {party: Partials(party) for party in call.parties}

    def take(self, spoken: Spoken, due: Seconds, tasks: asyncio.TaskGroup, *, hurried: bool = False) -> None:
        """A whole utterance: its final words (and measures, where allowed) will be filed as due at `due`.

        `hurried`: it came faster than anybody speaks, and must not make those wait who are speaking.
        """
        spoken = self._told_apart(spoken, whole=True)
        self._partials[spoken.speaker].close(spoken.utterance_id)
        self._order.expect(spoken.utterance_id, due=due)
        tasks.create_task(self._final(spoken, due, "batch" if hurried else self._priority))
        if self._prosody is not None and self._may_measure(spoken.speaker) and _has_melody(spoken):
            self._order.expect(_voice(spoken), due=due)
            tasks.create_task(self._measure(spoken, due, self._prosody))

    def glance(self, ear: Ear, every: Seconds, tasks: asyncio.TaskGroup) -> None:
        """Ask for a partial line of what `ear` is hearing, if it has grown enough."""
        partials = self._partials[ear.party]
        if partials.wanted(ear.growing(), every=every) and (spoken := ear.speaking()):
            spoken = self._told_apart(spoken, whole=False)
            revision = partials.ask(spoken)
            tasks.create_task(self._partial(spoken, revision, partials))

    def _told_apart(self, spoken: Spoken, *, whole: bool) -> Spoken:
        """With the stretches in which it is the other party that is heard."""
        watch = self._crosstalk.get(spoken.speaker)
        if watch is None:
            return spoken
        return replace(spoken, copied=watch.copied(spoken.start, spoken.end, learn=whole))

    def _may_measure(self, speaker: Party) -> bool:
        """The profile is enforced here, at the source: what it forbids is never computed."""
        return speaker is Party.CUSTOMER or self._call.profile is Profile.FULL

    async def _final(self, spoken: Spoken, due: Seconds, priority: Priority) -> None:
        try:
            transcript = await self._transcribe(self._request(spoken, priority, revision=0))
        except (EngineFailed, Overloaded, Superseded):
            transcript = Transcript(words=())
            self._order.add(_unheard(spoken), due=due)
        transcript = credited(transcript, spoken)
        for held in transcript.held_back:
            event = WordsHeldBack(
                speaker=spoken.speaker,
                utterance_id=spoken.utterance_id,
                start=spoken.start,
                end=spoken.end,
                words=held.words,
                reason=held.reason,
            )
            self._order.add(event, due=due)
        line = _final_line(spoken, transcript)
        await self._think(line)
        self._order.add(line, due=due)
        self._order.settle(spoken.utterance_id)
        self._on_answer()

    async def _think(self, line: Utterance) -> None:
        work = self._ponder(line) if line.words else None
        if work is not None:
            with suppress(Exception):  # supervision: the judge that needs it meets it again, and is dropped
                await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def _transcribe(self, request: SpeechRequest) -> Transcript:
        """A recording can wait: pushed out by live calls, it goes back to the queue and loses no words."""
        while True:
            try:
                return await self._transcriber.transcribe(request)
            except Overloaded as error:
                if request.priority != "batch":
                    raise
                await asyncio.sleep(error.retry_after or _GO_BACK)

    async def _measure(self, spoken: Spoken, due: Seconds, prosody: ProsodyMeter) -> None:
        loop = asyncio.get_running_loop()
        async with self._measuring:  # one after the other: a meter may build on what it measured before
            try:
                measured: Sequence[Event] = await loop.run_in_executor(
                    self._executor,
                    lambda: prosody.measure(spoken.audio, speaker=spoken.speaker, start=spoken.start),
                )
            except Exception as error:  # supervision: the words matter more than how they sounded
                self._prosody = None
                failed = DetectorFailed(detector="voice", at=spoken.end, error=type(error).__name__)
                measured = [failed]
        for event in measured:
            self._order.add(event, due=due)
        self._order.settle(_voice(spoken))
        self._on_answer()

    async def _partial(self, spoken: Spoken, revision: int, partials: Partials) -> None:
        request = self._request(spoken, "partial", revision=revision)
        try:
            transcript = await self._transcriber.transcribe(request)
        except (EngineFailed, Overloaded, Superseded):
            partials.answered()
            return
        shown = partials.hear(spoken, revision, credited(transcript, spoken))
        if shown is not None:
            self._on_partial(*shown)

    def _request(self, spoken: Spoken, priority: Priority, *, revision: int) -> SpeechRequest:
        name = self._call.customer_name
        return SpeechRequest(
            call_id=self._call.call_id,
            speaker=spoken.speaker,
            utterance_id=spoken.utterance_id,
            revision=revision,
            start=spoken.start,
            audio=spoken.audio,
            priority=priority,
            voiced=spoken.voiced,
            hints=(name,) if name else (),
            language=self._call.language,
        )


def credited(transcript: Transcript, spoken: Spoken) -> Transcript:
    """Without the words that the other party said."""
    if not spoken.copied:
        return transcript
    theirs = tuple(word for word in transcript.words if spoken.is_copy(word.start, word.end))
    if not theirs:
        return transcript
    held = HeldWords(words=theirs, reason="crosstalk")
    words = tuple(word for word in transcript.words if word not in theirs)
    return replace(transcript, words=words, held_back=(*transcript.held_back, held))


def _has_melody(spoken: Spoken) -> bool:
    voiced = sum(end - start - shared(spoken.copied, start, end) for start, end in spoken.voiced)
    return voiced >= _MELODY


def _voice(spoken: Spoken) -> str:
    return f"{spoken.utterance_id}/voice"


def _unheard(spoken: Spoken) -> AudioGap:
    return AudioGap(speaker=spoken.speaker, start=spoken.start, end=spoken.end, reason="transcription_failed")


def _final_line(spoken: Spoken, transcript: Transcript) -> Utterance:
    return Utterance(
        speaker=spoken.speaker,
        id=spoken.utterance_id,
        revision=0,
        start=spoken.start,
        end=spoken.end,
        words=transcript.words,
        final=True,
        continues=spoken.continues,
    )
