"""Figures as a table at the terminal, condition beside condition."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evaluation.examples import Example
from evaluation.figures import Interval, Row
from evaluation.sets import TEXT


def print_rows(
    out: Console, title: str, conditions: Mapping[str, Sequence[Row]], whole: Collection[str]
) -> None:
    """Classes that nothing was labelled or judged of are left out; with one condition, every column.

    `whole` are the conditions that hold every call: only they can be held against each other.
    """
    if len(conditions) == 1:
        ((condition, rows),) = conditions.items()
        out.print(_whole(f"{title}, {condition}", rows))
    else:
        out.print(_beside(title, conditions, whole))


def _whole(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE)
    table.add_column("class")
    for name in (
        "right",
        "false",
        "missed",
        "precision [95 %]",
        "recall [95 %]",
        "F1",
        "to reach",
        "delay s",
    ):
        table.add_column(name, justify="right")
    for row in rows:
        if row.tp + row.fp + row.fn == 0:
            continue
        table.add_row(
            row.title,
            str(row.tp),
            str(row.fp),
            str(row.fn),
            interval(row.precision),
            interval(row.recall),
            share(row.f1.value),
            _wanted(row),
            "" if row.delay is None else f"{row.delay[0]:.1f}",
        )
    return table


def _beside(title: str, conditions: Mapping[str, Sequence[Row]], whole: Collection[str]) -> Table:
    table = Table(title=f"{title}: precision / recall", title_justify="left", box=SIMPLE)
    table.add_column("class")
    for name in (*conditions, "gap in F1"):
        table.add_column(name, justify="right")
    for row in zip(*conditions.values(), strict=True):
        if sum(one.tp + one.fp + one.fn for one in row):
            cells = (f"{share(one.precision.value)} / {share(one.recall.value)}" for one in row)
            named = {name: one for name, one in zip(conditions, row, strict=True) if name in whole}
            table.add_row(row[0].title, *cells, gap(named))
    return table


def gap(row: Mapping[str, Row]) -> str:
    """How much of F1 is lost between the reference text and the worst of what was heard."""
    text = row[TEXT].f1.value if TEXT in row else None
    heard = [one.f1.value for name, one in row.items() if name != TEXT and one.f1.value is not None]
    return "–" if text is None or not heard else f"{min(heard) - text:+.2f}"


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def interval(one: Interval) -> str:
    if one.value is None or one.low is None or one.high is None:
        return "–"
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def _wanted(row: Row) -> Text:
    precision, recall = row.wanted
    if precision is None or recall is None:
        return Text("")
    style = {True: "green", False: "red", None: ""}[row.reached]
    return Text(f"{precision:.2f} / {recall:.2f}", style=style)


def print_examples(out: Console, examples: Sequence[tuple[str, Example]]) -> None:
    """Each with the condition that it was found under."""
    for condition, one in examples:
        minutes, seconds = divmod(one.start, 60)
        style = "red" if one.kind == "false" else "yellow"
        where = f"{one.call} {int(minutes)}:{seconds:04.1f}, {condition}"
        sure = "" if one.confidence is None else f" ({one.confidence:.2f})"
        out.print(Text(f"{one.kind:6} {one.title}{sure}  {where}", style=style))
        out.print(Text(f"       {one.said}"), soft_wrap=True)
        if one.heard:
            out.print(Text(f"       points at: {one.heard}", style="dim"))
        if one.instead:
            what = "labelled" if one.kind == "false" else "judged"
            out.print(Text(f"       {what} there: {one.instead}", style="dim"))
