"""A real Chromium at the console's page, and a wire to it that can be cut."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright

from tests.browser.shots import settled

ROOT = Path(__file__).parents[2]
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
_PAGE = ROOT / "service" / "web" / "index.html"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing that reaches out: the page and the service are all there is.
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_VIOLATIONS = (
    "window.violations = [];"
    "document.addEventListener('securitypolicyviolation', (event) => "
    "window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));"
)

# Only the rows in sight are in the page. Whoever was at the end is taken back there.
_READ_THROUGH = """async () => {
  const frame = document.querySelector('[data-testid="transcript"]');
  if (!frame) return [];
  const [stood, read] = [frame.scrollTop, new Map()];
  const atEnd = frame.scrollHeight - stood - frame.clientHeight < 64;
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (let top = 0; ; top += frame.clientHeight / 2) {
    frame.scrollTop = top;
    await drawn();
    for (const row of frame.querySelectorAll('li[data-index]')) {
      const words = row.querySelector('[data-final="true"] .turn-words');
      if (words) read.set(Number(row.dataset.index), words.textContent);
    }
    if (top + frame.clientHeight >= frame.scrollHeight) break;
  }
  frame.scrollTop = atEnd ? frame.scrollHeight : stood;
  await drawn();
  return [...read].sort(([a], [b]) => a - b).map(([, text]) => text);
}"""


def executable() -> str:
    """The Chromium of this machine. Skips without it, or without a page; in CI that fails."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    missing = "no Chromium on the path (apt-get install chromium)" if found is None else ""
    if not _PAGE.exists():
        missing = "the console's page is not built (python console/build.py)"
    if missing:
        (pytest.fail if os.environ.get("CI", "").lower() in ("1", "true") else pytest.skip)(missing)
    assert found is not None
    return found


@asynccontextmanager
async def chromium(*flags: str) -> AsyncGenerator[Browser, None]:
    """`flags` besides those that every test's browser has."""
    path = executable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*_FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()


class Console:
    """One supervisor's page; `complaints` is what the browser had to say against it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("console", self._told)

    def _told(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def get(self, name: str) -> Locator:
        """What carries the `data-testid` (console/README.md)."""
        return self.page.get_by_test_id(name)

    def row(self, call_id: str) -> Locator:
        return self.page.locator(f'[data-testid="call-row"][data-call="{call_id}"]')

    async def choose(self, call_id: str, timeout: float) -> None:
        """Click the call's row, and let go of the list: rows keep their places under the pointer."""
        await self.row(call_id).click(timeout=timeout)
        await self.page.mouse.move(720, 890)

    async def phase(self, phase: str, timeout: float = 30.0) -> None:
        """Wait until the page says so of its connection."""
        wanted = f'[data-testid="connection"][data-phase="{phase}"]'
        await self.page.locator(wanted).wait_for(timeout=timeout * 1000)

    async def hurry(self) -> None:
        """Press "Now", unless the page has tried again by itself."""
        await self.page.evaluate("document.querySelector('[data-testid=\"retry\"]')?.click()")

    async def lines(self) -> list[str]:
        """The transcript's final lines, as read on the page by somebody who scrolls through all of it."""
        texts: list[str] = await self.page.evaluate(_READ_THROUGH)
        return [" ".join(text.split()) for text in texts]

    async def faults(self) -> list[str]:
        """Complaints of the browser and violations of the page's content policy so far."""
        violations: list[str] = await self.page.evaluate("window.violations")
        return [*self.complaints, *violations]

    async def barriers(self) -> list[str]:
        """What axe-core finds serious or critical on the page as it is now."""
        if not AXE.exists():
            pytest.fail("axe-core is missing: run console/build.py, which installs the console's packages")
        await self.page.evaluate(AXE.read_text())
        await settled(self.page)  # half faded in, nothing has the contrast it will have
        found: list[dict[str, Any]] = (await self.page.evaluate("axe.run()"))["violations"]
        return [
            f"{one['id']} ({one['impact']}): {[node['html'][:160] for node in one['nodes']]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]


async def open_console(browser: Browser, url: str, **options: Any) -> Console:
    """A page of its own (cookies, storage) at `url`."""
    chosen = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light", **options}
    context = await browser.new_context(**chosen)
    await context.add_init_script(_VIOLATIONS)
    console = Console(await context.new_page())
    await console.page.goto(url)
    return console


class Wire:
    """A TCP relay to the service that can be cut and mended, or frozen: nothing passes, nobody is told."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0

    def cut(self) -> None:
        """Every connection breaks, and new ones are refused at once."""
        self._whole = False
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._whole = True

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[Wire, None]:
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self._whole:
                onward, back = await asyncio.open_connection("127.0.0.1", self._to)
                self._open.add(back)
                with suppress(OSError):
                    await asyncio.gather(self._pump(reader, back), self._pump(onward, writer))
                back.close()
                self._open.discard(back)
        finally:
            writer.close()
            self._open.discard(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
