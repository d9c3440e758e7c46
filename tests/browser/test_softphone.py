"""The browser softphone against `callcue demo`, as `make demo` starts it, with Chromium's fake microphone."""

from __future__ import annotations

import asyncio
import subprocess
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soxr
from playwright.async_api import Browser, expect

from tests.browser.pages import Console, chromium, open_console
from tests.browser.shots import Shots
from tests.processes import CALLCUE, environment
from tests.running import sample
from tests.servers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.weights]

SHOTS = Shots.wanted()
SLOW = 60_000
RATE = 48_000


def microphone(path: Path, row: int, seconds: float = 40.0) -> list[str]:
    """Flags of a Chromium whose microphone plays one party of a sample call, again and again."""
    audio = sample("bad_answer_call")
    party = soxr.resample(audio.samples[row, : int(seconds * audio.rate)], audio.rate, RATE)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(party, -1, 1) * 32767).astype("<i2").tobytes())
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
    ]


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[str]:
    """The address of a demo that has played its own call and serves on."""
    port = free_port()
    command = [str(CALLCUE), "demo", "--port", str(port), "--speed", "20"]
    log = (folder / "demo.log").open("wb")
    process = subprocess.Popen(command, env=environment(), cwd=folder, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient() as client, asyncio.timeout(90):
            while True:
                assert process.poll() is None, (folder / "demo.log").read_text()
                try:
                    calls = (await client.get(f"{address}/v1/calls?state=ended")).json()["calls"]
                    if calls:
                        break
                except (httpx.TransportError, KeyError):
                    pass
                await asyncio.sleep(0.25)
        yield address
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
        log.close()


async def stored(address: str, call_id: str) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        view: dict[str, Any] = (await client.get(f"{address}/v1/calls/{call_id}")).raise_for_status().json()
        return view


async def spoken(address: str, call_id: str, speaker: str, least: int) -> list[str]:
    """The party's final lines so far, once there are so many."""
    async with asyncio.timeout(SLOW / 1000):
        while True:
            try:
                view = await stored(address, call_id)
            except httpx.HTTPStatusError:
                view = {"utterances": []}
            lines = [one for one in view["utterances"] if one["final"] and one["speaker"] == speaker]
            said = [" ".join(word["text"] for word in one["words"]) for one in lines if one["words"]]
            if len(said) >= least:
                return said
            await asyncio.sleep(0.25)


async def begun(phone: Console) -> str:
    """Press Call; returns the call's id once it is on."""
    await phone.get("phone-call").click()
    await expect(phone.get("phone-state")).to_have_attribute("data-phase", "on", timeout=SLOW)
    link = await phone.get("phone-console").get_attribute("href")
    assert link is not None
    return link.rpartition("/")[2]


@pytest.mark.timeout(300)
async def test_a_call_from_the_microphone_is_heard_whispered_to_and_listened_in(tmp_path: Path) -> None:
    async with demo(tmp_path) as address, chromium(*microphone(tmp_path / "agent.wav", 0)) as browser:
        phone = await open_console(browser, f"{address}/softphone/", viewport={"width": 720, "height": 780})
        await expect(phone.get("phone-voice-1")).to_have_value("sample:bad_answer_call", timeout=SLOW)
        await phone.get("phone-customer").fill("Claire")
        assert await phone.barriers() == []
        call_id = await begun(phone)
        agent = await spoken(address, call_id, "agent", 2)
        customer = await spoken(address, call_id, "customer", 2)
        assert "afternoon" in " ".join(agent).lower()
        assert set(agent).isdisjoint(customer)
        view = await stored(address, call_id)
        assert (view["call"]["agent"], view["call"]["customer_name"]) == ("a7", "Claire")
        await expect(phone.get("phone-state")).to_contain_text("On the call")
        await _whisper(browser, address, call_id, phone)
        await SHOTS.take(phone.page, "softphone")
        assert await phone.barriers() == []
        await phone.get("phone-hang-up").click()
        await expect(phone.get("phone-state")).to_have_attribute("data-phase", "over", timeout=SLOW)
        view = await stored(address, call_id)
        assert view["state"] == "ended" and view["scorecard"] is not None
        assert [gap for gap in view["gaps"] if gap["reason"] not in ("missing",)] == []
        assert await phone.faults() == []


async def _whisper(browser: Browser, address: str, call_id: str, phone: Console) -> None:
    """A supervisor opens the call, hears it, and whispers; the agent's page says that it was seen."""
    console = await open_console(browser, f"{address}/#/calls/{call_id}")
    await console.phase("live")
    await console.get("listen-toggle").click(timeout=SLOW)
    await expect(console.get("listen-state")).to_have_attribute("data-playing", "true", timeout=SLOW)
    await console.get("whisper-input").fill("Offer her the callback.")
    await console.get("whisper-send").click()
    await expect(phone.get("phone-whisper")).to_have_text("Offer her the callback.", timeout=SLOW)
    await phone.page.bring_to_front()
    seen = console.page.locator('[data-testid="whisper-state"][data-state="seen"]')
    await expect(seen).to_contain_text("Seen", timeout=SLOW)
    assert await console.faults() == []


@pytest.mark.timeout(300)
async def test_a_second_tab_is_the_other_party(tmp_path: Path) -> None:
    async with demo(tmp_path) as address, chromium(*microphone(tmp_path / "agent.wav", 0)) as browser:
        phone = await open_console(browser, f"{address}/softphone/")
        await phone.get("phone-voice-1").select_option("tab", timeout=SLOW)
        call_id = await begun(phone)
        link = await phone.get("phone-join").get_attribute("href")
        assert link is not None
        guest = Console(await phone.page.context.new_page())
        await guest.page.goto(link)
        await expect(guest.get("phone-joined")).to_contain_text(call_id, timeout=SLOW)
        await guest.get("phone-voice-0").select_option("sample:bad_answer_call")
        await guest.get("phone-call").click()
        assert await spoken(address, call_id, "customer", 1)
        assert await spoken(address, call_id, "agent", 1)
        await phone.get("phone-hang-up").click()
        await expect(phone.get("phone-state")).to_have_attribute("data-phase", "over", timeout=SLOW)


@pytest.mark.timeout(300)
async def test_without_a_microphone_two_recordings_make_a_call_that_ends_with_them(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    microphone(path, 0, 6.0)
    async with demo(tmp_path) as address, chromium() as browser:
        phone = await open_console(browser, f"{address}/softphone/")
        await phone.get("phone-voice-0").select_option("microphone", timeout=SLOW)
        await phone.get("phone-call").click()
        await expect(phone.get("phone-problem")).to_contain_text("microphone", timeout=SLOW)
        await phone.get("phone-voice-0").select_option("file")
        await phone.get("phone-voice-1").select_option("nobody")
        await phone.get("phone-file-0").set_input_files(path)
        call_id = await begun(phone)
        await expect(phone.get("phone-state")).to_have_attribute("data-phase", "over", timeout=SLOW)
        view = await stored(address, call_id)
        assert 5.5 < view["at"] < 7.0
        assert await spoken(address, call_id, "agent", 1)
