"""Recordings of a labelled set, heard by the product as it is set up here, and kept as logs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evaluation.hear import unjudged
from evaluation.logs import write_log
from evaluation.sets import HEARD_NOW, LabelledSet
from service.batch import score_recording, stereo
from service.parts import offline_parts
from service.settings import Settings
from streaming.events import Profile

Say = Callable[[str], None]


def heard_now(labelled: LabelledSet, settings: Settings, into: Path, say: Say) -> LabelledSet:
    """The set with logs of its recordings under `into`; those that are there already are not heard again.

    Raises what hearing raises: `UnreadableAudio`, `PartiesUnknown`, `WeightsError`, `ConfigError`.
    """
    waiting = [name for name in labelled.recordings if not _log(into, name).exists()]
    if waiting:
        asyncio.run(_hear(labelled, waiting, settings, into, say))
    return replace(labelled, heard=into)


def _log(into: Path, name: str) -> Path:
    return into / HEARD_NOW / f"{name}.jsonl.gz"


async def _hear(labelled: LabelledSet, names: list[str], settings: Settings, into: Path, say: Say) -> None:
    calls = {case.name: case.under(Profile.FULL).info for case in labelled.cases}
    async with offline_parts(settings) as parts:
        for number, name in enumerate(names, start=1):
            say(f"hearing {name} ({number} of {len(names)})")
            recording = stereo(labelled.recordings[name])
            records = await score_recording(recording, calls[name], unjudged(parts))
            write_log(_log(into, name), [record.event for record in records])
