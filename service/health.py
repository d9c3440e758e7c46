"""Is the process alive, is it ready (and if not, why), and its metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from service.telemetry.metrics import Metrics

Checks = Callable[[], Mapping[str, str | None]]
"""Name of every part that must work → None when it does, else why not."""


Notes = Callable[[], Mapping[str, str]]
"""What works less well than it could: told, and no reason to send calls elsewhere."""


def health_router(checks: Checks, notes: Notes, metrics: Metrics, refresh: Callable[[], None]) -> APIRouter:
    """`refresh` brings gauges up to date before metrics are read."""
    router = APIRouter()

    @router.get("/health/live", tags=["operation"])
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @router.get("/health/ready", tags=["operation"])
    async def ready() -> JSONResponse:
        """Whether new calls are welcome; 503 tells which part is not ready and why."""
        found = checks()
        reasons = {name: why for name, why in found.items() if why is not None}
        status = "ready" if not reasons else "not ready"
        body = {
            "status": status,
            "checks": {name: why or "ok" for name, why in found.items()},
            "notes": dict(notes()),
        }
        return JSONResponse(body, status_code=503 if reasons else 200)

    @router.get("/metrics", tags=["operation"])
    async def metrics_page() -> Response:
        """Prometheus text format."""
        refresh()
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
