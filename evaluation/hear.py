"""Labelled calls heard by the product itself, without judging: recordings in, logs out (`evaluation.logs`).

``python -m evaluation.hear --audio DIR [--set dev] [--condition tel20] [--model base] [CALL...]`` hears what
``python -m evaluation.speak --out DIR`` wrote, the way ``callcue score`` does, under the profile that
forbids nothing: whoever replays a log under a stricter one drops what it forbids.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evaluation.cast import CAST
from evaluation.logs import HEARD, log_path, times_beside, write_log, write_times
from evaluation.speak import CONDITIONS
from service.batch import score_recording, stereo
from service.parts import offline_parts
from service.settings import ModelSettings, Settings
from service.telemetry.logs import configure_logs
from streaming.alerts import AlertDesk
from streaming.errors import CallcueError
from streaming.events import CallInfo, Event, Profile, Scorecard, Seconds
from streaming.session import SessionParts


class Unjudged:
    """In the place of detectors: hearing is all that is wanted."""

    def feed(self, event: Event, /) -> Sequence[Event]:
        return ()

    def finish(self, at: Seconds, /) -> Sequence[Event]:
        return ()


class Unscored:
    """In the place of the score keeper."""

    def feed(self, event: Event, /) -> None:
        pass

    def card(self, at: Seconds, /) -> Scorecard:
        return Scorecard(at=at, items=(), heard=(), not_judged=())


def hearing(model: str) -> Settings:
    """One utterance at a time on one thread, in this process: the machine may be shared."""
    one = ModelSettings(name=model, worker="thread", slots=1, threads=1)
    return Settings(profile=Profile.FULL, model=one)


def unjudged(parts: SessionParts) -> SessionParts:
    return replace(
        parts,
        judges=lambda call: Unjudged(),
        desk=lambda call: AlertDesk([]),
        keeper=lambda call: Unscored(),
        pondering=lambda call: lambda line: None,
    )


async def hear(recording: Path, parts: SessionParts) -> list[Event]:
    """What was heard of one recording, with the facts that its ``.truth.json`` gives to `callcue score`."""
    facts = json.loads(recording.with_suffix(".truth.json").read_text(encoding="utf-8"))
    call = CallInfo(
        call_id=recording.stem,
        agent=facts.get("agent"),
        customer_name=facts.get("customer_name"),
        profile=Profile.FULL,
        source="recording",
    )
    return [record.event for record in await score_recording(stereo(recording), call, parts)]


async def hear_all(recordings: Sequence[tuple[Path, Path]], model: str) -> None:
    """Pairs of a recording and where its log goes."""
    async with offline_parts(hearing(model)) as heard_by:
        parts = unjudged(heard_by)
        for recording, log in recordings:
            began = time.monotonic()
            write_log(log, await hear(recording, parts))
            write_times(recording.with_suffix(".truth.json"), times_beside(log))
            sys.stderr.write(f"{recording.stem}: heard in {time.monotonic() - began:.1f} s\n")


def main() -> int:
    """Hear the recordings that were named; 1 when one cannot be."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.hear", description="Hear labelled calls.")
    parser.add_argument("names", nargs="*", metavar="CALL", help="calls; all recordings when none is named")
    parser.add_argument("--audio", type=Path, required=True, help="folder that evaluation.speak wrote to")
    parser.add_argument("--set", choices=sorted(CAST), default="dev", dest="which")
    parser.add_argument("--condition", choices=sorted(CONDITIONS), default="tel20")
    parser.add_argument("--model", default="base", help="Whisper weights")
    parser.add_argument("--out", type=Path, default=HEARD, help="folder for the logs")
    asked = parser.parse_args()
    configure_logs(level="warning", as_json=False)
    folder = asked.audio / asked.which / asked.condition
    names = asked.names or sorted(path.stem for path in folder.glob("*.flac"))
    pairs = [
        (folder / f"{name}.flac", log_path(asked.which, asked.condition, asked.model, name, heard=asked.out))
        for name in names
    ]
    try:
        asyncio.run(hear_all(pairs, asked.model))
    except (CallcueError, OSError) as error:
        sys.stderr.write(f"cannot hear: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
