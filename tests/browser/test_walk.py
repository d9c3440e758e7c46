"""The way of somebody new to the page, from opening it to a whisper, and how long it takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from models.scripted import Scenario, scenario_from
from service.settings import ModelSettings
from tests.browser.pages import chromium, open_console
from tests.browser.shots import Shots
from tests.browser.test_console import WALL, Heard, call_of
from tests.running import SAMPLES, running, sample, settings_for

pytestmark = pytest.mark.browser

SHOTS = Shots.wanted()
SPEED = 1.0 if SHOTS.folder else 4.0
SLOW = 180_000
PEOPLE: dict[str, dict[str, str]] = {
    "grace": {"agent": "Grace Lindqvist", "customer_name": "Li Wei", "team": "Home Delivery"},
    "noor": {"agent": "Noor Haddad", "customer_name": "Aisha Khan"},
    "tom": {"agent": "Tom Okafor", "customer_name": "Elena Petrova"},
}
CALLS = {**WALL, "grace": "good_call", "noor": "good_call", "tom": "curt_call"}


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripted recogniser knows what is said in each of the calls."""
    known = {call: scenario_from(SAMPLES / f"{name}.truth.json").lines for call, name in CALLS.items()}
    scenario = Scenario(calls=tuple(known.items()))
    monkeypatch.setattr("service.parts.scenario_from", lambda path: scenario)
    yield


@pytest.mark.timeout(400)
async def test_from_opening_the_page_to_a_whisper_in_under_twenty_seconds(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    heard = Heard()
    engine: dict[str, Any] = {"model": ModelSettings(name="tiny.en")} if SHOTS.folder else {}
    async with (
        running(settings_for(tmp_path, **engine)) as service,
        chromium() as browser,
        asyncio.TaskGroup() as group,
    ):
        for call_id, name in CALLS.items():
            people = PEOPLE.get(call_id, {})
            phone = service.phone(call=replace(call_of(name, call_id), **people), speed=SPEED)
            group.create_task(phone.play(sample(name), heard if call_id == "claire" else Heard()))
        await _until_it_hurts(service, "claire")

        began = time.monotonic()
        console = await open_console(browser, service.http)
        page = console.page
        # Which call, and why: the top row, its card beside it, the words.
        top = page.locator("[data-row]").first
        await expect(top).to_contain_text("Steady the conversation", timeout=SLOW)
        await expect(top).to_contain_text("“")
        await expect(console.get("assist-head")).to_contain_text("Claire")
        await expect(console.get("alert-quote").last).to_be_visible()
        await SHOTS.take(page, "walk-1-opened")
        # What to say: a prepared line, sent with one press.
        await console.get("whisper-send-prepared").first.click()
        await asyncio.wait_for(heard.whispered.wait(), 20)
        took = time.monotonic() - began
        await expect(console.get("whisper-state").first).to_contain_text("elivered", timeout=SLOW)
        await SHOTS.take(page, "walk-2-whispered")
        await page.keyboard.press("a")
        await expect(console.get("alert-state")).to_be_visible(timeout=SLOW)
        await SHOTS.take(page, "walk-3-acknowledged")
        record_property("seconds_to_whisper", round(took, 1))
        assert took < 20, f"{took:.1f} s"
        assert await console.faults() == []


async def _until_it_hurts(service: Any, call_id: str) -> None:
    """The call has an open card for an answer that made it worse."""
    for _ in range(1800):
        view = service.node.live.view.view(call_id)
        if view and any(one.state == "open" and one.alert.severity == "critical" for one in view.alerts):
            return
        await asyncio.sleep(0.1)
    pytest.fail("no card came")
