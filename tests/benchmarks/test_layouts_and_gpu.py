"""The comparison of slots and threads, and the commands kept ready for a GPU."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from benchmarks import gpu, threads
from models.choice import GPU_ORDER
from models.machine import Machine
from models.scripted import ScriptedEngineFactory, scenario_from
from models.worker import ThreadWorker
from service.cli import app
from streaming.errors import ConfigError

COMMANDS: Any = typer.main.get_group(app).commands


def test_the_turns_of_the_samples_are_cut_where_they_were_said() -> None:
    said = threads.turns()
    truth = [
        turn
        for path in sorted(threads.SAMPLES.glob("*.truth.json"))
        for turn in json.loads(path.read_text(encoding="utf-8"))["turns"]
    ]
    assert len(said) == len(truth)
    for request, turn in zip(said, truth, strict=True):
        assert request.seconds == pytest.approx(turn["end"] - turn["start"], abs=0.01)
        assert float(abs(request.audio).max()) > 0.01, "silence: the wrong party or place"


@pytest.mark.parametrize("cores", [1, 2, 3, 16])
def test_layouts_compare_one_slot_with_one_a_core_and_each_only_once(cores: int) -> None:
    found = threads.layouts(cores)
    assert {(1, 1), (1, cores), (cores, 1)} <= {(one.slots, one.threads) for one in found}
    assert len(found) == len(set(found))


async def test_every_turn_is_decoded_and_counted() -> None:
    said = threads.turns()[:12]
    factory = ScriptedEngineFactory(scenario=scenario_from(threads.SAMPLES / "bad_answer_call.truth.json"))
    async with ThreadWorker(factory, slots=2) as worker:
        found = await threads.measure(worker, said)
    assert found.per_wall > 0 and found.per_cpu > 0 and found.alone > 0


def test_what_is_set_for_the_engines_process_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_PLACES", "sockets")
    monkeypatch.delenv("OMP_PROC_BIND", raising=False)
    with threads._environment(threads.WAITING["bound"]):
        assert os.environ["OMP_PLACES"] == "cores" and os.environ["OMP_PROC_BIND"] == "true"
    assert os.environ["OMP_PLACES"] == "sockets" and "OMP_PROC_BIND" not in os.environ


def planned() -> list[gpu.Step]:
    return list(gpu.steps(gpu.MODELS, shared=Path("shared"), out=Path("out")))


@pytest.mark.parametrize("step", planned(), ids=str)
def test_the_commands_for_a_gpu_exist_with_these_options(step: gpu.Step) -> None:
    first, second, *rest = step.words
    command = COMMANDS[first].commands[second]
    options = {name: param for param in command.params for name in param.opts}
    assert {word for word in rest if word.startswith("--")} <= set(options)
    with command.make_context(second, rest, resilient_parsing=False) as context:
        assert context.params


def test_every_model_is_measured_in_half_precision_and_in_eight_bits() -> None:
    loads = [step for step in planned() if "load" in step.words]
    assert {step.settings["CALLCUE_MODEL__COMPUTE_TYPE"] for step in loads} == set(gpu.TYPES)
    assert all(step.settings["CALLCUE_MODEL__DEVICE"] == "cuda" for step in loads)
    assert set(gpu.MODELS) <= set(GPU_ORDER)


def test_a_dry_run_prints_the_commands_and_starts_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it ran something"))
    said: list[str] = []
    gpu.run(["tiny.en"], shared=tmp_path, out=tmp_path, dry_run=True, say=said.append)
    assert any("callcue bench load --sweep" in text and "DEVICE=cuda" in text for text in said)
    assert "benchmarks.report" in said[-1]


def test_without_a_gpu_it_refuses_and_says_how_to_look(tmp_path: Path) -> None:
    none = Machine(cores=2, memory_bytes=1)
    with pytest.raises(ConfigError, match="--dry-run"):
        gpu.run(["tiny.en"], shared=tmp_path, out=tmp_path, dry_run=False, say=print, machine=none)


def test_a_step_that_fails_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Done:
        def __init__(self, command: list[str], env: dict[str, str], **_: Any) -> None:
            self.returncode = "threads" in command

    monkeypatch.setattr(subprocess, "run", Done)
    one = Machine(cores=2, memory_bytes=1, gpus=1)
    failed = gpu.run(
        ["tiny.en", "small.en"],
        shared=tmp_path,
        out=tmp_path,
        dry_run=False,
        say=lambda text: None,
        machine=one,
    )
    assert [step.words[1] for step in failed] == ["threads", "threads"]
