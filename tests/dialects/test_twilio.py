"""Twilio Media Streams as on the wire."""

from __future__ import annotations

import base64
import json
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.audio import ChannelTrack, Chunk, Encoding, Gap, decode
from streaming.dialects.base import Audio, Bye, Dialect, Dtmf, Hello, Incoming, Mark, Ping
from streaming.dialects.reorder import Reorder
from streaming.dialects.twilio import TwilioDialect
from streaming.dialects.twilio_client import FRAME, TwilioClient, client_messages
from streaming.errors import FrameError, HelloError, PositionError, ProtocolError, UnsupportedCodec
from streaming.events import Party, Profile

SID = "MZ" + "1" * 32
CALL = "CA" + "2" * 32
START: dict[str, Any] = {
    "streamSid": SID,
    "accountSid": "AC" + "3" * 32,
    "callSid": CALL,
    "tracks": ["inbound", "outbound"],
    "customParameters": {},
    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
}


def start(**changes: Any) -> str:
    body = {name: value for name, value in {**START, **changes}.items() if value is not ...}
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": SID, "start": body})


def media(at: object = "0", chunk: object = "1", data: bytes = b"\xff" * 160, **changes: Any) -> str:
    body = {
        "track": "inbound",
        "timestamp": at,
        "chunk": chunk,
        "payload": base64.b64encode(data).decode(),
        **changes,
    }
    body = {name: value for name, value in body.items() if value is not ...}
    return json.dumps({"event": "media", "sequenceNumber": "5", "streamSid": SID, "media": body})


def event(name: str, body: object) -> str:
    return json.dumps({"event": name, "sequenceNumber": "9", "streamSid": SID, name: body})


def started(**changes: Any) -> TwilioDialect:
    dialect = TwilioDialect()
    dialect.receive_text('{"event":"connected","protocol":"Call","version":"1.0.0"}')
    dialect.receive_text(start(**changes))
    return dialect


def positions(dialect: TwilioDialect, messages: list[str]) -> list[int]:
    out: list[Incoming] = [item for text in messages for item in dialect.receive_text(text)]
    return [item.position for item in out if isinstance(item, Audio)]


def test_it_is_a_dialect_that_says_nothing() -> None:
    dialect: Dialect = TwilioDialect()
    assert dialect.ready(0, "r") == dialect.ack(1, 2) == dialect.whisper("w", "t") == dialect.done(None) == []
    assert dialect.warn("w", "m") == dialect.pong(Ping()) == dialect.error(ProtocolError("x")) == []


def test_a_stream_as_documented_is_heard_to_its_end() -> None:
    dialect = TwilioDialect()
    assert dialect.receive_text('{"event":"connected","protocol":"Call","version":"1.0.0"}') == []
    (hello,) = dialect.receive_text(start(customParameters={"agent": "a7", "team": "", "unheard_of": "x"}))
    assert isinstance(hello, Hello)
    assert (hello.call.call_id, hello.call.agent, hello.call.team) == (CALL, "a7", None)
    assert hello.call.parties == (Party.CUSTOMER, Party.AGENT)
    assert (hello.encoding, hello.rate, hello.profile) == (Encoding.MULAW, 8000, None)
    assert dialect.receive_text(media("270", "4", b"abc")) == [
        Audio(party=Party.CUSTOMER, position=2160, data=b"abc")
    ]
    assert dialect.receive_text(media("270", "4", b"xyz", track="outbound")) == [
        Audio(party=Party.AGENT, position=2160, data=b"xyz")
    ]
    assert dialect.receive_text(event("dtmf", {"track": "inbound_track", "digit": "1"})) == [
        Dtmf(party=Party.CUSTOMER, digit="1")
    ]
    assert dialect.receive_text(event("mark", {"name": "x"})) == [Mark(name="x")]
    assert dialect.receive_text(event("stop", {"callSid": CALL})) == [Bye(reason="stop")]
    assert dialect.receive_text("anything") == dialect.receive_bytes(b"anything") == []


@pytest.mark.parametrize(
    ("agent_track", "tracks", "parties"),
    [
        (None, ["inbound", "outbound"], (Party.CUSTOMER, Party.AGENT)),
        ("outbound", ["inbound", "outbound"], (Party.CUSTOMER, Party.AGENT)),
        ("inbound", ["inbound", "outbound"], (Party.AGENT, Party.CUSTOMER)),
        ("inbound", ["outbound", "inbound"], (Party.CUSTOMER, Party.AGENT)),
        (None, ["inbound"], (Party.CUSTOMER,)),
        ("inbound", ["inbound"], (Party.AGENT,)),
    ],
)
def test_the_role_map_says_which_track_is_the_agent(
    agent_track: str | None, tracks: list[str], parties: tuple[Party, ...]
) -> None:
    custom = {"agent_track": agent_track} if agent_track else {}
    (hello,) = TwilioDialect().receive_text(start(tracks=tracks, customParameters=custom))
    assert isinstance(hello, Hello)
    assert hello.call.parties == parties


def test_custom_parameters_give_the_calls_facts() -> None:
    custom = {
        "call_id": "our-1",
        "customer_name": "Zoë",
        "profile": "training",
        "language": "de-AT",
        "team": "b",
    }
    (hello,) = TwilioDialect().receive_text(start(customParameters=custom))
    assert isinstance(hello, Hello)
    assert (hello.call.call_id, hello.call.customer_name, hello.call.language) == ("our-1", "Zoë", "de")
    assert (hello.profile, hello.call.team) == (Profile.TRAINING, "b")


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("{", HelloError, "not JSON"),
        ("[]", HelloError, "another kind"),
        ("{}", HelloError, "start message must come before"),
        (media(), HelloError, "start message must come before"),
        (event("stop", {}), HelloError, "start message must come before"),
        ('{"event":"start"}', HelloError, "needs field 'callSid'"),
        ('{"event":"start","start":7}', HelloError, "needs field 'callSid'"),
        (start(callSid=...), HelloError, "'callSid'"),
        (start(callSid="a b"), HelloError, "'callSid'"),
        (start(tracks=...), HelloError, "'tracks'"),
        (start(tracks=["inbound", "inbound"]), HelloError, "'tracks'"),
        (start(tracks=["both_tracks"]), HelloError, "'tracks'"),
        (start(mediaFormat=...), HelloError, "'mediaFormat'"),
        (
            start(mediaFormat={"encoding": "audio/opus", "sampleRate": 8000}),
            UnsupportedCodec,
            "audio/x-mulaw",
        ),
        (start(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 16000}), UnsupportedCodec, "8000"),
        (start(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": "NaN"}), HelloError, "'mediaFormat'"),
        (start(customParameters=[]), HelloError, "'customParameters'"),
        (start(customParameters={"agent_track": "caller"}), HelloError, '"inbound" or "outbound"'),
        (start(customParameters={"call_id": "../x"}), HelloError, "'call_id'"),
        (start(customParameters={"profile": "all"}), HelloError, "'profile'"),
        (start(customParameters={"agent": "a\u0000"}), HelloError, "'agent'"),
    ],
)
def test_a_wrong_start_is_refused_and_says_what_to_set(
    text: str, error: type[ProtocolError], says: str
) -> None:
    with pytest.raises(error, match=says) as refused:
        TwilioDialect().receive_text(text)
    assert type(refused.value) is error


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("{", ProtocolError, "not JSON"),
        (start(), ProtocolError, "second start"),
        (event("media", None), ProtocolError, "needs field 'track'"),
        (media(track="both"), ProtocolError, "'track'"),
        (media(track="outbound"), ProtocolError, "did not announce"),
        (media(at=...), ProtocolError, "'timestamp'"),
        (media(at="-1"), ProtocolError, "'timestamp'"),
        (media(at="1.5"), ProtocolError, "'timestamp'"),
        (media(at="٣"), ProtocolError, "'timestamp'"),
        (media(at="9" * 5000), ProtocolError, "'timestamp'"),
        (media(at="9" * 15), PositionError, "timestamp is too large"),
        (media(chunk="x"), ProtocolError, "'chunk'"),
        (media(payload=...), ProtocolError, "'payload'"),
        (media(payload=7), ProtocolError, "'payload'"),
        (media(payload="not base64!"), FrameError, "base64"),
        (media(payload="abc"), FrameError, "base64"),
        (media(payload="ünïcode="), FrameError, "base64"),
        (media(payload=""), FrameError, "must hold audio"),
        (media(data=b"\xff" * 16_001), FrameError, "at most 2 s"),
        (media().replace(SID, "MZ" + "9" * 32), ProtocolError, "another stream"),
        (" " * 70_000, ProtocolError, "65536"),
    ],
)
def test_a_wrong_message_of_a_running_stream_is_refused(
    text: str, error: type[ProtocolError], says: str
) -> None:
    with pytest.raises(error, match=says) as refused:
        started(tracks=["inbound"]).receive_text(text)
    assert type(refused.value) is error


def test_binary_is_refused_and_pointed_to_the_right_address() -> None:
    with pytest.raises(ProtocolError, match="/v1/calls/stream"):
        started().receive_bytes(b"\x00" * 160)


@pytest.mark.parametrize(
    "text",
    [
        event("dtmf", {"track": "inbound_track"}),
        event("dtmf", {"digit": "12", "track": "inbound_track"}),
        event("dtmf", None),
        event("mark", {}),
        event("tomorrows-news", {"a": 1}),
        '{"event": ["media"]}',
        '{"event": null}',
    ],
)
def test_what_costs_nothing_to_ignore_does_not_cost_the_call(text: str) -> None:
    dialect = started()
    assert dialect.receive_text(text) == []
    assert len(dialect.receive_text(media())) == 1


@pytest.mark.parametrize("wobble", [[0, 0, 0, 0, 0], [102, 122, 143, 161, 184], [5, 31, 40, 71, 80]])
def test_wobbling_timestamps_leave_the_audio_contiguous(wobble: list[int]) -> None:
    step = [20 * i if not any(wobble) else at for i, at in enumerate(wobble)]
    heard = positions(started(), [media(str(at), str(i + 1)) for i, at in enumerate(step)])
    assert heard == [step[0] * 8 + 160 * i for i in range(5)]


def test_lost_frames_leave_a_gap_of_their_number() -> None:
    kept = [0, 1, 2, 7, 8]
    heard = positions(started(), [media(str(20 * i + i % 2), str(i + 1)) for i in kept])
    heard += positions(started(), [])
    assert heard == [0, 160, 320]
    dialect = started()
    texts = [media(str(20 * i), str(i + 1)) for i in (0, 1, 4, 5, 6, 7, 8)]
    assert positions(dialect, texts) == [160 * i for i in (0, 1, 4, 5, 6, 7, 8)]


def test_what_waits_for_a_lost_frame_is_heard_at_the_stop() -> None:
    dialect = started()
    texts = [media("0", "1"), media("60", "4"), event("stop", {})]
    assert positions(dialect, texts) == [0, 480]


def test_a_silent_stretch_with_no_frame_lost_is_believed_by_its_timestamp() -> None:
    texts = [media("0", "1"), media("5000", "2"), media("5020", "3")]
    assert positions(started(), texts) == [0, 40_000, 40_160]


def test_new_frames_with_an_old_timestamp_follow_what_was_there() -> None:
    texts = [media("1000", "1"), media("1020", "2"), media("500", "3"), media("520", "4")]
    assert positions(started(), texts) == [8000, 8160, 8320, 8480]


def test_numbers_that_run_across_both_tracks_do_not_look_like_loss() -> None:
    dialect, texts = started(), []
    for i in range(20):
        texts.append(media(str(20 * i), str(2 * i + 1)))
        texts.append(media(str(20 * i), str(2 * i + 2), track="outbound"))
    assert positions(dialect, texts) == [160 * i for i in range(20) for _ in range(2)]


@pytest.mark.parametrize("chunk", [..., "1"], ids=["none", "constant"])
def test_platforms_without_usable_numbers_are_heard_by_timestamp(chunk: object) -> None:
    texts = [media(str(20 * i), chunk) for i in (0, 1, 2, 3, 3, 9, 10, 11, 12, 13, 14)]
    assert positions(started(), texts) == [160 * i for i in (0, 1, 2, 3, 9, 10, 11, 12, 13, 14)]


def test_a_frame_sent_twice_is_heard_once() -> None:
    assert positions(started(), [media("0", "1"), media("20", "2"), media("20", "2"), media("40", "3")]) == [
        0,
        160,
        320,
    ]


def test_numbers_instead_of_strings_are_accepted_too() -> None:
    assert positions(started(), [media(20, 1)]) == [160]


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(20, 120))
def test_frames_shuffled_a_little_come_out_in_order_and_whole(rng: Random, count: int) -> None:
    frames = [(i, bytes([i % 251]) * 160) for i in range(1, count)]
    for at in range(0, len(frames), 4):
        part = frames[at : at + 4]
        rng.shuffle(part)
        frames[at : at + 4] = part
    track, out = Reorder(8000), []
    out += track.push(0, 1, b"\x00" * 160)
    for i, data in frames:
        out += track.push(i * 160, i + 1, data)
    out += track.flush()
    assert [position for position, _ in out] == [160 * i for i in range(count)]
    assert b"".join(data for _, data in out) == b"".join(bytes([i % 251]) * 160 for i in range(count))


@settings(deadline=None)
@given(st.sets(st.integers(0, 99), max_size=40), st.lists(st.integers(-4, 4), min_size=100, max_size=100))
def test_with_any_frames_lost_and_jitter_the_rest_lies_where_it_was(
    lost: set[int], wobble: list[int]
) -> None:
    track, out = Reorder(8000), []
    for i in range(100):
        if i not in lost:
            at = 20 * i + 100 + wobble[i]
            out += track.push(at * 8, i + 1, bytes([i]) * 160)
    out += track.flush()
    assert [data[0] for _, data in out] == [i for i in range(100) if i not in lost]
    assert all(abs(position - (160 * data[0] + 800)) <= 80 for position, data in out)


def test_a_whole_stream_from_the_client_is_the_audio_that_went_in() -> None:
    rng = np.random.default_rng(3)
    sent = {"inbound": rng.bytes(4_050), "outbound": rng.bytes(2_000)}
    dialect, times = TwilioDialect(), []
    heard = {Party.AGENT: b"", Party.CUSTOMER: b""}
    for at, text in client_messages("call-1", sent, custom={"agent_track": "outbound"}):  # type: ignore[arg-type]
        times.append(at)
        for item in dialect.receive_text(text):
            if isinstance(item, Audio):
                assert item.position == len(heard[item.party])
                heard[item.party] += item.data
    assert heard == {Party.CUSTOMER: sent["inbound"], Party.AGENT: sent["outbound"]}
    assert times == sorted(times)
    assert dialect.receive_text("{") == []


def test_the_clients_messages_have_string_numbers() -> None:
    client = TwilioClient("c")
    client.connected()
    client.start()
    message = json.loads(client.media("inbound", FRAME * 3, b"\xff" * FRAME))
    assert (message["sequenceNumber"], message["media"]["chunk"], message["media"]["timestamp"]) == (
        "2",
        "1",
        "60",
    )


def test_a_loss_on_the_wire_is_a_gap_on_the_timeline() -> None:
    track, items = ChannelTrack(8000), []
    dialect = started()
    for i in (*range(50), *range(100, 150)):
        for item in dialect.receive_text(media(str(20 * i), str(i + 1))):
            if isinstance(item, Audio):
                items += track.push(item.position, decode(Encoding.MULAW, item.data))
    assert [item for item in items if isinstance(item, Gap)] == [Gap(start=1.0, end=2.0)]
    assert isinstance(items[-1], Chunk)


wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
near_media = st.fixed_dictionaries(
    {},
    optional={
        "track": wild | st.sampled_from(["inbound", "outbound"]),
        "timestamp": wild | st.integers(0, 10**16).map(str),
        "chunk": wild | st.integers(0, 10**16).map(str),
        "payload": wild | st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode()),
    },
).map(lambda body: event("media", body))
near_starts = st.dictionaries(st.sampled_from(list(START)), wild).map(lambda changes: start(**changes))
other = st.sampled_from(["dtmf", "mark", "stop", "connected"]).flatmap(
    lambda n: wild.map(lambda b: event(n, b))
)


@given(
    st.lists(near_media | near_starts | other | wild.map(json.dumps) | st.text() | st.binary(), max_size=8)
)
def test_nothing_a_peer_sends_raises_anything_but_a_protocol_error(messages: list[str | bytes]) -> None:
    for dialect in (TwilioDialect(), started()):
        for message in messages:
            try:
                if isinstance(message, str):
                    dialect.receive_text(message)
                else:
                    dialect.receive_bytes(message)
            except ProtocolError as refused:
                assert refused.message
