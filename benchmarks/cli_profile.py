"""`callcue bench profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streaming.errors import ConfigError


def profile(
    calls: Annotated[int, typer.Option(min=1, help="Two-party calls at once.")] = 8,
    seconds: Annotated[float, typer.Option(min=15, help="Length of each call.")] = 60.0,
    model: Annotated[str, typer.Option(help="Whisper weights.")] = "tiny.en",
    framing: Annotated[list[str] | None, typer.Option(help="native | twilio; default: both.")] = None,
    rate: Annotated[int, typer.Option(min=1, max=500, help="Samples a second.")] = 50,
    json_out: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """Where each CPU millisecond of a call second goes, in the service and in the engine. Needs py-spy."""
    from benchmarks.load import LoadOptions
    from benchmarks.profile import run_profile, write_profiles
    from benchmarks.stacks import profile_table

    if unknown := set(framing or ()) - {"native", "twilio"}:
        raise ConfigError(f"--framing is native or twilio, not {min(unknown)}")
    samples = [Path(__file__).parents[1] / "samples"]
    profiles = [
        run_profile(
            LoadOptions(
                calls=calls,
                seconds=seconds,
                recordings=samples,
                model=model,
                framing="twilio" if name == "twilio" else "native",
            ),
            rate=rate,
            say=typer.echo,
        )
        for name in framing or ["native", "twilio"]
    ]
    typer.echo(profile_table(profiles))
    if json_out is not None:
        write_profiles(profiles, json_out)
