"""The image's and compose's files, as far as they can be tried without a container engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from service.auth import Tokens, require_safe_bind
from service.settings import Settings
from service.store.engine import database_url
from streaming.errors import ConfigError

REPO = Path(__file__).parents[2]
SECRET = "s" * 24
VALUES = {
    "CALLCUE_TOKENS__SOFTPHONE": f'["{SECRET}"]',
    "CALLCUE_TOKENS__CONSOLE": f'["{SECRET}"]',
    "POSTGRES_PASSWORD": "pg-secret",
    "REDIS_PASSWORD": "redis-secret",
}


@pytest.fixture(scope="module")
def instructions() -> list[str]:
    """The Dockerfile's instructions, continued lines joined, comments left out."""
    text = (REPO / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [line for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def final(instructions: list[str]) -> list[str]:
    """The instructions of the last stage, which is what ships."""
    last = max(index for index, line in enumerate(instructions) if line.startswith("FROM "))
    return instructions[last:]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml with anchors resolved and variables filled in from VALUES."""
    text = (REPO / "compose.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return _filled(loaded)


def _filled(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value) for value in node]
    return re.sub(r"\$\{(\w+)(?::([-?])([^}]*))?\}", _value, node) if isinstance(node, str) else node


def _value(match: re.Match[str]) -> str:
    return VALUES.get(match[1], match[3] if match[2] == "-" else "")


def _sent_to_builder(path: str) -> bool:
    """Whether .dockerignore lets `path` through: the last pattern that matches it or its folder decides."""
    sent = True
    for line in (REPO / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip().lstrip("!")
        if not pattern or line.startswith("#"):
            continue
        parts = path.split("/")
        above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        tails = [pattern, pattern.removeprefix("**/")]
        if any(fnmatch(folder, tail) or fnmatch(folder, pattern) for folder in above for tail in tails):
            sent = line.startswith("!")
    return sent


def test_everything_the_image_copies_is_there_and_sent_to_the_builder(instructions: list[str]) -> None:
    copied = [
        line.split()[1:-1] for line in instructions if line.startswith("COPY ") and "--from" not in line
    ]
    assert copied
    for source in (source.rstrip("/") for sources in copied for source in sources):
        assert (REPO / source).exists(), f"COPY of {source}, which is not there"
        assert _sent_to_builder(source), f"COPY of {source}, which .dockerignore holds back"


@pytest.mark.parametrize(
    "path",
    [".env", ".git/config", "samples/good.flac", "callcue.db", "console/node_modules/x", "service/web/a"],
)
def test_secrets_data_and_built_files_are_not_sent_to_the_builder(path: str) -> None:
    assert not _sent_to_builder(path)


def test_the_shipped_stage_runs_as_a_plain_user_with_no_build_tools(final: list[str]) -> None:
    users = [line.split()[1] for line in final if line.startswith("USER ")]
    assert users
    assert users[-1].split(":")[0].isdigit()
    assert users[-1].split(":")[0] != "0"
    run = " ".join(line for line in final if line.startswith("RUN "))
    assert not re.search(r"\b(apt-get|pip|uv|npm|gcc)\b", run)


def test_the_shipped_stage_gets_its_signals_itself(final: list[str]) -> None:
    """A shell as the first process would swallow SIGTERM, and calls would be cut instead of drained."""
    entry = next(line for line in final if line.startswith("ENTRYPOINT "))
    assert json.loads(entry.removeprefix("ENTRYPOINT ")) == ["callcue"]
    assert "STOPSIGNAL SIGTERM" in final


def test_the_images_own_settings_are_valid_but_need_tokens(
    final: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = " ".join(line.removeprefix("ENV ") for line in final if line.startswith("ENV "))
    for name, value in re.findall(r"(CALLCUE_\w+)=(\S+)", environment):
        monkeypatch.setenv(name, value.replace("$MODEL", "base"))
    settings = Settings(_env_file=None)
    database_url(settings.database_url)
    assert settings.model.name == "base"
    with pytest.raises(ConfigError, match="CALLCUE_TOKENS__SOFTPHONE"):
        require_safe_bind(settings.host, Tokens())


@contextmanager
def _answering(status: int) -> Iterator[int]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/live" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_follows_the_service(final: list[str], status: int, healthy: bool) -> None:
    check = next(line for line in final if line.startswith("HEALTHCHECK "))
    command = json.loads(check[check.index("CMD ") + 4 :])
    assert command[0] == "python"
    with _answering(status) as port:
        environment = {**os.environ, "CALLCUE_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
        done = subprocess.run([sys.executable, *command[1:]], env=environment, capture_output=True)
    assert (done.returncode == 0) is healthy


def test_nobody_listening_is_unhealthy(final: list[str]) -> None:
    check = next(line for line in final if line.startswith("HEALTHCHECK "))
    command = json.loads(check[check.index("CMD ") + 4 :])
    with _answering(200) as port:
        pass
    environment = {**os.environ, "CALLCUE_PORT": str(port)}
    assert subprocess.run([sys.executable, *command[1:]], env=environment, capture_output=True).returncode


@pytest.mark.parametrize("node", ["node-a", "node-b"])
def test_a_composed_node_starts_on_these_settings(
    compose: dict[str, Any], node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in compose["services"][node]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)
    assert settings.node == node
    assert settings.tokens.console == (SecretStr(SECRET),)
    assert database_url(settings.database_url).password == "pg-secret"
    assert settings.redis_url == "redis://:redis-secret@redis:6379/0"
    require_safe_bind("node-a", Tokens(softphone=settings.tokens.softphone, console=settings.tokens.console))


def test_composed_nodes_start_after_what_they_need_and_have_time_to_drain(compose: dict[str, Any]) -> None:
    for name in ("node-a", "node-b"):
        node = compose["services"][name]
        conditions = {other: how["condition"] for other, how in node["depends_on"].items()}
        assert conditions == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "redis": "service_healthy",
        }
        assert (
            int(node["stop_grace_period"].removesuffix("s")) > Settings(_env_file=None).limits.drain_seconds
        )
        assert node["read_only"] is True
        assert node["cap_drop"] == ["ALL"]


def test_compose_opens_nothing_to_other_machines(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert compose["networks"]["data"]["internal"] is True
    for store in ("redis", "postgres"):
        assert compose["services"][store]["networks"] == ["data"]


def test_every_composed_service_is_bounded(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert limits["memory"], name
        assert limits["cpus"], name


def test_compose_asks_for_every_secret_that_the_example_lists() -> None:
    text = (REPO / "compose.yaml").read_text(encoding="utf-8")
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    example = (REPO / ".env.example").read_text(encoding="utf-8")
    offered = set(re.findall(r"^#? ?(\w+)=", example, re.MULTILINE))
    assert needed == set(VALUES)
    assert set(re.findall(r"\$\{(\w+)", text)) <= offered
    assert all(re.search(rf"^{name}=$", example, re.MULTILINE) for name in needed), "an example is no secret"
