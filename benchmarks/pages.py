"""Figures where they are read: the README's trade, docs/scaling.md, models/figures.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import scaling, trade
from benchmarks.scaling import Inputs, Plan

ROOT = Path(__file__).parents[1]
SIZES = ((40, None), (1_000, 1), (1_000, None), (100_000, None))
"""Calls, and cells where they are not to follow from the calls."""

GROWTH = Path("docs/images/growth.png")

Document = Mapping[str, Any]


def publish(found: Sequence[Any], root: Path = ROOT) -> None:
    """`found` are the results' files as read. What was not measured is left as it stands."""
    loads = [one for one in found if isinstance(one, dict) and _is_load(one)]
    engines = [row for one in found for row in _engine_rows(one)]
    rows = trade.measured(loads, engines) if loads and engines else []
    if rows:
        trade.write_figures(rows, loads, root / "models" / "figures.json")
        trade.plot(rows, root / trade.PLOT)
        _into(
            root / "README.md",
            models=f"{trade.table(rows)}\n\n![calls held against wrong words]({trade.PLOT})",
        )
    if loads:
        _into(root / "README.md", live=live_table(loads))
    if threads := [row for one in found if isinstance(one, dict) for row in one.get("threads", ())]:
        _into(root / "benchmarks" / "README.md", threads=threads_table(threads))
    traffic = next((one for one in reversed(found) if isinstance(one, dict) and "traffic" in one), None)
    runs = sorted(_same(loads, "tiny.en"), key=lambda pair: int(pair[1]["calls"]))
    if len({run["calls"] for _, run in runs}) > 1:
        _publish_scaling(root, runs, traffic)


def live_table(loads: Sequence[Document]) -> str:
    """The README's: runs with native framing on a CPU, by model and calls."""
    runs = [(document, run) for document in loads for run in document["runs"]]
    plain = [run for _, run in runs if run["framing"] == "native" and trade.device(run) == "cpu"]
    plain.sort(key=lambda run: (run["model"] != "tiny.en", run["model"], run["calls"]))
    newest = max(str(document["when"])[:10] for document in loads)
    head = (
        "live calls",
        "→ final line, p50 / p95",
        "partial line, p50",
        "CPU a call second",
        "memory, MB",
        "run",
    )
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines += ["| " + " | ".join(_live_cells(run)) + " |" for run in plain]
    return "\n".join([*lines, "", f"{newest}, two cores, the load generator included."])


def _live_cells(run: Document) -> list[str]:
    final, partial, cpu = (
        run["latency"]["final"],
        run["latency"]["partial"],
        run["cpu_seconds_per_call_second"],
    )
    spent = "–" if cpu["service"] is None else f"{cpu['service'] + cpu['worker']:.2f}"
    return [
        f"{run['calls']}, {run['model']}" + ("" if run["holds"] else ", does not hold"),
        f"{final['p50']:.2f} / {final['p95']:.2f}" if final["count"] else "–",
        f"{partial['p50']:.2f}" if partial["count"] else "–",
        spent,
        str(run["peak_rss_mb"]["together"] or "–"),
        f"{run['seconds']:g} s",
    ]


def _publish_scaling(root: Path, runs: Sequence[tuple[Document, Document]], traffic: Document | None) -> None:
    page = root / "docs" / "scaling.md"
    draw_growth([run for _, run in runs], root / GROWTH)
    _into(page, growth=growth_table([run for _, run in runs]))
    held = [(document, run) for document, run in runs if run["holds"]]
    if traffic is None or not held:
        return
    document, most = max(held, key=lambda pair: int(pair[1]["calls"]))
    known = scaling.inputs(most, document["machine"]["cores"], traffic["traffic"])
    _into(
        page,
        inputs=f"{inputs_table(known)}\n\n`{traffic['command']}`, `{document['command']}`",
        needs=needs_table([scaling.plan(calls, known, cells=cells) for calls, cells in SIZES]),
        limits=limits_table(known),
    )


def _into(page: Path, **contents: str) -> None:
    from benchmarks.report import between

    text = page.read_text(encoding="utf-8")
    for name, content in contents.items():
        text = between(text, name, content)
    page.write_text(text, encoding="utf-8")


def _is_load(document: Document) -> bool:
    runs = document.get("runs") or []
    return all("cpu_seconds_per_call_second" in run and "holds" in run for run in runs) and bool(runs)


def _engine_rows(document: Any) -> list[Document]:
    rows = document if isinstance(document, list) else document.get("engine", [])
    return [row for row in rows if {"set", "model", "way", "wer", "cpu_ms"} <= set(row)]


def _same(loads: Sequence[Document], model: str) -> Iterator[tuple[Document, Document]]:
    """Runs that differ in calls only: one model on the CPU, native framing, the cost known."""
    for document in loads:
        for run in document["runs"]:
            known = run["cpu_seconds_per_call_second"]["service"] is not None
            plain = run["framing"] == "native" and trade.device(run) == "cpu"
            if run["model"] == model and plain and known:
                yield document, run


def growth_table(runs: Sequence[Document]) -> str:
    """Cores in use by the number of calls, and the line through the service's."""
    head = ["calls", "cores: service", "cores: engine", "both, a call", "MB: service + engine", "holds"]
    lines = []
    for run in runs:
        calls, cpu, memory = run["calls"], run["cpu_seconds_per_call_second"], run["peak_rss_mb"]
        service, worker = calls * cpu["service"], calls * cpu["worker"]
        held = "yes" if run["holds"] else "no"
        cells = [f"{service:.2f}", f"{worker:.2f}", f"{cpu['service'] + cpu['worker']:.3f}"]
        lines.append([f"{calls}", *cells, f"{memory['service']} + {memory['worker']}", held])
    base, slope, fit = scaling.growth(runs)
    line = f"The service takes {base:.2f} cores and {slope:.4f} a call (a straight line: R² = {fit:.3f})."
    return f"{_table(head, lines)}\n\n![cores by calls](images/{GROWTH.name})\n\n{line}"


def inputs_table(known: Inputs) -> str:
    redis = f"{known.redis_commands:.2f}, {known.redis_in:,.0f}, {_ms(known.redis_cpu)}"
    postgres = f"{known.rows:.2f}, {known.wal:,.0f}, {_ms(known.postgres_cpu)}"
    lines = [
        ["calls that one node holds", f"{known.calls_per_node} on {known.cores_per_node} cores"],
        ["memory of that node", _bytes(known.node_bytes)],
        ["CPU ms: service, engine", f"{_ms(known.service_cpu)}, {_ms(known.engine_cpu)}"],
        ["CPU ms on every other node, which follows the call", _ms(known.follow_cpu)],
        ["records, partial lines included", f"{known.records:.2f}"],
        ["bytes to a console", f"{known.console_bytes:,.0f}"],
        ["Redis: commands, bytes in, CPU ms", redis],
        [
            "Redis, for each further node that reads: bytes, CPU ms",
            f"{known.redis_read_bytes:,.0f}, {_ms(known.redis_read_cpu)}",
        ],
        ["PostgreSQL: rows, bytes of write-ahead log, CPU ms", postgres],
        ["bytes stored, index included", f"{known.stored:,.0f}"],
    ]
    return _table(["measured", ""], lines)


def needs_table(plans: Sequence[Plan]) -> str:
    rows: list[tuple[str, list[str]]] = [
        ("cells (a Redis and a PostgreSQL each)", [f"{one.cells:,}" for one in plans]),
        ("calls a cell", [f"{one.calls_per_cell:,}" for one in plans]),
        ("nodes", [f"{one.nodes:,}" for one in plans]),
        ("cores for nodes", [f"{one.cores:,}" for one in plans]),
        ("memory for nodes", [_bytes(one.memory) for one in plans]),
        ("Redis, a cell: commands a second", [f"{one.redis_commands:,.0f}" for one in plans]),
        ("Redis, a cell: sent to nodes a second", [_bytes(one.redis_out) for one in plans]),
        ("Redis, a cell: cores", [f"{one.redis_cores:.2f}" for one in plans]),
        ("PostgreSQL, a cell: rows a second", [f"{one.rows:,.0f}" for one in plans]),
        ("PostgreSQL, a cell: write-ahead log a second", [_bytes(one.wal) for one in plans]),
        ("PostgreSQL, a cell: cores", [f"{one.postgres_cores:.2f}" for one in plans]),
        ("stored in a day of eight full hours", [_bytes(one.stored_per_day) for one in plans]),
        ("audio into the load balancer a second", [_bytes(one.audio) for one in plans]),
        ("messages into the load balancer a second", [f"{one.messages:,}" for one in plans]),
        ("to consoles a second, each call seen by one", [_bytes(one.consoles) for one in plans]),
    ]
    head = ["", *(f"{one.calls:,} calls" for one in plans)]
    return _table(head, [[name, *cells] for name, cells in rows])


def limits_table(known: Inputs) -> str:
    lines = [[one.what, f"{one.calls:,}", one.then] for one in scaling.limits(known)]
    return _table(["what is full", "at so many calls", "then"], lines)


def threads_table(rows: Sequence[Document]) -> str:
    head = [
        "model",
        "slots × threads",
        "s of speech a second",
        "s of speech a CPU second",
        "one utterance alone, s",
    ]
    lines = [
        [
            row["model"],
            row["layout"],
            f"{row['per_wall']:.1f}",
            f"{row['per_cpu']:.1f}",
            f"{row['alone']:.2f}",
        ]
        for row in rows
    ]
    return _table(head, lines)


def draw_growth(runs: Sequence[Document], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.6), layout="constrained")
    calls = [run["calls"] for run in runs]
    for name, label in (("service", "service"), ("worker", "engine")):
        cores = [run["calls"] * run["cpu_seconds_per_call_second"][name] for run in runs]
        axes.plot(calls, cores, marker="o", label=label)
    axes.set(xlabel="two-party calls at once", ylabel="cores in use", xlim=(0, None), ylim=(0, None))
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g}"


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])
