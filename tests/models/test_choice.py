"""`--model auto`: what is chosen from cores, calls, memory and GPUs, and what is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.choice import FIGURES, Figures, Wanted, choose, measured
from models.machine import Machine
from models.shelf import CATALOGUE
from streaming.errors import ConfigError

GIB = 2**30
TINY = Figures(
    name="tiny.en", device="cpu", word_errors={"a": 20.0, "b": 40.0}, cpu_ms=40, calls_held=24, cores=2,
    memory_mb=900,
)  # fmt: skip
BASE = Figures(
    name="base", device="cpu", word_errors={"a": 10.0, "b": 30.0}, cpu_ms=80, calls_held=12, cores=2,
    memory_mb=1100,
)  # fmt: skip
BOTH = (TINY, BASE)
WHEELS = ("tiny.en", "base")


def machine(
    cores: float = 2, *, gib: float = 8, gpus: int = 0, types: frozenset[str] = frozenset()
) -> Machine:
    return Machine(cores=cores, memory_bytes=int(gib * GIB), gpus=gpus, gpu_types=types)


def auto(calls: int, on: Machine, *, here: Any = WHEELS, figures: Any = BOTH, **wanted: Any) -> Any:
    given_ = Wanted(**{"device": "cpu", **wanted, "calls": calls})
    return choose(given_, on, here=here, obtainable=WHEELS, figures=figures)


@pytest.mark.parametrize(
    ("cores", "calls", "model"),
    [
        (2, 1, "base"),
        (2, 12, "base"),
        (2, 13, "tiny.en"),
        (2, 24, "tiny.en"),
        (4, 24, "base"),
        (4, 25, "tiny.en"),
        (1, 6, "base"),
        (1, 7, "tiny.en"),
        (0.5, 3, "base"),
        (16, 96, "base"),
        (16, 97, "tiny.en"),
    ],
)
def test_the_fewest_errors_among_the_models_that_hold_the_calls(cores: float, calls: int, model: str) -> None:
    assert auto(calls, machine(cores)).model == model


def test_when_none_holds_the_calls_the_one_that_holds_most_is_taken_and_it_is_said() -> None:
    chosen = auto(500, machine(2))
    assert chosen.model == "tiny.en"
    assert "no model here holds 500 calls on 2 cores" in chosen.why and "about 24" in chosen.why


def test_a_model_that_is_not_on_this_machine_is_named_but_not_taken() -> None:
    chosen = auto(4, machine(2), here={"tiny.en"})
    assert chosen.model == "tiny.en"
    assert "base would suit better: callcue models fetch base" in chosen.why


def test_without_any_weights_the_one_to_fetch_is_taken_so_that_loading_says_what_to_do() -> None:
    assert auto(4, machine(2), here=set()).model == "base"


def test_a_model_that_only_a_hub_has_is_never_taken_without_its_weights() -> None:
    hub = Figures(name="small.en", device="cpu", word_errors={"a": 1.0}, cpu_ms=300, calls_held=9, cores=2,
                  memory_mb=1500)  # fmt: skip
    for here in (set(), {"tiny.en"}, {"tiny.en", "base"}):
        assert auto(1, machine(2), here=here, figures=(*BOTH, hub)).model != "small.en"
    assert auto(1, machine(2), here={"small.en"}, figures=(*BOTH, hub)).model == "small.en"


def test_a_model_that_does_not_fit_into_the_memory_is_not_taken() -> None:
    assert auto(1, machine(2, gib=0.95)).model == "tiny.en"
    with pytest.raises(ConfigError, match="name one instead of auto"):
        auto(1, machine(2, gib=0.3))


@given(
    cores=st.floats(0.1, 128),
    calls=st.integers(1, 5000),
    here=st.sets(st.sampled_from([*WHEELS, "small.en"])),
)
def test_more_cores_never_give_a_worse_model_and_more_calls_never_a_dearer_one(
    cores: float, calls: int, here: set[str]
) -> None:
    errors = {one.name: one.mean_errors for one in BOTH}

    def hears(on: float, count: int) -> float:
        return errors[auto(count, machine(on), here=here).model]

    if calls <= TINY.capacity(cores):
        assert hears(cores * 2, calls) <= hears(cores, calls)
        assert hears(cores, max(1, calls // 2)) <= hears(cores, calls)


def test_a_named_model_is_loaded_as_named_whatever_was_measured() -> None:
    chosen = choose(Wanted(model="/weights", device="cpu", calls=900), machine(1), here=())
    assert (chosen.model, chosen.why) == ("/weights", "as configured")


@pytest.mark.parametrize(
    ("cores", "slots", "threads", "expected"),
    [
        (2, 0, 0, (2, 1)),
        (1, 0, 0, (1, 1)),
        (0.5, 0, 0, (1, 1)),
        (3.7, 0, 0, (3, 1)),
        (16, 0, 0, (8, 2)),
        (8, 2, 0, (2, 4)),
        (8, 0, 3, (8, 3)),
        (2, 5, 0, (5, 1)),
    ],
)
def test_a_slot_a_core_unless_told_otherwise(
    cores: float, slots: int, threads: int, expected: tuple[int, int]
) -> None:
    chosen = auto(1, machine(cores), slots=slots, threads=threads)
    assert (chosen.slots, chosen.threads) == expected


AMPERE = frozenset(
    {"float32", "float16", "bfloat16", "int8", "int8_float32", "int8_float16", "int8_bfloat16"}
)
PASCAL = frozenset({"float32", "int8", "int8_float32"})


def test_a_gpu_takes_the_largest_model_here_in_half_precision_and_says_that_it_was_not_measured() -> None:
    here = {"tiny.en", "base", "medium.en", "large-v3-turbo"}
    chosen = auto(40, machine(8, gpus=1, types=AMPERE), here=here, device="auto")
    assert (chosen.model, chosen.device, chosen.compute_type) == ("large-v3-turbo", "cuda", "float16")
    assert "nothing has been measured on a GPU" in chosen.why
    assert (chosen.slots, chosen.threads, chosen.batch) == (2, 1, 16)


def test_the_batch_is_the_engines_own_on_a_cpu_and_as_told_where_told() -> None:
    assert auto(1, machine()).batch is None
    assert auto(1, machine(), batch=2).batch == 2
    assert auto(1, machine(8, gpus=1, types=AMPERE), device="auto", batch=64).batch == 64


def test_a_gpu_that_was_measured_is_planned_like_a_cpu() -> None:
    rows = [
        Figures(name=name, device="cuda", word_errors={"a": errors}, cpu_ms=1, calls_held=held, cores=1,
                memory_mb=1)
        for name, errors, held in (("large-v3-turbo", 5.0, 100), ("small.en", 8.0, 300))
    ]  # fmt: skip
    here = {row.name for row in rows}

    def model(calls: int, gpus: int = 1) -> str:
        on = machine(8, gpus=gpus, types=AMPERE)
        chosen = auto(calls, on, here=here, figures=(*BOTH, *rows), device="cuda")
        return str(chosen.model)

    assert [model(100), model(101), model(200, gpus=2)] == ["large-v3-turbo", "small.en", "large-v3-turbo"]


def test_an_older_gpu_gets_a_compute_type_that_it_has() -> None:
    old = machine(8, gpus=1, types=PASCAL)
    assert auto(1, old, device="auto").compute_type == "int8_float32"
    with pytest.raises(
        ConfigError, match="float16 cannot be used on this GPU; use auto or one of float32, int8"
    ):
        auto(1, old, device="cuda", compute_type="float16")
    with pytest.raises(ConfigError, match="bfloat16 cannot be used"):
        auto(1, machine(8, gpus=1, types=AMPERE), device="cuda", compute_type="bfloat16")
    assert auto(
        1, machine(8, gpus=1, types=AMPERE), device="cuda", compute_type="int8_float16"
    ).compute_type == ("int8_float16")


def test_a_gpu_that_is_not_there_is_refused_with_what_it_needs() -> None:
    with pytest.raises(ConfigError, match=r"no GPU is seen here.*driver for CUDA 12"):
        auto(1, machine(), device="cuda")
    assert auto(1, machine(), device="auto").device == "cpu"
    assert auto(1, machine(), device="auto").compute_type == "int8"


def test_the_shipped_figures_are_of_models_in_the_catalogue_and_say_where_they_were_measured() -> None:
    read = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert {"when", "machine", "note"} <= set(read)
    assert {one.name for one in measured()} <= set(CATALOGUE)
    assert {"tiny.en", "base"} <= {one.name for one in measured() if one.device == "cpu"}
    for one in measured():
        assert one.calls_held > 0 and one.cores > 0 and one.word_errors
