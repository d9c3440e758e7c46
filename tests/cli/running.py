"""Runs `callcue` as a user does, and keeps what it printed.

In this process where that is the same to the user: most of a command's time is its start.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from service import cli, cli_score, cli_stream
from tests.processes import CALLCUE, environment

WIDE = 160


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


def callcue_process(*words: str | Path, cwd: Path, **settings: str) -> Ran:
    """A command as a process of its own in `cwd`, with no callcue settings but `settings`."""
    done = subprocess.run(
        [CALLCUE, *words], cwd=cwd, env=environment(**settings), capture_output=True, text=True, timeout=100
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def callcue(*words: str | Path, cwd: Path, **settings: str) -> Ran:
    """The same through the console script's own function."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with (
        _as_started(["callcue", *map(str, words)], cwd, environment(**settings)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            status = int(end.code or 0)
    return Ran(status, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _as_started(words: list[str], cwd: Path, variables: dict[str, str]) -> Iterator[None]:
    for console in (cli_stream.OUT, cli_score.OUT, cli_score.ERR):
        console.width = WIDE
    with patch("sys.argv", words), patch.dict(os.environ, variables, clear=True), contextlib.chdir(cwd):
        yield


def assert_one_line(ran: Ran, *words: str) -> None:
    """An error on purpose: one line that says what to do, no traceback, exit status 2."""
    assert ran.status == 2, ran
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("callcue: "), ran.err
    for word in words:
        assert word in ran.err
