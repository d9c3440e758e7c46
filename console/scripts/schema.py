"""Writes the schemas from the service's own; `--check` fails when a committed file differs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from service.desk import desk_schema
from service.finished import finished_schema
from service.wire import event_schema

CONSOLE = Path(__file__).parents[1]
SCHEMAS = {
    "schema.json": event_schema,
    "desk.schema.json": desk_schema,
    "finished.schema.json": finished_schema,
}


def main() -> None:
    for name, schema in SCHEMAS.items():
        target = CONSOLE / name
        text = json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if "--check" not in sys.argv:
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            sys.exit(f"console/{name} is not what the service gives: run console/scripts/schema.py")


if __name__ == "__main__":
    main()
