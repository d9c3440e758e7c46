"""Whatever a softphone sends: a documented close, one log line, and no harm to anybody else's call."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

import pytest

from streaming.audio import Encoding, encode
from streaming.dialects.native import audio_message
from streaming.events import AudioGap, CallEnded
from tests.service.attack import attacker, closings, excerpt, gone, hello, new_id, refused, silence, tone
from tests.service.conftest import Scene

pytestmark = [pytest.mark.weights, pytest.mark.asyncio(loop_scope="module")]

DEEP = '{"a":' * 20_000 + "1" + "}" * 20_000
SECRET = "Suzanne-Miller-5520917"


async def check_refusal(
    scene: Scene, code: str, close: int, says: str, *messages: object, **options: Any
) -> dict[str, Any]:
    before = scene.refusals(code)
    got, error = await refused(scene.service, *messages, **options)
    assert got == close
    assert error is not None and error["code"] == code
    assert says in error["message"], error["message"]
    assert SECRET not in json.dumps(error)
    scene.one_line(code)
    assert SECRET not in json.dumps(scene.logs)
    assert scene.refusals(code) == before + 1
    return error


@pytest.mark.parametrize(
    ("first", "says"),
    [
        pytest.param(b"\x00\x00\x00\x00" + silence(160), "send the JSON hello first", id="audio-first"),
        pytest.param("hello", "JSON", id="no-json"),
        pytest.param("[1,2]", "one JSON object", id="json-of-another-kind"),
        pytest.param(DEEP[:60_000], "JSON", id="json-bomb"),
        pytest.param(DEEP[:30_000].rstrip("{") + "1", "JSON", id="json-bomb-unclosed"),
        pytest.param('{"type":"hello"}', "'protocol'", id="missing-fields"),
        pytest.param(hello(protocol="callcue.v9"), '"callcue.v1"', id="other-protocol"),
        pytest.param({k: v for k, v in hello().items() if k != "call_id"}, "'call_id'", id="no-call-id"),
        pytest.param(hello(call_id="../../etc/" + SECRET), "1 to 128", id="path-as-call-id"),
        pytest.param(hello(channels=["agent", "agent"]), "'channels'", id="same-party-twice"),
        pytest.param(hello(channels=[SECRET]), "'channels'", id="unknown-party"),
        pytest.param(hello(channels=[]), "'channels'", id="no-party"),
        pytest.param(hello(customer_name="x" * 129), "128 characters", id="long-name"),
        pytest.param(hello(agent="a\x00b"), "control characters", id="control-characters"),
        pytest.param(hello(rate="8000"), "'rate'", id="rate-as-text"),
        pytest.param({**hello(), SECRET: 1}, "not known here", id="unknown-field"),
        pytest.param({"type": "bye"}, '"hello"', id="bye-first"),
    ],
)
async def test_a_wrong_hello(scene: Scene, first: object, says: str) -> None:
    await check_refusal(scene, "bad_hello", 4401, says, first)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"encoding": "opus"}, "mulaw, alaw, pcm_s16le"),
        ({"rate": 4000}, "8000 to 48000"),
        ({"rate": 96000}, "8000 to 48000"),
    ],
)
async def test_an_unknown_codec(scene: Scene, change: dict[str, object], says: str) -> None:
    await check_refusal(scene, "unsupported_codec", 4415, says, hello(**change))  # type: ignore[arg-type]


async def test_a_client_that_says_nothing(scene: Scene) -> None:
    await check_refusal(scene, "bad_hello", 4401, "send it first")


async def test_a_hello_that_comes_drop_by_drop_is_not_waited_for(scene: Scene) -> None:
    """Each byte is a sign of life to TCP, but the hello has its time."""
    async with attacker(scene.service) as client:
        text = json.dumps(hello()).encode()
        mask = b"\x00\x00\x00\x00"
        header = bytes([0x81, 0x80 | 126]) + struct.pack(">H", len(text)) + mask
        transport: Any = client.socket.transport

        async def drip() -> None:
            for byte in header + text[:-1]:
                transport.write(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        close, error = await client.closed()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    assert (close, error and error["code"]) == (4401, "bad_hello")
    scene.one_line("bad_hello")


async def test_a_hello_and_then_nothing(scene: Scene) -> None:
    call_id = new_id()
    await check_refusal(scene, "idle_timeout", 4408, "resume token", hello(call_id))
    await gone(scene.service, call_id)
    records = await scene.service.node.repository.events(call_id)
    assert [r.event.reason for r in records if isinstance(r.event, CallEnded)] == ["vanished"]


async def test_audio_and_then_nothing(scene: Scene) -> None:
    messages = [hello(), *(audio_message(n * 800, silence(800)) for n in range(10))]
    error = await check_refusal(scene, "idle_timeout", 4408, "resume token", *messages)
    assert error["retryable"] is True


async def test_a_message_that_never_ends(scene: Scene) -> None:
    """An unfinished fragment is no sign of life."""
    async with attacker(scene.service) as client:
        await client.begin()
        client.socket.transport.write(b"\x02\x84\x00\x00\x00\x00\x00\x00\x00\x00")
        close, error = await client.closed()
    assert (close, error and error["code"]) == (4408, "idle_timeout")
    scene.one_line("idle_timeout")


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        pytest.param(audio_message(0, b"\xff" * 321), "multiple of 2 bytes", id="odd-length"),
        pytest.param(audio_message(0, b""), "4-byte big-endian", id="no-samples"),
        pytest.param(b"\x00\x00", "4-byte big-endian", id="shorter-than-a-position"),
        pytest.param(b"", "4-byte big-endian", id="empty"),
        pytest.param(audio_message(0, silence(16_400)), "at most 2 s", id="too-long"),
    ],
)
async def test_a_wrong_frame(scene: Scene, frame: bytes, says: str) -> None:
    call_id = new_id()
    await check_refusal(scene, "bad_frame", 4417, says, hello(call_id), audio_message(0, silence(160)), frame)
    await gone(scene.service, call_id)
    ended = await scene.service.node.repository.call(call_id)
    assert ended is not None and ended.state == "ended"


async def test_a_sample_cut_in_half(scene: Scene) -> None:
    first = hello(encoding="pcm_s16le")
    await check_refusal(
        scene, "bad_frame", 4417, "multiple of 4 bytes", first, audio_message(0, b"\x00" * 322)
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\x00\x00\x00\x00 audio as text", id="audio-as-text"),
        pytest.param({"type": "audio", "data": SECRET}, id="unknown-type"),
        pytest.param(hello(), id="second-hello"),
        pytest.param({"type": "seen", "id": 5}, id="wrong-field"),
        pytest.param({"type": "ping", "id": -1}, id="negative-ping"),
        pytest.param(DEEP[:50_000], id="json-bomb"),
    ],
)
async def test_text_where_audio_belongs(scene: Scene, text: object) -> None:
    await check_refusal(scene, "protocol_error", 4400, "", hello(), text)


async def test_a_position_far_back(scene: Scene) -> None:
    call_id = new_id()
    far = audio_message(8000 * 90, silence(1600))
    await check_refusal(
        scene, "bad_position", 4416, "went back", hello(call_id), far, *[audio_message(0, silence(1600))] * 2
    )
    events = await scene.service.node.repository.events(call_id)
    assert [r.event.reason for r in events if isinstance(r.event, CallEnded)] == ["bad_position"]


async def test_a_position_far_ahead(scene: Scene) -> None:
    jump = audio_message(8000 * 3600 * 7, silence(1600))
    await check_refusal(
        scene, "bad_position", 4416, "jumped ahead", hello(), audio_message(0, silence(1600)), jump
    )


async def test_a_position_that_would_wrap(scene: Scene) -> None:
    await check_refusal(
        scene, "bad_position", 4416, "do not wrap", hello(), audio_message(2**32 - 5, silence(160))
    )


async def test_audio_sent_twice_is_heard_once(scene: Scene) -> None:
    """A little back is a repetition, not an error."""
    async with attacker(scene.service) as client:
        await client.begin()
        for position in (0, 1600, 800, 0, 1600, 3200):
            await client.say(audio_message(position, silence(1600)))
        await client.say({"type": "bye"})
        close, error = await client.closed()
    assert (close, error) == (1000, None)
    assert client.of("done")[0]["scorecard"]["at"] == pytest.approx(0.6, abs=0.05)
    assert not closings(scene.logs)


@pytest.mark.parametrize("size", [20 * 2**20, 64 * 1024 + 1])
@pytest.mark.parametrize("kind", [bytes, str])
async def test_a_message_of_20_mebibytes(scene: Scene, kind: type, size: int) -> None:
    """The frame's length alone is enough to refuse it: the close comes from the websocket layer."""
    call_id = new_id()
    before = scene.refusals("too_large")
    async with attacker(scene.service) as client:
        await client.begin(call_id=call_id)
        await client.say(b"\x00" * size if kind is bytes else "a" * size)
        close, _ = await client.closed()
    assert close == 1009
    await gone(scene.service, call_id)
    scene.one_line("too_large")
    assert scene.refusals("too_large") == before + 1
    events = await scene.service.node.repository.events(call_id)
    assert [r.event.reason for r in events if isinstance(r.event, CallEnded)] == ["too_large"]


async def test_text_that_is_no_text(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    call_id = new_id()
    async with attacker(scene.service) as client:
        await client.begin(call_id=call_id)
        client.socket.transport.write(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
        close, _ = await client.closed()
    assert close == 1007
    await gone(scene.service, call_id)
    scene.one_line("protocol_error")
    caplog.clear()  # the websocket layer tells it too, with a traceback of its own


async def test_a_client_that_vanishes_in_the_middle_of_a_frame(scene: Scene) -> None:
    call_id = new_id()
    async with attacker(scene.service) as client:
        await client.begin(call_id=call_id)
        await client.say(audio_message(0, silence(1600)))
        await client.until("ack")
        client.abort()
    await gone(scene.service, call_id)
    (line,) = closings(scene.logs)
    assert line["event"] == "client_gone" and line["call_id"] == call_id
    events = await scene.service.node.repository.events(call_id)
    assert [r.event.reason for r in events if isinstance(r.event, CallEnded)] == ["vanished"]


async def test_mono_where_two_parties_are_promised(scene: Scene) -> None:
    """Real speech: neighbouring samples differ, so the halves of a mono frame do too."""
    mono = encode(Encoding.MULAW, excerpt(4.0).samples[0, 8000:])
    messages = [audio_message(n * 160, mono[n * 160 : n * 160 + 160]) for n in range(60)]
    await check_refusal(scene, "bad_frame", 4417, "look like mono", hello(), *messages)


async def test_the_same_audio_on_both_channels_is_warned_of_once(scene: Scene) -> None:
    audio = tone(8.0)
    async with attacker(scene.service) as client:
        await client.begin()
        for position in range(0, 64_000, 1600):
            await client.say(audio_message(position, audio[2 * position : 2 * position + 3200]))
            if position % 8000 == 0:
                await client.until("ack")
        await client.say({"type": "bye"})
        close, error = await client.closed()
    assert (close, error) == (1000, None)
    assert [message["code"] for message in client.of("warn")] == ["channels_identical"]


async def test_thousands_of_tiny_frames(scene: Scene) -> None:
    """One sample a message is silly, but it is audio."""
    async with attacker(scene.service) as client:
        await client.begin()
        for position in range(5000):
            await client.say(audio_message(position, b"\xff\xff"))
        await client.say({"type": "bye"})
        close, _ = await client.closed()
    assert close == 1000
    assert client.of("done")[0]["scorecard"]["at"] == pytest.approx(5000 / 8000, abs=0.05)
    assert not closings(scene.logs)


async def test_a_flood_of_pings_is_answered_as_far_as_it_is_read(scene: Scene) -> None:
    async with attacker(scene.service) as client:
        await client.begin()
        await client.say(*({"type": "ping", "id": n} for n in range(5000)))
        await client.say({"type": "bye"})
        close, _ = await client.closed()
    assert close == 1000
    assert client.of("pong")


async def test_a_hole_is_told_and_the_call_goes_on(scene: Scene) -> None:
    call_id = new_id()
    async with attacker(scene.service) as client:
        await client.begin(call_id=call_id)
        await client.say(audio_message(0, silence(1600)), audio_message(8000, silence(1600)), {"type": "bye"})
        assert (await client.closed())[0] == 1000
    told = [(m["party"], m["reason"], m["start"], m["end"]) for m in client.of("gap")]
    assert told == [("agent", "lost", 0.2, 1.0), ("customer", "lost", 0.2, 1.0)]
    events = await scene.service.node.repository.events(call_id)
    assert len([r for r in events if isinstance(r.event, AudioGap)]) == 2
