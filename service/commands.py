"""What a supervisor tells the node that owns a call: answers to alerts, and whispers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from streaming.errors import ProtocolError
from streaming.ports import Bus

TOPIC = "commands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One supervisor's act. `id` is unique: seen twice, it is to be done once; `ref` is the console's own."""

    type: Literal["ack", "dismiss", "whisper"]
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
