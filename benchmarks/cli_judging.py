"""`callcue bench judge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def judge(
    condition: Annotated[str, typer.Option(help="Of evaluation/heard.")] = "tel20-base",
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """CPU of all detectors together, and of each alone, for each second of a call."""
    from benchmarks.document import document, write
    from benchmarks.judging import judging_table, logged, measure
    from models.meaning import shared_meaning
    from models.turns import shared_reader

    run = measure(logged(condition), shared_meaning(), shared_reader())
    typer.echo(judging_table(document([run], kind="judging")))
    if json_out is not None:
        write([run], json_out, kind="judging")
