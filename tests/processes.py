"""`callcue serve` as a process of its own, as a deployment runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.running import SAMPLES
from tests.servers import free_port

CALLCUE = Path(sys.executable).with_name("callcue")
_START_SECONDS = 60.0


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its own callcue settings, and with `settings`."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("CALLCUE_")}
    return {**ours, "NO_COLOR": "1", "COLUMNS": "160", "TERM": "dumb", **settings}


def scripted(name: str = "good_call") -> dict[str, str]:
    """Settings of a recogniser that knows the script of a sample call."""
    return {
        "CALLCUE_MODEL__WORKER": "scripted",
        "CALLCUE_MODEL__SCRIPT": str(SAMPLES / f"{name}.truth.json"),
        "CALLCUE_PROFILE": "full",
    }


class ServeProcess:
    """One node on a free loopback port; `start` after `kill` brings it back under the same name and port."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = folder / f"serve-{self.port}.log"
        self._folder = folder
        database = {"CALLCUE_DATABASE_URL": f"sqlite:///{folder}/calls.db"}
        self._environment = environment(**{**database, "CALLCUE_PORT": str(self.port), **settings})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def begin(self) -> ServeProcess:
        """Start without waiting, so that nodes can start side by side."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [CALLCUE, "serve"], env=self._environment, cwd=self._folder, stdout=log, stderr=log
            )
        return self

    def start(self) -> ServeProcess:
        """Start, and wait until it is ready for calls."""
        self.begin()
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """As an orchestrator would: ask until it says so. Fails with its log when it ends before."""
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(self.http + "/health/ready", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the service did not start:\n{self.log.read_text()}")

    def kill(self) -> None:
        """End at once, as in a crash."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End as a deployment does; returns the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            return process.wait(timeout=30)
        finally:
            process.kill()
            process.wait()
