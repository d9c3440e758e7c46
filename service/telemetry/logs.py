"""Structured logs: constant event names, and people's words only under ``pii.`` keys, which are dropped.

A call id is the platform's own identifier and is logged; names, transcripts, whispers and tokens are not.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PII_PREFIX = "pii."


def drop_pii(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: keys that carry people's words never reach the output."""
    for key in [key for key in entry if key.startswith(PII_PREFIX)]:
        del entry[key]
    return entry


def configure_logs(*, level: str = "info", as_json: bool = False) -> None:
    """Set up structlog for the process; logs go to stderr, one line an event."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_pii,
            _error_place,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # whatever stderr is by then
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(_PlaceOnly("%(levelname)s:%(name)s:%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[libraries], force=True)


class _PlaceOnly(logging.Formatter):
    """What libraries log themselves: a traceback's text could hold anybody's words, too."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another formatter may have left it
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - overrides logging's
        error = ei[1]
        return f"{type(error).__name__} at {innermost(error)}" if error is not None else ""


def _error_place(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace a traceback by the exception's type and place: locals could hold anybody's words."""
    error = sys.exc_info()[1]
    if entry.pop("exc_info", None) and error is not None:
        entry["error"] = type(error).__name__
        entry["where"] = innermost(error)
    return entry


def innermost(error: BaseException) -> str:
    """``file:line`` where the exception was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return "unknown"
    return f"{frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}"
