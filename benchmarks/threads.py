"""Slots, threads, waiting and pinning, measured: ``callcue bench threads``.

Every layout gets the turns of the sample calls at once through the scheduler and a real `ProcessWorker`, as a
full node's engine does, and then a few of them one after the other, as one call alone does. Layouts are gone
through several times in turn, so that a machine that is busy for a while is not held against one of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import soxr

from benchmarks.document import document
from benchmarks.engine import COMPUTE_TYPE
from models.process import ProcessWorker
from models.scheduler import Scheduler
from models.whisper import EngineConfig, WhisperFactory
from models.worker import EngineWorker
from service.batch import stereo
from service.softphone import load as read_call
from streaming.events import Party, Seconds
from streaming.ports import SAMPLE_RATE, SpeechRequest

SAMPLES = Path(__file__).parents[1] / "samples"
ALONE = 8
"""Utterances that are timed one after the other."""

WAITING: Mapping[str, Mapping[str, str]] = {
    "": {},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "bound": {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores"},
}
"""Named environments of the engine's process: OpenMP as it comes, its idle threads sleeping at once
instead of spinning, its threads bound to cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`slots` decodings side by side, each on `threads` threads and of up to `batch` utterances (0: the
    engine's own figure); `openmp` is a name of `WAITING`."""

    slots: int
    threads: int
    openmp: str = ""
    batch: int = 0

    @property
    def name(self) -> str:
        batch = f"batch {self.batch}" if self.batch else ""
        return " ".join(part for part in (f"{self.slots} × {self.threads}", batch, self.openmp) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One pass: seconds of speech per wall second and per CPU second; seconds an utterance alone took."""

    per_wall: float
    per_cpu: float
    alone: Seconds


def layouts(cores: int) -> tuple[Layout, ...]:
    """What is worth comparing on so many cores: all in one, one each, between, and too many."""
    plain = dict.fromkeys([(1, 1), (1, cores), (cores, 1), (cores, 2), (max(1, cores // 2), 2)])
    threaded = Layout(slots=1, threads=cores, openmp="passive")
    bound = Layout(slots=cores, threads=1, openmp="bound")
    return (*(Layout(slots=slots, threads=threads) for slots, threads in plain), threaded, bound)


def gpu_layouts() -> tuple[Layout, ...]:
    """CUDA streams side by side and batches; CTranslate2 takes one thread each on a GPU."""
    return tuple(
        Layout(slots=slots, threads=1, batch=batch) for slots in (1, 2, 4) for batch in (1, 4, 16, 32)
    )


def turns(folder: Path = SAMPLES) -> list[SpeechRequest]:
    """What is said in the sample calls, cut by their own truth: 16 kHz, one request a turn."""
    return [request for truth in sorted(folder.glob("*.truth.json")) for request in _turns_of(truth)]


def _turns_of(truth: Path) -> Iterator[SpeechRequest]:
    name = truth.name.removesuffix(".truth.json")
    audio = read_call(stereo(truth.with_name(f"{name}.flac")))
    parties = [soxr.resample(samples, audio.rate, SAMPLE_RATE) for samples in audio.samples]
    for turn in json.loads(truth.read_text(encoding="utf-8"))["turns"]:
        party = Party(turn["speaker"])
        start, end = turn["start"], turn["end"]
        heard = parties[audio.parties.index(party)][round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        yield SpeechRequest(
            call_id=name,
            speaker=party,
            utterance_id=f"t{turn['index']}",
            revision=0,
            start=start,
            audio=heard,
            priority="final",
            voiced=((start, end),),
        )


async def measure(worker: EngineWorker, said: Sequence[SpeechRequest]) -> Measured:
    """Everything at once, then `ALONE` of them one by one."""
    scheduler = Scheduler(worker)
    await scheduler.transcribe(said[0])  # the first decoding also allocates
    before, began = worker.stats().cpu_seconds, time.perf_counter()
    await asyncio.gather(*(scheduler.transcribe(request) for request in said))
    wall, cpu = time.perf_counter() - began, worker.stats().cpu_seconds - before
    seconds = sum(request.seconds for request in said)
    waits = []
    for request in said[:ALONE]:
        began = time.perf_counter()
        await scheduler.transcribe(request)
        waits.append(time.perf_counter() - began)
    return Measured(per_wall=seconds / wall, per_cpu=seconds / cpu, alone=statistics.median(waits))


async def compare(
    model: str, compared: Sequence[Layout], said: Sequence[SpeechRequest], *, passes: int, device: str = "cpu"
) -> list[dict[str, Any]]:
    """A row a layout: medians over the passes."""
    found: dict[Layout, list[Measured]] = {layout: [] for layout in compared}
    for _ in range(passes):
        for layout in compared:
            config = EngineConfig(
                model_path=model,
                device=device,
                compute_type=COMPUTE_TYPE[device],
                slots=layout.slots,
                threads=layout.threads,
            )
            if layout.batch:
                config = replace(config, batch=layout.batch)
            with _environment(WAITING[layout.openmp]):
                worker = ProcessWorker(WhisperFactory(config), slots=layout.slots, batch=config.batch)
                async with worker:
                    found[layout].append(await measure(worker, said))
    return [_row(model, layout, measured) for layout, measured in found.items()]


def _row(model: str, layout: Layout, measured: Sequence[Measured]) -> dict[str, Any]:
    middle = {
        name: round(statistics.median(getattr(one, name) for one in measured), 3)
        for name in Measured.__dataclass_fields__
    }
    return {"model": model, "layout": layout.name, **asdict(layout), **middle}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The engine's process gets this process's environment, so it is set here while it starts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run(
    models: Sequence[str], *, passes: int, count: int, device: str = "cpu", json_out: Path | None = None
) -> None:
    """Measures and tells. `count` turns of the samples are used, spread over them."""
    said = turns()
    said = said[:: max(1, len(said) // count)][:count]
    compared = gpu_layouts() if device == "cuda" else layouts(len(os.sched_getaffinity(0)))
    rows: list[dict[str, Any]] = []
    for model in models:
        rows += asyncio.run(compare(model, compared, said, passes=passes, device=device))
    for row in rows:
        print(
            f"{row['model']:8} {row['layout']:14} {row['per_wall']:6.1f} s/s  "
            f"{row['per_cpu']:6.1f} s/CPU s  alone {row['alone']:.3f} s",
            flush=True,
        )
    if json_out is not None:
        found = document([])
        del found["runs"]
        seconds = round(sum(request.seconds for request in said), 1)
        text = json.dumps({**found, "speech_seconds": seconds, "device": device, "threads": rows}, indent=1)
        json_out.write_text(text + "\n", encoding="utf-8")
