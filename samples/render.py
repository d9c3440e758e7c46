"""Render the sample calls: a hand-written script in, a two-channel telephone recording out.

``python -m samples.render [NAME...] [--out DIR] [--cache DIR]`` reads ``samples/NAME.toml``
and writes ``NAME.flac`` (8 kHz, 16 bit, channel 0 agent, channel 1 customer) and
``NAME.truth.json`` (when each turn starts and ends in the audio, and the labelled behaviours).

The voices are synthetic (Kokoro-82M); their weights are fetched once (`evaluation.voices`). Everything
random, which is only the line noise, is seeded by the call's name, so a call renders to the same
samples every time. See ``README.md`` beside this file for what has to be installed and for licences.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
import zlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from evaluation.telephone import (
    RATE,
    SPEECH_DBFS,
    Signal,
    at_rms,
    crosstalk,
    cut_to_sound,
    faded,
    falling_noise,
    gain,
    limited,
    mulaw_round_trip,
    speech_rms,
    telephone_band,
)
from evaluation.voices import RenderError, Synthesizer, default_cache, language, load_kokoro, resampled

Speaker: TypeAlias = Literal["agent", "customer"]
Verdict: TypeAlias = Literal["delivered", "missed", "harmful"]
Span: TypeAlias = Literal["turn", "silence_before", "call"]

HERE = Path(__file__).resolve().parent
SPEAKERS: tuple[Speaker, Speaker] = ("agent", "customer")  # in channel order

LEAD_IN = 0.8  # seconds of line noise before the first word
TAIL = 1.5  # and after the last
NOISE_DBFS = -60.0  # line noise, after the band filter
HUM_DBFS = -68.0  # 50 Hz mains hum


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


# --- one turn ---------------------------------------------------------------------------------


def speak(turn: Turn, synthesizer: Synthesizer) -> Signal:
    """The turn in its voice at `RATE`, in the telephone band, cut where sound starts and ends."""
    audio, rate = synthesizer.create(
        turn.phonemes or turn.text,
        turn.voice,
        speed=turn.speed,
        lang=language(turn.voice),
        is_phonemes=turn.phonemes is not None,
    )
    speech = cut_to_sound(telephone_band(resampled(audio.astype(np.float64), rate, RATE)))
    return faded(speech * gain(turn.gain_db), seconds=0.005)


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


def line_noise(samples: int, random: np.random.Generator) -> Signal:
    """Hiss and a little mains hum."""
    hiss = falling_noise(samples, random)
    hum = np.sin(2.0 * np.pi * 50.0 * np.arange(samples) / RATE + random.uniform(0.0, np.pi))
    return at_rms(hiss, NOISE_DBFS) + at_rms(hum, HUM_DBFS)


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
    parser = argparse.ArgumentParser(description="Render the sample calls.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="calls; all when none is named")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the results")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of the fetched voices")
    return parser.parse_args()


def main() -> int:
    """Render the calls that were named; 1 when a script or a download is wrong."""
    arguments = _arguments()
    names = arguments.names or sorted(path.stem for path in HERE.glob("*.toml"))
    try:
        scripts = [read_script(HERE / f"{name}.toml") for name in names]
        synthesizer = load_kokoro(arguments.cache)
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
