"""Errors over HTTP as RFC 9457 problem JSON."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

from service.telemetry.logs import innermost
from service.telemetry.metrics import Metrics
from streaming.errors import CallcueError, Overloaded

log = structlog.get_logger()


def problem(status: int, code: str, detail: str, *, retry_after: float | None = None) -> JSONResponse:
    """`code` is the stable word, `detail` what to do; never anybody's words."""
    body: dict[str, Any] = {"type": f"urn:callcue:{code}", "title": code, "status": status, "detail": detail}
    headers = {"Retry-After": str(max(1, round(retry_after)))} if retry_after is not None else None
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def install_problems(app: FastAPI, metrics: Metrics) -> None:
    """Every error of the app leaves it as problem JSON, with one log line and one count."""

    def told(status: int, code: str, detail: str, *, retry_after: float | None = None) -> JSONResponse:
        log.info("request_refused", code=code)
        metrics.requests_refused.labels(code).inc()
        return problem(status, code, detail, retry_after=retry_after)

    @app.exception_handler(CallcueError)
    async def on_callcue_error(_: Request, error: CallcueError) -> JSONResponse:
        return told(error.status, error.code, error.message, retry_after=error.retry_after)

    @app.exception_handler(RequestValidationError)
    async def on_bad_request(_: Request, error: RequestValidationError) -> JSONResponse:
        places = sorted({".".join(str(step) for step in fault["loc"]) for fault in error.errors()})
        return told(422, "bad_request", "wrong or missing: " + ", ".join(places))

    @app.exception_handler(HTTPException)
    async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        return told(error.status_code, "http_error", str(error.detail))

    @app.exception_handler(SQLAlchemyError)
    @app.exception_handler(ConnectionError)
    async def on_store_away(_: Request, error: Exception) -> JSONResponse:
        log.warning("store_unreadable", error=type(error).__name__)
        away = Overloaded("the database cannot be reached: try again soon", retry_after=5.0)
        return told(away.status, away.code, away.message, retry_after=away.retry_after)

    @app.middleware("http")
    async def on_failure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        """What nobody foresaw; caught here, because the server would log it with its text."""
        try:
            return await call_next(request)
        except Exception as error:  # supervision point: one request's failure
            log.error("request_failed", error=type(error).__name__, where=innermost(error))
            return told(500, "internal", "the request failed on the server's side")
