"""The codec: what is written is read back the same, and what is malformed is told without its words."""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.wire import (
    call_info,
    decode_event,
    decode_record,
    encode_event,
    encode_record,
    event_schema,
    to_json,
)
from streaming.errors import HelloError, ProtocolError
from streaming.events import CallInfo, CallStarted, Event, Party, Profile, Record, Signal, Tick, Whisper

EVENTS = typing.get_args(Event)
numbers = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, numbers)
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=40))


@given(event=st.one_of(*(st.builds(kind) for kind in EVENTS)), seq=st.integers(0, 2**31 - 1))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
def test_every_event_is_read_back_as_it_was_written(event: Event, seq: int) -> None:
    record = Record(call_id="call-1", seq=seq, event=event)
    assert decode_record(encode_record(record)) == record
    assert decode_event(encode_event(event)) == event
    assert to_json(record) == json.loads(encode_record(record))


def test_keys_of_a_newer_release_are_ignored() -> None:
    assert decode_event(b'{"type":"tick","at":1.5,"mood":"new"}') == Tick(at=1.5)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "json_invalid"),
        (b"[]", "dataclass_type"),
        (b'{"call_id":"c","seq":1}', "event: missing"),
        (b'{"call_id":"c","seq":-1,"event":{"type":"tick","at":1}}', "seq: greater_than_equal"),
        (b'{"call_id":"c","seq":"1","event":{"type":"tick","at":1}}', "seq: int_type"),
        (b'{"call_id":"c","seq":1,"event":{"type":"no such"}}', "event: union_tag_invalid"),
        (b'{"call_id":"c","seq":1,"event":{"type":"tick","at":null}}', "event.tick.at: float_type"),
        (b'{"call_id":"c","seq":1,"event":{"type":"tick","at":NaN}}', "event.tick.at: finite_number"),
    ],
)
def test_a_malformed_record_is_refused_by_place_and_kind(data: bytes, told: str) -> None:
    with pytest.raises(ProtocolError, match=told):
        decode_record(data)


def test_a_refusal_repeats_nothing_that_was_said() -> None:
    data = json.dumps({"type": "whisper", "id": 7, "at": "Suzanne", "text": ["my card is 4111"]})
    with pytest.raises(ProtocolError) as refused:
        decode_event(data)
    assert "Suzanne" not in str(refused.value) and "4111" not in str(refused.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_cannot_be_read_back_is_refused_when_written(value: float) -> None:
    event = Signal(name="f0_sd", speaker=Party.AGENT, start=0, end=1, value=value)
    with pytest.raises(ProtocolError, match="value"):
        encode_event(event)
    with pytest.raises(ProtocolError, match="value"):
        encode_record(Record(call_id="c", seq=1, event=event))


def test_half_a_surrogate_pair_is_refused_when_written() -> None:
    with pytest.raises(ProtocolError):
        encode_event(Whisper(id="w1", at=1, text="\ud800"))


def test_schema_names_every_event_and_requires_every_field_that_is_written() -> None:
    schema = event_schema()
    definitions = schema["$defs"]
    assert schema["$ref"] == "#/$defs/Record"
    assert len(definitions["Event"]["oneOf"]) == len(EVENTS)
    for kind in EVENTS:
        names = [field.name for field in dataclasses.fields(kind)]
        assert definitions[kind.__name__]["required"] == names
    assert not [ref for ref in _refs(schema) if ref.removeprefix("#/$defs/") not in definitions]


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return found + [ref for value in node.values() for ref in _refs(value)]
    return [ref for item in node for ref in _refs(item)] if isinstance(node, list) else []


def test_a_call_description_is_read_with_its_defaults() -> None:
    said = {"call_id": "c-1", "parties": ["customer"], "agent": " Ann ", "profile": "full", "team": None}
    assert call_info(said) == CallInfo(
        call_id="c-1", parties=(Party.CUSTOMER,), agent="Ann", profile=Profile.FULL
    )
    assert decode_event(encode_event(CallStarted(call=call_info(said)))) == CallStarted(call=call_info(said))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "call_id: missing"),
        ({"call_id": ""}, "call_id"),
        ({"call_id": "../etc"}, "call_id"),
        ({"call_id": "c\n"}, "call_id"),
        ({"call_id": "c" * 129}, "call_id"),
        ({"call_id": "c", "parties": []}, "parties: too_short"),
        ({"call_id": "c", "parties": ["agent", "agent"]}, "one channel"),
        ({"call_id": "c", "parties": ["robot"]}, "parties.0: enum"),
        ({"call_id": "c", "agent": "x" * 129}, "agent"),
        ({"call_id": "c", "customer_name": "A\x00B"}, "customer_name"),
        ({"call_id": "c", "profile": "none"}, "profile: enum"),
        ({"call_id": "c", "started_at": math.nan}, "started_at"),
        ({"call_id": "c", "agnet": "Ann"}, "agnet: extra_forbidden"),
    ],
)
def test_a_bad_call_description_names_the_field(said: dict[str, Any], told: str) -> None:
    with pytest.raises(HelloError, match=told):
        call_info(said)
