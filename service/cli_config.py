"""`callcue config`: what the service would run with."""

from __future__ import annotations

import json

import typer

from service.settings import Settings

config_app = typer.Typer(no_args_is_help=True, help="Settings: show what is in force, or the schema.")


@config_app.command("show")
def show() -> None:
    """The settings in force, as JSON; tokens are masked."""
    typer.echo(Settings().model_dump_json(indent=2))


@config_app.command("schema")
def schema() -> None:
    """The JSON Schema of the settings, with descriptions and defaults."""
    typer.echo(json.dumps(Settings.model_json_schema(), indent=2))
