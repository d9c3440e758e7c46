"""`callcue bench console`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def console(
    calls: Annotated[int, typer.Option(min=1, help="Calls live at once.")] = 200,
    seconds: Annotated[float, typer.Option(min=5, help="Length of the measurement.")] = 60.0,
    day: Annotated[
        float, typer.Option(min=0, help="Hours to replay for the page's memory; 0 for none.")
    ] = 0.0,
    speed: Annotated[float, typer.Option(min=1, help="With --day: times faster than real time.")] = 120.0,
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """What the supervisor's page costs a Chromium: frames, its main thread, memory."""
    from benchmarks.document import document, write
    from benchmarks.wall import WallOptions, measure, replay_day
    from benchmarks.wall_table import day_table, wall_table

    if day:
        runs = [asyncio.run(replay_day(hours=day, calls=calls, speed=speed))]
        typer.echo(day_table([document(runs)]))
    else:
        runs = [asyncio.run(measure(WallOptions(calls=calls, seconds=seconds)))]
        typer.echo(wall_table([document(runs)]))
    if json_out is not None:
        write(runs, json_out, kind="console-day" if day else "console")
