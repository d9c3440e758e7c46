"""A measurement's file: its runs, and the command, machine and versions that one needs to judge them."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil


def document(runs: Sequence[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    """The runs with what one needs to judge them: command, machine, versions."""
    return {
        "command": shlex.join(["callcue", *sys.argv[1:]]),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        **facts,
        "runs": list(runs),
    }


def machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("callcue", "ctranslate2", "onnxruntime")},
    }


def settings_given() -> dict[str, str]:
    """CALLCUE_* of the environment, which the service under test takes over; never a token."""
    secret = ("TOKEN", "SECRET", "URL")
    given = {name: value for name, value in os.environ.items() if name.startswith("CALLCUE_")}
    return {name: value for name, value in given.items() if not any(word in name for word in secret)}


def write(runs: Sequence[dict[str, Any]], path: Path, **facts: Any) -> None:
    path.write_text(json.dumps(document(runs, **facts), indent=1) + "\n", encoding="utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((one.split(":", 1)[1].strip() for one in lines if one.startswith("model name")), "")
