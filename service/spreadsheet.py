"""Finished calls as CSV that spreadsheets open as it is meant: UTF-8, and no cell is a formula (pure)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from service.store.finding import FinishedCall, Tally

HEAD = "\ufeff"
"""Without this mark Excel reads UTF-8 as the machine's own code page."""
_CALL = ("call_id", "agent", "team", "started_at", "seconds")
_COUNTS = ("delivered", "missed", "harmful")
PER_CALL = (*_CALL, "opportunities", *_COUNTS, "rate", "alerts")
PER_BEHAVIOUR = (*_CALL, "behaviour", *_COUNTS, "observed")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four are of full width


def row(cells: Sequence[object]) -> str:
    """One line. A text that a spreadsheet would take for a formula gets a quote in front of it.

    As OWASP has it (“CSV Injection”): names come from platforms, and platforms get them from anybody.
    """
    line = io.StringIO()
    csv.writer(line).writerow([_safe(cell) for cell in cells])
    return line.getvalue()


def per_call(call: FinishedCall) -> list[object]:
    counts = [call.opportunities, call.delivered, call.missed, call.harmful]
    return [*_of(call), *counts, None if call.rate is None else round(call.rate, 4), call.alerts]


def per_behaviour(call: FinishedCall, tally: Tally) -> list[object]:
    return [*_of(call), tally.behaviour, tally.delivered, tally.missed, tally.harmful, tally.observed]


def _of(call: FinishedCall) -> list[object]:
    started = datetime.fromtimestamp(call.started_at, UTC).isoformat(timespec="seconds")
    return [call.call_id, call.agent, call.team, started, round(call.seconds, 1)]


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA) else cell
