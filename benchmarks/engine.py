"""What the recogniser costs and how well it hears, beside faster-whisper, in one process and one run.

Four ways to hear the same utterances take turns, sixteen utterances at a time: faster-whisper's `transcribe`
(beam 1, each utterance padded to 30 s), callcue with 30 s windows, callcue with its own, and callcue with its
own and several utterances in a decoding. One thread, int8. Word errors are counted after the same plain
normalising of both sides, so compare along a row only.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.utterances import DIGITS, SpeechSet, Utterance, distance, read_set, words
from models.catalog import locate
from models.decoding import longest_run, phrase_count
from models.whisper import EngineConfig, WhisperEngine
from streaming.events import Party
from streaming.ports import SpeechRequest, Transcript

COMPUTE_TYPE = {"cpu": "int8", "cuda": "float16"}
_TURN = 16
_RESAMPLES = 1000

Hear = Callable[[Sequence[Utterance]], list[str]]


@dataclass(slots=True)
class Contender:
    """A way to hear, and what it has heard."""

    name: str
    hear: Hear
    cpu: float = 0.0
    texts: list[str] = field(default_factory=list)
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way on one set: `wer` in per cent; `cpu_ms` and `ratio` (faster-whisper is 1) by second of speech.

    `worse` is the difference in word error to callcue's own 30 s windows, with its 95 % interval over
    utterances drawn again (None where the reference is not by utterance). `loops`: utterances in which a
    word stands four times running, or three words three times, and were not said so.
    """

    set: str
    model: str
    way: str
    utterances: int
    seconds: float
    wer: float
    worse: float
    worse_interval: tuple[float, float] | None
    loops: int
    cpu_ms: float
    ratio: float
    machine_made_reference: bool


def run(recordings: Sequence[Path], models: Sequence[str], count: int, device: str, out: Path | None) -> None:
    """Measures and prints a line for each way on each set; raises `ConfigError` without speech."""
    sets = [read_set(folder, count) for folder in recordings]
    rows = []
    for model in models:
        ways = contenders(model, device)
        for speech in sets:
            for row in measure(speech, [Contender(name, hear) for name, hear in ways], model):
                rows.append(row)
                print(_line(row), flush=True)
    if out is not None:
        out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def contenders(model: str, device: str) -> list[tuple[str, Hear]]:
    config = EngineConfig(model_path=model, device=device, compute_type=COMPUTE_TYPE[device])
    short, padded = WhisperEngine(config), WhisperEngine(replace(config, margins=()))
    return [
        ("faster-whisper", _peer(model, device)),
        ("30 s windows", lambda some: [_alone(padded, each) for each in some]),
        ("own windows", lambda some: [_alone(short, each) for each in some]),
        ("own windows, batches", lambda some: _together(short, some)),
    ]


def measure(speech: SpeechSet, ways: Sequence[Contender], model: str) -> Iterator[Row]:
    """Each way hears a turn of utterances before the next turn, the first of them another one each time."""
    order = list(speech.utterances)
    for way in ways:
        way.hear(order[:1])
    for turn, at in enumerate(range(0, len(order), _TURN)):
        some = order[at : at + _TURN]
        for i in range(len(ways)):
            way = ways[(i + turn) % len(ways)]
            began = time.process_time()
            way.texts += way.hear(some)
            way.cpu += time.process_time() - began
    for way in ways:
        yield _row(speech, way, ways, model)


def _row(speech: SpeechSet, way: Contender, ways: Sequence[Contender], model: str) -> Row:
    errors, padded = (_errors(speech, each.texts) for each in (way, ways[1]))
    said = {part: len(text) for part, text in speech.said.items()}
    total = sum(said.values())
    return Row(
        set=speech.name,
        model=model,
        way=way.name,
        utterances=len(speech.utterances),
        seconds=round(speech.seconds, 1),
        wer=round(100 * sum(errors.values()) / total, 1),
        worse=round(100 * (sum(errors.values()) - sum(padded.values())) / total, 2),
        worse_interval=None if speech.is_machine_made else _interval(errors, padded, said),
        loops=sum(_loops(speech, u, text) for u, text in zip(speech.utterances, way.texts, strict=True)),
        cpu_ms=round(1000 * way.cpu / speech.seconds, 1),
        ratio=round(ways[0].cpu / way.cpu, 2),
        machine_made_reference=speech.is_machine_made,
    )


def _errors(speech: SpeechSet, texts: Sequence[str]) -> dict[str, int]:
    """Word errors by part."""
    heard: dict[str, list[str]] = {part: [] for part in speech.said}
    for utterance, text in zip(speech.utterances, texts, strict=True):
        heard[utterance.part] += words(text, speech.said[utterance.part])
    return {part: distance(said, heard[part]) for part, said in speech.said.items()}


def _interval(errors: dict[str, int], padded: dict[str, int], said: dict[str, int]) -> tuple[float, float]:
    parts, drawing = list(said), random.Random(1)  # noqa: S311 - a fixed choice, not a secret
    differences = []
    for _ in range(_RESAMPLES):
        drawn = drawing.choices(parts, k=len(parts))
        worse = sum(errors[part] - padded[part] for part in drawn)
        differences.append(100 * worse / sum(said[part] for part in drawn))
    differences.sort()
    return round(differences[_RESAMPLES // 40], 2), round(differences[-_RESAMPLES // 40 - 1], 2)


def _loops(speech: SpeechSet, utterance: Utterance, text: str) -> bool:
    if not speech.is_machine_made and _turns(speech.said[utterance.part]):
        return False
    return _turns(words(text))


def _turns(said: Sequence[str]) -> bool:
    spoken = [word for word in said if len(word) > 1 and word not in DIGITS]
    return longest_run(spoken) >= 4 or phrase_count(spoken) >= 3


def _peer(model: str, device: str) -> Hear:
    from faster_whisper import WhisperModel

    peer: Any = WhisperModel(
        str(locate(model)), device=device, compute_type=COMPUTE_TYPE[device], cpu_threads=1
    )

    def hear(some: Sequence[Utterance]) -> list[str]:
        texts = []
        for utterance in some:
            segments, _ = peer.transcribe(utterance.audio, beam_size=1, language="en")
            texts.append(" ".join(segment.text for segment in segments))
        return texts

    return hear


def _alone(engine: WhisperEngine, utterance: Utterance) -> str:
    return _text(engine.transcribe(_request(utterance)))


def _together(engine: WhisperEngine, some: Sequence[Utterance]) -> list[str]:
    answers = dict(engine.transcribe_many([_request(utterance) for utterance in some]))
    return [_text(answers[i]) for i in range(len(some))]


def _text(outcome: object) -> str:
    if not isinstance(outcome, Transcript):
        raise TypeError("the engine failed on an utterance")
    return " ".join(word.text for word in outcome.words)


def _request(utterance: Utterance) -> SpeechRequest:
    return SpeechRequest(
        call_id="bench",
        speaker=Party.AGENT,
        utterance_id="a1",
        revision=0,
        start=0.0,
        audio=utterance.audio,
        priority="final",
        voiced=utterance.voiced,
    )


def _line(row: Row) -> str:
    interval = "" if row.worse_interval is None else "[{:+.2f}, {:+.2f}]".format(*row.worse_interval)
    return (
        f"{row.set:24} {row.model:8} {row.way:22} {row.utterances:4} utterances {row.seconds:6.1f} s  "
        f"WER {row.wer:5.1f}  {row.worse:+5.2f} {interval:16}  loops {row.loops}  "
        f"CPU {row.cpu_ms:6.1f} ms/s  {row.ratio:5.2f} times less"
    )
