"""The web application of a node: sockets, HTTP, health and the console's page."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from service.api import api_router
from service.console import console_router
from service.crowd import SocketLimit
from service.desk import desk_router
from service.finished import finished_router
from service.health import health_router
from service.ingest import ingest_router
from service.listen_socket import listen_router
from service.node import Node
from service.problems import install_problems
from service.samples import samples_router
from service.wholeview import stored_view

WEB = Path(__file__).parent / "web"
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(node: Node) -> FastAPI:
    """The app of `node`, which whoever serves the app has entered."""
    app = FastAPI(title="callcue", version=version("callcue"), docs_url=None, redoc_url=None)
    install_problems(app, node.metrics)
    app.add_middleware(SocketLimit, most=node.settings.limits.connections, metrics=node.metrics)
    app.include_router(health_router(node.checks, node.notes, node.metrics, node.refresh_metrics))
    app.include_router(ingest_router(node))
    app.include_router(console_router(node.live, node.commands, node.gate, metrics=node.metrics))
    app.include_router(listen_router(node.live.view, node.commands, node.relay, node.gate, node.metrics))
    app.include_router(samples_router())
    app.include_router(
        desk_router(
            node.live.desks,
            node.commands,
            node.repository,
            partial(stored_view, node.repository),
            node.behaviours,
            node.gate,
            cues=node.settings.desk_cues,
        )
    )
    app.include_router(
        api_router(
            repository=node.repository,
            view=node.live.view,
            jobs=node.jobs,
            behaviours=node.behaviours,
            policy=node.judged.alert_policy,
            gate=node.gate,
            profile=node.settings.profile,
            upload_bytes=node.settings.limits.upload_bytes,
        )
    )
    app.include_router(finished_router(node.repository.archive, node.gate.require("console")))
    _serve_page(app)
    return app


def _serve_page(app: FastAPI) -> None:
    """The console's page, where it was built, under a strict content policy."""

    @app.middleware("http")
    async def secure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(_SECURITY)
        return response

    if WEB.is_dir():
        app.mount("/", StaticFiles(directory=WEB, html=True), name="console")
