"""`callcue behaviours`: what is judged, and a team's own behaviours tried before they go live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from detectors.base import Behaviour, switched_off
from detectors.custom import CustomBehaviour
from service.behaviours import read_behaviours, rows_with
from service.explain import quotes
from service.settings import Settings, load_settings
from service.telemetry.logs import configure_logs
from service.trial import PARTS, Answer, Figures, Tally, figures, read_lines, suggest, try_lines
from streaming.errors import ConfigError
from streaming.events import Profile

if TYPE_CHECKING:
    from service.judging import Judging

behaviours_app = typer.Typer(no_args_is_help=True, help="What is judged, and your own behaviours.")

OUT = Console(highlight=False)
if not OUT.is_terminal:
    OUT = Console(highlight=False, width=150)

_SHOWN = 12  # confusions a kind; the rest is counted


@behaviours_app.command("list")
def list_() -> None:
    """Every behaviour of the catalogue and of CALLCUE_BEHAVIOURS, and whether it is judged here."""
    settings = load_settings()
    rows = rows_with(settings.behaviours)
    off = switched_off(settings.behaviours_off, settings.behaviours_on)
    table = Table(box=SIMPLE)
    for column in ("id", "title", "judged", "alerts", "opens"):
        table.add_column(column, overflow="fold")
    for row in rows.values():
        why = row.off_because or "switched off"
        judged = f"no: {why}" if row.id in off else "yes"
        table.add_row(row.id, row.title, judged, str(len(row.alerts) or ""), row.opportunity)
    OUT.print(table)


@behaviours_app.command("show")
def show(behaviour: Annotated[str, typer.Argument(help="An id of `callcue behaviours list`.")]) -> None:
    """One behaviour: what it means, when it opens, its thresholds, examples and alerts."""
    settings = load_settings()
    rows = rows_with(settings.behaviours)
    if behaviour not in rows:
        raise ConfigError(f"no behaviour is called {behaviour}; see: callcue behaviours list")
    for line in _told(rows[behaviour], settings):
        OUT.print(line, markup=False, soft_wrap=True)


def _told(row: Behaviour, settings: Settings) -> Iterable[str]:
    yield f"{row.id}: {row.title} ({row.severity.value}, version {row.version})"
    yield f"  {row.meaning}"
    yield f"  opens: {row.opportunity}"
    for key, value in row.thresholds.items():
        mine = settings.thresholds.get(f"{row.id}.{key}", value)
        because = f": {row.why[key]}" if key in row.why else ""
        yield f"  {key} = {mine:g}{because}"
    for key, said in row.examples.items():
        yield from (f"  {key}: “{one}”" for one in said)
    for rule in row.alerts:
        yield f"  alert on {rule.verdict.value} {rule.kind}".rstrip() + f": {rule.title}. {rule.coaching}"


@behaviours_app.command("test")
def test(
    file: Annotated[Path, typer.Argument(help="The TOML file with your behaviours.")],
    lines: Annotated[
        Path | None, typer.Option(help="Labelled lines, TSV or JSONL: text, speaker, expected.")
    ] = None,
    calls: Annotated[
        Path | None, typer.Option(help="A folder of labelled calls, as for `callcue evaluate`.")
    ] = None,
    precision: Annotated[
        float, typer.Option(help="What a suggested threshold should reach.", min=0.5, max=1.0)
    ] = 0.9,
) -> None:
    """Check a file of behaviours, and measure it before it goes live: precision, recall, and what went wrong.

    callcue behaviours test mine.toml --lines labelled.tsv

    How both files are written: docs/custom-behaviours.md.
    """
    configure_logs(level="error", as_json=False)
    behaviours = read_behaviours(file)
    OUT.print(f"{file}: {len(behaviours)} behaviours, as they should be written", markup=False)
    judged = _judging(file)
    for note in judged.notes.values():
        OUT.print(note, style="yellow", markup=False)
    if lines is not None:
        _test_lines(behaviours, lines, judged, precision)
    if calls is not None:
        _test_calls(behaviours, calls, judged)
    if lines is None and calls is None:
        OUT.print("Give --lines or --calls to measure what they find.")


def _judging(file: Path) -> Judging:
    from service.judging import judging

    settings = load_settings().model_copy(update={"behaviours": file, "behaviours_off": frozenset()})
    return judging(settings)


# --- lines


def _test_lines(
    behaviours: Mapping[str, CustomBehaviour], path: Path, judged: Judging, precision: float
) -> None:
    labelled = read_lines(path, behaviours)
    tallies = try_lines(behaviours, labelled, judged.policy.meaning)
    halves = {part: sum(one.part == part for one in labelled) for part in PARTS}
    OUT.print(f"{path}: {halves['dev']} lines to choose by (dev), {halves['test']} to measure by (test)")
    table = _table("behaviour", "says", "part")
    for tally in tallies:
        for part in PARTS:
            _add(table, (tally.behaviour, tally.kind, part), figures(tally, tally.of(part)))
    OUT.print(table)
    for tally in tallies:
        _print_confusions(tally)
        _print_suggestion(tally, precision)


def _print_confusions(tally: Tally) -> None:
    """Of the dev half only: who reads the test half's would choose by them."""
    dev = tally.of("dev")
    false = [one for one in dev if one.found and not tally.right(one)]
    missed = [one for one in dev if tally.right(one) and not one.found]
    _print_answers(f"{tally.behaviour}, taken for {tally.kind}", sorted(false, key=lambda one: -one.score))
    _print_answers(f"{tally.behaviour}, {tally.kind} not found", sorted(missed, key=lambda one: -one.score))


def _print_answers(title: str, answers: Sequence[Answer]) -> None:
    if answers:
        OUT.print(f"{title} (dev):", markup=False)
    for one in answers[:_SHOWN]:
        OUT.print(f"  line {one.line.number}  {one.score:.2f}  {one.line.text}", markup=False, soft_wrap=True)
    if len(answers) > _SHOWN:
        OUT.print(f"  and {len(answers) - _SHOWN} more")


def _print_suggestion(tally: Tally, precision: float) -> None:
    found = suggest(tally, precision)
    name = f"{tally.behaviour}.{tally.kind}"
    if found is None:
        OUT.print(f"{name}: too few dev lines to suggest a threshold (it is {tally.threshold:g})")
        return
    dev, test = (figures(tally, tally.of(part), found.threshold) for part in PARTS)
    reached = "" if found.reached else f"; no threshold reaches a precision of {precision:g} on dev"
    OUT.print(
        f"{name}: {found.threshold:g} would do best on dev (it is {tally.threshold:g}){reached}\n"
        f"  with it: dev {_short(dev)}; test {_short(test)}"
    )


def _short(one: Figures) -> str:
    return f"precision {_share(one.precision)}, recall {_share(one.recall)} of {one.right + one.missed}"


# --- calls


def _test_calls(behaviours: Mapping[str, CustomBehaviour], folder: Path, judged: Judging) -> None:
    from evaluation.examples import examples
    from evaluation.folder import folder_set
    from evaluation.run import evaluate
    from evaluation.sets import CLOSED
    from evaluation.tables import print_examples, print_rows

    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder")
    if folder.resolve().name in CLOSED:
        raise ConfigError(f"{folder} is only for measuring; nothing is tried out on it")
    labelled = folder_set(folder, behaviours=judged.rows)
    told = {one.meaning.behaviour for case in labelled.cases for one in case.moments} & set(behaviours)
    mine = replace(judged, factories={key: judged.factories[key] for key in behaviours})
    if told:
        for condition in labelled.conditions[:1]:
            result = evaluate(labelled, condition, profile=Profile.FULL, judges=mine, behaviours=told)
            print_examples(OUT, [(condition, one) for one in examples(result)])
            print_rows(OUT, f"{folder.name}: {len(labelled.cases)} calls", {condition: result.rows()}, set())
    if rest := [key for key in behaviours if key not in told]:
        _print_found(rest, labelled.cases, mine)


def _print_found(ids: Sequence[str], cases: Iterable[object], judged: Judging) -> None:
    """Nobody has labelled these calls with them: what would have been found, to be read through."""
    from evaluation.cases import Case
    from evaluation.judging import judge

    OUT.print(f"not labelled in these calls, so only what is found: {', '.join(ids)}")
    for case in (one for one in cases if isinstance(one, Case) and one.events):
        done = judge(case.info, case.events, judged)
        for one in done.detections:
            if one.behaviour not in ids:
                continue
            words = " … ".join(quote for _, quote in quotes(one, done.utterances))
            told = f"{one.behaviour} {one.verdict.value} {one.confidence:.2f}  {words}"
            OUT.print(f"  {case.name} {one.start:6.1f} s  {told}", markup=False, soft_wrap=True)


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE)
    for column in columns:
        table.add_column(column)
    for column in ("right", "false", "missed", "precision", "recall"):
        table.add_column(column, justify="right")
    return table


def _add(table: Table, names: tuple[str, ...], one: Figures) -> None:
    counts = (str(count) for count in (one.right, one.false, one.missed))
    table.add_row(*names, *counts, _share(one.precision), _share(one.recall))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
