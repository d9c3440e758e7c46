"""`callcue demo`: what `make demo` shows, on the real recogniser."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import assert_one_line, callcue, callcue_process

pytestmark = pytest.mark.weights


def test_the_demo_shows_lines_alerts_and_a_scorecard(tmp_path: Path) -> None:
    ran = callcue_process(
        *("demo", "--once", "--speed", "8", "--port", "0", "--model", "tiny.en"),
        cwd=tmp_path,
        # What the shell has set for a deployment does not concern the demo.
        CALLCUE_TOKENS__CONSOLE=json.dumps(["a-token-of-a-deployment"]),
        CALLCUE_TOKENS__SOFTPHONE=json.dumps(["another-token-of-it"]),
        CALLCUE_REDIS_URL="redis://127.0.0.1:9/0",
    )
    assert ran.status == 0, ran.err
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert any(line.startswith("console: http://127.0.0.1:") for line in lines)
    assert sum(" customer " in line for line in lines) > 3 and sum(" agent " in line for line in lines) > 3
    assert any("ALERT" in line for line in lines)
    assert "scorecard of demo-" in ran.out and "opportunities" in ran.out
    assert not list(tmp_path.iterdir()), "the demo left something behind"


def test_a_recording_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert_one_line(callcue("demo", "none.wav", cwd=tmp_path), "none.wav")


def test_ended_in_the_middle_of_the_call_it_says_nothing_more(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "service.cli", "demo", "--port", "0", "--model", "tiny.en"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        while " agent " not in demo.stdout.readline():
            assert demo.poll() is None, demo.communicate()
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=90)
    assert demo.returncode == 0, err
    assert "Traceback" not in err and "still serving" not in out
