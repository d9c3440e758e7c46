"""The privacy rule of docs/privacy.md: nobody's words, names or tokens in what is logged."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.telemetry.logs import PII_PREFIX

REPO = Path(__file__).parents[2]
METHODS = {"debug", "info", "warning", "error", "critical", "exception", "msg"}
HARMLESS = {
    *("call_id", "node", "model", "profile", "team"),  # the platform's or the operator's own names
    *("compute_type", "device", "slots", "threads"),  # how the engine runs
    *("code", "close_code", "error", "part", "where", "reason", "type"),  # words of ours
    *("after", "calls", "count", "lost", "parties", "seconds", "seq", "waiting"),  # numbers
}
"""Keys that may be logged. To add one, be sure that no caller can put people's words into it."""


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for package in ("streaming", "models", "detectors", "service"):
        for path in (REPO / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                logger = ast.unparse(node.func.value).split(".")[-1].lstrip("_")
                if node.func.attr in METHODS and logger in ("log", "logger", "logging"):
                    yield f"{path.relative_to(REPO)}:{node.lineno}", node


def test_there_are_log_calls_to_look_at() -> None:
    assert len(list(log_calls())) > 10


def test_every_log_event_has_one_constant_name() -> None:
    for place, call in log_calls():
        (event,) = call.args
        assert isinstance(event, ast.Constant), f"{place}: an event's name is a constant"
        assert isinstance(event.value, str)
        assert event.value.replace("_", "").isalpha(), place
        assert event.value.islower(), place


def test_only_harmless_keys_are_logged() -> None:
    for place, call in log_calls():
        for keyword in call.keywords:
            if keyword.arg is not None:
                assert keyword.arg in HARMLESS | {"exc_info"}, f"{place}: {keyword.arg}"
                continue
            assert isinstance(keyword.value, ast.Dict), f"{place}: only a written-out ** can be read"
            for key in keyword.value.keys:
                assert isinstance(key, ast.Constant), place
                assert str(key.value).startswith(PII_PREFIX), place


def test_an_errors_text_is_never_logged() -> None:
    """`error=` is the exception's type: its message may quote what a peer sent."""
    for place, call in log_calls():
        for keyword in call.keywords:
            if keyword.arg == "error":
                assert ast.unparse(keyword.value).startswith("type("), place


WRITE = """
import structlog
from service.telemetry.logs import configure_logs

configure_logs(as_json=True)
log = structlog.get_logger()
log.info("call_started", call_id="c-1", **{"pii.customer_name": "Suzanne"})
try:
    raise ValueError("my account number is 5520917")
except ValueError:
    log.error("call_failed", call_id="c-1", exc_info=True)
"""


@pytest.fixture(scope="module")
def written() -> list[str]:
    """What a process of its own writes; structlog is set up once a process."""
    done = subprocess.run([sys.executable, "-c", WRITE], cwd=REPO, capture_output=True, text=True, check=True)
    assert not done.stdout
    return done.stderr.splitlines()


def test_peoples_words_are_dropped_before_anything_is_written(written: list[str]) -> None:
    entry = json.loads(written[0])
    assert entry["call_id"] == "c-1"
    assert set(entry) == {"call_id", "event", "level", "timestamp"}
    assert "Suzanne" not in written[0]


def test_an_exception_is_logged_by_type_and_place_only(written: list[str]) -> None:
    entry = json.loads(written[1])
    assert entry["error"] == "ValueError"
    assert entry["where"] == "<string>:9"
    assert "5520917" not in "".join(written)
