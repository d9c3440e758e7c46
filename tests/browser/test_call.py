"""A call's page: what was said along time, what it is judged by, reading back while it runs, four hours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from streaming.events import CallEnded, CallInfo, CallStarted, Event, Party, Record, Tick, Verdict
from tests.browser.pages import Console, chromium, open_console
from tests.browser.staged import Staged, judged, said
from tests.running import running, sample, settings_for

pytestmark = pytest.mark.browser

SLOW = 60_000
TURNS = 5000  # of four hours: one every 2.9 s


async def at_end(console: Console) -> bool:
    """Whether the transcript stands at its end."""
    found: bool = await console.get("transcript").evaluate(
        "(frame) => frame.scrollHeight - frame.scrollTop - frame.clientHeight < 64"
    )
    return found


async def test_a_mark_of_the_ledger_and_of_the_timeline_lead_to_the_words(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, script="bad_answer_call")) as service, chromium() as browser:
        await service.phone(call=CallInfo(call_id="b", agent="Claire")).play(sample("bad_answer_call"))
        console = await open_console(browser, f"{service.http}/#/calls/b")
        line = console.page.locator('[data-testid="ledger-line"][data-behaviour="emotion.leakage"]')
        await expect(line).to_be_visible(timeout=SLOW)
        await line.locator('[data-testid="moment"][data-verdict="harmful"]').last.click()
        await expect(console.page.locator("mark:focus")).to_be_in_viewport(timeout=SLOW)
        await expect(console.page.locator("mark:focus")).to_have_class("ev ev-harmful")
        await console.get("time-mark").first.click()
        await expect(console.get("utterance").first).to_contain_text("Good afternoon")
        await expect(console.get("utterance").first).to_be_in_viewport()
        await expect(console.get("frustration")).to_contain_text("most at")
        await expect(console.page.locator(".chart canvas")).to_be_visible(
            timeout=SLOW
        )  # uPlot came by itself
        await expect(console.get("talk-over")).to_contain_text("Both speak for", timeout=SLOW)
        await expect(console.get("no-audio")).to_be_visible()
        assert await console.barriers() == []
        assert await console.faults() == []


async def test_a_link_to_a_moment_opens_the_call_there(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        await service.node.repository.append(long_call("long"), node="n")
        console = await open_console(browser, f"{service.http}/#/calls/long?t=7250")
        await expect(console.page.get_by_text("turn number 2500 ")).to_be_in_viewport(timeout=SLOW)
        await console.get("find").fill("NUMBER 4321 ")
        await console.get("find-next").click()
        await expect(console.page.get_by_text("turn number 4321 ")).to_be_in_viewport(timeout=SLOW)


async def test_four_hours_are_no_more_in_the_page_than_what_is_in_sight(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        await service.node.repository.append(long_call("long"), node="n")
        console = await open_console(browser, f"{service.http}/#/calls/long")
        await expect(console.page.get_by_text("turn number 0 ")).to_be_visible(timeout=SLOW)
        nodes = []
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            await console.get("transcript").evaluate(
                f"(frame) => frame.scrollTop = frame.scrollHeight * {share}"
            )
            await asyncio.sleep(0.2)
            nodes.append(await console.page.evaluate("document.querySelectorAll('*').length"))
        assert max(nodes) < 2000
        await expect(console.page.get_by_text(f"turn number {TURNS - 1} ")).to_be_visible(timeout=SLOW)
        assert await console.barriers() == []
        assert await console.faults() == []


async def test_one_reads_back_while_the_call_goes_on_and_returns_to_live(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        staged = await Staged(service, "live", agent="Ann", customer_name="محمد").begin()
        for turn in range(60):
            await staged.tell(said(f"{'ca'[turn % 2]}{turn}", f"turn number {turn} of it", 4.0 * turn))
        console = await open_console(browser, f"{service.http}/#/calls/live")
        await expect(console.page.get_by_text("turn number 59 of it")).to_be_in_viewport(timeout=SLOW)
        await expect(console.get("to-live")).to_be_hidden()
        await console.get("transcript").hover()
        await console.page.mouse.wheel(0, -3000)
        await expect(console.get("to-live")).to_be_visible()
        before = await console.get("transcript").evaluate("(frame) => frame.scrollTop")
        for turn in range(60, 70):
            await staged.tell(said(f"{'ca'[turn % 2]}{turn}", f"turn number {turn} of it", 4.0 * turn))
        await expect(console.get("transcript").locator('[aria-setsize="-1"]').first).to_be_visible()
        await asyncio.sleep(0.5)
        assert await console.get("transcript").evaluate("(frame) => frame.scrollTop") == before
        await console.get("to-live").click()
        await expect(console.page.get_by_text("turn number 69 of it")).to_be_in_viewport(timeout=SLOW)
        await staged.tell(said("c70", "and one more line", 281.0))
        await expect(console.page.get_by_text("and one more line")).to_be_in_viewport(timeout=SLOW)
        assert await at_end(console)
        assert await console.faults() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_tablet_one_sees_the_conversation_or_the_behaviours(tmp_path: Path, scheme: str) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        staged = await Staged(service, "live", agent="A" * 90, customer_name="محمد عبد الله").begin()
        line = said("a1", "You need to calm down.", 12.0)
        await staged.tell(said("c1", "مرحبا أريد استرداد المبلغ", 2.0), line)
        await staged.tell(judged("emotion.leakage", line, Verdict.HARMFUL))
        size = {"width": 1024, "height": 768}
        url = f"{service.http}/#/calls/live"
        console = await open_console(
            browser, url, viewport=size, color_scheme=scheme, reduced_motion="reduce"
        )
        await expect(console.get("silence")).to_contain_text("of silence", timeout=SLOW)
        await expect(console.get("ledger")).to_be_hidden()
        await console.get("show-ledger").click()
        await expect(console.get("ledger")).to_be_visible()
        await console.get("moment").click()
        await expect(console.page.locator("mark:focus")).to_have_text("You need to calm down.", timeout=SLOW)
        wide = await console.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"]
        assert await console.barriers() == []


def long_call(call_id: str) -> list[Record]:
    events: list[Event] = [CallStarted(call=CallInfo(call_id=call_id, agent="Ann", started_at=1000.0))]
    for turn in range(TURNS):
        party = Party.CUSTOMER if turn % 2 else Party.AGENT
        line = said(f"{party[0]}{turn}", f"turn number {turn} of a call that does not end", 2.9 * turn)
        events.append(line)
        if turn % 5 == 0:
            events.append(judged("name.use", line, Verdict.MISSED if turn % 2 else Verdict.DELIVERED))
        events.append(Tick(at=2.9 * turn + 2.9))
    events.append(CallEnded(at=2.9 * TURNS))
    return [Record(call_id=call_id, seq=seq, event=event) for seq, event in enumerate(events, 1)]
