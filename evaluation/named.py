"""Every labelled set that `--set` knows: ours, the real call beside the project, and any folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from evaluation.cases import Span, joined
from evaluation.folder import Files, folder_set, one_call
from evaluation.sets import CALLS, HERE, OWN, LabelledSet, own_set
from evaluation.swda import NAME as SWDA
from evaluation.swda import swda
from streaming.errors import ConfigError
from streaming.events import Party

SHARED = HERE.parents[1] / "shared" / "data"
AUTO_REPAIRS = "auto_repairs"
NAMES = (*OWN, AUTO_REPAIRS, SWDA)


def labelled_set(name: str, *, behaviours: Iterable[str]) -> LabelledSet:
    """A set by name, or a folder's. Raises `ConfigError` where there is none, or its data is not here."""
    if name in OWN:
        return own_set(name)
    if name == AUTO_REPAIRS:
        return auto_repairs(behaviours)
    if name == SWDA:
        return swda(SHARED)
    folder = Path(name)
    if not folder.is_dir():
        raise ConfigError(f"no set or folder is called {name}; sets are {', '.join(NAMES)}")
    return folder_set(folder, behaviours=behaviours)


def auto_repairs(behaviours: Iterable[str]) -> LabelledSet:
    """The one real call: its labels are ours; its sound and machine transcript stay where they are."""
    data = SHARED / "aws_calls"
    recording, transcript = data / "audio" / "auto_repairs_49.flac", data / "asr" / "auto_repairs_49.json"
    labels = CALLS / "auto_repairs.labels.json"
    if not (recording.exists() and labels.exists()):
        raise ConfigError(f"the set {AUTO_REPAIRS} needs {recording}, which is not part of the project")
    rows = json.loads(transcript.read_text(encoding="utf-8"))["whisper_base"]
    pieces = (Span(Party(row["role"]), row["start"], row["end"], row["text"]) for row in rows)
    files = Files(name=recording.stem, labels=labels, turns=None, recording=recording)
    turns = joined(piece for piece in pieces if piece.end > piece.start)
    return one_call(files, turns, name=AUTO_REPAIRS, behaviours=behaviours)
