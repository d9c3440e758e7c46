"""What the node that owns a call is told: answers to alerts, whispers and what became of them, listening."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import structlog
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from service.listening import Listening
from service.telemetry.logs import innermost
from streaming.errors import CursorLost, ProtocolError
from streaming.ports import Bus
from streaming.session import CallSession

TOPIC = "commands"
_SEEN = 1024  # commands remembered, so that one brought twice is done once

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One person's act. `id` is unique: seen twice, it is to be done once.

    `ref` is the console's own; of ``delivered`` and ``seen`` it is the whisper's id, of ``listen`` and
    ``unlisten`` the listening's.
    """

    type: Literal["ack", "dismiss", "whisper", "delivered", "seen", "listen", "unlisten"]
    call_id: str
    alert_id: str | None = None
    text: str | None = None
    useful: bool | None = None
    by: str | None = None
    ref: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Commands(Protocol):
    """Where consoles put commands; the node that owns the call acts on them."""

    async def send(self, command: Command, /) -> None: ...


class BusCommands:
    """Publishes commands to every node; those that do not own the call pass over them."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def send(self, command: Command, /) -> None:
        await self._bus.publish(TOPIC, to_json(command))


def decode_command(payload: bytes) -> Command:
    """Raises ProtocolError, which names no value: a whisper's text is somebody's words."""
    try:
        return _ADAPTER.validate_json(payload)
    except ValidationError as error:
        kinds = ", ".join(sorted({fault["type"] for fault in error.errors(include_input=False)}))
        raise ProtocolError(f"not a command: {kinds}") from None


_ADAPTER = TypeAdapter(Command)


async def follow_commands(
    bus: Bus, session_of: Callable[[str], CallSession | None], listening: Listening
) -> None:
    """Until cancelled: act on the commands for calls that are on this node."""
    seen: dict[str, None] = {}
    while True:
        try:
            async with bus.subscribe(TOPIC) as stream:
                async for _, payload in stream:
                    _obey(payload, seen, session_of, listening)
            return
        except CursorLost:
            _log.warning("commands_lost")


def _obey(
    payload: bytes,
    seen: dict[str, None],
    session_of: Callable[[str], CallSession | None],
    listening: Listening,
) -> None:
    """Act on a command if its call is here; once, however often the bus brings it."""
    try:
        command = decode_command(payload)
    except ProtocolError:
        _log.warning("command_unreadable")
        return
    session = session_of(command.call_id)
    if session is None or command.id in seen:
        return
    seen[command.id] = None
    if len(seen) > _SEEN:
        del seen[next(iter(seen))]
    try:
        _act(command, session, listening)
    except Exception as error:  # supervision point: one call's failure; the other calls' commands go on
        _log.error(
            "command_failed", call_id=command.call_id, error=type(error).__name__, where=innermost(error)
        )


def _act(command: Command, session: CallSession, listening: Listening) -> None:
    match command:
        case Command(type="whisper", text=str() as text):
            session.whisper(whisper_id=command.id, text=text, by=command.by, alert_id=command.alert_id)
        case Command(type="ack" | "dismiss", alert_id=str() as alert_id):
            session.ack(alert_id, by=command.by, useful=command.useful, dismiss=command.type == "dismiss")
        case Command(type="delivered", ref=str() as whisper):
            session.whisper_delivered(whisper)
        case Command(type="seen", ref=str() as whisper):
            session.whisper_seen(whisper)
        case Command(type="listen", ref=str() as listener):
            listening.begin(command.call_id, listener, by=command.by)
        case Command(type="unlisten", ref=str() as listener):
            listening.end(command.call_id, listener)
        case _:
            _log.warning("command_incomplete")
