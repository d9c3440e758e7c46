"""The README's examples run, its commands exist, and its links lead somewhere."""

from __future__ import annotations

import asyncio
import re
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.running import running, sample, settings_for

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.weights
async def test_the_softphone_of_the_readme_gets_a_scorecard(tmp_path: Path) -> None:
    audio = sample("good_call")
    first = np.ascontiguousarray((audio.samples[:, : 5 * audio.rate] * 32767).astype("<i2").T)
    with wave.open(str(tmp_path / "call.wav"), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(audio.rate)
        wav.writeframes(first.tobytes())
    (code,) = blocks("python")
    async with running(settings_for(tmp_path)) as service:
        script = tmp_path / "softphone.py"
        script.write_text(code.replace("127.0.0.1:8765", f"{service.host}:{service.port}"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), cwd=tmp_path, stdout=-1, stderr=-1
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        lines = [record.event for record in await service.node.repository.events("demo-1")]
    assert process.returncode == 0, err.decode()
    assert '"type":"ready"' in out.decode() and '"type":"done"' in out.decode()
    said = " ".join(getattr(event, "text", "") for event in lines)
    assert "My name is Hannah." in said


def test_every_option_that_the_readme_names_exists() -> None:
    from typer.main import get_command

    from service.cli import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    used = re.findall(r"^callcue (\w+)(.*)$", "\n".join(blocks("sh")), re.MULTILINE)
    assert {name for name, _ in used} >= {"score", "serve"}
    for name, rest in used:
        known = {option for param in commands[name].params for option in param.opts}
        assert set(re.findall(r"--[a-z-]+", rest.split("#")[0])) <= known, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), target


def test_the_makefile_has_the_two_commands() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
