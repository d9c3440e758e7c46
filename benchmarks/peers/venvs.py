"""The peers' own virtual environments, outside the project's: made once from pinned lists, then reused."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from streaming.errors import CallcueError

HERE = Path(__file__).parent
HOME = Path.home() / ".cache" / "callcue" / "peers"
_STAMP = "pinned.sha256"


def python_of(peer: str, say: Callable[[str], None]) -> Path:
    """The peer's interpreter. Everything is pinned and nothing is resolved, so a list gives one environment.

    PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL say where torch's CPU build is to be had. Raises `CallcueError`
    when pip fails.
    """
    listed = HERE / f"{peer}.txt"
    folder = HOME / peer
    wanted = hashlib.sha256(listed.read_bytes()).hexdigest()
    stamp = folder / _STAMP
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        say(f"setting up {peer} in {folder} …")
        _make(folder, listed)
        stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin" / "python"


def pinned(peer: str) -> str:
    """The version of the peer itself."""
    name = peer.replace("-", "_")
    lines = (HERE / f"{peer}.txt").read_text(encoding="utf-8").splitlines()
    return next(line.split("==")[1] for line in lines if line.startswith(f"{name}=="))


def _make(folder: Path, listed: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    commands = [
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", "--no-deps", "--requirement", str(listed)],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise CallcueError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
