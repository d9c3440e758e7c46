"""The list of finished calls: looked for by words, sorted, followed to the moment, taken away as a file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.async_api import expect

from streaming.events import CallInfo
from tests.browser.pages import chromium, open_console
from tests.browser.shots import Shots
from tests.browser.test_call import long_call
from tests.running import running, sample, settings_for

pytestmark = pytest.mark.browser

SHOTS = Shots.wanted()
SLOW = 60_000


async def test_a_finished_call_is_found_by_words_and_opened_where_they_were_said(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, script="bad_answer_call")) as service, chromium() as browser:
        call = CallInfo(call_id="b", agent="Claire Bennett", team="Home Delivery")
        await service.phone(call=call).play(sample("bad_answer_call"))
        await service.node.repository.append(long_call("long"), node="n")
        console = await open_console(browser, service.http)
        await console.phase("live")
        await console.get("to-finished").click()
        await expect(console.get("found")).to_have_count(2, timeout=SLOW)
        assert await console.barriers() == []
        await console.get("search-words").fill('"washing machine" deliver*')
        await expect(console.get("found-count")).to_have_text("1 call", timeout=SLOW)
        await expect(console.get("excerpt").locator("mark")).to_contain_text("washing machine")
        assert "words=" in console.page.url  # the search has an address
        await SHOTS.take(console.page, "finished-calls")
        await console.page.reload()
        await console.get("excerpt").click(timeout=SLOW)
        await expect(console.get("find")).to_have_value("washing machine.", timeout=SLOW)
        hit = console.page.locator(".turn-hit").first
        await expect(hit).to_be_in_viewport(timeout=SLOW)
        await expect(hit).to_contain_text("washing machine")
        assert await console.faults() == []


async def test_filters_and_order_hold_for_the_file_too(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, script="bad_answer_call")) as service, chromium() as browser:
        for name, agent in (("one", "=2+3"), ("two", "Claire Bennett")):
            await service.phone(call=CallInfo(call_id=name, agent=agent)).play(sample("bad_answer_call"))
        await service.node.repository.append(long_call("long"), node="n")
        console = await open_console(browser, f"{service.http}/#/finished", color_scheme="dark")
        await console.get("search-behaviour").select_option("emotion.leakage")
        await console.get("search-outcome").select_option("harmful")
        await expect(console.get("found-count")).to_have_text("2 calls", timeout=SLOW)
        await console.get("sort-agent").click()
        order = console.get("found").evaluate_all("(rows) => rows.map((row) => row.dataset.call)")
        await expect(console.get("found").first).to_have_attribute("data-call", "one", timeout=SLOW)
        assert await order == ["one", "two"]
        async with console.page.expect_download() as begun:
            await console.get("export-calls").click()
        saved = tmp_path / "saved.csv"
        await (await begun.value).save_as(saved)
        with saved.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [(row["call_id"], row["agent"]) for row in rows] == [
            ("one", "'=2+3"),
            ("two", "Claire Bennett"),
        ]
        await console.get("search-clear").click()
        await expect(console.get("found-count")).to_have_text("3 calls", timeout=SLOW)
        assert await console.barriers() == []
        assert await console.faults() == []
