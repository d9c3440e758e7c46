"""The strip of the agent's tone on a call's page: there under the profile `full`, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from streaming.events import CallInfo, Profile
from tests.browser.pages import chromium, open_console
from tests.browser.shots import Shots
from tests.running import running, sample, settings_for

pytestmark = pytest.mark.browser

SHOTS = Shots.wanted()
SLOW = 60_000


async def test_the_strip_shows_each_stretch_and_its_numbers(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        call = CallInfo(call_id="heard", agent="Hannah")
        await service.phone(call=call).play(sample("good_call"))
        console = await open_console(browser, f"{service.http}/#/calls/heard")
        await console.phase("live")
        stretch = console.get("tone-stretch").first
        await expect(stretch).to_be_visible(timeout=SLOW)
        await expect(console.get("tone")).to_have_attribute("aria-label", re.compile("none flat"))
        await stretch.hover()
        await expect(console.get("tip")).to_contain_text("semitones a second")
        await SHOTS.take(console.page, "tone")
        await stretch.focus()
        await expect(console.get("tip")).to_contain_text("seconds of voiced speech")
        assert await console.barriers() == []
        assert await console.faults() == []


async def test_a_flat_stretch_is_marked_and_not_by_colour_alone(tmp_path: Path) -> None:
    strict = {f"tone.flat.{key}": value for key, value in {"flat_share": 3.0, "own_flat_share": 3.0}.items()}
    settings = settings_for(tmp_path, thresholds={**strict, "tone.flat.lively_slope": 99.0})
    async with running(settings) as service, chromium() as browser:
        await service.phone(call=CallInfo(call_id="flat", agent="Hannah")).play(sample("good_call"))
        console = await open_console(browser, f"{service.http}/#/calls/flat")
        await console.phase("live")
        stretch = console.get("tone-stretch").first
        await expect(stretch).to_have_attribute("data-flat", "true", timeout=SLOW)
        await expect(stretch).to_contain_text("flat")
        await SHOTS.take(console.page, "tone-flat")
        assert await console.barriers() == []


@pytest.mark.parametrize("profile", [Profile.EU_WORKPLACE, Profile.TRAINING])
async def test_where_the_voice_is_not_measured_the_page_says_so(tmp_path: Path, profile: Profile) -> None:
    async with running(settings_for(tmp_path, profile=profile)) as service, chromium() as browser:
        call = CallInfo(call_id="unheard", agent="Hannah")
        await service.phone(call=call).play(sample("good_call"))
        console = await open_console(browser, f"{service.http}/#/calls/unheard")
        await console.phase("live")
        await expect(console.get("tone-none")).to_contain_text("off in this profile", timeout=SLOW)
        await expect(console.get("tone-stretch")).to_have_count(0)
        async with service.client() as client:
            view = (await client.get("/v1/calls/unheard")).raise_for_status().json()
        assert not any(one["behaviour"] == "tone.flat" for one in view["detections"])
