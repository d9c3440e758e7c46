"""The operator's pages say what the code does: settings with their defaults, metrics, commands, fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from models.catalog import CACHE_VARIABLE
from service.settings import Settings
from service.telemetry.metrics import Metrics

REPO = Path(__file__).parents[2]
DEPLOYMENT = REPO / "docs" / "deployment.md"
CLIENT_VARIABLES = {"CALLCUE_SOFTPHONE_TOKEN", "CALLCUE_CONSOLE_TOKEN"}  # read by `callcue stream`
NAME = re.compile(r"\bCALLCUE_[A-Z][A-Z_]*\b")
ROW = re.compile(r"^\| `(CALLCUE_[A-Z_]+)` \| (.*?) \| .+ \|$", re.MULTILINE)


def pages() -> list[Path]:
    """Whatever tells a reader to set something."""
    places = [*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")]
    return [*places, REPO / ".env.example", REPO / "compose.yaml", REPO / "Dockerfile"]


def settings() -> Iterator[tuple[str, Any]]:
    """Every variable's name and default value; a nested part has its own."""
    for name, field in Settings.model_fields.items():
        default = _default(field)
        if isinstance(default, BaseModel):
            for inner, part in type(default).model_fields.items():
                yield f"CALLCUE_{name}__{inner}".upper(), _default(part)
        else:
            yield f"CALLCUE_{name}".upper(), default


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)


def written(default: Any) -> str:
    """A default as the settings table writes it: what one would put into the environment."""
    if default is None or isinstance(default, SecretStr) or default in ("", (), {}, frozenset()):
        return "–"
    if isinstance(default, Enum):
        return f"`{default.value}`"
    if isinstance(default, bool):
        return f"`{json.dumps(default)}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(REPO)))
def test_every_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    named = set(NAME.findall(page.read_text(encoding="utf-8")))
    known = {name for name, _ in settings()} | {CACHE_VARIABLE} | CLIENT_VARIABLES
    assert named <= known, f"no such settings: {sorted(named - known)}"


@pytest.mark.parametrize("name", sorted(CLIENT_VARIABLES))
def test_the_clients_variables_are_read(name: str) -> None:
    assert name in (REPO / "service" / "cli_stream.py").read_text(encoding="utf-8")


def test_the_settings_table_has_every_setting_with_its_default() -> None:
    table = dict(ROW.findall(DEPLOYMENT.read_text(encoding="utf-8")))
    expected = {name: written(default) for name, default in settings()}
    expected[CACHE_VARIABLE] = "`~/.cache/callcue/models`"
    assert table == expected


def test_the_metrics_table_has_every_metric() -> None:
    text = Metrics().exposition().decode()
    exposed = set(re.findall(r"^# TYPE (callcue_\w+) (?:counter|gauge|histogram)$", text, re.MULTILINE))
    exposed = {name for name in exposed if not name.endswith("_created")}
    listed = set(re.findall(r"^\| `(callcue_\w+)` \|", DEPLOYMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == exposed


COMMAND = re.compile(r"\bcallcue ((?:[a-z-]+ ?){1,2})")


def commands() -> Iterator[tuple[str, str]]:
    """Page and command line, for every `callcue …` in code (not in prose)."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for code in [*blocks, *re.findall(r"`(callcue [^`\n]+)`", text)]:
            for words in COMMAND.findall(code):
                yield str(page.relative_to(REPO)), words.split(" -")[0].strip()


def test_every_command_that_a_page_shows_exists() -> None:
    from service.cli import app

    root: dict[str, Any] = typer.main.get_group(app).commands
    shown = list(commands())
    assert len(shown) > 5
    for page, line in shown:
        first, *rest = line.split()
        assert first in root, f"{page}: callcue {line}"
        inner = getattr(root[first], "commands", None)
        assert not (inner and rest) or rest[0] in inner, f"{page}: callcue {line}"


def test_pages_link_to_files_that_exist() -> None:
    for page in (page for page in pages() if page.suffix == ".md"):
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(REPO)} links to {target}"
