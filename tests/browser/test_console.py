"""The supervisor's page in a real Chromium, on the real service, with calls played into it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from pydantic import SecretStr

from models.scripted import Scenario, scenario_from
from service.settings import LimitSettings, ModelSettings, TokenSettings
from service.softphone import CallAudio
from streaming.events import CallInfo
from tests.browser.pages import Console, Wire, chromium, open_console
from tests.browser.shots import Shots
from tests.running import SAMPLES, Running, running, sample, settings_for
from tests.servers import free_port

pytestmark = pytest.mark.browser

SHOTS = Shots.wanted()
# Pictures show what a real recogniser hears in real time; a test needs neither.
SPEED = 1.0 if SHOTS.folder else 6.0
SLOW = 180_000 if SHOTS.folder else 30_000  # milliseconds; a loaded machine is slow, but not broken
WALL = {"claire": "bad_answer_call", "rick": "curt_call", "hannah": "good_call"}
TOKEN = "console-token-of-this-test"


def truth(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((SAMPLES / f"{name}.truth.json").read_text())
    return facts


def call_of(name: str, call_id: str) -> CallInfo:
    facts = truth(name)
    customer = facts["customer_name"] if facts["name_in_call_data"] else None
    return CallInfo(call_id=call_id, agent=facts["agent"], team=facts["team"], customer_name=customer)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripted recogniser knows what is said in each of the sample calls, by call id."""
    scripts = {call: scenario_from(SAMPLES / f"{name}.truth.json").lines for call, name in WALL.items()}
    scenario = Scenario(calls=tuple(scripts.items()))
    monkeypatch.setattr("service.parts.scenario_from", lambda path: scenario)
    yield


class Heard:
    """What a softphone was told; `whispered` is set with the first whisper."""

    def __init__(self) -> None:
        self.whispers: list[str] = []
        self.whispered = asyncio.Event()

    def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "whisper":
            self.whispers.append(message["text"])
            self.whispered.set()


def first(audio: CallAudio, seconds: float) -> CallAudio:
    return replace(audio, samples=audio.samples[:, : round(seconds * audio.rate)])


async def stored(service: Running, call_id: str, token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else None
    async with service.client(headers=headers) as client:
        view: dict[str, Any] = (await client.get(f"/v1/calls/{call_id}")).raise_for_status().json()
        return view


def said(view: dict[str, Any]) -> list[str]:
    """The stored final lines, by time, as the page should show them."""
    finals = [line for line in view["utterances"] if line["final"] and line["words"]]
    finals.sort(key=lambda line: line["start"])
    return [" ".join(word["text"].strip() for word in line["words"]) for line in finals]


@pytest.mark.timeout(400)
async def test_a_supervisor_sees_the_alert_and_whispers_to_the_agent(tmp_path: Path, wall: None) -> None:
    heard = Heard()
    engine: dict[str, Any] = {"model": ModelSettings(name="base")} if SHOTS.folder else {}
    async with (
        running(settings_for(tmp_path, **engine)) as service,
        chromium() as browser,
        asyncio.TaskGroup() as group,
    ):
        console, other = await open_console(browser, service.http), await open_console(browser, service.http)
        await console.phase("live")
        await other.phase("live")
        calls = {}
        for call_id, after in (("rick", 0.0), ("hannah", 9.0), ("claire", 15.0)):
            phone = service.phone(call=call_of(WALL[call_id], call_id), speed=SPEED)
            told = heard if call_id == "claire" else Heard()
            await asyncio.sleep(after / SPEED)
            calls[call_id] = group.create_task(phone.play(sample(WALL[call_id]), told))
        await _watch_and_answer(console, other, heard)
        await asyncio.wait(calls.values())
        await _after_the_call(console, await stored(service, "claire"))
        assert await console.faults() == []
        assert await other.faults() == []


_REMEMBER_ANNOUNCEMENTS = """() => {
  const region = document.querySelector('[data-testid="announcer"]');
  window.announced = [region.textContent];
  new MutationObserver(() => window.announced.push(region.textContent))
    .observe(region, { childList: true, characterData: true, subtree: true });
}"""


async def _watch_and_answer(console: Console, other: Console, heard: Heard) -> None:
    page = console.page
    await page.evaluate(_REMEMBER_ANNOUNCEMENTS)
    for seen in (console, other):
        await seen.choose("claire", SLOW)
        await seen.get("open-call").click()
    await expect(console.get("utterance").first).to_contain_text("Good afternoon", timeout=SLOW)
    await expect(console.get("evidence").first).to_be_visible(timeout=SLOW)

    card = page.locator('[data-testid="alert-card"][data-state="open"]')
    await expect(card).to_be_visible(timeout=SLOW)
    await expect(console.get("alert-title")).to_have_text("Steady the conversation")
    await expect(console.get("alert-severity")).to_have_text("Act now")
    await expect(console.get("alert-quote").last).to_contain_text("calm down")
    await expect(console.get("alert-ack")).to_be_in_viewport(ratio=1)
    await expect(console.get("call-row").first).to_contain_text("Steady the conversation")
    # Cards of other calls are announced too, so what was said is looked up, not what was said last.
    await page.wait_for_function(
        "() => window.announced.some((text) => text.includes('Steady the conversation'))"
    )
    harmful = console.get("transcript").locator('mark.ev-harmful:has-text("calm down")')
    await expect(harmful.first).to_be_visible()
    await SHOTS.take(page, "console-live")
    assert await console.barriers() == []

    await page.keyboard.press("a")
    await expect(console.get("alert-state")).to_have_attribute("data-state", "acked")
    await expect(other.get("alert-state")).to_have_attribute("data-state", "acked", timeout=SLOW)

    line = await console.get("whisper-prepared").nth(1).locator("[dir=auto]").inner_text()
    await page.keyboard.press("2")
    await page.keyboard.press("Enter")
    await asyncio.wait_for(heard.whispered.wait(), SLOW / 1000)
    assert heard.whispers == [line]
    for seen in (console, other):
        delivered = seen.page.locator('[data-testid="whisper-state"][data-state="delivered"]')
        await expect(delivered).to_contain_text("Delivered", timeout=SLOW)


async def _after_the_call(console: Console, view: dict[str, Any]) -> None:
    await expect(console.row("claire")).to_have_attribute("data-state", "ended", timeout=SLOW)
    card = console.get("scorecard")
    await expect(card).to_be_in_viewport(timeout=SLOW)
    by_id = {item["behaviour"]: item for item in view["scorecard"]["items"]}
    row = card.locator('[data-testid="ledger-line"][data-behaviour="emotion.leakage"]')
    leakage = by_id["emotion.leakage"]
    counted = f"{leakage['delivered']} of {leakage['opportunities']}"
    await expect(row.get_by_role("cell")).to_have_text(f"{counted}{leakage['harmful']} harmful")
    await expect(row.get_by_test_id("moment")).to_have_count(len(leakage["moments"]))
    await SHOTS.take(console.page, "console-ended")
    assert await console.barriers() == []

    assert console.page.url.endswith("#/calls/claire")
    await console.page.reload()
    await expect(card).to_be_visible(timeout=SLOW)
    assert await console.lines() == said(view)
    answered = console.page.locator('[data-alert="emotion.leakage#1"]')
    await expect(answered).to_contain_text("Acknowledged")
    await expect(console.get("whisper-state")).to_have_attribute("data-state", "delivered")


async def test_a_broken_connection_is_told_and_loses_nothing(tmp_path: Path) -> None:
    limits = LimitSettings(drain_seconds=2.0, resume_seconds=1.0)
    settings = settings_for(tmp_path, port=free_port(), limits=limits)
    wire = Wire(settings.port)
    async with chromium() as browser, wire.listening():
        async with running(settings) as service:
            console = await open_console(browser, f"http://127.0.0.1:{wire.port}/#/calls/g")
            await console.phase("live")
            phone = service.phone(call=call_of("good_call", "g"), speed=8.0)
            async with asyncio.TaskGroup() as group:
                playing = group.create_task(phone.play(sample("good_call")))
                await expect(console.get("utterance").nth(3)).to_be_visible(timeout=SLOW)
                wire.cut()
                await console.phase("waiting")
                await expect(console.get("connection")).to_contain_text("Not live")
                await expect(console.get("stale")).to_contain_text("Nothing new since")
                await expect(console.page.get_by_text("live call")).to_be_hidden()  # nothing stale is claimed
                before = await console.lines()
                await asyncio.sleep(2.0)  # the call goes on for sixteen seconds that the page does not see
                assert await console.lines() == before
                await expect(console.get("whisper-send")).to_be_disabled()
                wire.mend()
                await console.hurry()
                await console.phase("live")
                await playing
            await expect(console.get("scorecard")).to_be_visible(timeout=SLOW)
            view = await stored(service, "g")
            assert await console.lines() == said(view)
        await console.phase("waiting")
        async with running(settings.model_copy(update={"node": f"{settings.node}-again"})) as service:
            await console.hurry()
            await console.phase("live")
            assert await console.lines() == said(view)
            await service.phone(call=call_of("good_call", "next")).play(first(sample("good_call"), 8.0))
            await expect(console.row("next")).to_be_visible(timeout=SLOW)
            await expect(console.row("g")).to_be_visible()


async def test_a_protected_service_lets_in_by_token_only(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr(TOKEN),))
    settings = settings_for(tmp_path, script="bad_answer_call", tokens=tokens)
    async with running(settings) as service, chromium() as browser, asyncio.TaskGroup() as group:
        console = await open_console(browser, service.http)
        await expect(console.get("token-input")).to_be_focused(timeout=SLOW)
        await console.phase("refused")
        assert await console.barriers() == []
        await _sign_in(console, "not-the-token", "Eve")
        await expect(console.page.get_by_role("alert")).to_contain_text("refused that token", timeout=SLOW)
        await expect(console.get("connection")).to_contain_text("Not live")
        await _sign_in(console, TOKEN, "Eve")
        await console.phase("live")
        phone = service.phone(call=call_of("bad_answer_call", "b"), speed=8.0)
        playing = group.create_task(phone.play(first(sample("bad_answer_call"), 50.0)))
        await console.get("alert-ack").click(timeout=SLOW)
        await expect(console.get("alert-card")).to_contain_text("Answered by Eve", timeout=SLOW)
        await playing
        await console.page.reload()
        await console.phase("live")  # the tab remembers its token, for the page and for what it fetches
        await expect(console.get("alert-card")).to_contain_text("Answered by Eve", timeout=SLOW)
        assert await console.faults() == []


async def _sign_in(console: Console, token: str, name: str) -> None:
    await console.get("token-input").fill(token)
    await console.get("token-name").fill(name)
    await console.get("token-submit").click()


async def test_an_address_of_no_call_says_so(tmp_path: Path) -> None:
    async with running(settings_for(tmp_path)) as service, chromium() as browser:
        console = await open_console(browser, f"{service.http}/#/calls/never-was")
        await console.phase("live")
        await expect(console.get("no-call")).to_contain_text("no call under this address", timeout=SLOW)


@pytest.mark.weights
async def test_the_alert_comes_while_the_words_are_fresh_with_a_real_recogniser(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, model=ModelSettings(name="tiny.en"))
    async with running(settings) as service, chromium() as browser, asyncio.TaskGroup() as group:
        console = await open_console(browser, service.http)
        await console.phase("live")
        phone = service.phone(call=call_of("bad_answer_call", "real"), speed=1.5)
        playing = group.create_task(phone.play(first(sample("bad_answer_call"), 40.0)))
        await expect(console.get("alert-quote").last).to_contain_text("calm down", timeout=45_000)
        await expect(console.get("alert-title")).to_have_text("Steady the conversation")
        assert not playing.done()  # the call is still on when the supervisor learns of it
        await playing
        await console.page.keyboard.press("o")
        await expect(console.get("scorecard")).to_be_visible(timeout=SLOW)
        assert await console.lines() == said(await stored(service, "real"))
        assert await console.faults() == []
