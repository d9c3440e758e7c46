"""What calls are judged by: own behaviours stand beside the shipped ones, and what is missing is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors import REGISTRY
from detectors.base import catalogue
from models import catalog
from service.judging import MISSING, SWITCHED_OFF, judging
from service.settings import Settings
from streaming.errors import ConfigError
from streaming.events import CallInfo, Party, Utterance, Word
from tests.running import running, settings_for

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "behaviours.toml"
OWN = {"custom.recording_notice", "custom.leaving", "custom.price_promise"}


CALL = CallInfo(call_id="c1")


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]


def line(text: str) -> Utterance:
    words = tuple(Word(text=word, start=0.0, end=1.0) for word in text.split())
    return Utterance(speaker=Party.AGENT, id="a1", revision=0, start=0, end=1, words=words, final=True)


def test_own_behaviours_are_rows_detectors_and_alert_rules_like_the_shipped_ones() -> None:
    judged = judging(settings(behaviours=EXAMPLE, meaning=False))
    assert set(judged.rows) == {*catalogue(), *OWN}
    assert set(judged.factories) == {*REGISTRY, *OWN}
    card = judged.keeper(CallInfo(call_id="c1")).card(60.0)
    assert {one.behaviour for one in card.not_judged} >= OWN


def test_one_that_is_switched_off_does_not_run() -> None:
    judged = judging(settings(behaviours=EXAMPLE, meaning=False, behaviours_off={"custom.leaving"}))
    assert "custom.leaving" in judged.rows and "custom.leaving" not in judged.factories


def test_a_file_that_is_wrong_keeps_the_service_from_starting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        judging(settings(behaviours=tmp_path / "none.toml"))


def test_that_meaning_is_missing_or_off_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.meaning import shared_meaning
    from models.turns import shared_reader

    shared_meaning.cache_clear()
    shared_reader.cache_clear()
    monkeypatch.setenv(catalog.CACHE_VARIABLE, str(tmp_path))
    assert judging(settings()).notes == {"meaning": MISSING}
    assert judging(settings(meaning=False)).notes == {"meaning": SWITCHED_OFF}
    assert judging(settings()).pondering(CALL)(line("Leave it with me.")) is None
    shared_meaning.cache_clear()
    shared_reader.cache_clear()


@pytest.mark.weights
def test_pondering_a_line_asks_for_what_its_judges_need() -> None:
    judged = judging(settings())
    assert judged.notes == {}
    work = judged.pondering(CALL)(line("Thank you. I'll find out and call you back."))
    assert work is not None
    work()


@pytest.mark.weights
async def test_readiness_tells_it_and_stays_ready(tmp_path: Path) -> None:
    plain = settings_for(tmp_path)
    async with running(plain.model_copy(update={"meaning": False})) as service, service.client() as client:
        await service.node.live.feed.wait_ready()
        ready = await client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["notes"] == {"meaning": SWITCHED_OFF}
