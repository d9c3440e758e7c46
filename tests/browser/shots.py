"""Pictures of the page for the README: taken on the way when CALLCUE_SHOTS names a folder."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

_COLOURS = 256  # the page has few; a palette makes the file a third of the size


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
        self.folder.mkdir(parents=True, exist_ok=True)
        # What has just arrived is still fading in.
        await page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")
        picture = Image.open(io.BytesIO(await page.screenshot()))
        small = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        small.save(self.folder / f"{name}.png", optimize=True)
