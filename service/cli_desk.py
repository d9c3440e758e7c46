"""`callcue desk-pass`: what lets an agent open the own desk."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from service.desk_pass import issue
from service.settings import load_settings

_DAY = 86_400.0


def desk_pass(
    agent: Annotated[str, typer.Argument(help="The agent, as the softphone's hello names them.")],
    days: Annotated[float, typer.Option(min=0.01, max=400, help="How long the pass lasts.")] = 90.0,
) -> None:
    """Print a pass for one agent's desk, signed by the first key of CALLCUE_TOKENS__DESK."""
    typer.echo(issue(agent, until=time.time() + days * _DAY, keys=load_settings().tokens.desk))
