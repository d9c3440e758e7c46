"""What the wheel holds, and that it works away from the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
PACKAGES = ("streaming", "models", "detectors", "service", "evaluation")
OF_THE_CHECKOUT = (
    "service/web",
    "evaluation/calls",
    "evaluation/heard",
    "evaluation/results",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the working tree by the build backend itself."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=REPO, check=True, capture_output=True)
    return next(folder.glob("callcue-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, as pip would lay them out."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def sources(package: str) -> set[str]:
    """Every file of a package that is part of it: no byte code, nothing built."""
    found = (path for path in (REPO / package).rglob("*") if path.is_file())
    relative = (path.relative_to(REPO) for path in found if path.suffix != ".pyc")
    return {str(path) for path in relative if "/".join(path.parts[:2]) not in OF_THE_CHECKOUT}


def alone(installed: Path, code: str) -> str:
    """Runs `code` on the wheel's files: they come before the repository, and the folder is elsewhere."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed), "CALLCUE_MODELS_DIR": str(installed / "none")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_a_package_is_in_the_wheel(wheel: Path, package: str) -> None:
    missing = sources(package) - names(wheel)
    assert not missing, f"not in the wheel: {sorted(missing)}"


def test_the_data_files_that_code_reads_are_among_them(wheel: Path) -> None:
    held = names(wheel)
    assert "detectors/catalogue/courtesy.toml" in held
    assert any(name.startswith("detectors/lexicons/") and name.endswith(".toml") for name in held)
    assert any(name.startswith("detectors/lexicons/") and name.endswith(".txt") for name in held)
    assert any(name.startswith("service/store/migrations/versions/v") for name in held)
    assert {f"{package}/py.typed" for package in PACKAGES} <= held


def test_the_console_page_is_in_the_wheel_with_all_it_loads(wheel: Path) -> None:
    page = REPO / "service" / "web"
    if not (page / "index.html").is_file():
        pytest.skip("the console is not built here: make web")
    built = {str(path.relative_to(REPO)) for path in page.rglob("*") if path.is_file()}
    assert built <= names(wheel)


def test_the_wheel_holds_nothing_but_the_packages(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    unwanted = (".pyc", ".flac", ".wav", ".bin", ".onnx", ".db", ".map")
    assert not [name for name in names(wheel) if name.endswith(unwanted)]


def test_the_wheel_carries_the_licence_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = next(name for name in archive.namelist() if name.endswith("METADATA")).rsplit("/", 1)[0]
        assert "Apache License" in archive.read(f"{info}/licenses/LICENSE").decode()
        assert "callcue = service.cli:main" in archive.read(f"{info}/entry_points.txt").decode()


def test_the_catalogue_is_read_from_the_installed_files(installed: Path) -> None:
    code = """
import detectors.base, pathlib
assert pathlib.Path(detectors.base.__file__).is_relative_to(pathlib.Path.cwd()), detectors.base.__file__
print(len(detectors.base.catalogue()))
"""
    assert int(alone(installed, code)) >= 5


def test_the_installed_files_can_make_a_database(installed: Path, tmp_path: Path) -> None:
    code = f"""
import asyncio
from service.store import migrate
url = "sqlite:///{tmp_path}/calls.db"
asyncio.run(migrate.upgrade(url))
assert asyncio.run(migrate.current(url)) == migrate.newest() is not None
print("made")
"""
    assert alone(installed, code) == "made"


def test_the_command_of_the_installed_files_shows_its_help(installed: Path) -> None:
    told = alone(
        installed, "import sys; sys.argv = ['callcue', '--help']; from service.cli import main; main()"
    )
    assert "serve" in told
    assert "models" in told
