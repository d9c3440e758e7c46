"""`callcue bench`: measurements of a checkout. Imports what is heavy when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli_judging import judge
from benchmarks.cli_profile import profile
from benchmarks.cli_strain import churn, overload, score
from benchmarks.cli_wall import console
from benchmarks.peers.command import peers
from streaming.errors import ConfigError

SAMPLES = Path(__file__).parents[1] / "samples"

bench_app = typer.Typer(no_args_is_help=True, help="Measure speed, cost and accuracy (benchmarks/README.md).")
bench_app.command()(overload)
bench_app.command()(churn)
bench_app.command()(score)
bench_app.command()(peers)
bench_app.command()(profile)
bench_app.command()(judge)
bench_app.command()(console)


@bench_app.command()
def load(
    calls: Annotated[int, typer.Option(min=1, help="Two-party calls at once.")] = 1,
    seconds: Annotated[float, typer.Option(min=5, help="Length of each call.")] = 60.0,
    model: Annotated[str, typer.Option(help="Whisper weights.")] = "tiny.en",
    framing: Annotated[str, typer.Option(help="native | twilio; both send 20 ms frames.")] = "native",
    profile: Annotated[str | None, typer.Option(help="eu-workplace (the default) | training | full.")] = None,
    recordings: Annotated[
        list[Path] | None, typer.Option(help="Stereo recordings or folders; default: the samples.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="A running service (ws://…) instead of one started for this.")
    ] = None,
    pid: Annotated[int | None, typer.Option(help="With --url: its process, whose cost is counted.")] = None,
    sweep: Annotated[
        bool, typer.Option(help="From --calls on, find the most calls with p95 ≤ 2 s and no gap.")
    ] = False,
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Where to draw calls against waits.")] = None,
    log: Annotated[Path | None, typer.Option(help="Where the started service's log goes.")] = None,
) -> None:
    """Play calls in real time and measure at a console: end of speech → line and card, CPU, memory.

    CALLCUE_… settings of the environment reach the service. The first call starts its recording at the
    beginning when it is alone; several start at shuffled places.
    """
    from benchmarks.load import LoadOptions, line, run_load, run_sweep, write
    from benchmarks.sweep import plot as draw

    if framing not in ("native", "twilio"):
        raise ConfigError("--framing is native or twilio")
    options = LoadOptions(
        calls=calls,
        seconds=seconds,
        recordings=recordings or [SAMPLES],
        model=model,
        framing="twilio" if framing == "twilio" else "native",
        profile=profile,
        url=url,
        pid=pid,
        log=log,
    )
    if sweep:
        runs = run_sweep(options, typer.echo)
        held = max((run["calls"] for run in runs if run["holds"]), default=0)
        typer.echo(f"holds {held} calls")
    else:
        runs = [run_load(options, typer.echo)]
        typer.echo(line(runs[0]))
    if json_out is not None:
        write(runs, json_out)
    if plot is not None:
        draw(runs, plot, title=f"{model}, {framing}")


@bench_app.command()
def engine(
    recordings: Annotated[list[Path], typer.Option(help="Folders with manifest.jsonl; ../shared/data/*.")],
    models: Annotated[list[str] | None, typer.Option("--model", help="Whisper weights.")] = None,
    count: Annotated[int, typer.Option(help="Utterances a folder.")] = 120,
    device: Annotated[str, typer.Option(help="cpu | cuda (not run on a GPU).")] = "cpu",
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the rows.")] = None,
) -> None:
    """What the recogniser costs and how well it hears, beside faster-whisper on the same utterances."""
    from benchmarks.engine import run

    run(recordings, models or ["tiny.en", "base"], count, device, json_out)


@bench_app.command()
def batches(
    recordings: Annotated[list[Path], typer.Option(help="Folders with manifest.jsonl; ../shared/data/*.")],
    models: Annotated[list[str] | None, typer.Option("--model", help="Whisper weights.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the rows.")] = None,
) -> None:
    """What a decoding of several utterances costs, by the length of the window and their number."""
    from benchmarks.batches import run

    run(recordings, models or ["tiny.en", "base"], json_out)


@bench_app.command("voice")
def voice_activity(
    call: Annotated[
        Path | None, typer.Option(help="A real stereo call besides the samples; loud frames are its truth.")
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the rows.")] = None,
) -> None:
    """How much speech the voice-activity network finds, against the one that faster-whisper bundles."""
    from benchmarks.voice_activity import run

    run(call, json_out)


@bench_app.command()
def threads(
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Whisper weights; default: tiny.en and base.")
    ] = None,
    passes: Annotated[int, typer.Option(min=1, help="Times that every layout has its turn.")] = 3,
    count: Annotated[int, typer.Option(min=1, help="Turns of the sample calls.")] = 16,
    device: Annotated[str, typer.Option(help="cpu | cuda (not run on a GPU).")] = "cpu",
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the rows.")] = None,
) -> None:
    """Slots and threads of the engine's process: seconds of speech a wall second and a CPU second."""
    from benchmarks.threads import run

    run(models or ["tiny.en", "base"], passes=passes, count=count, device=device, json_out=json_out)


@bench_app.command()
def gpu(
    models: Annotated[list[str] | None, typer.Option("--model", help="Whisper weights; several.")] = None,
    shared: Annotated[Path, typer.Option(help="Labelled sets.")] = SAMPLES.parents[1] / "shared" / "data",
    out: Annotated[Path, typer.Option(help="Folder of the figures.")] = Path(__file__).parent / "results",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands and run none.")] = False,
) -> None:
    """Everything that a GPU's figures need: errors, layouts, calls held by compute type."""
    from benchmarks.gpu import MODELS, run

    failed = run(models or MODELS, shared=shared, out=out, dry_run=dry_run, say=typer.echo)
    raise typer.Exit(1 if failed else 0)


@bench_app.command()
def traffic(
    calls: Annotated[int, typer.Option(min=1, help="Two-party calls at once.")] = 6,
    seconds: Annotated[float, typer.Option(min=5, help="Length of each call.")] = 60.0,
    model: Annotated[str, typer.Option(help="Whisper weights.")] = "tiny.en",
    foreign: Annotated[int, typer.Option(min=1, help="Calls of other nodes, on the bus only.")] = 300,
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """What a call costs Redis, PostgreSQL and the other nodes, counted by the servers themselves."""
    from benchmarks.load import LoadOptions
    from benchmarks.traffic import run

    run(LoadOptions(calls=calls, seconds=seconds, recordings=[SAMPLES], model=model), foreign, json_out)
