"""An agent's own desk: `WS /v1/desk` while calls run, `GET /v1/desk/calls` for how they went.

Whose desk it is comes from the pass (`service.desk_pass`) and nothing else, so no request can name another
agent; only on a loopback service without any tokens is the agent named in the address.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Path, Query, Request, WebSocket
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaMode
from pydantic_core import to_json
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from detectors.base import Behaviour
from service.admission import introduced
from service.auth import Gate, bearer
from service.callview import CallView
from service.commands import Command, Commands
from service.desk_pass import agent_of
from service.deskboard import DeskBoard
from service.deskview import DeskCall, DeskLine, DeskMessage, DeskReview, desk_call, desk_review
from service.store.repository import Repository
from service.telemetry.logs import innermost
from streaming.errors import CallcueError, NotFound, Overloaded, ProtocolError, Unauthorized, first_cause

_REASON_BYTES = 123
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
_Agent = Annotated[str | None, Query(min_length=1, max_length=128, pattern=_PLAIN)]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLimits:
    desks: int = 512  # of this node
    own: int = 4  # of one agent
    auth_seconds: float = 5.0
    send_seconds: float = 5.0
    message_chars: int = 512
    together_seconds: float = 0.05  # what happens within this is one message


class _Seen(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    type: Literal["seen"]
    call_id: str = Field(min_length=1, max_length=128)
    id: str = Field(min_length=1, max_length=128)


def desk_router(
    board: DeskBoard,
    commands: Commands,
    repository: Repository,
    stored: Callable[[str], Awaitable[CallView]],
    rows: Mapping[str, Behaviour],
    gate: Gate,
    *,
    cues: bool,
    limits: DeskLimits | None = None,
) -> APIRouter:
    """`stored` reads a call that has ended, or raises NotFound."""
    router = APIRouter()
    bounds = limits or DeskLimits()

    @router.websocket("/v1/desk")
    async def desk(socket: WebSocket, agent: _Agent = None) -> None:
        await socket.accept()
        try:
            admitted = await introduced(socket, gate, "desk", within=bounds.auth_seconds)
            own = whose(gate, admitted.token, agent)
            if len(board) >= bounds.desks or board.of(own) >= bounds.own:
                raise Overloaded("too many desks are open: close one and try again", retry_after=5.0)
            await _Desk(socket, own, board, commands, rows, bounds, cues=cues).serve()
        except Exception as failure:  # supervision point: one desk's failure ends here
            await _close_on(first_cause(failure), socket, bounds.send_seconds)

    @router.get("/v1/desk/calls", tags=["desk"])
    async def calls(
        request: Request, agent: _Agent = None, limit: Annotated[int, Query(ge=1, le=50)] = 10
    ) -> Response:
        """The agent's own calls that have ended, newest first."""
        own = _reader(request, gate, agent)
        found = await repository.calls(state="ended", agent=own, limit=limit)
        lines = [
            DeskLine(call_id=one.call_id, started_at=one.started_at, seconds=one.seconds) for one in found
        ]
        return _json({"calls": lines})

    @router.get("/v1/desk/calls/{call_id}", tags=["desk"])
    async def review(
        request: Request, call_id: Annotated[str, Path(max_length=128, pattern=_PLAIN)], agent: _Agent = None
    ) -> Response:
        """How an own call went. Another agent's call is as unknown as one that never was."""
        own = _reader(request, gate, agent)
        view = await stored(call_id)
        if view.call.agent != own or view.state != "ended":
            raise NotFound("no such call of yours has ended")
        return _json(desk_review(view, rows))

    return router


def whose(gate: Gate, token: str | None, named: str | None) -> str:
    """The agent whose desk it is. Raises Unauthorized."""
    if gate.tokens.needed("desk"):
        if not gate.tokens.desk:
            raise Unauthorized("desks are switched off here: CALLCUE_TOKENS__DESK is not set")
        return agent_of(token or "", now=time.time(), keys=gate.tokens.desk)
    if named is None:
        raise Unauthorized("say whose desk it is: ?agent=…")
    return named


def _reader(request: HTTPConnection, gate: Gate, named: str | None) -> str:
    gate.check_origin(request.headers, "desk")
    return whose(gate, bearer(request.headers), named)


def desk_schema() -> dict[str, Any]:
    """JSON Schema of what desks are sent and answered, for the page's types."""
    parts: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (part.__name__, "serialization", TypeAdapter(part)) for part in (DeskMessage, DeskLine, DeskReview)
    ]
    _, schema = TypeAdapter.json_schemas(parts)
    defs = schema["$defs"]
    for definition in defs.values():
        if "properties" in definition:  # defaults are written out, so a reader finds every field
            definition["required"] = list(definition["properties"])
    names = [name for name, _, _ in parts]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Desk",
        "type": "object",
        "properties": {name: {"$ref": f"#/$defs/{name}"} for name in names},
        "required": names,
        "$defs": defs,
    }


class _Desk:
    """One open desk."""

    def __init__(
        self,
        socket: WebSocket,
        agent: str,
        board: DeskBoard,
        commands: Commands,
        rows: Mapping[str, Behaviour],
        limits: DeskLimits,
        *,
        cues: bool,
    ) -> None:
        self._socket, self._agent, self._board = socket, agent, board
        self._commands, self._rows, self._limits = commands, rows, limits
        self._cues = cues
        self._told: set[str] = set()  # whispers that this desk has taken

    async def serve(self) -> None:
        """Until the agent leaves, which raises."""
        with self._board.open(self._agent) as changed:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._show(changed))
                tasks.create_task(self._listen())

    async def _show(self, changed: asyncio.Event) -> None:
        last = b""
        while True:
            changed.clear()
            call = self._call()
            message = to_json(DeskMessage(agent=self._agent, call=call))
            if message != last:
                await self._send(message.decode())
                last = message
            if call is not None:
                await self._deliver(call)
            await changed.wait()
            await asyncio.sleep(self._limits.together_seconds)

    def _call(self) -> DeskCall | None:
        """The call that runs, or else the one that ended last, as far as this node remembers it."""
        view = self._board.view
        own = view.of_agent(self._agent)
        running = [call_id for call_id in own if view.state(call_id) == "live"]
        chosen = (running or own)[-1:]
        shown = view.view(chosen[0], utterances=0) if chosen else None
        return None if shown is None else desk_call(shown, self._rows, cues=self._cues)

    async def _deliver(self, call: DeskCall) -> None:
        """The screen has them: the supervisor is told."""
        if call.state != "live":
            return
        for whisper in call.whispers:
            if whisper.id not in self._told:
                self._told.add(whisper.id)
                await self._commands.send(Command(type="delivered", call_id=call.call_id, ref=whisper.id))

    async def _listen(self) -> None:
        while True:
            event = await self._socket.receive()
            if event["type"] == "websocket.disconnect":
                raise WebSocketDisconnect
            seen = read(event.get("text"), self._limits.message_chars)
            if self._board.view.agent(seen.call_id) != self._agent:
                raise NotFound("no such call of yours is live")
            await self._commands.send(Command(type="seen", call_id=seen.call_id, ref=seen.id))

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._socket.send_text(text)
        except TimeoutError:
            raise Overloaded("this desk reads too slowly: connect again") from None


def read(text: str | None, most: int) -> _Seen:
    try:
        if text is not None and len(text) <= most:
            return _Seen.model_validate_json(text)
    except ValidationError:
        pass
    raise ProtocolError('a desk says {"type":"seen","call_id":…,"id":WHISPER} and nothing else')


async def _close_on(cause: BaseException, socket: WebSocket, within: float) -> None:
    if isinstance(cause, WebSocketDisconnect):
        return
    if not isinstance(cause, CallcueError):
        log.error("desk_failed", error=type(cause).__name__, where=innermost(cause))
        cause = CallcueError("the desk failed on the server's side")
    log.info("desk_closed", code=cause.code)
    reason = cause.message.encode()[:_REASON_BYTES].decode(errors="ignore")
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(within):
            await socket.close(cause.close_code, reason)


def _json(body: Any) -> Response:
    return Response(to_json(body), media_type="application/json")
