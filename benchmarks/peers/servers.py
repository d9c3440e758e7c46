"""The peers' servers as processes on a free loopback port, with the options that this comparison uses."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.dialects import Dialect, WhisperLive, WhisperLiveKit
from benchmarks.peers.venvs import HERE
from benchmarks.served import _free_port, _stop
from streaming.errors import CallcueError

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`arguments` start it under its own interpreter: (weights, port, streams) → command line."""

    name: str
    path: str
    arguments: Callable[[Path, int, int], Sequence[str]]
    dialect: Callable[[str, Path], Dialect]
    options: str


def _whisper_live(weights: Path, port: int, streams: int) -> list[str]:
    script = str(HERE / "whisper_live_server.py")
    return [script, "--port", str(port), "--model", str(weights), "--max-clients", str(streams)]


def _whisperlivekit(weights: Path, port: int, streams: int) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--model_dir", str(weights)]
    how = ["--backend", "faster-whisper", "--backend-policy", "localagreement", "--language", "en"]
    quick = ["--confidence-validation", "--pause-segmentation-seconds", "0.5"]
    rest = ["--pcm-input", "--warmup-file", "", "--log-level", "ERROR"]
    return ["-m", "whisperlivekit.basic_server", *where, *how, *quick, *rest]


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            name="whisper-live",
            path="/",
            arguments=_whisper_live,
            dialect=lambda uid, weights: WhisperLive(uid, str(weights)),
            options="one shared model, voice activity on, OMP_NUM_THREADS = cores",
        ),
        Peer(
            name="whisperlivekit",
            path="/asr",
            arguments=_whisperlivekit,
            dialect=lambda uid, weights: WhisperLiveKit(),
            options="faster-whisper, local agreement, confidence validation, OMP_NUM_THREADS = cores",
        ),
    )
}


@asynccontextmanager
async def peer_served(
    peer: Peer, python: Path, weights: Path, streams: int, log: Path | None
) -> AsyncGenerator[tuple[str, int], None]:
    """Its socket's address and process id. Raises `CallcueError` when it does not get ready."""
    with tempfile.TemporaryDirectory(prefix="callcue-peer-") as folder:
        port = _free_port()
        said = (log or Path(folder, "peer.log")).open("ab")
        process = await asyncio.create_subprocess_exec(
            *(str(python), *peer.arguments(weights, port, streams)),
            cwd=folder,
            env=_environment(),
            stdout=said,
            stderr=said,
        )
        said.close()
        try:
            await _until_listening(peer.name, port, process)
            yield f"ws://127.0.0.1:{port}{peer.path}", process.pid
        finally:
            await _stop(process)


async def _until_listening(name: str, port: int, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    return
    except TimeoutError:
        pass
    raise CallcueError(f"{name} does not listen; --log FILE keeps what it says")


def _environment() -> dict[str, str]:
    """No hub, no GPU, all cores; PYTHONPATH would lead into this project."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    cores = str(len(os.sched_getaffinity(0)))
    return {**kept, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": cores}
