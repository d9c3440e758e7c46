"""The sample calls of a checkout, for the softphone page; an installed service has none."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from streaming.errors import NotFound

SAMPLES = Path(__file__).parent.parent / "samples"


def samples_router(folder: Path = SAMPLES) -> APIRouter:
    """Recordings of nobody: they are rendered from a script."""
    router = APIRouter(prefix="/v1/samples", tags=["softphone"])
    recordings = {path.stem: path for path in sorted(folder.glob("*.flac"))}

    @router.get("")
    async def names() -> dict[str, list[str]]:
        return {"samples": list(recordings)}

    @router.get("/{name}")
    async def recording(name: str) -> FileResponse:
        """Stereo: the agent on the first channel."""
        if name not in recordings:
            raise NotFound("no such sample is here")
        return FileResponse(recordings[name], media_type="audio/flac")

    return router
