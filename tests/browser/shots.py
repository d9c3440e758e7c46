"""Pictures of the page for the README: taken on the way when CALLCUE_SHOTS names a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page


async def settled(page: Page) -> None:
    """Waits until what has just arrived has faded in; what never ends is not waited for."""
    await page.evaluate(
        "Promise.all(document.getAnimations()"
        ".filter((one) => one.effect.getComputedTiming().endTime < Infinity)"
        ".map((one) => one.finished.catch(() => 0)))"
    )


@dataclass(frozen=True)
class Shots:
    """Where pictures go; None takes none."""

    folder: Path | None

    @classmethod
    def wanted(cls) -> Shots:
        folder = os.environ.get("CALLCUE_SHOTS")
        return cls(Path(folder) if folder else None)

    async def take(self, page: Page, name: str) -> None:
        if self.folder is None:
            return
        await settled(page)
        await page.screenshot(path=self.folder / f"{name}.png")
