"""The `callcue` command: composition of the sub-commands, and errors told in one line.

Commands import what is heavy (the web framework, the models) when they run, so that `--help` is quick.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from service.cli_behaviours import behaviours_app
from service.cli_bench import bench_app
from service.cli_config import config_app
from service.cli_db import app as db_app
from service.cli_demo import demo
from service.cli_desk import desk_pass
from service.cli_evaluate import evaluate
from service.cli_models import models_app
from service.cli_score import score
from service.cli_serve import serve
from service.cli_stream import stream
from streaming.errors import CallcueError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Real-time speech analytics for live calls: transcribes, judges behaviours, cues supervisors.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("callcue"))
        raise typer.Exit


@app.callback()
def _main(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None: ...


app.command()(serve)
app.command()(stream)
app.command()(score)
app.command()(demo)
app.command("desk-pass")(desk_pass)
app.command()(evaluate)
app.add_typer(models_app, name="models")
app.add_typer(behaviours_app, name="behaviours")
app.add_typer(db_app, name="db")
app.add_typer(config_app, name="config")
app.add_typer(bench_app(), name="bench")


def main() -> None:
    """The console script: an error on purpose is one line on stderr, and exit status 2."""
    try:
        app()
    except CallcueError as error:
        typer.echo(f"callcue: {error.message}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
