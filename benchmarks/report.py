"""Puts measured figures into benchmarks/README.md: ``python -m benchmarks.report [RESULTS]``.

Reads every JSON file of the folder (benchmarks/results) and replaces what stands between
``<!-- NAME -->`` and ``<!-- /NAME -->``, so that no figure is typed by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import strain, wall_table
from benchmarks.judging import judging_table
from benchmarks.pages import publish
from benchmarks.peers.table import peers_table
from benchmarks.stacks import profile_table

HERE = Path(__file__).parent
README = HERE / "README.md"

Document = Mapping[str, Any]


def main(results: Path, readme: Path = README) -> None:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*.json"))]
    loads = [one for one in found if isinstance(one, dict) and "runs" in one and "kind" not in one]
    engines = [one for one in found if isinstance(one, list)]
    voices = [one for one in found if isinstance(one, dict) and "rows" in one]
    text = readme.read_text(encoding="utf-8")
    if loads:
        text = between(text, "machine", machine_line(loads[-1]))
        drawn = draw(loads, results / "load.png")
        picture = "\n\n![calls against waits](results/load.png)" if drawn else ""
        text = between(text, "load", load_table(loads) + picture)
    if engines:
        text = between(text, "engine", engine_table([row for rows in engines for row in rows]))
    if batches := [row for one in found if isinstance(one, dict) for row in one.get("batches", ())]:
        text = between(text, "batches", batches_table(batches))
    if voices:
        text = between(text, "voice-activity", voice_table(voices[-1]))
    if compared := [one for one in found if isinstance(one, dict) and "peers" in one]:
        text = between(text, "peers", peers_table(compared[-1]))
    for name, table in {**strain.tables(found), **wall_table.tables(found)}.items():
        text = between(text, name, table)
    if profiled := [one for one in found if isinstance(one, dict) and "profiles" in one]:
        table = f"{profile_table(profiled[-1]['profiles'])}\n\n`{profiled[-1]['command']}`"
        text = between(text, "profile", table)
    if judged := [one for one in found if isinstance(one, dict) and one.get("kind") == "judging"]:
        text = between(text, "judging", judging_table(judged[-1]))
    readme.write_text(text, encoding="utf-8")
    if readme == README:
        publish(found)


def between(text: str, name: str, content: str) -> str:
    """`text` with `content` between the markers of that name. Raises ValueError without markers."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no markers named {name}")
    return pattern.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def machine_line(document: Document) -> str:
    m = document["machine"]
    return (
        f"{document['when'][:10]}: {m['cores']} cores of {m['processor']}, {m['memory_gb']:g} GB, "
        f"Python {m['python']}, CTranslate2 {m['ctranslate2']}, ONNX Runtime {m['onnxruntime']}, "
        f"callcue {m['callcue']}; service, worker and load generator together on these cores."
    )


def load_table(documents: Sequence[Document]) -> str:
    head = (
        "calls | model | end of speech → line, p50 / p95 / max (n) | → card (n) | card when decided (n) "
        "| partial, p50 / p95 | gaps, refused, unfinished | CPU s per call second: service + engine "
        "| load generator | peak MB: service + engine | holds | command"
    )
    rows = sorted(
        ((run, document["command"]) for document in documents for run in document["runs"]),
        key=lambda pair: (pair[0]["model"], pair[0]["framing"], pair[0]["calls"]),
    )
    return _table(head, [_load_row(run, command) for run, command in rows])


def _load_row(run: Document, command: str) -> list[str]:
    waits, cpu, memory = run["latency"], run["cpu_seconds_per_call_second"], run["peak_rss_mb"]
    late = run["generator_late_seconds"]["max"]
    return [
        f"{run['calls']}",
        f"{run['model']}, {run['framing']}",
        _spread(waits["final"]),
        _spread(waits["alert"]),
        _spread(waits["decided"]),
        _spread(waits["partial"], "p50", "p95", count=False),
        f"{run['gaps']['count']}, {sum(run['refused'].values())}, {run['unfinished']}",
        "–" if cpu["service"] is None else f"{cpu['service']:.3f} + {cpu['worker']:.3f}",
        f"{cpu['generator']:.3f}, ≤ {1000 * (late or 0):.0f} ms late",
        f"{memory['service']} + {memory['worker']}",
        "yes" if run["holds"] else "no",
        f"`{command}`",
    ]


def _spread(spread: Document, *names: str, count: bool = True) -> str:
    if not spread["count"]:
        return "–"
    text = " / ".join(f"{spread[name]:.2f}" for name in names or ("p50", "p95", "max"))
    return f"{text} ({spread['count']})" if count else text


def engine_table(rows: Sequence[Document]) -> str:
    head = (
        "set | model | way | utterances, seconds | word errors % | worse than 30 s windows by [95 %] | loops "
        "| CPU ms a second | times less than faster-whisper"
    )
    return _table(head, [_engine_row(row) for row in rows])


def _engine_row(row: Document) -> list[str]:
    interval = row["worse_interval"]
    worse = f"{row['worse']:+.1f}" + (f" [{interval[0]:+.1f}, {interval[1]:+.1f}]" if interval else "")
    return [
        f"{row['set']} †" if row["machine_made_reference"] else row["set"],
        row["model"],
        row["way"],
        f"{row['utterances']}, {row['seconds']:.0f}",
        f"{row['wer']:.1f}",
        "–" if row["way"] == "30 s windows" else worse,
        str(row["loops"]),
        f"{row['cpu_ms']:.0f}",
        f"{row['ratio']:.1f}",
    ]


def batches_table(rows: Sequence[Document]) -> str:
    head = (
        "model | window | utterances in a decoding | encode, CPU ms each | generate, CPU ms each "
        "| bit for bit as alone"
    )
    return _table(
        head,
        [
            [
                row["model"],
                f"{row['window']:g} s",
                str(row["size"]),
                f"{row['encode_ms']:.0f}",
                f"{row['generate_ms']:.0f}",
                "yes" if row["same"] else "no",
            ]
            for row in rows
        ],
    )


def voice_table(document: Document) -> str:
    head = "network | call, party | truth | found at .5 / .35 | false alarms at .5 / .35 | CPU ms a second"
    rows = [
        [
            row["network"],
            f"{row['call']}, {row['party']}",
            row["truth"],
            _shares(row["found"]),
            _shares(row["false_alarms"]),
            f"{row['ms']:.1f}",
        ]
        for row in document["rows"]
    ]
    return f"{_table(head, rows)}\n\n`{document['command']}`"


def _shares(by_threshold: Mapping[str, float | None]) -> str:
    return " / ".join("–" if one is None else f"{one:.2f}" for one in by_threshold.values())


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|---" * columns + "|", *(f"| {' | '.join(row)} |" for row in rows)])


def draw(documents: Sequence[Document], path: Path) -> bool:
    """Calls against waits, for the runs that differ in calls only; whether there were several."""
    from benchmarks.sweep import plot

    runs = [run for one in documents for run in one["runs"]]
    same = [run for run in runs if (run["model"], run["framing"]) == ("tiny.en", "native")]
    several = len({run["calls"] for run in same}) > 1
    if several:
        plot(same, path, title="tiny.en, native")
    return several


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results")
