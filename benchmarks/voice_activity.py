"""Which voice-activity network hears telephone speech: `callcue bench voice`.

Two exports of Silero's network get the same 16 kHz audio, state carried: the one in use (models/vad.py, from
the silero-vad wheel) and the one that faster-whisper bundles. Truth is the samples' own turns. For a real
call nobody labelled, frames within 12 dB of the channel's 97th percentile of level stand for speech: surely
voice, though not all of it; where nobody speaks is not known there, so no false alarms are counted.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.vad import WINDOW, SileroNetwork, SileroVoiceActivity
from service.batch import stereo
from service.softphone import load
from streaming.events import Party
from streaming.ports import SAMPLE_RATE, Samples

SAMPLES = Path(__file__).parents[1] / "samples"
THRESHOLDS = (0.5, 0.35)
_LOUD_DB = 12.0
_EDGE = 0.1  # windows this near a turn's edge are not counted: where speech begins is a matter of taste
_RUN = 4  # windows a call into the network, as the service gathers them


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One network on one channel: shares of windows, 0 to 1, by threshold; `ms` CPU a second of audio."""

    network: str
    call: str
    party: str
    truth: str
    speech_windows: int
    silent_windows: int
    found: dict[str, float | None]
    false_alarms: dict[str, float | None]
    ms: float


@dataclass(frozen=True, slots=True)
class Channel:
    """16 kHz audio in whole windows, and what each surely is: speech, silence, or neither."""

    call: str
    party: Party
    truth: str
    audio: Samples
    speech: NDArray[np.bool_]
    silence: NDArray[np.bool_]


def run(call: Path | None, json_out: Path | None) -> None:
    channels = [channel for path in sorted(SAMPLES.glob("*.flac")) for channel in _scripted(path)]
    if call is not None:
        channels += _loud(call)
    rows = [measure(name, make, one) for name, make in _networks() for one in channels]
    print(table(rows))
    if json_out is not None:
        document = {"command": shlex.join(["callcue", *sys.argv[1:]]), "rows": [asdict(row) for row in rows]}
        json_out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def measure(name: str, make: Callable[[], SileroVoiceActivity], channel: Channel) -> Row:
    voice = make()
    began = time.thread_time()
    step = _RUN * WINDOW
    parts = [voice.probabilities(channel.audio[at : at + step]) for at in range(0, len(channel.audio), step)]
    spent = time.thread_time() - began
    heard = np.concatenate(parts)
    return Row(
        network=name,
        call=channel.call,
        party=channel.party,
        truth=channel.truth,
        speech_windows=int(channel.speech.sum()),
        silent_windows=int(channel.silence.sum()),
        found={f"{t:g}": share(heard >= t, channel.speech) for t in THRESHOLDS},
        false_alarms={f"{t:g}": share(heard >= t, channel.silence) for t in THRESHOLDS},
        ms=round(1000 * spent * SAMPLE_RATE / len(channel.audio), 2),
    )


def share(said: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    """How many of the windows `among` were said to be speech; None of none."""
    return round(float(said[among].mean()), 3) if among.any() else None


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| network | call, party | truth | found at .5 / .35 | false alarms at .5 / .35 | ms a second |"]
    lines.append("|---|---|---|---|---|---|")
    for row in rows:
        found, alarms = _shares(row.found), _shares(row.false_alarms)
        where = f"{row.call}, {row.party}"
        lines.append(f"| {row.network} | {where} | {row.truth} | {found} | {alarms} | {row.ms:.1f} |")
    return "\n".join(lines)


def _shares(by_threshold: dict[str, float | None]) -> str:
    return " / ".join("–" if one is None else f"{one:.2f}" for one in by_threshold.values())


def _scripted(path: Path) -> list[Channel]:
    turns = json.loads(path.with_suffix("").with_suffix(".truth.json").read_text(encoding="utf-8"))["turns"]
    channels = []
    for party, audio in _parties(path):
        middles = (np.arange(len(audio) // WINDOW) + 0.5) * WINDOW / SAMPLE_RATE
        speech = np.zeros(len(middles), bool)
        near = np.zeros(len(middles), bool)
        for turn in (turn for turn in turns if turn["speaker"] == party):
            speech |= (middles > turn["start"] + _EDGE) & (middles < turn["end"] - _EDGE)
            near |= (middles > turn["start"] - _EDGE) & (middles < turn["end"] + _EDGE)
        channels.append(Channel(path.stem, party, "turns", audio, speech, ~near))
    return channels


def _loud(path: Path) -> list[Channel]:
    channels = []
    for party, audio in _parties(path):
        level = 10 * np.log10(np.mean(audio.reshape(-1, WINDOW) ** 2, axis=1) + 1e-12)
        loud = np.percentile(level, 97)
        speech = level > loud - _LOUD_DB
        channels.append(Channel(path.stem, party, "loud", audio, speech, np.zeros(len(level), bool)))
    return channels


def _parties(path: Path) -> list[tuple[Party, Samples]]:
    audio = load(stereo(path)).at_rate(SAMPLE_RATE)
    whole = audio.samples.shape[1] // WINDOW * WINDOW
    return [(party, audio.samples[row, :whole]) for row, party in enumerate(audio.parties)]


def _networks() -> list[tuple[str, Callable[[], SileroVoiceActivity]]]:
    ours, theirs = SileroNetwork(), _Bundled()
    return [
        ("silero-vad wheel", lambda: SileroVoiceActivity(ours)),
        ("faster-whisper's", lambda: SileroVoiceActivity(theirs)),
    ]


class _Bundled(SileroNetwork):
    """The export in faster-whisper's wheel; the same inputs and outputs."""

    def __init__(self) -> None:
        import faster_whisper
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        path = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"
        self._session: Any = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
