"""`callcue score`: recordings to scorecards, at a terminal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from detectors.base import Behaviour
from service.batch import CallFacts, facts_beside, find_recordings, recording_call, score_recording
from service.behaviours import rows_with
from service.cli_serve import with_options
from service.printing import Teleprinter, scorecard_table
from service.recordings import BOTH, Recording, Source, open_recording
from service.report import Scored, write_csv, write_json
from service.settings import Settings, load_settings
from service.switchboard import stricter
from service.telemetry.logs import configure_logs
from service.tone import tone_line
from streaming.errors import CallcueError, ConfigError
from streaming.events import Detection, Party, Profile
from streaming.session import SessionParts

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)

_AT_ONCE = 3
"""Recordings side by side: one's beginning and end, and its long silences, leave the engine to the others."""

Task = tuple[Recording, CallFacts]


def score(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Recordings or folders: wav, flac, mp3, ogg, opus; agent on channel 0."),
    ] = None,
    agent_file: Annotated[
        Path | None, typer.Option(help="The agent's side, if each party has a file.")
    ] = None,
    customer_file: Annotated[Path | None, typer.Option(help="The customer's side.")] = None,
    party: Annotated[
        Party | None, typer.Option(help="Who is on mono recordings; the other is not judged.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="The agent's name or number.")] = None,
    team: Annotated[str | None, typer.Option()] = None,
    customer_name: Annotated[str | None, typer.Option(help="If known; else it is heard in the call.")] = None,
    profile: Annotated[
        Profile | None, typer.Option(help="What may be measured (docs/privacy.md); default: the setting's.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Whisper weights.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write a row per call and behaviour.")
    ] = None,
    transcript: Annotated[bool, typer.Option(help="Print what was said and judged, too.")] = False,
) -> None:
    """Score recordings with the same code that judges live calls.

    Facts of a call are also read from NAME.json beside NAME.wav (agent, team, customer_name). The exit
    status is 1 when a recording could not be scored; the others are scored all the same.
    """
    settings = with_options(load_settings(), model=model)
    configure_logs(level=settings.log_level, as_json=settings.log_json)
    if profile is not None:
        settings = settings.model_copy(update={"profile": profile})
    _check_writable(json_file, csv_file)
    rows = rows_with(settings.behaviours)
    given = CallFacts(agent=agent, team=team, customer_name=customer_name)
    tasks, failed = _tasks(paths or [], agent_file, customer_file, party, given)
    scored = asyncio.run(_score_all(settings, tasks, failed)) if tasks else []
    for one in scored:
        if transcript:
            _print_transcript(one, rows)
        notes = {
            record.event.id: record.event.note
            for record in one.records
            if isinstance(record.event, Detection)
        }
        OUT.print(scorecard_table(one.scorecard, rows, title=one.recording.name, notes=notes))
        if (tone := tone_line(record.event for record in one.records)) is not None:
            OUT.print(tone, markup=False)
    if json_file is not None:
        write_json(json_file, scored, failed, rows)
    if csv_file is not None:
        write_csv(csv_file, scored)
    for name, why in failed.items():
        ERR.print(f"callcue: {name}: {why}", style="red", markup=False)
    if failed:
        raise typer.Exit(1)


def _check_writable(*files: Path | None) -> None:
    """Now rather than after an hour of scoring."""
    for file in files:
        if file is not None and (file.is_dir() or not os.access(file.parent, os.W_OK)):
            raise ConfigError(f"{file} cannot be written: is there such a folder?")


def _tasks(
    paths: list[Path],
    agent_file: Path | None,
    customer_file: Path | None,
    party: Party | None,
    given: CallFacts,
) -> tuple[list[Task], dict[str, str]]:
    """The recordings that can be opened, and why the others cannot."""
    split = ((agent_file, Party.AGENT), (customer_file, Party.CUSTOMER))
    sides = [Source(path=path, parties=(who,)) for path, who in split if path is not None]
    parties = BOTH if party is None else (party,)
    groups = [[Source(path=path, parties=parties)] for path in find_recordings(paths)]
    groups += [sides] if sides else []
    if not groups:
        raise ConfigError("give recordings or folders with wav, flac, mp3, ogg or opus files")
    tasks: list[Task] = []
    failed: dict[str, str] = {}
    for group in groups:
        try:
            tasks.append((open_recording(group), facts_beside(group[0].path, given)))
        except CallcueError as error:
            failed[str(group[0].path)] = error.message
    return tasks, failed


async def _score_all(settings: Settings, tasks: list[Task], failed: dict[str, str]) -> list[Scored]:
    from service.parts import offline_parts

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    scored: dict[int, Scored] = {}
    waiting = iter(enumerate(tasks))
    with Progress(*columns, console=ERR, transient=True) as progress:
        async with offline_parts(settings) as parts:

            async def one_after_the_other() -> None:
                for place, (recording, facts) in waiting:
                    try:
                        scored[place] = await _score_one(settings, recording, facts, parts, progress)
                    except CallcueError as error:
                        failed[str(recording.sources[0].path)] = error.message

            async with asyncio.TaskGroup() as side_by_side:
                for _ in range(min(_AT_ONCE, len(tasks))):
                    side_by_side.create_task(one_after_the_other())
    return [scored[place] for place in sorted(scored)]


async def _score_one(
    settings: Settings, recording: Recording, facts: CallFacts, parts: SessionParts, progress: Progress
) -> Scored:
    bar = progress.add_task(recording.name, total=1.0)
    call = recording_call(
        call_id=facts.call_id,
        parties=recording.parties,
        profile=stricter(None, settings.profile),
        agent=facts.agent,
        team=facts.team,
        customer_name=facts.customer_name,
    )
    records = await score_recording(
        recording, call, parts, lambda share: progress.update(bar, completed=share)
    )
    progress.remove_task(bar)
    return Scored(recording=recording, call=call, records=records)


def _print_transcript(scored: Scored, rows: Mapping[str, Behaviour]) -> None:
    printer = Teleprinter(OUT, rows)
    for record in scored.records:
        printer.show(record.event)
