"""Every command explains itself; settings are shown without secrets and refused without tracebacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import SecretStr

from service.cli import app
from service.node import build
from service.settings import TokenSettings, load_settings
from streaming.errors import ConfigError
from tests.cli.running import assert_one_line, callcue, callcue_process
from tests.running import settings_for

TOKEN = "a-token-nobody-may-see-42"


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that lead to it."""
    yield path, command
    for name, sub in getattr(command, "commands", {}).items():
        yield from commands(sub, (*path, name))


ALL = list(commands(typer.main.get_command(app)))


def test_every_command_has_a_help_text() -> None:
    wanted = {"serve", "stream", "score", "demo", "models", "db", "config"}
    assert wanted <= {path[0] for path, _ in ALL if path}
    for path, command in ALL:
        assert command.help, f"{path} says nothing of itself"


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_help_is_shown(tmp_path: Path, path: tuple[str, ...]) -> None:
    ran = callcue(*path, "--help", cwd=tmp_path)
    assert ran.status == 0 and "Usage:" in ran.out and "--help" in ran.out
    for name, _ in ((one[-1], None) for one, _ in ALL if one[:-1] == path and one):
        assert name in ran.out


def test_the_version_is_told(tmp_path: Path) -> None:
    assert callcue_process("--version", cwd=tmp_path).out.strip() == version("callcue")


def test_settings_are_shown_without_secrets(tmp_path: Path) -> None:
    shown = callcue(
        "config",
        "show",
        cwd=tmp_path,
        CALLCUE_TOKENS__CONSOLE=json.dumps([TOKEN]),
        CALLCUE_TWILIO_AUTH_TOKEN=TOKEN,
        CALLCUE_DATABASE_URL="postgresql://callcue:geheim@db.internal/calls",
        CALLCUE_REDIS_URL="redis://:geheim@cache.internal:6379/0",
        CALLCUE_PROFILE="training",
    )
    assert shown.status == 0, shown
    assert TOKEN not in shown.out + shown.err and "geheim" not in shown.out + shown.err
    settings = json.loads(shown.out)
    assert settings["profile"] == "training"
    assert "db.internal" in settings["database_url"] and "cache.internal" in settings["redis_url"]


def test_the_schema_of_the_settings_is_json_schema(tmp_path: Path) -> None:
    schema = json.loads(callcue("config", "schema", cwd=tmp_path).out)
    assert schema["type"] == "object"
    assert {"host", "port", "limits", "tokens"} <= set(schema["properties"])


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("CALLCUE_PORT", "abc", "CALLCUE_PORT"),
        ("CALLCUE_LOG_LEVEL", "loud", "CALLCUE_LOG_LEVEL"),
        ("CALLCUE_MODEL__SLOTS", "-1", "CALLCUE_MODEL__SLOTS"),
        ("CALLCUE_TOKENS__CONSOLE", TOKEN, "tokens"),
        ("CALLCUE_TOKENS__CONSOLE", f'"{TOKEN}"', "CALLCUE_TOKENS__CONSOLE"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as refused:
        load_settings()
    assert told in refused.value.message
    assert TOKEN not in refused.value.message
    assert refused.value.__cause__ is None


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    assert_one_line(callcue_process("serve", cwd=tmp_path, CALLCUE_PORT="abc"), "CALLCUE_PORT")


def test_an_open_address_without_tokens_is_refused_with_the_way_out(tmp_path: Path) -> None:
    refused = callcue_process("serve", "--host", "0.0.0.0", cwd=tmp_path)  # noqa: S104
    assert_one_line(refused, "CALLCUE_TOKENS__SOFTPHONE", "CALLCUE_TOKENS__CONSOLE", "secrets.token_urlsafe")
    assert not list(tmp_path.glob("*.db")), "it opened the store before it looked at the address"
    half = settings_for(tmp_path, host="0.0.0.0", tokens=TokenSettings(console=(SecretStr(TOKEN),)))  # noqa: S104
    with pytest.raises(ConfigError, match="set CALLCUE_TOKENS__SOFTPHONE,") as told:
        build(half)
    assert TOKEN not in told.value.message
