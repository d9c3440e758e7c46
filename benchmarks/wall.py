"""`callcue bench console`: what the supervisor's page costs the browser, with many calls live.

A service in this process, made-up calls (benchmarks/stage.py) on its bus, and a Chromium at its console
socket: the page is the built one, and knows of nothing else. The main thread's time is the processor's, not
the clock's, so that what else runs on the machine does not count.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page, async_playwright

from benchmarks.latency import percentile
from benchmarks.stage import Manner, Stage
from service.app import create_app
from service.node import Node, build
from service.server import make_server
from service.settings import ModelSettings, Settings
from streaming.errors import ConfigError
from streaming.events import Alert, Record

_SAMPLE = Path(__file__).parents[1] / "samples" / "good_call.truth.json"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
_KEYS = "jjjkjgjjkg"  # what a supervisor presses, one a second, while the list is scrolled now and then

_WATCH = """() => {
  const seen = window.seen = { frames: [], long: [], inputs: [], cards: [] };
  let last = performance.now();
  const frame = (now) => { seen.frames.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.long.push(one.duration); })
    .observe({ type: 'longtask' });
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.name === 'keydown') seen.inputs.push(one.duration);
  }).observe({ type: 'event', durationThreshold: 16 });
  const region = document.querySelector('[data-testid="announcer"]');
  new MutationObserver(() => seen.cards.push([Date.now() / 1000, region.textContent]))
    .observe(region, { childList: true, characterData: true, subtree: true });
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallOptions:
    calls: int = 200
    seconds: float = 60.0
    width: int = 1440
    height: int = 900


async def measure(options: WallOptions) -> dict[str, Any]:
    """Frames, the main thread's time, long tasks, keys and cards while `calls` are live."""
    sent: dict[str, float] = {}

    def published(record: Record) -> None:
        if isinstance(record.event, Alert):
            number = int(record.call_id.rsplit("-", 1)[1])
            sent[f"{record.event.title}. Agent {number:03}."] = time.time()

    async with _served() as (node, url), _page(url, options.width, options.height) as (page, cdp):
        stage = Stage(node.bus, options.calls, begun_before=240.0, published=published)
        playing = asyncio.create_task(stage.play(options.seconds + 30))
        await page.get_by_text(f"{options.calls} live calls").wait_for(timeout=60_000)
        await asyncio.sleep(5)
        await page.evaluate(_WATCH)
        before, records, began = await _metrics(cdp), stage.records, time.monotonic()
        await _use(page, options.seconds)
        after, wall = await _metrics(cdp), time.monotonic() - began
        seen: dict[str, Any] = await page.evaluate("window.seen")
        records = stage.records - records
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        return _figures(options, seen, before, after, wall, records, _waits(seen["cards"], sent))


async def _use(page: Page, seconds: float) -> None:
    """What a supervisor does: keys, and scrolling through all calls."""
    until, turn = time.monotonic() + seconds, 0
    await page.mouse.move(400, 500)
    while time.monotonic() < until:
        await page.keyboard.press(_KEYS[turn % len(_KEYS)])
        await page.mouse.wheel(0, 700 if turn % 8 < 4 else -700)
        turn += 1
        await asyncio.sleep(1.0)


def _waits(shown: Sequence[tuple[float, str]], sent: dict[str, float]) -> list[float]:
    """Seconds from a card's going out to its being on the page; several may be told in one breath."""
    return sorted(at - sent[card] for at, text in shown for card in sent if card in text and at >= sent[card])


def _figures(
    options: WallOptions,
    seen: dict[str, Any],
    before: dict[str, float],
    after: dict[str, float],
    wall: float,
    records: int,
    waits: list[float],
) -> dict[str, Any]:
    frames = sorted(float(one) for one in seen["frames"][1:])
    share = {name: (after[name] - before[name]) / wall for name in _SHARES}
    return {
        "calls": options.calls,
        "seconds": round(wall, 1),
        "window": f"{options.width} × {options.height}",
        "records_per_second": round(records / wall, 1),
        "frames": {
            "count": len(frames),
            "per_second": round(len(frames) / wall, 1),
            **{f"p{round(100 * q)}_ms": round(percentile(frames, q), 1) for q in (0.5, 0.95, 0.99)},
            "max_ms": round(frames[-1], 1),
            "over_50_ms": sum(one > 50 for one in frames),
        },
        "main_thread_share": {label: round(share[name], 4) for name, label in _SHARES.items()},
        "long_tasks": {"count": len(seen["long"]), "max_ms": round(max(seen["long"], default=0.0), 1)},
        "keys": {"slower_than_16_ms": len(seen["inputs"]), "max_ms": max(seen["inputs"], default=0)},
        "card_on_page_seconds": {
            "count": len(waits),
            "p50": round(percentile(waits, 0.5), 3) if waits else None,
            "p95": round(percentile(waits, 0.95), 3) if waits else None,
        },
        "heap_mb": round(after["JSHeapUsedSize"] / 1e6, 1),
        "nodes": int(after["Nodes"]),
        **_around(),
    }


def _around() -> dict[str, Any]:
    """What else went on: without priority of its own the frames are those of a busy machine."""
    realtime = os.sched_getscheduler(0) in (os.SCHED_RR, os.SCHED_FIFO)
    return {
        "priority": "real-time" if realtime else f"nice {os.nice(0)}",
        "load_average": [round(one, 1) for one in os.getloadavg()],
    }


_SHARES = {
    "TaskDuration": "all",
    "ScriptDuration": "script",
    "RecalcStyleDuration": "style",
    "LayoutDuration": "layout",
}


async def replay_day(*, hours: float, calls: int, speed: float) -> dict[str, Any]:
    """The page's memory over a day of calls, faster than real time: the heap after each hour, swept."""
    manner = Manner(seconds=360.0, partials=False, tick=5)
    async with _served() as (node, url), _page(url, 1440, 900) as (page, cdp):
        stage = Stage(node.bus, calls, manner=manner, speed=speed)
        playing = asyncio.create_task(stage.play(hours * 3600))
        await page.get_by_text("live call").first.wait_for(timeout=60_000)
        heaps = []
        for hour in range(1, int(hours) + 1):
            await stage.until(hour * 3600 - 60)
            heaps.append(await swept_heap(cdp))
            await page.keyboard.press("j")
        nodes = int((await _metrics(cdp))["Nodes"])
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
    return {
        "day": {
            "hours": hours,
            "calls_at_once": calls,
            "speed": speed,
            "calls": stage.ended,
            "records": stage.records,
        },
        "heap_mb_by_hour": heaps,
        "nodes": nodes,
        **_around(),
    }


async def swept_heap(cdp: CDPSession) -> float:
    """Megabytes in use once the garbage is collected."""
    await cdp.send("HeapProfiler.collectGarbage")
    return round((await _metrics(cdp))["JSHeapUsedSize"] / 1e6, 2)


async def _metrics(cdp: CDPSession) -> dict[str, float]:
    told = await cdp.send("Performance.getMetrics")
    return {one["name"]: one["value"] for one in told["metrics"]}


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[Node, str]]:
    with tempfile.TemporaryDirectory(prefix="callcue-wall-") as folder:
        model = ModelSettings(worker="scripted", script=_SAMPLE)
        settings = Settings(
            host="127.0.0.1",
            port=0,
            database_url=f"sqlite:///{folder}/calls.db",
            log_level="error",
            model=model,
        )
        node = build(settings)
        server = make_server(create_app(node), node, settings)
        serving = asyncio.create_task(server.serve())
        try:
            await server.until_started(serving)
            yield node, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def _page(url: str, width: int, height: int) -> AsyncIterator[tuple[Page, CDPSession]]:
    found = next((path for path in map(shutil.which, _BROWSERS) if path), None)
    if found is None:
        raise ConfigError("no Chromium on the path (apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=_FLAGS)
        try:
            context = await browser.new_context(viewport={"width": width, "height": height})
            page = await context.new_page()
            cdp = await context.new_cdp_session(page)
            await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
            await page.goto(url)
            yield page, cdp
        finally:
            await browser.close()
