"""What was heard of the labelled calls, kept: ``heard/SET/CONDITION-MODEL/NAME.jsonl.gz``, an event a line.

A log holds what detectors are fed, in log order, ticks included: replaying it judges as the product did
when it heard the call. Times are rounded to milliseconds, confidences to three digits.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from service.wire import decode_event, to_json
from streaming.errors import ConfigError, ProtocolError
from streaming.events import (
    AudioGap,
    CallEnded,
    CallStarted,
    Event,
    Signal,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    WordsHeldBack,
)

HEARD = Path(__file__).resolve().parent / "heard"

FED = (
    CallStarted,
    CallEnded,
    Tick,
    AudioGap,
    SpeechStarted,
    SpeechEnded,
    Utterance,
    WordsHeldBack,
    Signal,
)
"""What is heard and measured, and judged from."""


def log_path(which: str, condition: str, model: str, name: str, *, heard: Path = HEARD) -> Path:
    return heard / which / f"{condition}-{model}" / f"{name}.jsonl.gz"


def times_beside(log: Path) -> Path:
    """Where the times of a log's call are kept, whatever the condition it was heard in."""
    return log.parent.parent / "times" / f"{log.name.partition('.')[0]}.json"


def write_log(path: Path, events: Iterable[Event]) -> None:
    """Of `events` those that are `FED`; the same events always make the same bytes."""
    lines = [
        json.dumps(_rounded(to_json(event)), separators=(",", ":"))
        for event in events
        if isinstance(event, FED)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
    partial.replace(path)


def write_times(truth: Path, path: Path) -> None:
    """When everything sounds, without the words, of what `evaluation.speak` wrote beside a recording."""
    told = json.loads(truth.read_text(encoding="utf-8"))
    said = [{key: value for key, value in row.items() if key != "text"} for row in told["said"]]
    kept = {"seconds": told["seconds"], "music": told["music"], "voices": told["voices"], "said": said}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, separators=(",", ":")) + "\n", encoding="utf-8")


def read_log(path: Path) -> Iterator[Event]:
    """Raises `ConfigError` where the file is not such a log, OSError where it cannot be read."""
    try:
        text = gzip.decompress(path.read_bytes()).decode()
        for line in text.splitlines():
            yield decode_event(line)
    except (gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError, ProtocolError) as error:
        raise ConfigError(f"{path} is not a log of a heard call") from error


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value
