"""`callcue bench peers`. Imports what is heavy when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SAMPLES = Path(__file__).parents[2] / "samples"


def peers(
    recordings: Annotated[
        list[Path] | None, typer.Option(help="Stereo recordings or folders; default: the samples.")
    ] = None,
    servers: Annotated[
        list[str] | None,
        typer.Option("--server", help="callcue | whisper-live | whisperlivekit; default: all."),
    ] = None,
    calls: Annotated[
        list[int] | None, typer.Option(help="Two-party calls at once; default: 1, 2, 4.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=10, help="Length of each call.")] = 40.0,
    model: Annotated[str, typer.Option(help="Whisper weights, the same for all.")] = "tiny.en",
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="Where the servers' logs go, one behind the other.")
    ] = None,
) -> None:
    """callcue and other streaming servers, one after the other: the same calls, weights and machine.

    The first run sets the others up in virtual environments of their own (3 GB in ~/.cache/callcue/peers).
    """
    from benchmarks.peers.compare import SERVERS, PeersOptions, run_peers, write

    options = PeersOptions(
        recordings=recordings or [SAMPLES],
        servers=servers or SERVERS,
        calls=calls or (1, 2, 4),
        seconds=seconds,
        model=model,
        log=log,
    )
    document = run_peers(options, typer.echo)
    if json_out is not None:
        write(document, json_out)
