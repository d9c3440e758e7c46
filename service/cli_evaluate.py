"""`callcue evaluate`: how right the judgements are on labelled calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streaming.events import Profile


def evaluate(
    which: Annotated[
        str,
        typer.Option("--set", help="dev | held_out | auto_repairs | swda, or a folder of labelled calls."),
    ],
    condition: Annotated[
        list[str] | None,
        typer.Option(help="text | wide-base | tel20-base | …; several; default: all that are at hand."),
    ] = None,
    behaviour: Annotated[
        list[str] | None, typer.Option(help="Only these: a behaviour's id, or a label's code; several.")
    ] = None,
    call: Annotated[list[str] | None, typer.Option(help="Only these calls, by name; several.")] = None,
    profile: Annotated[Profile, typer.Option(help="What may be measured (docs/privacy.md).")] = Profile.FULL,
    examples: Annotated[
        bool, typer.Option("--examples", help="Print every false and every missed moment.")
    ] = False,
    open_held_out: Annotated[
        bool, typer.Option("--open-held-out", help="Let --examples show what detectors are not built on.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Whisper weights for a folder's recordings.")] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep what was heard of a folder's recordings here, and use it again.")
    ] = None,
    hear: Annotated[
        Path | None, typer.Option(help="Hear our own sets again, from where evaluation.speak wrote them.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")] = None,
    plots: Annotated[
        Path | None, typer.Option(help="Folder for curves as SVG (needs matplotlib: pip install matplotlib).")
    ] = None,
) -> None:
    """Compare what is judged of labelled calls with their labels: precision, recall, F1 with intervals.

    callcue evaluate --set my-calls --behaviour emotion.leakage --examples

    A folder holds NAME.labels.json beside NAME.wav or NAME.turns.json, or NAME.call files: see
    docs/accuracy.md.
    """
    from evaluation.command import Asked, run

    run(
        Asked(
            which=which,
            conditions=tuple(condition or ()),
            behaviours=tuple(behaviour or ()),
            calls=tuple(call or ()),
            profile=profile,
            examples=examples,
            open_held_out=open_held_out,
            json_file=json_file,
            plots=plots,
            model=model,
            keep=keep,
            hear=hear,
        )
    )
