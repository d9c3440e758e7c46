"""Recordings of a labelled set, heard by the product and kept as logs that can be judged again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from evaluation.logs import HEARD, log_path, write_log
from evaluation.sets import HEARD_NOW, OWN, TEXT, LabelledSet, own_set
from service.settings import Settings
from streaming.errors import ConfigError
from streaming.events import Profile

Say = Callable[[str], None]


def heard_now(labelled: LabelledSet, settings: Settings, into: Path, say: Say) -> LabelledSet:
    """The set with logs of its recordings under `into`; those that are there already are not heard again.

    Raises what hearing raises: `UnreadableAudio`, `PartiesUnknown`, `WeightsError`, `ConfigError`.
    """
    names = [case.name for case in labelled.cases if case.name in labelled.recordings]
    waiting = [name for name in names if not _log(into, name).exists()]
    if waiting:
        asyncio.run(_hear(labelled, waiting, settings, into, say))
    return replace(labelled, heard=into)


def _log(into: Path, name: str) -> Path:
    return into / HEARD_NOW / f"{name}.jsonl.gz"


async def _hear(
    labelled: LabelledSet, names: Sequence[str], settings: Settings, into: Path, say: Say
) -> None:
    from evaluation.hear import unjudged
    from service.batch import score_recording, stereo
    from service.parts import offline_parts

    calls = {case.name: case.under(Profile.FULL).info for case in labelled.cases}
    async with offline_parts(settings) as parts:
        for number, name in enumerate(names, start=1):
            say(f"hearing {name} ({number} of {len(names)})")
            recording = stereo(labelled.recordings[name])
            records = await score_recording(recording, calls[name], unjudged(parts))
            write_log(_log(into, name), [record.event for record in records])


def heard_again(labelled: LabelledSet, audio: Path, conditions: Sequence[str], say: Say) -> LabelledSet:
    """One of our own sets with the logs of `conditions` made anew from what `evaluation.speak` wrote."""
    from evaluation.hear import hear_all

    if labelled.name not in OWN:
        raise ConfigError("--hear is for our own sets; a folder's recordings are heard in any case")
    for one in conditions or labelled.conditions:
        if one == TEXT:
            continue
        condition, _, model = one.partition("-")
        folder = audio / labelled.name / condition
        names = [case.name for case in labelled.cases if (folder / f"{case.name}.flac").exists()]
        if not names:
            raise ConfigError(
                f"no recording in {folder}: python -m evaluation.speak --out {audio} makes them"
            )
        pairs = [
            (folder / f"{name}.flac", log_path(labelled.name, condition, model, name, heard=HEARD))
            for name in names
        ]
        say(f"hearing {len(pairs)} recordings, {one}")
        asyncio.run(hear_all(pairs, model))
    fresh = own_set(labelled.name)
    kept = {case.name for case in labelled.cases}
    return replace(fresh, cases=tuple(case for case in fresh.cases if case.name in kept))
