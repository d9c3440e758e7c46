"""Two hours in which an agent says nothing: what is credited all the same, and what is judged of it.

``python -m evaluation.silence --audio DIR --out DIR`` makes two-channel recordings of silence, noises, music,
tones, unintelligible talk and the echo of the customer's speech on the agent's channel (from the
rendered calls in ``--audio``), hears them, judges what was heard and writes a summary by kind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from evaluation.hear import hear, hearing, unjudged
from evaluation.judging import judge, judging_everything
from evaluation.logs import read_log, write_log
from evaluation.noises import Random, hum, office, tune, unit, white
from evaluation.sounds import BANGS, BREATHS, COUGHS, KEYS, Sound, ambience, at_levels, crackle, signalling
from evaluation.telephone import (
    RATE,
    Signal,
    at_rms,
    gain,
    limited,
    mulaw_round_trip,
    speech_rms,
    telephone_band,
)
from evaluation.voices import resampled
from service.judging import Judging
from service.parts import offline_parts
from service.telemetry.logs import configure_logs
from streaming.events import CallInfo, Detection, Event, Party, Profile, Utterance, Verdict, WordsHeldBack

SECONDS = 450.0
ECHO_DELAYS = (0.04, 0.2)  # seconds
ROOM_DBFS = -55.0  # of the agent's room, under the echo
RESULT = Path(__file__).resolve().parent / "results" / "hallucinated.json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One recording; `make` returns both channels before the line, agent first, shape (2, samples).

    `speech`: the customer truly speaks, so only what is credited to the agent is invented.
    """

    name: str
    make: Callable[[int, Random, Speech], Signal]
    speech: bool = False


class Speech:
    """What the customers of rendered calls say (channel 1), at `RATE`, one call behind the other."""

    def __init__(self, audio: Path) -> None:
        self._files = sorted((audio / "dev" / "wide").glob("*.flac"))
        if not self._files:
            raise FileNotFoundError(
                f"no recordings in {audio}/dev/wide: python -m evaluation.speak makes them"
            )

    def calls(self, samples: int, random: Random) -> list[Signal]:
        """One customer's side after the other, `samples` together; each begins and ends silent."""
        out: list[Signal] = []
        files = [self._files[i] for i in random.permutation(len(self._files))]
        for file in files * (1 + samples // (60 * RATE)):
            left = samples - sum(map(len, out))
            if left <= 0:
                break
            audio, rate = soundfile.read(file, dtype="float64")
            out.append(telephone_band(resampled(np.ascontiguousarray(audio[:, 1]), rate, RATE))[:left])
        return out

    def stretch(self, samples: int, random: Random) -> Signal:
        return np.concatenate(self.calls(samples, random))


def each_alone(sound: Sound) -> Callable[[int, Random, Speech], Signal]:
    """The sound on both channels, not the same one."""

    def made(samples: int, random: Random, speech: Speech) -> Signal:
        return np.stack([sound(samples, RATE, random) for _ in Party])

    return made


def _nothing(samples: int, rate: int, random: Random) -> Signal:
    return np.zeros(samples)


def _tunes(samples: int, rate: int, random: Random, *, drums: bool) -> Signal:
    """Another tune every minute, with a second of nothing between."""
    parts: list[Signal] = []
    while sum(map(len, parts)) < samples:
        music = tune(60 * rate, rate, random, drums=drums)
        parts += [at_rms(music, random.uniform(-34.0, -16.0)), np.zeros(rate)]
    return np.concatenate(parts)[:samples]


def far_talk(samples: int, random: Random, speech: Speech) -> Signal:
    """People who cannot be understood: speech backwards, one to six at once, from far away."""
    return np.stack([at_levels(_crowd(speech), -48.0, -28.0)(samples, RATE, random) for _ in Party])


def _crowd(speech: Speech) -> Sound:
    def made(samples: int, rate: int, random: Random) -> Signal:
        people = range(random.integers(2, 7))
        return unit(
            np.sum([speech.stretch(samples, random)[::-1] * gain(-3.0 * one) for one in people], axis=0)
        )

    return made


def echo(samples: int, random: Random, speech: Speech, *, level: float) -> Signal:
    """Customers speak; the agent's channel is an office with that `level` dB lower, later and duller.

    Each call has its own delay and its own room.
    """
    calls = speech.calls(samples, random)
    returned = [
        _dulled(_late(said, int(random.uniform(*ECHO_DELAYS) * RATE)), random) * gain(level) for said in calls
    ]
    room = office(samples, RATE, random) * gain(ROOM_DBFS)
    return np.stack([np.concatenate(returned) + room, np.concatenate(calls)])


def _late(signal: Signal, delay: int) -> Signal:
    return np.concatenate([np.zeros(delay), signal[: len(signal) - delay]])


def _dulled(signal: Signal, random: Random) -> Signal:
    """As through a handset and a room: a falling response, and a tail of 80 ms."""
    tail = random.standard_normal(int(0.08 * RATE)) * np.exp(-np.arange(int(0.08 * RATE)) / (0.015 * RATE))
    response = np.concatenate(([1.0, 0.6, 0.25], 0.12 * tail))
    dulled = np.convolve(signal, response)[: len(signal)]
    return dulled * speech_rms(signal) / speech_rms(dulled)


KINDS: tuple[Kind, ...] = (
    Kind("nothing", each_alone(_nothing)),
    Kind("hiss", each_alone(at_levels(white, -66.0, -34.0))),
    Kind("office", each_alone(at_levels(office, -56.0, -28.0))),
    Kind("hum", each_alone(at_levels(hum, -50.0, -24.0))),
    Kind("music with drums", each_alone(partial(_tunes, drums=True))),
    Kind("music without drums", each_alone(partial(_tunes, drums=False))),
    Kind("breaths", each_alone(BREATHS)),
    Kind("keys", each_alone(KEYS)),
    Kind("crackle", each_alone(crackle)),
    Kind("bangs", each_alone(BANGS)),
    Kind("coughs", each_alone(COUGHS)),
    Kind("tones", each_alone(signalling)),
    Kind("far talk", far_talk),
    Kind("echo -15 dB", partial(echo, level=-15.0), speech=True),
    Kind("echo -25 dB", partial(echo, level=-25.0), speech=True),
    Kind("echo -35 dB", partial(echo, level=-35.0), speech=True),
    Kind("desk", each_alone(ambience)),
)


def on_the_line(channels: Signal, random: Random) -> Signal:
    """Band, limiter, a floor of noise at -70 dBFS and µ-law; shape (samples, 2). True silence stays it."""
    return np.stack([mulaw_round_trip(_narrow(channel, random)) for channel in channels], axis=1)


def _narrow(channel: Signal, random: Random) -> Signal:
    if not channel.any():
        return channel
    return limited(telephone_band(channel + at_rms(random.standard_normal(len(channel)), -70.0)))


def make(kind: Kind, speech: Speech, seconds: float, out: Path) -> Path:
    """Writes the recording and the facts beside it."""
    random = np.random.default_rng(zlib.crc32(kind.name.encode()))
    audio = on_the_line(kind.make(round(seconds * RATE), random, speech), random)
    path = out / f"{kind.name.replace(' ', '_')}.flac"
    out.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, RATE, subtype="PCM_16")
    facts = {"agent": "Alex Morgan", "customer_name": "Robin Carter"}
    path.with_suffix(".truth.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")
    return path


def summary(kind: Kind, events: Sequence[Event], seconds: float, judges: Judging) -> dict[str, Any]:
    """What was credited to those who said nothing, held back, and judged of it."""
    silent = (Party.AGENT,) if kind.speech else tuple(Party)
    credited = Counter({party.value: 0 for party in silent})
    held = Counter[str]()
    for one in events:
        if isinstance(one, Utterance) and one.final and one.speaker in silent:
            credited[one.speaker.value] += len(one.words)
        if isinstance(one, WordsHeldBack) and one.speaker in silent:
            held[one.reason] += len(one.words)
    judged = judge(CallInfo(call_id="silence", profile=Profile.FULL), events, judges)
    found = [one for one in judged.detections if one.speaker in silent]
    return {
        "seconds": seconds,
        "credited": dict(credited),
        "courtesies": sum(map(_courteous, found)),
        "held_back": dict(sorted(held.items())),
        "detections": dict(sorted(Counter(map(_judgement, found)).items())),
    }


def _courteous(one: Detection) -> bool:
    """Good manners that somebody would be given credit for."""
    return one.behaviour.startswith("courtesy.") and one.verdict in (Verdict.DELIVERED, Verdict.OBSERVED)


def _judgement(one: Detection) -> str:
    return f"{one.behaviour} {one.verdict}" + (f" ({one.kind})" if one.kind else "")


async def hear_silence(recordings: dict[str, Path], model: str, out: Path) -> dict[str, list[Event]]:
    """Each kind's log; those that were heard before are read again."""
    async with offline_parts(hearing(model)) as parts:
        for path in recordings.values():
            log = out / model / f"{path.stem}.jsonl.gz"
            if not log.exists() or log.stat().st_mtime < path.stat().st_mtime:
                write_log(log, await hear(path, unjudged(parts)))
                sys.stderr.write(f"{path.stem}: heard with {model}\n")
    return {name: list(read_log(out / model / f"{path.stem}.jsonl.gz")) for name, path in recordings.items()}


def main() -> int:
    """Make, hear, judge, and write the summary."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.silence", description=__doc__)
    parser.add_argument("--audio", type=Path, required=True, help="folder that evaluation.speak wrote to")
    parser.add_argument("--out", type=Path, required=True, help="folder for recordings and logs")
    parser.add_argument("--model", action="append", help="Whisper weights; default: base and tiny.en")
    parser.add_argument("--kind", action="append", choices=[kind.name for kind in KINDS], help="default: all")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each kind")
    parser.add_argument("--result", type=Path, default=RESULT)
    asked = parser.parse_args()
    configure_logs(level="warning", as_json=False)
    kinds = [kind for kind in KINDS if not asked.kind or kind.name in asked.kind]
    speech = Speech(asked.audio)
    recordings = {}
    for kind in kinds:
        path = asked.out / f"{kind.name.replace(' ', '_')}.flac"
        recordings[kind.name] = path if path.exists() else make(kind, speech, asked.seconds, asked.out)
    judges = judging_everything(hearing("base"))
    result: dict[str, Any] = {}
    for model in asked.model or ["base", "tiny.en"]:
        logs = asyncio.run(hear_silence(recordings, model, asked.out))
        result[model] = {kind.name: summary(kind, logs[kind.name], asked.seconds, judges) for kind in kinds}
    asked.result.parent.mkdir(parents=True, exist_ok=True)
    asked.result.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
