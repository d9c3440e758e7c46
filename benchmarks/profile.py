"""Where each CPU millisecond of a call second goes: the service under load, with py-spy at both processes."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.document import document
from benchmarks.load import LoadOptions, run_load, service_under_test
from benchmarks.rig import run
from benchmarks.stacks import cost, fold_engine, fold_service, read_stacks
from streaming.errors import CallcueError, ConfigError

_SERVICE, _ENGINE = "service.raw", "engine-"
_SETTLE = 2.0  # seconds behind the ramp and before the calls' end that are not sampled


def run_profile(
    options: LoadOptions, *, rate: int = 50, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """One profile: the load run's figures, and CPU ms a call second of each part of both processes.

    `rate` are samples a second; each stops the process for some milliseconds (native stacks are unwound).
    Raises `ConfigError` without py-spy, and `CallcueError` when it may not look into the processes.
    """
    spy = _py_spy()
    with tempfile.TemporaryDirectory(prefix="callcue-profile-") as folder:
        figures = run(lambda: _profile(options, spy, rate, Path(folder), say))
        service = (Path(folder) / _SERVICE).read_text(encoding="utf-8")
        engine = "\n".join(path.read_text(encoding="utf-8") for path in Path(folder).glob(f"{_ENGINE}*"))
    cpu = figures["cpu_seconds_per_call_second"]
    return {
        **{name: figures[name] for name in ("calls", "seconds", "model", "framing", "holds")},
        "cpu_seconds_per_call_second": cpu,
        "service": cost(fold_service(read_stacks(service)), cpu["service"]),
        "engine": cost(fold_engine(read_stacks(engine)), cpu["worker"]),
    }


def write_profiles(profiles: list[dict[str, Any]], path: Path) -> None:
    facts = document([])
    del facts["runs"]
    path.write_text(json.dumps({**facts, "profiles": profiles}, indent=1) + "\n", encoding="utf-8")


def _py_spy() -> str:
    beside = Path(sys.executable).parent / "py-spy"
    found = str(beside) if beside.exists() else shutil.which("py-spy")
    if found is None:
        raise ConfigError("callcue bench profile needs py-spy: pip install py-spy")
    return found


async def _profile(
    options: LoadOptions, spy: str, rate: int, folder: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    async with service_under_test(options) as (url, pid):
        if pid is None:
            raise ConfigError("with --url, --pid says which process to look into")
        children = [child.pid for child in psutil.Process(pid).children(recursive=True)]
        load = replace(options, url=url, pid=pid)
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(asyncio.to_thread(run_load, load, say))
            tasks.create_task(_sample(spy, pid, folder / _SERVICE, options, rate, []))
            for child in children:
                out = folder / f"{_ENGINE}{child}"
                tasks.create_task(_sample(spy, child, out, options, rate, ["--idle"]))
    return playing.result()


async def _sample(spy: str, pid: int, out: Path, options: LoadOptions, rate: int, more: list[str]) -> None:
    """Sample the process while all calls are live."""
    before = options.seconds / 6 + _SETTLE
    await asyncio.sleep(before)
    seconds = max(1, int(options.seconds - before - _SETTLE))
    arguments = ["record", "--native", "--rate", str(rate), "--duration", str(seconds), "--format", "raw"]
    process = await asyncio.create_subprocess_exec(
        *(spy, *arguments, *more, "--pid", str(pid), "--output", str(out)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise CallcueError(f"py-spy could not look into process {pid}: {''.join(last)}")
