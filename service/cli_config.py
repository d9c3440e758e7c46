"""`callcue config`: what the service would run with."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import typer

from service.engine_choice import engine_choice
from service.settings import ModelSettings, Settings, load_settings
from streaming.errors import ConfigError

config_app = typer.Typer(no_args_is_help=True, help="Settings: show what is in force, or the schema.")


@config_app.command("show")
def show() -> None:
    """The settings in force, as JSON, and the engine they lead to here; tokens and passwords are masked."""
    settings = load_settings()
    shown = settings.model_dump(mode="json")
    for name in ("database_url", "redis_url"):
        shown[name] = without_password(shown[name])
    shown["engine"] = _engine(settings.model)
    typer.echo(json.dumps(shown, indent=2))


def _engine(model: ModelSettings) -> dict[str, Any]:
    """What would be loaded, with why; or why nothing can be."""
    if model.worker == "scripted":
        return {"why": "a script, no model"}
    try:
        return asdict(engine_choice(model))
    except ConfigError as error:
        return {"error": error.message}


def without_password(url: str | None) -> str | None:
    """A database's or Redis' address as it may be shown."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.password is None:
        return url
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{place}"))


@config_app.command("schema")
def schema() -> None:
    """The JSON Schema of the settings, with descriptions and defaults."""
    typer.echo(json.dumps(Settings.model_json_schema(), indent=2))
