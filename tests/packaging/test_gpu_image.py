"""The GPU variant of image and compose file, as far as it can be tried without GPU and container engine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.shelf import CATALOGUE
from service.settings import Settings

REPO = Path(__file__).parents[2]
DOCKERFILE = (REPO / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def override() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((REPO / "compose.gpu.yaml").read_text(encoding="utf-8"))
    return loaded


def test_it_changes_services_that_the_compose_file_has(override: dict[str, Any]) -> None:
    plain = yaml.safe_load((REPO / "compose.yaml").read_text(encoding="utf-8"))
    assert set(override["services"]) <= set(plain["services"])
    same = {name for name, service in plain["services"].items() if service.get("image") == "callcue:local"}
    assert set(override["services"]) == same, "a node without the GPU's image"


@pytest.mark.parametrize("node", ["node-a", "node-b"])
def test_a_node_gets_one_gpu_of_its_own_and_settings_that_are_valid(
    override: dict[str, Any], node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = override["services"][node]
    for name, value in service["environment"].items():
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None).model.device == "cuda"
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia" and device["capabilities"] == ["gpu"]
    others = override["services"]["node-b" if node == "node-a" else "node-a"]
    assert device["device_ids"] != others["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"]


def test_the_image_is_built_with_arguments_that_it_takes(override: dict[str, Any]) -> None:
    arguments = override["services"]["node-a"]["build"]["args"]
    assert set(arguments) <= set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
    (default,) = re.findall(r":-([\w.-]+)\}", arguments["MODEL"])
    assert default in CATALOGUE


def test_the_extra_that_the_image_installs_exists_and_brings_what_ctranslate2_opens(
    override: dict[str, Any],
) -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["optional-dependencies"][override["services"]["node-a"]["build"]["args"]["EXTRA"]]
    assert any(one.startswith("nvidia-cublas-cu12") for one in wanted)
    assert not any("cudnn" in one for one in wanted), "CTranslate2 4.8 does not use it"
