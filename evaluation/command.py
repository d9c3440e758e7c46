"""What `callcue evaluate` does: the set, its conditions, the table, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from detectors.base import catalogue
from evaluation.examples import examples
from evaluation.labels import CODES
from evaluation.named import labelled_set
from evaluation.run import Result, evaluate
from evaluation.sets import CLOSED, LabelledSet
from evaluation.tables import print_examples, print_rows
from service.settings import load_settings
from streaming.errors import ConfigError
from streaming.events import Profile
from streaming.ports import Policy

PIPED_WIDTH = 150

OUT = Console(highlight=False)
if not OUT.is_terminal:
    OUT = Console(highlight=False, width=PIPED_WIDTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    which: str
    conditions: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    profile: Profile = Profile.FULL
    examples: bool = False
    open_held_out: bool = False
    json_file: Path | None = None


def run(asked: Asked) -> None:
    """Prints; raises `ConfigError` where something asked for is not there."""
    if asked.examples and asked.which in CLOSED and not asked.open_held_out:
        raise ConfigError(
            f"{asked.which} is only for measuring: what is shown of it would end up in the detectors. "
            "Use dev, or give --open-held-out if nobody will build on what you see"
        )
    behaviours = _behaviours(asked.behaviours)
    labelled = _narrowed(labelled_set(asked.which, behaviours=_known()), asked.calls)
    policy = Policy(thresholds=load_settings().thresholds)
    results = [
        evaluate(labelled, condition, profile=asked.profile, policy=policy, behaviours=behaviours)
        for condition in _conditions(labelled, asked.conditions)
    ]
    if asked.examples:
        for result in results:
            print_examples(OUT, list(examples(result)))
    print_rows(OUT, _title(labelled), {result.condition: result.rows() for result in results})
    _print_failures(results)


def _behaviours(asked: tuple[str, ...]) -> frozenset[str]:
    known = _known()
    found = [CODES[one].behaviour if one in CODES else one for one in asked]
    unknown = [one for one in found if one not in known]
    if unknown:
        raise ConfigError(f"no behaviour is called {unknown[0]}; there are {', '.join(sorted(known))}")
    return frozenset(found)


def _known() -> frozenset[str]:
    """What can be labelled and judged: the catalogue, a deployment's own behaviours in it."""
    return frozenset(catalogue()) | {row.behaviour for row in CODES.values()}


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


def _title(labelled: LabelledSet) -> str:
    turns = sum(len(case.turns) for case in labelled.cases)
    return f"{labelled.name}: {len(labelled.cases)} calls, {turns} turns"


def _print_failures(results: list[Result]) -> None:
    failed = {
        (name, why) for one in results for call in one.calls for name, why in call.judged.failed.items()
    }
    for name, why in sorted(failed):
        OUT.print(f"the detector {name} failed in at least one call: {why}", style="red", markup=False)
