"""The calls to play: which recording, from where on, in whose framing; the same in every run."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.frames import (
    FRAME_SECONDS,
    Framing,
    Loop,
    native_frames,
    twilio_frames,
    twilio_opening,
    twilio_stop,
)
from benchmarks.players import Plan
from streaming.audio import Encoding
from streaming.dialects.native import bye_message, hello_message
from streaming.events import CallInfo, Profile, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How a call reaches the service at `url` (ws://…)."""

    url: str
    framing: Framing = "native"
    profile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """`frames` frames of a recording from frame `offset` on, round and round."""

    loop: Loop
    offset: int
    frames: int


def takes(loops: Sequence[Loop], calls: int, seconds: Seconds, *, seed: int = 1) -> list[Take]:
    """One a call, recordings in turn, each at its own place; a call alone starts at the beginning."""
    chance = random.Random(seed)  # noqa: S311 - the same offsets in every run
    frames = round(seconds / FRAME_SECONDS)
    order = [loops[number % len(loops)] for number in range(calls)]
    return [
        Take(loop=loop, offset=chance.randrange(loop.frames) if calls > 1 else 0, frames=frames)
        for loop in order
    ]


def call_ids(calls: int, word: str = "bench") -> list[str]:
    """Ids that no run used before."""
    run = uuid.uuid4().hex[:6]
    return [f"{word}-{run}-{number:03}" for number in range(calls)]


def plan(line: Line, take: Take, call_id: str) -> Plan:
    token = os.environ.get("CALLCUE_SOFTPHONE_TOKEN")
    url = line.url.rstrip("/")
    if line.framing == "twilio":
        return Plan(
            call_id=call_id,
            url=f"{url}/v1/twilio",
            opening=twilio_opening(call_id, line.profile),
            frame_at=twilio_frames(take.loop, take.offset, call_id),
            frames=take.frames,
            closing=twilio_stop(call_id),
            awaits_ready=False,
            token=token,
        )
    profile = Profile(line.profile) if line.profile else None
    return Plan(
        call_id=call_id,
        url=f"{url}/v1/calls/stream",
        opening=[hello_message(CallInfo(call_id=call_id), Encoding.MULAW, 8000, profile=profile)],
        frame_at=native_frames(take.loop, take.offset),
        frames=take.frames,
        closing=bye_message(),
        awaits_ready=True,
        token=token,
    )
