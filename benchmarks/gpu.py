"""Everything that a GPU's figures need, in one command: ``callcue bench gpu`` (``--dry-run`` prints it).

Written without a GPU at hand: the commands are tested to exist, the figures are yet to be measured. What
comes out lies in the results folder beside the CPU's, and ``python -m benchmarks.report`` makes of it what
`auto` plans with.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.machine import Machine, this_machine
from streaming.errors import ConfigError

MODELS = ("tiny.en", "small.en", "distil-large-v3", "large-v3-turbo")
TYPES = ("float16", "int8_float16")
SETS = ("an4", "ravdess", "speechocean762_adults")
START = 16
"""Calls that the search begins with; it doubles while they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command line of `callcue`, and the settings that go before it."""

    words: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        given = [f"{name}={value}" for name, value in self.settings.items()]
        return " ".join([*given, shlex.join(["callcue", *self.words])])


def steps(models: Sequence[str], *, shared: Path, out: Path) -> Iterator[Step]:
    """Per model: its weights, its errors, its layouts, and the calls it holds by compute type."""
    sets = [word for name in SETS for word in ("--recordings", str(shared / name))]
    for model in models:
        yield Step(words=("models", "fetch", model))
        errors = ("bench", "engine", *sets, "--model", model, "--device", "cuda", "--count", "40")
        yield Step(words=(*errors, "--json", str(out / f"gpu-engine-{model}.json")))
        layouts = ("bench", "threads", "--model", model, "--device", "cuda", "--count", "60")
        yield Step(words=(*layouts, "--json", str(out / f"gpu-threads-{model}.json")))
        for kind in TYPES:
            settings = {"CALLCUE_MODEL__DEVICE": "cuda", "CALLCUE_MODEL__COMPUTE_TYPE": kind}
            search = ("bench", "load", "--sweep", "--calls", str(START), "--seconds", "60", "--model", model)
            path = out / f"gpu-load-{model}-{kind}.json"
            yield Step(words=(*search, "--json", str(path)), settings=settings)


def run(
    models: Sequence[str],
    *,
    shared: Path,
    out: Path,
    dry_run: bool,
    say: Callable[[str], None],
    machine: Machine | None = None,
) -> list[Step]:
    """The steps that failed; a model that does not fit on the GPU does not keep the others from their turn.

    Raises `ConfigError` without a GPU, unless only told what would run.
    """
    planned = list(steps(models, shared=shared, out=out))
    if not dry_run and not (machine or this_machine()).gpus:
        raise ConfigError("no GPU is seen here; --dry-run tells what would be run (docs/deployment.md)")
    failed = []
    for step in planned:
        say(str(step))
        if (
            not dry_run
            and subprocess.run(  # noqa: S603 - our own commands
                [sys.executable, "-m", "service.cli", *step.words],
                env={**os.environ, **step.settings},
                check=False,
            ).returncode
        ):
            failed.append(step)
            say("  failed; going on")
    say(f"then: {Path(sys.executable).name} -m benchmarks.report {out}")
    return failed
