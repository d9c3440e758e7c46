"""What this process may use: cores (affinity and CPU quota), memory, NVIDIA GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_GPU_NODES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))  # Linux; Windows' Linux subsystem


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`cores` may be a fraction (a quota of 1.5). `gpu_types` are CTranslate2's compute types on its GPU."""

    cores: float
    memory_bytes: int
    gpus: int = 0
    gpu_types: frozenset[str] = frozenset()


def this_machine() -> Machine:
    """Looks again at every call; asks for GPUs only where the driver's device is there."""
    gpus, types = nvidia_gpus() if any(node.exists() for node in _GPU_NODES) else (0, frozenset[str]())
    return Machine(cores=usable_cores(), memory_bytes=usable_memory(), gpus=gpus, gpu_types=types)


def usable_cores(*, cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> float:
    """The cores this process may run on, or its CPU quota (`docker run --cpus`) where that is less."""
    allowed = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    quotas = (_quota(folder) for folder in _own_groups(cgroups, membership, "cpu"))
    return min([allowed, *(quota for quota in quotas if quota is not None)])


def usable_memory(*, cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """The machine's memory in bytes, or the control group's limit where that is less."""
    bounds = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _own_groups(cgroups, membership, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = _text(folder / name)
            if text.isdigit():
                bounds.append(int(text))
    return min(bounds)


def nvidia_gpus() -> tuple[int, frozenset[str]]:
    """How many GPUs CTranslate2 sees, and the compute types that the first one supports."""
    import ctranslate2

    try:
        count = int(ctranslate2.get_cuda_device_count())
        return count, frozenset(ctranslate2.get_supported_compute_types("cuda")) if count else frozenset()
    except RuntimeError:  # a driver that is too old for this CUDA
        return 0, frozenset()


def _own_groups(cgroups: Path, membership: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control group and of those above it, version 2 or 1.

    Inside a container the group that /proc names may not be mounted, and its files lie at the top.
    """
    for line in _text(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = cgroups / controllers if controllers else cgroups
        own = Path(path.lstrip("/"))
        for folder in (own, *own.parents):
            yield top / folder


def _quota(folder: Path) -> float | None:
    """Cores' worth of CPU time, None without a limit."""
    v2 = _text(folder / "cpu.max").split()
    quota, period = (
        v2 if len(v2) == 2 else (_text(folder / f"cpu.cfs_{part}_us") for part in ("quota", "period"))
    )
    if not quota.isdigit() or not period.isdigit() or not int(period):
        return None
    return int(quota) / int(period)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
