"""`callcue models`: Whisper weights by name, fetched and checked."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TaskID
from rich.table import Table

from models.catalog import Progress, cache_dir, fetch, list_models, verify
from models.shelf import VOICE_ACTIVITY

models_app = typer.Typer(no_args_is_help=True, help="Whisper weights: list, fetch, verify.")

Name = Annotated[str, typer.Argument(help="A name of `callcue models list`.")]


@models_app.command("list")
def list_() -> None:
    """Every named model, where its bytes come from, and whether it is on this machine."""
    table = Table(title=f"weights in {cache_dir()}", title_justify="left")
    for column in ("name", "from", "here"):
        table.add_column(column)
    for row in list_models():
        table.add_row(
            row.weights.name,
            f"{row.weights.source} ({row.weights.megabytes} MB)",
            "yes" if row.fetched else "no",
        )
    Console().print(table)


@models_app.command("fetch")
def fetch_(name: Name) -> None:
    """Download a model's weights (and the voice activity network) unless here; check every byte."""
    with Bar(transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def report(progress: Progress) -> None:
            label = f"{progress.stage} {progress.item}".strip()
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=progress.total or None)
            bar.update(tasks[label], completed=progress.done)

        folders = {one: fetch(one, progress=report) for one in dict.fromkeys((name, VOICE_ACTIVITY))}
    for one, folder in folders.items():
        typer.echo(f"{one}: {folder}")


@models_app.command("verify")
def verify_(name: Name) -> None:
    """Check a fetched model's files against their recorded SHA-256 sums."""
    typer.echo(f"{name}: whole and as recorded, in {verify(name)}")
