"""Recorded stacks of a service and its engine, folded into the parts of a call's cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.stacks import ENGINE, SERVICE, cost, fold_engine, fold_service, profile_table, read_stacks

HERE = Path(__file__).parent
RECORDED_SERVICE = (HERE / "service.stacks").read_text(encoding="utf-8")
RECORDED_ENGINE = (HERE / "engine.stacks").read_text(encoding="utf-8")


def service_part(frames: str) -> str | None:
    """The part that a single stack is counted as; None when it is taken to wait."""
    shares = fold_service(read_stacks(f"{frames} 3"))
    return next((part for part, share in shares.items() if share), None)


def test_every_part_of_the_service_is_found_in_a_recording_and_shares_sum_to_one() -> None:
    shares = fold_service(read_stacks(RECORDED_SERVICE))
    assert set(shares) == set(SERVICE)
    assert all(shares[part] > 0 for part in SERVICE)
    assert sum(shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "frames, part",
    [
        ("run_forever (loop.c:1);uv__read (stream.c:1);data_received (service/diverted.py:9)", "sockets"),
        (
            "CallSession._hear (streaming/session.py:2);run (models/vad.py:51);0x7f (onnxruntime/a.so)",
            "voice",
        ),
        ("measure (models/affect.py:9);_run (swift_f0/core.py:1);0x7f (onnxruntime/a.so)", "prosody"),
        ("_take (service/ingest.py:1);_text (streaming/dialects/native.py:1);dumps (orjson.c:1)", "dialect"),
        ("_send (service/console.py:1);send (starlette/websockets.py:1);send (uvicorn/x.py:1)", "console"),
        ("put (service/node.py:1);encode_record (service/wire.py:3);<listcomp> (pydantic/a.py:1)", "records"),
    ],
)
def test_a_librarys_cost_is_its_callers(frames: str, part: str) -> None:
    found = service_part(frames)
    assert found is not None and found.startswith(part)


@pytest.mark.parametrize(
    "frames",
    [
        "run_forever (asyncio/base_events.py:1);select (selectors.py:1);epoll_wait (libc.so.6)",
        "_worker (thread.py:81);_queue_SimpleQueue_get (_queuemodule.c:1);0x7f (libc.so.6)",
        "hear (streaming/channel.py:1);take_gil (ceval_gil.h:1);pthread_cond_timedwait (libc.so.6)",
    ],
)
def test_a_thread_that_waits_costs_nothing(frames: str) -> None:
    assert service_part(frames) is None


def test_the_engines_own_threads_are_counted_by_who_waits_for_them() -> None:
    shares = fold_engine(read_stacks(RECORDED_ENGINE))
    assert set(shares) == set(ENGINE)
    assert shares["generate"] > shares["encode"] > shares["align"] > shares["features"] > 0
    assert shares["other"] < 0.01, "an engine thread without work, or the reader of the pipe, is no cost"


def test_shares_become_cpu_of_the_measured_process() -> None:
    assert cost({"dialect": 0.25, "other": 0.75}, 0.02) == {"dialect": 5.0, "other": 15.0}
    assert fold_service([]) == {}


def test_the_table_has_a_row_a_part_and_a_column_a_profile() -> None:
    one = {"calls": 8, "model": "tiny.en", "framing": "native"}
    service, engine = {"dialect": 1.25, "other": 0.5}, {"encode": 20.0}
    lines = profile_table([{**one, "service": service, "engine": engine}] * 2).splitlines()
    assert "| **service** | **1.8** | **1.8** |" in lines
    assert "| encode | 20.0 | 20.0 |" in lines
    assert len(lines) == 2 + 2 + len(SERVICE) + len(ENGINE)
    assert len({line.count("|") for line in lines}) == 1
