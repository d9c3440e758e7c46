"""What `callcue evaluate` does: the set, its conditions, the table, and what went wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from evaluation.document import document, write
from evaluation.examples import examples
from evaluation.judging import judging_everything
from evaluation.labels import CODES
from evaluation.named import labelled_set
from evaluation.recordings import heard_again, heard_now
from evaluation.remembered import remembering
from evaluation.run import Result, evaluate
from evaluation.sets import CLOSED, HEARD_NOW, LabelledSet
from evaluation.tables import print_examples, print_rows
from service.cli_serve import with_options
from service.settings import Settings, load_settings
from service.telemetry.logs import configure_logs
from streaming.errors import ConfigError
from streaming.events import Profile

PIPED_WIDTH = 150

OUT = Console(highlight=False)
if not OUT.is_terminal:
    OUT = Console(highlight=False, width=PIPED_WIDTH)
ERR = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command; see service/cli_evaluate.py."""

    which: str
    conditions: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    profile: Profile = Profile.FULL
    examples: bool = False
    open_held_out: bool = False
    json_file: Path | None = None
    plots: Path | None = None
    model: str | None = None
    hear: Path | None = None
    keep: Path | None = None


def run(asked: Asked) -> None:
    """Prints; raises `ConfigError` where something asked for is not there."""
    _check(asked)
    settings = with_options(load_settings(), model=asked.model)
    configure_logs(level="warning", as_json=False)
    judges, keep_vectors = remembering(judging_everything(settings))
    known = frozenset(judges.rows) | {row.behaviour for row in CODES.values()}
    behaviours = _behaviours(asked.behaviours, known)
    labelled = _narrowed(labelled_set(asked.which, behaviours=known), asked.calls)
    with _heard(labelled, settings, asked) as ready:
        results = [
            evaluate(ready, condition, profile=asked.profile, judges=judges, behaviours=behaviours)
            for condition in _conditions(ready, asked.conditions)
        ]
    keep_vectors()
    shown = (
        [(one.condition, example) for one in results for example in examples(one)] if asked.examples else []
    )
    print_examples(OUT, shown)
    whole = {result.condition for result in results if not result.absent}
    print_rows(OUT, _title(labelled), {result.condition: result.rows() for result in results}, whole)
    _print_what_is_missing(results)
    for note in judges.notes.values():
        OUT.print(note, style="yellow", markup=False)
    if asked.json_file is not None:
        write(asked.json_file, document(labelled, results, judges, profile=asked.profile, examples=shown))
    if asked.plots is not None:
        _draw(document(labelled, results, judges, profile=asked.profile), asked.plots)


def _check(asked: Asked) -> None:
    """Now rather than after an hour of hearing."""
    if asked.examples and asked.which in CLOSED and not asked.open_held_out:
        raise ConfigError(
            f"{asked.which} is only for measuring: what is shown of it would end up in the detectors. "
            "Use dev, or give --open-held-out if nobody will build on what you see"
        )
    file = asked.json_file
    if file is not None and (file.is_dir() or not os.access(file.parent, os.W_OK)):
        raise ConfigError(f"{file} cannot be written: is there such a folder?")


def _behaviours(asked: tuple[str, ...], known: frozenset[str]) -> frozenset[str]:
    found = [CODES[one].behaviour if one in CODES else one for one in asked]
    unknown = [one for one in found if one not in known]
    if unknown:
        raise ConfigError(f"no behaviour is called {unknown[0]}; there are {', '.join(sorted(known))}")
    return frozenset(found)


def _narrowed(labelled: LabelledSet, calls: tuple[str, ...]) -> LabelledSet:
    if not calls:
        return labelled
    names = {case.name for case in labelled.cases}
    for call in calls:
        if call not in names:
            raise ConfigError(f"the set {labelled.name} has no call {call}")
    return replace(labelled, cases=tuple(case for case in labelled.cases if case.name in calls))


def _conditions(labelled: LabelledSet, asked: tuple[str, ...]) -> tuple[str, ...]:
    for one in asked:
        if one not in labelled.conditions:
            there = ", ".join(labelled.conditions)
            raise ConfigError(f"the set {labelled.name} has no condition {one}; there are {there}")
    return asked or labelled.conditions


@contextmanager
def _heard(labelled: LabelledSet, settings: Settings, asked: Asked) -> Iterator[LabelledSet]:
    """The set with its recordings heard, where that is asked for or the only way to have it heard."""
    wanted = HEARD_NOW in _conditions(labelled, asked.conditions) and labelled.recordings
    if asked.hear is not None:
        yield heard_again(labelled, asked.hear, asked.conditions, ERR.print)
    elif wanted:
        with tempfile.TemporaryDirectory(prefix="callcue-evaluate-") as scratch:
            yield heard_now(labelled, settings, asked.keep or Path(scratch), ERR.print)
    else:
        yield labelled


def _title(labelled: LabelledSet) -> str:
    turns = sum(len(case.turns) for case in labelled.cases)
    of = f", {turns} turns" if turns else ""
    return f"{labelled.name}: {len(labelled.cases)} calls{of}"


def _print_what_is_missing(results: Sequence[Result]) -> None:
    for one in results:
        if one.absent:
            there = len(one.calls)
            OUT.print(f"{one.condition}: {there} calls; not at hand: {len(one.absent)}", style="yellow")
    failed = {
        (name, why) for one in results for call in one.calls for name, why in call.judged.failed.items()
    }
    for name, why in sorted(failed):
        OUT.print(f"the detector {name} failed in at least one call: {why}", style="red", markup=False)


def _draw(what: Mapping[str, Any], folder: Path) -> None:
    from evaluation.plots import draw

    drawn = draw(what, folder)
    for path in drawn:
        OUT.print(f"drawn: {path}")
    if not drawn:
        OUT.print("nothing drawn: matplotlib is not installed (pip install matplotlib)", style="yellow")
