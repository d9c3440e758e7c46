"""What judging costs: every detector is measured, and a detector that fails is no figure."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from benchmarks import judging
from detectors import REGISTRY
from streaming.ports import DetectorFactory
from tests.detectors.dialogue import dialogue

CALL = judging.Logged("t", dialogue("A: Hello, how can I help?", "C: My router is dead.", "A: I see."), 12.0)


def test_every_detector_has_a_cost_and_the_table_shows_it() -> None:
    run = judging.measure([CALL], None, passes=1)
    assert set(run["alone_ms"]) == set(REGISTRY)
    assert run["call_seconds"] == 12.0
    table = judging.judging_table({"runs": [run], "command": "callcue bench judge"})
    assert all(name in table for name in REGISTRY)
    assert "| – | – |" in table  # no network was measured


def test_a_failing_detector_is_told_and_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        name = "broken"

        def __init__(self, *_: object) -> None:
            raise ValueError

    factories: Mapping[str, DetectorFactory] = {"broken": Broken}  # type: ignore[dict-item]
    monkeypatch.setattr(judging, "REGISTRY", factories)
    with pytest.raises(RuntimeError, match="broken"):
        judging.measure([CALL], None, passes=1)


@pytest.mark.parametrize("condition", ["no-such-condition"])
def test_without_logs_it_says_where_they_would_be(condition: str) -> None:
    with pytest.raises(judging.ConfigError, match=condition):
        judging.logged(condition)
