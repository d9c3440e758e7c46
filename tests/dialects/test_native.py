"""The native protocol: what a softphone may say, and what it is told when it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio import Encoding, interleave
from streaming.dialects import native
from streaming.dialects.base import Audio, Bye, Dialect, Hello, Limits, Ping, Seen
from streaming.errors import (
    FrameError,
    HelloError,
    Overloaded,
    PositionError,
    ProtocolError,
    UnsupportedCodec,
)
from streaming.events import AudioGap, CallInfo, Heard, NotJudged, Party, Profile, Scorecard, ScoreItem

HELLO: dict[str, Any] = {
    "type": "hello",
    "protocol": "callcue.v1",
    "call_id": "c-1",
    "encoding": "pcm_s16le",
    "rate": 8000,
    "channels": ["agent", "customer"],
}


def hello(**changes: Any) -> str:
    fields = {**HELLO, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def greeted(limits: Limits | None = None, **changes: Any) -> native.NativeDialect:
    dialect = native.NativeDialect(limits)
    dialect.receive_text(hello(**changes))
    return dialect


def frame(position: int = 0, samples: int = 160, *, step: int = 4) -> bytes:
    return position.to_bytes(4, "big") + b"\x01" * (samples * step)


def test_it_is_a_dialect() -> None:
    dialect: Dialect = native.NativeDialect()
    assert dialect.name == "native"


def test_a_hello_with_everything_becomes_the_calls_facts() -> None:
    (said,) = native.NativeDialect().receive_text(
        hello(
            encoding="mulaw",
            rate=16000,
            channels=["customer", "agent"],
            agent=" a7 ",
            team="billing",
            customer_name="Zoë Öztürk",
            profile="full",
            language="en-GB",
            resume="tok.en-1",
        )
    )
    assert said == Hello(
        call=CallInfo(
            call_id="c-1",
            parties=(Party.CUSTOMER, Party.AGENT),
            agent="a7",
            team="billing",
            customer_name="Zoë Öztürk",
            language="en",
        ),
        encoding=Encoding.MULAW,
        rate=16000,
        profile=Profile.FULL,
        resume="tok.en-1",
    )


def test_a_minimal_hello_leaves_the_profile_to_the_server() -> None:
    (said,) = native.NativeDialect().receive_text(hello(agent="  ", customer_name=None))
    assert isinstance(said, Hello)
    assert (said.profile, said.resume, said.call.agent, said.call.customer_name) == (None, None, None, None)


def test_the_clients_hello_is_read_back_as_it_was_meant() -> None:
    call = CallInfo(
        call_id="x:1", parties=(Party.AGENT,), agent="a", team="t", customer_name="n", language="de"
    )
    text = native.hello_message(call, Encoding.ALAW, 8000, profile=Profile.TRAINING, resume="r")
    assert native.NativeDialect().receive_text(text) == [
        Hello(call=call, encoding=Encoding.ALAW, rate=8000, profile=Profile.TRAINING, resume="r")
    ]


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", HelloError, "one JSON object"),
        ("{", HelloError, "not JSON"),
        ("[1]", HelloError, "JSON of another kind"),
        ("null", HelloError, "another kind"),
        ("UklGRiQAAABXQVZF", HelloError, "not JSON"),
        (hello(rate=...).replace("}", ', "rate": NaN}'), HelloError, "not JSON"),
        ('{"type":"hello","agent":"\\ud800"}', HelloError, "not JSON"),
        ("[" * 100_000, ProtocolError, "at most 65536 characters"),
        ("[" * 60_000, HelloError, "not JSON"),
        ("{}", HelloError, "needs field 'type'"),
        (hello(type="bye"), HelloError, "field 'type'"),
        (hello(protocol="callcue.v2"), HelloError, "callcue.v1"),
        (hello(protocol=...), HelloError, "needs field 'protocol'"),
        (hello(call_id=...), HelloError, "needs field 'call_id'"),
        (hello(call_id=""), HelloError, "'call_id': 1 to 128"),
        (hello(call_id="../../etc"), HelloError, "'call_id'"),
        (hello(call_id="a\n"), HelloError, "'call_id'"),
        (hello(call_id="a" * 129), HelloError, "'call_id'"),
        (hello(call_id=7), HelloError, "'call_id'"),
        (hello(encoding="opus"), UnsupportedCodec, "mulaw, alaw, pcm_s16le, pcm_f32le"),
        (hello(encoding=None), HelloError, "'encoding'"),
        (hello(rate=7999), UnsupportedCodec, "8000 to 48000"),
        (hello(rate=48001), UnsupportedCodec, "8000 to 48000"),
        (hello(rate="8000"), HelloError, "'rate'"),
        (hello(rate=8000.0), HelloError, "'rate'"),
        (hello(rate=True), HelloError, "'rate'"),
        (hello(channels=[]), HelloError, "'channels'"),
        (hello(channels="agent"), HelloError, "'channels'"),
        (hello(channels=["agent", "agent"]), HelloError, "'channels'"),
        (hello(channels=["agent", "customer", "agent"]), HelloError, "'channels'"),
        (hello(channels=["agent", "supervisor"]), HelloError, "'channels'"),
        (hello(agent="x" * 129), HelloError, "'agent'"),
        (hello(team="a\u0000b"), HelloError, "'team'"),
        (hello(customer_name=["Sue"]), HelloError, "'customer_name'"),
        (hello(profile="everything"), HelloError, "eu-workplace, training, full"),
        (hello(language="English please"), HelloError, "'language'"),
        (hello(resume=""), HelloError, "'resume'"),
        (hello(customername="Sue"), HelloError, "not known here; known are type, protocol"),
    ],
)
def test_a_wrong_hello_is_refused_and_says_what_to_send(
    text: str, error: type[ProtocolError], says: str
) -> None:
    with pytest.raises(error, match=says) as refused:
        native.NativeDialect().receive_text(text)
    assert type(refused.value) is error


def test_a_refusal_never_repeats_what_was_sent() -> None:
    for wrong in (
        {"customer_name": ["Suzanne"]},
        {"Suzanne": 1},
        {"agent": "Suz\nanne"},
        {"call_id": "Suzanne!"},
    ):
        with pytest.raises(HelloError) as refused:
            native.NativeDialect().receive_text(hello(**wrong))
        assert "Suz" not in refused.value.message


def test_audio_before_the_hello_is_refused() -> None:
    with pytest.raises(HelloError, match="hello first"):
        native.NativeDialect().receive_bytes(frame())


def test_interleaved_audio_comes_apart_by_party() -> None:
    wire = native.audio_message(800, interleave(Encoding.PCM_S16LE, (b"aabb", b"XXYY")))
    assert greeted().receive_bytes(wire) == [
        Audio(party=Party.AGENT, position=800, data=b"aabb"),
        Audio(party=Party.CUSTOMER, position=800, data=b"XXYY"),
    ]
    assert greeted(channels=["customer"], encoding="alaw").receive_bytes(b"\x00\x00\x00\x05abc") == [
        Audio(party=Party.CUSTOMER, position=5, data=b"abc")
    ]


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", FrameError, "4-byte"),
        (b"\x00\x00\x00", FrameError, "4-byte"),
        (b"\x00\x00\x00\x00", FrameError, "at least one sample"),
        (frame()[:-1], FrameError, "multiple of 4 bytes: 2 channel"),
        (frame()[:-2], FrameError, "multiple of 4 bytes"),
        (frame(samples=16_001), FrameError, "at most 2 s"),
        (b"\x00" * 20 * 2**20, FrameError, "at most 2 s"),
        (frame(2**32 - 159), PositionError, "do not wrap"),
    ],
)
def test_a_wrong_frame_is_refused_and_says_what_to_send(
    data: bytes, error: type[ProtocolError], says: str
) -> None:
    with pytest.raises(error, match=says):
        greeted().receive_bytes(data)


def test_the_last_position_of_all_can_still_be_used() -> None:
    assert len(greeted().receive_bytes(frame(2**32 - 160))) == 2
    assert len(greeted().receive_bytes(frame(samples=16_000))) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello?", "not JSON"),
        ("7", "another kind"),
        (hello(), "second hello"),
        ("{}", "not known"),
        ('{"type":"audio","data":"UklGR"}', "send binary audio"),
        ('{"type":["bye"]}', "not known"),
        ('{"type":"bye","reason":"she shouted"}', "not known"),
        ('{"type":"seen"}', "not known"),
        ('{"type":"seen","id":""}', "not known"),
        ('{"type":"ping","id":-1}', "not known"),
        ('{"type":"ping","id":1e400}', "not JSON|not known"),
        (" " * 65_537, "at most 65536 characters"),
    ],
)
def test_a_wrong_control_message_is_refused(text: str, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        greeted().receive_text(text)


def test_control_messages_are_understood() -> None:
    dialect = greeted()
    assert dialect.receive_text(native.seen_message("w1")) == [Seen(whisper_id="w1")]
    assert dialect.receive_text(native.ping_message(7)) == [Ping(id=7)]
    assert dialect.receive_text(native.ping_message()) == [Ping()]
    assert dialect.receive_text(native.bye_message("hangup")) == [Bye(reason="hangup")]


def test_what_follows_bye_is_ignored() -> None:
    dialect = greeted()
    dialect.receive_text(native.bye_message())
    assert dialect.receive_text("garbage") == dialect.receive_bytes(b"garbage") == []


SCORECARD = Scorecard(
    at=61.5,
    items=(ScoreItem(behaviour="name.use", opportunities=2, delivered=1, missed=1, harmful=0, rate=0.5),),
    heard=(Heard(speaker=Party.AGENT, audio=60.0, speech=30.0, lost=1.0, words=80, held_back=2),),
    not_judged=(NotJudged(behaviour="tone.flat", reason="profile"),),
)


def test_everything_the_server_says_is_one_json_text() -> None:
    dialect = greeted()
    gap = AudioGap(speaker=Party.AGENT, start=1.0, end=2.5, reason="lost")
    frames = [
        *dialect.ready(800, "tok"),
        *dialect.ack(1600, 2400),
        *dialect.gap(gap),
        *dialect.warn("quiet", "nothing heard"),
        *dialect.whisper("w1", "“Breathe” – ünder"),
        *dialect.pong(Ping(id=3)),
        *dialect.error(Overloaded("come back", retry_after=5)),
        *dialect.done(None),
    ]
    assert [json.loads(text) for text in frames] == [
        {"type": "ready", "protocol": "callcue.v1", "position": 800, "resume": "tok"},
        {"type": "ack", "position": 1600, "heard": 2400},
        {"type": "gap", "party": "agent", "start": 1.0, "end": 2.5, "reason": "lost"},
        {"type": "warn", "code": "quiet", "message": "nothing heard"},
        {"type": "whisper", "id": "w1", "text": "“Breathe” – ünder"},
        {"type": "pong", "id": 3},
        {"type": "error", "code": "overloaded", "message": "come back", "retryable": True, "retry_after": 5},
        {"type": "done", "scorecard": None},
    ]


def test_done_carries_the_scorecard() -> None:
    (text,) = greeted().done(SCORECARD)
    card = json.loads(text)["scorecard"]
    assert card["items"][0]["rate"] == 0.5
    assert card["heard"][0]["speaker"] == "agent"
    assert card["not_judged"] == [{"behaviour": "tone.flat", "reason": "profile"}]


wild_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
near_hellos = st.dictionaries(
    st.sampled_from([*HELLO, "agent", "language", "profile", "resume"]), wild_json
).map(lambda changes: json.dumps({**HELLO, **changes}))
texts = st.text(max_size=300) | wild_json.map(json.dumps) | near_hellos
near_controls = st.dictionaries(
    st.sampled_from(["type", "id", "reason"]), wild_json | st.sampled_from(["bye", "seen", "ping"])
).map(json.dumps)


@given(texts, st.lists(near_controls | texts | st.binary(max_size=100), max_size=5))
def test_nothing_a_peer_sends_raises_anything_but_a_protocol_error(
    first: str, rest: list[str | bytes]
) -> None:
    for dialect in (native.NativeDialect(), greeted()):
        for message in (first, *rest):
            try:
                if isinstance(message, str):
                    dialect.receive_text(message)
                else:
                    dialect.receive_bytes(message)
            except ProtocolError as refused:
                assert refused.message
