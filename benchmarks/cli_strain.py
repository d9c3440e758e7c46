"""The commands of `callcue bench` that go to a limit: overload, churn, recordings in a row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Recordings = Annotated[
    list[Path] | None, typer.Option(help="Stereo recordings or folders; default: the samples.")
]
Weights = Annotated[str, typer.Option(help="Whisper weights.")]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")]
Log = Annotated[Path | None, typer.Option(help="Where the started service's log goes.")]


def overload(
    calls: Annotated[int, typer.Option(min=1, help="Two-party calls that the machine holds.")],
    seconds: Annotated[float, typer.Option(min=6, help="How long there are twice as many.")] = 30.0,
    model: Weights = "tiny.en",
    recordings: Recordings = None,
    json_out: JsonOut = None,
    log: Log = None,
) -> None:
    """Twice the calls that are held, for a while: what is lost, what is refused, when all is well again."""
    from benchmarks.document import write
    from benchmarks.load import LoadOptions
    from benchmarks.overload import line, run_overload

    chosen = _recordings(recordings)
    options = LoadOptions(calls=calls, seconds=seconds, recordings=chosen, model=model, log=log)
    report = run_overload(options, typer.echo)
    typer.echo(line(report))
    if json_out is not None:
        write([report], json_out, kind="overload")


def churn(
    seconds: Annotated[float, typer.Option(min=10, help="How long calls come and go.")] = 300.0,
    callers: Annotated[int, typer.Option(min=1, help="Calls at once.")] = 30,
    model: Weights = "tiny.en",
    recordings: Recordings = None,
    json_out: JsonOut = None,
    plot: Annotated[Path | None, typer.Option(help="Where to draw memory against calls heard.")] = None,
    log: Log = None,
) -> None:
    """Calls coming and going faster than real time: does memory stay flat?

    CALLCUE_MODEL__WORKER=scripted (and CALLCUE_MODEL__SCRIPT) in the environment leaves the recogniser out:
    many times the calls, for what the service itself keeps.
    """
    from benchmarks.churn import line, run_churn
    from benchmarks.churn import plot as draw
    from benchmarks.document import write
    from benchmarks.load import LoadOptions

    chosen = _recordings(recordings)
    options = LoadOptions(calls=callers, seconds=seconds, recordings=chosen, model=model, log=log)
    report, looks = run_churn(options, typer.echo)
    typer.echo(line(report))
    if json_out is not None:
        write([report], json_out, kind="churn")
    if plot is not None:
        draw(looks, plot, title=f"{model}, {callers} callers")


def score(
    recordings: Recordings = None,
    model: Weights = "tiny.en",
    times: Annotated[int, typer.Option(min=1, help="How often every recording is scored.")] = 1,
    json_out: JsonOut = None,
) -> None:
    """Recordings scored as `callcue score` does it: how many times faster than real time, at what cost."""
    from benchmarks.document import write
    from benchmarks.scoring import line, run_scoring

    report = run_scoring(_recordings(recordings), model=model, times=times, say=typer.echo)
    typer.echo(line(report))
    if json_out is not None:
        write([report], json_out, kind="score")


def _recordings(given: list[Path] | None) -> list[Path]:
    return given or [Path(__file__).parents[1] / "samples"]
