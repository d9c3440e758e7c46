"""The agent's desk in a real Chromium: cues, whispers that are told as seen, and how the call went."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from playwright.async_api import expect
from pydantic import SecretStr

from service.desk_pass import issue
from service.settings import TokenSettings
from service.softphone import generated
from streaming.events import CallInfo
from tests.browser.pages import chromium, open_console
from tests.browser.shots import Shots
from tests.running import running, sample, settings_for

pytestmark = pytest.mark.browser

SHOTS = Shots.wanted()
SLOW = 45_000
CALL = CallInfo(call_id="claire", agent="a7", team="billing", customer_name="Claire")
NARROW = {"width": 380, "height": 760}
KEY = SecretStr("desk-signing-key-0123456789")


@pytest.mark.timeout(300)
async def test_an_agent_is_cued_and_whispered_to_and_sees_afterwards_how_it_went(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, script="bad_answer_call")
    async with running(settings) as service, chromium() as browser, asyncio.TaskGroup() as group:
        desk = await open_console(browser, f"{service.http}/desk/?agent=a7", viewport=NARROW)
        dark = await open_console(
            browser, f"{service.http}/desk/?agent=a7", viewport=NARROW, color_scheme="dark"
        )
        theirs = await open_console(browser, f"{service.http}/desk/?agent=a8", viewport=NARROW)
        console = await open_console(browser, service.http)
        await expect(desk.get("desk-idle")).to_be_visible(timeout=SLOW)
        assert await desk.barriers() == []
        phone = service.phone(call=CALL, framing="twilio", speed=2.0)  # which takes no messages itself
        playing = group.create_task(phone.play(sample("bad_answer_call")))
        await expect(desk.get("desk-call")).to_have_attribute("data-call", "claire", timeout=SLOW)
        await expect(desk.get("desk-no-cue")).to_be_visible()
        await expect(desk.get("desk-cue")).to_be_visible(timeout=SLOW)
        await expect(desk.get("desk-cue")).to_have_count(1)

        await console.get("whisper-input").fill("Offer her the callback.")
        await console.page.keyboard.press("Enter")
        await expect(desk.get("desk-whisper")).to_contain_text("Offer her the callback.", timeout=SLOW)
        await expect(desk.get("desk-whisper")).to_have_attribute("data-seen", "true", timeout=SLOW)
        state = console.get("whisper-state").first
        await expect(state).to_have_attribute("data-state", "seen", timeout=SLOW)
        await expect(state).to_contain_text("Seen by the agent")
        await console.get("listen-toggle").click()
        await expect(desk.get("desk-listening")).to_be_visible(timeout=SLOW)
        await console.get("listen-toggle").click()
        await expect(desk.get("desk-listening")).to_have_count(0, timeout=SLOW)
        for shown, name in ((desk, "desk-live"), (dark, "desk-live-dark")):
            await SHOTS.take(shown.page, name)
            assert await shown.barriers() == []
        await desk.get("desk-cue-away").click()
        await expect(desk.get("desk-cue")).to_have_count(0)

        await playing
        await expect(desk.get("desk-review")).to_have_attribute("data-call", "claire", timeout=SLOW)
        leakage = desk.page.locator('[data-behaviour="emotion.leakage"]')
        await leakage.locator("summary").click(timeout=SLOW)
        await expect(leakage).to_contain_text("calm down")
        for shown, name in ((desk, "desk-after"), (dark, "desk-after-dark")):
            await expect(shown.get("desk-behaviour").first).to_be_visible(timeout=SLOW)
            await SHOTS.take(shown.page, name)
            assert await shown.barriers() == []
        await expect(theirs.get("desk-idle")).to_be_visible()
        assert "Claire" not in await theirs.page.content()
        for page in (desk, dark, theirs, console):
            assert await page.faults() == []


async def test_a_desk_opens_by_its_link_and_by_no_other_agents(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr("console-token-0123456789"),), desk=(KEY,))
    async with running(settings_for(tmp_path, tokens=tokens)) as service, chromium() as browser:
        for call_id, agent in (("mine", "a7"), ("theirs", "a8")):
            await service.phone(call=CallInfo(call_id=call_id, agent=agent)).play(generated(1.0))
        given = issue("a7", until=time.time() + 60, keys=[KEY])
        desk = await open_console(browser, f"{service.http}/desk/?agent=a8#pass={given}", viewport=NARROW)
        await expect(desk.get("desk-link")).to_contain_text("a7", timeout=SLOW)
        await expect(desk.get("desk-review")).to_have_attribute("data-call", "mine", timeout=SLOW)
        assert "pass=" not in desk.page.url
        stranger = await open_console(browser, f"{service.http}/desk/", viewport=NARROW)
        await stranger.get("desk-who").fill("a7", timeout=SLOW)
        await stranger.get("desk-open").click()
        await expect(stranger.page.get_by_role("alert")).to_contain_text("wrong or has run out", timeout=SLOW)
        assert await stranger.barriers() == []
        await stranger.get("desk-who").fill(given)
        await stranger.get("desk-open").click()
        await expect(stranger.get("desk-link")).to_contain_text("a7", timeout=SLOW)
