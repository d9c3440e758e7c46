"""The page when things break: sockets, networks, services, clocks; and when it stays open."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from benchmarks.wall import replay_day
from service.softphone import Softphone
from streaming.events import CallInfo, Party, SpeechStarted, Tick, Verdict
from tests.browser.pages import Console, Wire, chromium, open_console
from tests.browser.staged import Staged, judged, said, trouble
from tests.browser.test_console import said as stored_lines
from tests.processes import ServeProcess, scripted
from tests.running import running, sample, settings_for

pytestmark = pytest.mark.browser

SLOW = 30_000
_SKEW = """
const now = Date.now.bind(Date);
Date.now = () => now() - 3 * 3600 * 1000;
"""


async def test_sockets_that_break_mid_burst_cost_no_judgement_no_card_and_no_line(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        wire = Wire(service.port)
        async with wire.listening():
            console = await open_console(browser, f"http://127.0.0.1:{wire.port}")
            await console.phase("live")
            call = await Staged(service, "burst", agent="Bo").begin()
            await expect(console.row("burst")).to_be_visible(timeout=SLOW)
            lines = [said(f"a{n}", f"line number {n}", 2.0 + n) for n in range(400)]
            for first in range(0, 400, 40):
                for line in lines[first : first + 40]:
                    await call.tell(line, judged("name.use", line, Verdict.DELIVERED))
                if first == 200:
                    await call.tell(*trouble(201.0, key="a900"))
                wire.cut()
                # What comes until it mends is sent to a page that is not there.
                await call.tell(*(Tick(at=2.0 + first + n) for n in range(20)))
                wire.mend()
                if first % 80 == 0:
                    await console.hurry()
            await console.hurry()
            await console.phase("live")
            # Each of them once: what comes twice or not at all is counted so.
            await expect(console.row("burst")).to_contain_text("400 delivered", timeout=SLOW)
            await expect(console.row("burst")).to_contain_text("1 harmful")
            await expect(console.get("alert-title")).to_have_text("Steady the conversation")
            await expect(console.get("lately")).to_contain_text("line number 399")


async def test_records_missed_beyond_what_the_service_keeps_come_with_a_snapshot(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        wire = Wire(service.port)
        async with wire.listening():
            console = await open_console(browser, f"http://127.0.0.1:{wire.port}/#/calls/long")
            await console.phase("live")
            call = await Staged(service, "long").begin()
            await call.tell(said("a0", "before the break", 2.0))
            await expect(console.get("utterance")).to_have_count(1, timeout=SLOW)
            wire.cut()
            await console.phase("waiting")
            await call.tell(*(Tick(at=float(at)) for at in range(3, 4802)))  # more than the ring holds
            await call.tell(said("a1", "after the break", 4802.0))
            wire.mend()
            await console.hurry()
            await console.phase("live")
            await expect(console.get("utterance")).to_have_count(2, timeout=SLOW)
            await expect(console.row("long")).to_contain_text("1:20:0")


async def test_a_network_that_is_gone_without_a_word_is_told_and_survived(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        wire = Wire(service.port)
        async with wire.listening():
            console = await open_console(browser, f"http://127.0.0.1:{wire.port}")
            await console.phase("live")
            call = await Staged(service, "quiet", agent="Bo").begin()
            await expect(console.row("quiet")).to_be_visible(timeout=SLOW)
            wire.freeze()
            await console.phase("waiting", timeout=25)  # ten seconds of silence, five for an answer
            await expect(console.get("stale")).to_contain_text("Nothing new since")
            await call.tell(*trouble())
            wire.thaw()
            await console.hurry()
            await console.phase("live", timeout=25)
            await expect(console.row("quiet")).to_contain_text("Steady the conversation")
            assert await console.get("stale").count() == 0


@pytest.mark.timeout(240)
async def test_a_service_killed_mid_call_and_started_again_misses_nothing_that_was_stored(
    tmp_path: Path,
) -> None:
    service = ServeProcess(tmp_path, **scripted("good_call"))
    await asyncio.to_thread(service.start)
    try:
        async with chromium() as browser:
            # So tall that no line of the call is out of sight.
            tall = {"width": 1440, "height": 6000}
            console = await open_console(browser, f"{service.http}/#/calls/mid", viewport=tall)
            await console.phase("live")
            playing = asyncio.create_task(_play(service, "mid"))
            await expect(console.get("utterance").nth(4)).to_be_visible(timeout=SLOW)
            service.kill()
            await asyncio.gather(playing, return_exceptions=True)
            await console.phase("waiting")
            await expect(console.get("stale")).to_be_visible()
            await asyncio.to_thread(service.start)
            await console.hurry()
            await console.phase("live", timeout=60)
            await _as_stored(console, service, "mid")
            await _play(service, "next")
            await expect(console.row("next")).to_have_attribute("data-state", "ended", timeout=SLOW)
            await console.row("next").click()
            await _as_stored(console, service, "next")
    finally:
        service.kill()


async def _play(service: ServeProcess, call_id: str) -> None:
    call = CallInfo(call_id=call_id, agent="Hannah Reed")
    await Softphone(url=service.ws, call=call, speed=8.0).play(sample("good_call"))


async def _as_stored(console: Console, service: ServeProcess, call_id: str) -> None:
    """The page shows the lines that the store holds, no more and no fewer."""
    async with httpx.AsyncClient(base_url=service.http) as client:
        for _ in range(60):
            view: dict[str, Any] = (await client.get(f"/v1/calls/{call_id}")).raise_for_status().json()
            wanted = stored_lines(view)
            shown = await console.lines()
            if shown == wanted and len(wanted) >= 4:
                return
            await asyncio.sleep(0.5)
    assert shown == wanted


async def test_times_are_the_calls_own_however_wrong_the_clock_is(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        console = await open_console(browser, "about:blank")
        await console.page.context.add_init_script(_SKEW)
        await console.page.goto(service.http)
        await console.phase("live")
        call = await Staged(service, "skewed", agent="Bo").begin(75.0)
        await expect(console.row("skewed")).to_contain_text("1:15")
        await call.tell(SpeechStarted(speaker=Party.AGENT, at=76.0), Tick(at=76.0))
        await expect(console.row("skewed")).to_contain_text("1:16")
        # The last audio came a moment ago, not three hours: only its real absence is told.
        assert await console.get("row-silent").count() == 0
        await expect(console.get("row-silent")).to_contain_text("no audio for", timeout=15_000)
        await call.tell(Tick(at=77.0))
        await expect(console.get("row-silent")).to_have_count(0)


@pytest.mark.timeout(300)
async def test_memory_stays_flat_over_hours_of_calls() -> None:
    """Eight hours of six calls at once, faster than real time. What the page keeps of ended calls is full
    after an hour or two, and the browser's own after some more."""
    found = await replay_day(hours=8, calls=6, speed=360.0)
    heaps = found["heap_mb_by_hour"]
    assert found["day"]["calls"] > 300
    assert heaps[-1] < max(heaps[3:5]) + 1.0, heaps
