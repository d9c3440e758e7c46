"""Scores recordings through the same session that judges live calls, only as fast as the machine allows."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from service.recordings import BOTH, SUFFIXES, Block, Recording, Source, open_recording
from streaming.audio import Encoding
from streaming.channel import Piece
from streaming.errors import UnreadableAudio, first_cause
from streaming.events import CallInfo, Party, Profile, Record, Scorecard
from streaming.session import CallSession, SessionConfig, SessionParts

BATCH = SessionConfig(priority="batch", partial_every=None, buffered=4.0, hear_every=1.0, outstanding=8)

OnProgress = Callable[[float], None]
"""Called with the share of the recording that was taken up, 0 to 1."""


@dataclass(slots=True)
class _Collected:
    """A sink that keeps the records: a recording is stored whole or not at all."""

    records: list[Record] = field(default_factory=list)

    async def put(self, records: Sequence[Record], /) -> None:
        self.records += records


async def score_recording(
    recording: Recording,
    call: CallInfo,
    parts: SessionParts,
    on_progress: OnProgress = lambda share: None,
) -> list[Record]:
    """The recording's whole log, its scorecard last. Raises `UnreadableAudio` where it breaks off."""
    collected = _Collected()
    whole = replace(parts, sink=collected, config=BATCH)
    session = CallSession(call, rate=recording.rate, parts=whole)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(session.run())
            await _play(recording, session, on_progress)
            await running
    except* UnreadableAudio as errors:
        raise first_cause(errors) from None
    return collected.records


async def _play(recording: Recording, session: CallSession, on_progress: OnProgress) -> None:
    blocks = recording.blocks()
    while (parts := await asyncio.to_thread(next, blocks, None)) is not None:
        await session.feed([_piece(block) for block in parts])
        on_progress(min(1.0, (parts[0].position + len(parts[0].samples)) / recording.frames))
    session.end("client", "bye")


def _piece(block: Block) -> Piece:
    data = block.samples.astype("<f4", copy=False).tobytes()
    return Piece(party=block.party, position=block.position, encoding=Encoding.PCM_F32LE, data=data)


def scorecard_of(records: Sequence[Record]) -> Scorecard:
    """The scorecard that ends a call's log."""
    last = records[-1].event
    if not isinstance(last, Scorecard):
        raise TypeError("the log does not end with a scorecard")
    return last


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What is known of a recording beside its audio: from options, or from ``<recording>.json`` beside it."""

    call_id: str | None = None
    agent: str | None = None
    team: str | None = None
    customer_name: str | None = None


def facts_beside(path: Path, given: CallFacts) -> CallFacts:
    """Facts from ``call.json`` or ``call.truth.json`` beside ``call.wav``, where `given` says nothing."""
    for beside in (path.with_suffix(".json"), path.with_suffix(".truth.json")):
        if beside.exists():
            break
    else:
        return given
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
        found = {
            name: said[name] for name in ("agent", "team", "customer_name") if isinstance(said.get(name), str)
        }
    except (ValueError, AttributeError) as error:
        raise UnreadableAudio(f"{beside.name} beside the recording is not a JSON object") from error
    mine = {name: value for name in found if (value := getattr(given, name)) is not None}
    return replace(given, **{**found, **mine})


def find_recordings(paths: Sequence[Path]) -> list[Path]:
    """Files as given, and those in folders by suffix, in order of name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def stereo(path: Path, parties: tuple[Party, ...] = BOTH) -> Recording:
    """One file with a party a channel."""
    return open_recording([Source(path=path, parties=parties)])


def recording_call(
    *,
    call_id: str | None,
    parties: Sequence[Party],
    profile: Profile,
    agent: str | None = None,
    team: str | None = None,
    customer_name: str | None = None,
) -> CallInfo:
    """The facts of a recorded call; its id is made up unless one is given."""
    return CallInfo(
        call_id=call_id or f"rec-{uuid.uuid4().hex}",
        parties=tuple(parties),
        agent=agent,
        team=team,
        customer_name=customer_name,
        profile=profile,
        source="recording",
        started_at=time.time(),
    )
