"""Writes schema.json from the service's own schema; `--check` fails when the committed file differs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from service.wire import event_schema

TARGET = Path(__file__).parents[1] / "schema.json"


def main() -> None:
    text = json.dumps(event_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.exit("console/schema.json is not what the service gives: run console/scripts/schema.py")


if __name__ == "__main__":
    main()
