"""`callcue score` as anybody runs it: how many times faster than real time, what it costs, who works.

The command runs as a process of its own, over every recording; it has started when it holds the first of them
open and its engine is there. "Of the engine's limit" is how much of the machine the recogniser had while
recordings were scored: at 1 nothing but the recogniser would be worth improving.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.document import settings_given
from benchmarks.served import ROOT
from service.batch import find_recordings, stereo
from streaming.errors import CallcueError, ConfigError

_LOOK_EVERY = 0.1


@dataclass(slots=True)
class Spent:
    """Of one run of the command: wall and CPU seconds, peak resident bytes."""

    wall: float = 0.0
    own: float = 0.0
    engine: float = 0.0
    peak_own: int = 0
    peak_engine: int = 0
    start: Spent | None = None  # what the start had taken

    def note_start(self, wall: float) -> None:
        self.start = self.start or Spent(wall, self.own, self.engine)

    def behind_the_start(self) -> Spent:
        start = self.start or Spent()
        return Spent(self.wall - start.wall, self.own - start.own, self.engine - start.engine)


def run_scoring(
    recordings: Sequence[Path], *, model: str, times: int, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Figures as a JSON object. Raises `ConfigError` without recordings, `CallcueError` if scoring fails."""
    found = _two_party(recordings)
    with tempfile.TemporaryDirectory(prefix="callcue-score-") as name:
        folder = Path(name)
        links = _linked(found, times, folder)
        seconds = times * sum(stereo(path).seconds for path in found)
        say(f"{len(links)} recordings, {seconds:.0f} s, {model} …")
        spent = asyncio.run(_scored(links, model))
    return _report(spent, seconds=seconds, count=len(links), model=model)


def _two_party(paths: Sequence[Path]) -> list[Path]:
    """Mono files in a folder are passed over."""
    found = []
    for path in find_recordings(paths):
        try:
            stereo(path)
        except CallcueError:
            if path in paths:
                raise
        else:
            found.append(path)
    if not found:
        raise ConfigError("no two-channel recordings there: agent on channel 0, customer on channel 1")
    return found


def _linked(found: Sequence[Path], times: int, folder: Path) -> list[Path]:
    """Every recording `times` times under names of its own, the facts beside it too."""
    links = []
    for turn in range(times):
        for path in found:
            link = folder / f"{turn:02}-{path.name}"
            link.symlink_to(path.resolve())
            for suffix in (".json", ".truth.json"):
                if (facts := path.with_suffix(suffix)).exists():
                    link.with_suffix(suffix).symlink_to(facts.resolve())
            links.append(link)
    return links


async def _scored(paths: Sequence[Path], model: str) -> Spent:
    loop = asyncio.get_running_loop()
    began, spent = loop.time(), Spent()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "score", *map(str, paths), "--model", model),
        cwd=paths[0].parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    ended = asyncio.create_task(process.wait())
    files = {str(path.resolve()) for path in paths}
    while not ended.done():
        if _look(process.pid, spent, files):
            spent.note_start(loop.time() - began)
        await asyncio.wait([ended], timeout=_LOOK_EVERY)
    spent.wall = loop.time() - began
    if ended.result():
        raise CallcueError("callcue score failed; what it says is above")
    return spent


def _look(pid: int, spent: Spent, files: set[str]) -> bool:
    """Whether one of `files` is open, and the engine there."""
    try:
        process = psutil.Process(pid)
        spent.own, memory = _cpu(process), process.memory_info().rss
        spent.peak_own = max(spent.peak_own, memory)
        children = process.children()
        for child in children:
            spent.engine = max(spent.engine, _cpu(child))
            spent.peak_engine = max(spent.peak_engine, child.memory_info().rss)
        if spent.start is not None or not children:
            return False
        return any(file.path in files for file in process.open_files())
    except psutil.Error:  # it has just ended
        return False


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _report(spent: Spent, *, seconds: float, count: int, model: str) -> dict[str, Any]:
    net = spent.behind_the_start()
    cores = len(os.sched_getaffinity(0))
    return {
        "model": model,
        "recordings": count,
        "recording_seconds": round(seconds, 1),
        "settings": settings_given(),
        "wall_seconds": round(spent.wall, 2),
        "start_seconds": round(spent.wall - net.wall, 2),
        "times_real_time": round(seconds / net.wall, 1),
        "times_real_time_with_start": round(seconds / spent.wall, 1),
        "cpu_seconds_per_recording_second": {
            "engine": round(net.engine / seconds, 4),
            "rest": round(net.own / seconds, 4),
        },
        "of_the_machine": round((net.engine + net.own) / net.wall / cores, 3),
        "of_the_engines_limit": round(net.engine / net.wall / cores, 3),
        "peak_rss_mb": {"rest": round(spent.peak_own / 1e6), "engine": round(spent.peak_engine / 1e6)},
    }


def line(report: dict[str, Any]) -> str:
    """One run in a line of text."""
    cpu, memory = report["cpu_seconds_per_recording_second"], report["peak_rss_mb"]
    return (
        f"{report['times_real_time']} × real time ({report['times_real_time_with_start']} with "
        f"{report['start_seconds']} s of starting); CPU a recording second: engine {cpu['engine']}, "
        f"rest {cpu['rest']}; {100 * report['of_the_machine']:.0f} % of the machine, the engine "
        f"{100 * report['of_the_engines_limit']:.0f} %; peak {memory['rest']} + {memory['engine']} MB"
    )
