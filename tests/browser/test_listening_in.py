"""Listening in, in a real Chromium: soon enough to act on, by permission, told to whoever looks."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

import pytest
from playwright.async_api import expect
from pydantic import SecretStr

from service.settings import TokenSettings
from service.softphone import CallAudio, generated
from streaming.events import CallInfo, ListeningEnded, ListeningStarted, Party
from tests.browser.pages import Console, chromium, open_console
from tests.browser.shots import Shots
from tests.running import running, settings_for

pytestmark = pytest.mark.browser

SHOTS = Shots.wanted()
SLOW = 30_000
_VALUES = "bars => bars.map(one => one.value)"
CALL = CallInfo(call_id="heard", agent="a7", customer_name="Suzanne")
CONSOLE, LISTENING = "console-token-0123456789", "listening-token-0123456789"


def turns(seconds: float) -> CallAudio:
    """The agent speaks for four seconds, then the customer, and so on."""
    audio = generated(seconds)
    assert audio.parties == (Party.AGENT, Party.CUSTOMER)
    return audio


async def playhead(console: Console) -> float:
    """The call's second that is played."""
    return float(await console.get("listen-state").get_attribute("data-at") or 0)


async def hearing(console: Console) -> None:
    await expect(console.get("listen-state")).to_have_attribute("data-playing", "true", timeout=SLOW)


async def test_what_is_heard_is_less_than_a_second_and_a_half_old(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        console = await open_console(browser, service.http)
        await console.phase("live")
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            began = loop.time()
            playing = group.create_task(service.phone(call=CALL, speed=1.0).play(turns(24.0)))
            await expect(console.get("listen-toggle")).to_be_visible(timeout=SLOW)
            await console.page.keyboard.press("l")
            await hearing(console)
            ages = []
            levels: set[tuple[bool, bool]] = set()
            while loop.time() - began < 20:
                at = await playhead(console)
                ages.append(loop.time() - began - at)
                bars = await console.page.locator(".level-bar").evaluate_all(_VALUES)
                levels.add((bars[0] > 0.2, bars[1] > 0.2))
                await asyncio.sleep(0.1)
            await SHOTS.take(console.page, "listening-in")
            assert await console.barriers() == []
            await playing
        await expect(console.get("listen-state")).to_contain_text("over", timeout=SLOW)
        events = [record.event async for record in service.node.repository.replay("heard")]
        assert await console.faults() == []
    told = (
        f"median {statistics.median(ages):.2f} s, most {max(ages):.2f} s; the page tells it 4 times a second"
    )
    assert statistics.median(ages) < 1.5, told
    assert {(True, False), (False, True)} <= levels, "both parties were heard, each in turn"
    assert [type(one) for one in events if isinstance(one, ListeningStarted | ListeningEnded)] == [
        ListeningStarted,
        ListeningEnded,
    ]


async def test_who_listens_is_seen_by_the_others_and_leaving_ends_it(tmp_path: Path) -> None:
    async with (
        running(settings_for(tmp_path)) as service,
        chromium() as browser,
        asyncio.TaskGroup() as group,
    ):
        console, other = [await open_console(browser, f"{service.http}/#/calls/heard") for _ in range(2)]
        playing = group.create_task(service.phone(call=CALL, speed=1.0).play(turns(16.0)))
        await console.get("listen-toggle").click(timeout=SLOW)
        await hearing(console)
        await expect(other.get("listen")).to_contain_text("Somebody else listens", timeout=SLOW)
        await console.get("listen-split").check()
        await console.get("listen-toggle").click()
        await expect(other.get("listen")).not_to_contain_text("listens", timeout=SLOW)
        assert service.node.switchboard.sessions()[0].tap is None or playing.done()
        await playing


async def test_only_who_may_listen_is_offered_it(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr(CONSOLE),), listening=(SecretStr(LISTENING),))
    settings = settings_for(tmp_path, tokens=tokens)
    async with running(settings) as service, chromium() as browser, asyncio.TaskGroup() as group:
        playing = group.create_task(service.phone(call=CALL, speed=1.0).play(turns(16.0)))
        for token, name, may in ((CONSOLE, "Eve", False), (LISTENING, "Kim", True)):
            console = await open_console(browser, f"{service.http}/#/calls/heard")
            await console.get("token-input").fill(token)
            await console.get("token-name").fill(name)
            await console.get("token-submit").click()
            await console.phase("live")
            await expect(console.get("whisper-input")).to_be_visible(timeout=SLOW)
            if not may:
                await asyncio.sleep(1.0)
                await expect(console.get("listen-toggle")).to_have_count(0)
                await console.page.keyboard.press("l")
                await expect(console.get("listen-state")).to_have_count(0)
                continue
            await console.get("listen-toggle").click(timeout=SLOW)
            await hearing(console)
            view = service.node.live.view.view("heard")
            assert view is not None and [one.by for one in view.listeners] == ["Kim"]
        await playing
