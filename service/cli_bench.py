"""`callcue bench`, where it is: the measurements are part of a checkout and not of the wheel."""

from __future__ import annotations

import importlib
from pathlib import Path

import typer

from streaming.errors import ConfigError

CHECKOUT = Path(__file__).parents[1] / "benchmarks" / "cli.py"


def bench_app() -> typer.Typer:
    """The commands of benchmarks/cli.py beside this package, or one that says where they are."""
    if CHECKOUT.exists():
        found = importlib.import_module("benchmarks.cli").bench_app
        assert isinstance(found, typer.Typer)  # noqa: S101
        return found
    absent = typer.Typer(invoke_without_command=True, help="Measurements; they run from a checkout.")
    absent.callback()(_absent)
    return absent


def _absent() -> None:
    raise ConfigError("callcue bench runs from a checkout (its measurements are not in the package)")
