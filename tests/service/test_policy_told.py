"""`GET /v1/behaviours` tells what a console shows of the policy: the rules, and what is pushed of them."""

from __future__ import annotations

from pathlib import Path

from detectors.base import catalogue
from streaming.cards import AlertPolicy
from tests.running import running, settings_for


async def test_the_policy_that_is_told_is_the_one_that_decides(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, behaviours_off=("name.use",))
    async with running(settings) as service, service.client() as client:
        told = (await client.get("/v1/behaviours")).raise_for_status().json()
        assert "name.use" in told["policy"]["off"]
        assert told["policy"]["off"] == sorted(service.node.judged.alert_policy.off)
        usual = AlertPolicy()
        assert (told["policy"]["expire_after"], told["policy"]["least"]) == (usual.expire_after, usual.least)
        rows = {row["id"]: row for row in told["behaviours"]}
        assert rows.keys() == catalogue().keys()
        rule = rows["emotion.leakage"]["alerts"][0]
        assert (rule["verdict"], rule["cooldown"], rule["follow"][0]) == ("harmful", 45.0, "emotion.leakage")
