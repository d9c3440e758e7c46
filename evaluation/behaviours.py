"""`python -m evaluation.behaviours [FILE]`: writes docs/behaviours.md from the catalogue.

The catalogue is what the product judges by, so the page cannot say anything else. Measured precision and
recall come from the committed results of the held-out calls, where there are any.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from detectors.base import Behaviour, catalogue
from evaluation.labels import CODES
from streaming.alerts import AlertRule

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "behaviours.md"
MEASURED = ROOT / "evaluation" / "results" / "held_out.json"
CONDITION = "tel20-base"

_HEAD = """# Behaviours

What callcue judges, and by what numbers. Made from [the catalogue](../detectors/catalogue) by
`python -m evaluation.behaviours`; change it there. A deployment overrides a number with
`CALLCUE_THRESHOLDS='{"name.use.first_use_seconds": 60}'`, switches behaviours off with
`CALLCUE_BEHAVIOURS_OFF`, and adds its own ([custom-behaviours.md](custom-behaviours.md)).

No opportunity, no judgement. An opportunity is *delivered* or *missed*; *harmful* is what should not be
said whenever it is; *noticed* (`observed`) judges nobody. Measured: on calls that no detector was built
from, as Whisper base heard them over a noisy telephone line (precision / recall, with counts;
[accuracy.md](accuracy.md) has intervals and says what these calls are not).
"""

_WORDS = {"observed": "noticed"}


def page(rows: Mapping[str, Behaviour], measured: Mapping[str, Any] | None) -> str:
    """The whole page, in Markdown."""
    figures = _figures(measured)
    parts = [_HEAD, *_overview(rows.values(), figures)]
    for row in rows.values():
        parts += [*_behaviour(row, figures.get(row.id, []))]
    return "\n".join(parts).rstrip() + "\n"


def _overview(rows: Any, figures: Mapping[str, list[str]]) -> Iterator[str]:
    yield "| behaviour | id | measured |"
    yield "|---|---|---|"
    for row in rows:
        found = "<br>".join(figures.get(row.id, [])) or ("off as shipped" if row.off_because else "–")
        yield f"| [{row.title}](#{_anchor(row)}) | `{row.id}` | {found} |"
    yield ""


def _anchor(row: Behaviour) -> str:
    kept = "".join(letter for letter in row.title.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


def _behaviour(row: Behaviour, figures: list[str]) -> Iterator[str]:
    yield f"## {row.title}\n"
    yield f"`{row.id}` · {row.meaning}\n"
    yield f"- **Opportunity**: {row.opportunity}"
    if row.off_because:
        yield f"- **{row.off_because}**"
    if row.uses_agent_voice:
        yield "- Measures the agent's voice: judged under the profile `full` only ([privacy.md](privacy.md))."
    if figures:
        yield f"- **Measured**: {'; '.join(figures)}"
    for key, said in row.examples.items():
        yield f"- **{_WORDS.get(key, key)}**: " + " · ".join(f"“{one}”" for one in said)
    yield ""
    if row.thresholds:
        yield "| number | default | why |"
        yield "|---|---|---|"
        for key, value in row.thresholds.items():
            yield f"| `{key}` | {value:g} | {row.why.get(key, '')} |"
        yield ""
    for rule in row.alerts:
        yield f"{_card(rule)}\n"


def _card(rule: AlertRule) -> str:
    of = f"{_WORDS.get(rule.verdict.value, rule.verdict.value)}{f', {rule.kind}' if rule.kind else ''}"
    count = f", at the {_ordinal(rule.count)}{' in a row' if rule.in_a_row else ''}" if rule.count > 1 else ""
    return f"Card ({of}{count}; {rule.severity.value}): **{rule.title}**. {rule.coaching}"


def _ordinal(count: int) -> str:
    return {2: "second", 3: "third"}.get(count, f"{count}th")


def _figures(measured: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """Behaviour → its classes' figures in words, where anything was there to be found."""
    found: dict[str, list[str]] = {}
    if measured is None:
        return found
    for row in measured["conditions"][CONDITION]["classes"]:
        right, false, missed = row["tp"], row["fp"], row["fn"]
        if right + missed == 0:
            continue
        behaviour = CODES[row["codes"][0]].behaviour if row["codes"][0] in CODES else None
        if behaviour is None:
            continue
        precision = f"{right / (right + false):.2f}" if right + false else "–"
        text = f"{row['title']} {precision} / {right / (right + missed):.2f} ({right + missed})"
        found.setdefault(behaviour, []).append(text)
    return found


def measured() -> Mapping[str, Any] | None:
    """The committed measurement of the held-out calls, if there is one."""
    if not MEASURED.exists():
        return None
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found if CONDITION in found["conditions"] else None


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page(catalogue(), measured()), encoding="utf-8")


if __name__ == "__main__":
    main()
