"""`callcue stream` against a running service: what a developer of a softphone sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import assert_one_line, callcue, callcue_process
from tests.processes import ServeProcess, scripted
from tests.running import SAMPLES

pytestmark = pytest.mark.weights
CALL = str(SAMPLES / "bad_answer_call.flac")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    process = ServeProcess(tmp_path_factory.mktemp("service"), **scripted("bad_answer_call")).start()
    yield process
    assert process.stop() == 0


@pytest.mark.parametrize(("framing", "speed"), [("native", "0"), ("twilio", "12")])
def test_a_call_is_shown_as_it_goes(service: ServeProcess, tmp_path: Path, framing: str, speed: str) -> None:
    run = callcue_process if framing == "native" else callcue
    ran = run(
        *("stream", CALL, "--url", service.ws, "--framing", framing, "--speed", speed, "--agent", "a1"),
        *("--call-id", f"shown-{framing}"),
        cwd=tmp_path,
    )
    assert ran.status == 0, ran.err
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert sum(" customer " in line for line in lines) > 5 and sum(" agent " in line for line in lines) > 5
    assert any("ALERT" in line and "critical" in line for line in lines)
    assert f"scorecard of shown-{framing}" in ran.out and "opportunities" in ran.out
    order = [
        next(n for n, line in enumerate(lines) if word in line)
        for word in (" agent ", "ALERT", "scorecard of")
    ]
    assert order == sorted(order)


def test_what_the_service_refuses_is_one_line(service: ServeProcess, tmp_path: Path) -> None:
    once = ("stream", "--generate", "2", "--url", service.ws, "--speed", "0", "--call-id", "once", "--quiet")
    assert callcue(*once, cwd=tmp_path).status == 0
    assert_one_line(callcue(*once, cwd=tmp_path), "id")
    followed = [word for word in once if word != "--quiet"]
    assert_one_line(callcue(*followed, cwd=tmp_path), "id")


def test_what_cannot_be_streamed_is_one_line(tmp_path: Path) -> None:
    nobody = "ws://127.0.0.1:9"
    assert_one_line(callcue("stream", "--generate", "2", "--url", nobody, cwd=tmp_path), "callcue serve")
    assert_one_line(callcue("stream", "none.wav", "--url", nobody, cwd=tmp_path), "does not exist")
    assert_one_line(callcue("stream", cwd=tmp_path), "--generate")
    fast = callcue("stream", CALL, "--framing", "twilio", "--speed", "0", cwd=tmp_path)
    assert_one_line(fast, "native")


def test_a_taken_port_is_told_without_a_traceback(service: ServeProcess, tmp_path: Path) -> None:
    ran = callcue_process("serve", "--port", str(service.port), cwd=tmp_path, **scripted("good_call"))
    assert ran.status == 2
    assert (
        ran.err.splitlines()[-1] == f"callcue: cannot listen on 127.0.0.1:{service.port}: is the port taken?"
    )
    assert "Traceback" not in ran.err
