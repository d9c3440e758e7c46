"""Errors over HTTP as RFC 9457 problem JSON."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from streaming.errors import CallcueError


def problem(status: int, code: str, detail: str, *, retry_after: float | None = None) -> JSONResponse:
    """`code` is the stable word, `detail` what to do; never anybody's words."""
    body: dict[str, Any] = {"type": f"urn:callcue:{code}", "title": code, "status": status, "detail": detail}
    headers = {"Retry-After": str(max(1, round(retry_after)))} if retry_after is not None else None
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def install_problems(app: FastAPI) -> None:
    """Every error of the app leaves it as problem JSON."""

    @app.exception_handler(CallcueError)
    async def on_callcue_error(_: Request, error: CallcueError) -> JSONResponse:
        return problem(error.status, error.code, error.message, retry_after=error.retry_after)

    @app.exception_handler(RequestValidationError)
    async def on_bad_request(_: Request, error: RequestValidationError) -> JSONResponse:
        places = sorted({".".join(str(step) for step in fault["loc"]) for fault in error.errors()})
        return problem(422, "bad_request", "wrong or missing: " + ", ".join(places))

    @app.exception_handler(HTTPException)
    async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, "http_error", str(error.detail))
