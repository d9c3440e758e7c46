"""The configured model, or the one that `auto` stands for, on this machine."""

from __future__ import annotations

from models.catalog import list_models
from models.choice import Choice, Wanted, choose
from models.machine import Machine, this_machine
from models.shelf import JUDGES, VOICE_ACTIVITY
from service.settings import ModelSettings


def engine_choice(model: ModelSettings, *, machine: Machine | None = None) -> Choice:
    """Raises `ConfigError` for a GPU or a compute type that is not to be had."""
    listed = [row for row in list_models() if row.weights.name not in (VOICE_ACTIVITY, *JUDGES)]
    wanted = Wanted(
        model=model.name,
        device=model.device,
        compute_type=model.compute_type,
        slots=model.slots,
        threads=model.threads,
        batch=model.batch,
        calls=model.calls_expected,
    )
    return choose(
        wanted,
        machine or this_machine(),
        here={row.weights.name for row in listed if row.fetched},
        obtainable=[row.weights.name for row in listed if row.weights.files],
    )
