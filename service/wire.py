"""The one codec of events: dataclasses inside, JSON at the edges.

Every byte that leaves or enters the process as an event (store, bus, console, HTTP) goes through here.
Decoding is strict (no ``"1"`` for a number) but ignores unknown keys, so that nodes of two releases can
share a bus during an upgrade. Errors name the place and the kind of fault, never the value found there:
events carry people's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaMode
from pydantic_core import PydanticSerializationError, to_jsonable_python
from pydantic_core import to_json as _dump

from streaming.errors import HelloError, ProtocolError
from streaming.events import CallInfo, Event, Party, Profile, Record

_FINITE = ConfigDict(allow_inf_nan=False)
_TaggedEvent = Annotated[Event, Field(discriminator="type")]
_CallId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$")]
_Label = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _WireRecord:
    """One line of a call's log; `seq` is dense from 1 within the call, 0 for a passing record."""

    __pydantic_config__: ClassVar[ConfigDict] = _FINITE

    call_id: Annotated[str, Field(min_length=1)]
    seq: Annotated[int, Field(ge=0, lt=2**31)]
    event: _TaggedEvent


class _WireCallInfo(BaseModel):
    """What a client may say of a call; the limits are those of the store's columns."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    call_id: _CallId
    parties: Annotated[tuple[Party, ...], Field(min_length=1, max_length=2)] = (Party.AGENT, Party.CUSTOMER)
    agent: _Label | None = None
    team: _Label | None = None
    customer_name: _Label | None = None
    profile: Profile = Profile.EU_WORKPLACE
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    source: Literal["live", "recording", "replay"] = "live"
    started_at: Annotated[float, Field(ge=0)] = 0.0


@cache
def _events() -> TypeAdapter[Event]:
    return TypeAdapter(_TaggedEvent, config=_FINITE)


@cache
def _records() -> TypeAdapter[_WireRecord]:
    return TypeAdapter(_WireRecord)


def encode_event(event: Event) -> bytes:
    """`event` as JSON; raises ProtocolError when what is written could not be read back (a NaN)."""
    data = _written(event)
    # NaN is written as null. Only an encoding with a null in it can hide one, and few do.
    if b"null" in data:
        decode_event(data)
    return data


def decode_event(data: bytes | str) -> Event:
    """Raises ProtocolError."""
    try:
        return _events().validate_json(data, strict=True)
    except ValidationError as error:
        raise ProtocolError(f"not an event: {_faults(error)}") from None


class Written(bytes):
    """A record's JSON that still knows the record: whoever gets it in this process need not read it again."""

    record: Record


def write_record(record: Record) -> Written:
    """As `encode_record`."""
    written = Written(encode_record(record))
    written.record = record
    return written


def encode_record(record: Record) -> bytes:
    """`record` as JSON; raises ProtocolError as `encode_event` does."""
    data = _written(record)
    if b"null" in data:
        decode_record(data)
    return data


def decode_record(data: bytes | str) -> Record:
    """Raises ProtocolError."""
    try:
        read = _records().validate_json(data, strict=True)
    except ValidationError as error:
        raise ProtocolError(f"not a record: {_faults(error)}") from None
    return Record(call_id=read.call_id, seq=read.seq, event=read.event)


def to_json(obj: object) -> dict[str, Any]:
    """Any dataclass of the vocabulary (or one built of them) as plain JSON types."""
    return cast(dict[str, Any], to_jsonable_python(obj))


def call_info(data: Mapping[str, Any]) -> CallInfo:
    """What a client said of its call, checked; raises HelloError naming the fields at fault."""
    try:
        said = _WireCallInfo.model_validate(dict(data))
    except ValidationError as error:
        raise HelloError(f"call description: {_faults(error)}") from None
    if len(set(said.parties)) != len(said.parties):
        raise HelloError("call description: parties: each party may have one channel only")
    return CallInfo(**{name: getattr(said, name) for name in _WireCallInfo.model_fields})


def event_schema() -> dict[str, Any]:
    """JSON Schema of `Record`, `Event` and every event as they are written; the root is `Record`."""
    mode: JsonSchemaMode = "serialization"
    _, schema = TypeAdapter.json_schemas([("Event", mode, _events()), ("Record", mode, _records())])
    refs, _ = TypeAdapter.json_schemas([("Event", mode, _events())])
    defs = dict(schema["$defs"])
    defs["Record"] = defs.pop("_WireRecord") | {"title": "Record"}
    defs["Event"] = refs["Event", mode] | {"title": "Event"}
    defs["Record"]["properties"]["event"] = {"$ref": "#/$defs/Event"}
    for definition in defs.values():
        if "properties" in definition:  # defaults are written out, so a reader finds every field
            definition["required"] = list(definition["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "callcue events",
        "$ref": "#/$defs/Record",
        "$defs": defs,
    }


def _written(obj: Event | Record) -> bytes:
    try:
        return _dump(obj, inf_nan_mode="null")
    except (PydanticSerializationError, UnicodeEncodeError):  # half a surrogate pair is no text
        raise ProtocolError("not an event: it holds what JSON cannot") from None


def _faults(error: ValidationError) -> str:
    """Where and what, for at most three faults, without the input."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(map(_place, fault['loc'])) or 'document'}: {fault['type']}" for fault in faults[:3]]
    return "; ".join(told) + ("; …" if len(faults) > 3 else "")


def _place(step: int | str) -> str:
    """A key the sender made up is its words, too: only what looks like a field name is repeated."""
    return str(step) if isinstance(step, int) or (step.isidentifier() and len(step) <= 32) else "?"
