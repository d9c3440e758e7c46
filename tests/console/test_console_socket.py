"""The console's socket on a real server: what supervisors are shown, may say, and are refused."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from service.console import ConsoleLimits
from service.fanout import FanoutLimits
from streaming.events import CallEnded, Record, Tick
from tests.console.calls import acked, ended_call, numbered, said, short_call
from tests.console.node import TOKENS, Node, get, put, serving

BEARER = {"Authorization": "Bearer desk-token"}


async def closed(console: ClientConnection) -> tuple[int | None, str]:
    """The code and reason that the server closes with, whatever it sends before."""
    async with asyncio.timeout(5):
        try:
            while True:
                await console.recv()
        except ConnectionClosed as close:
            assert close.rcvd is not None
            return close.rcvd.code, close.rcvd.reason


async def snapshot(console: ClientConnection) -> dict[str, Any]:
    message = await get(console)
    assert message["type"] == "snapshot"
    return message


async def test_a_quiet_console_may_ask_whether_anybody_is_there():
    async with serving() as node, node.connect() as console:
        await snapshot(console)
        for _ in range(8):  # as often as it likes: it is no fault
            await put(console, type="ping")
            assert await get(console) == {"type": "pong"}


async def test_a_console_gets_a_snapshot_then_what_happens():
    async with serving(*short_call("c1", "north")) as node, node.connect() as console:
        message = await snapshot(console)
        assert message["behaviours"] == [
            {
                "id": "name.use",
                "title": "Use of the name",
                "coaching": "Use the name.",
                "whispers": ["Use the customer's name."],
            }
        ]
        [call] = message["calls"]
        assert (call["call"]["call_id"], call["call"]["team"], call["state"]) == ("c1", "north", "live")
        assert (call["seq"], call["at"], call["speaking"], call["truncated"]) == (4, 1.0, [], False)
        assert [word["text"] for word in call["utterances"][0]["words"]] == ["hello", "there"]
        [card] = call["alerts"]
        assert (card["alert"]["id"], card["state"], card["count"]) == ("name.use#1", "open", 1)
        assert (call["detections"], call["whispers"], call["gaps"]) == ([], [], [])
        assert (call["held_back"], call["scorecard"]) == (0, None)
        await node.publish(*numbered("c1", acked(), after=4))
        message = await get(console)
        assert message["type"] == "records"
        assert message["cursor"] != ""
        [record] = message["records"]
        assert (record["call_id"], record["seq"], record["event"]["state"]) == ("c1", 5, "acked")


async def test_a_partial_reaches_the_screen_without_a_number():
    async with serving(*short_call("c1")) as node, node.connect() as console:
        await snapshot(console)
        await node.publish(Record(call_id="c1", seq=0, event=said(3.0, "how may", final=False)))
        [record] = (await get(console))["records"]
        assert (record["seq"], record["event"]["final"]) == (0, False)


async def test_many_consoles_see_the_same_and_each_team_its_own():
    async with serving() as node:
        consoles = [await node.connect() for _ in range(20)]
        async with node.connect("?team=south") as south:
            for console in (*consoles, south):
                await snapshot(console)
            await node.publish(*short_call("c1", "north"), *short_call("c2", "south"))
            for console in consoles:
                assert await records(console, 8) == [("c1", n) for n in range(1, 5)] + [
                    ("c2", n) for n in range(1, 5)
                ]
            assert await records(south, 4) == [("c2", n) for n in range(1, 5)]
        for console in consoles:
            await console.close()


async def records(console: ClientConnection, count: int) -> list[tuple[str, int]]:
    got: list[tuple[str, int]] = []
    while len(got) < count:
        got += [(one["call_id"], one["seq"]) for one in (await get(console))["records"]]
    return got


async def test_a_console_that_comes_back_with_its_cursor_misses_and_repeats_nothing():
    async with serving(*short_call("c1")) as node:
        async with node.connect() as console:
            cursor = (await snapshot(console))["cursor"]
        await node.publish(*numbered("c1", Tick(at=2), Tick(at=3), after=4))
        async with node.connect() as other:
            assert (await snapshot(other))["calls"][0]["seq"] == 6
        async with node.connect(f"?after={cursor}") as console:
            assert await records(console, 2) == [("c1", 5), ("c1", 6)]
        async with node.connect("?after=of-another-node-7") as console:
            await snapshot(console)


async def test_what_supervisors_decide_goes_to_the_node_that_owns_the_call():
    async with serving(*short_call("c1")) as node, node.commands() as commands, node.connect() as console:
        await snapshot(console)
        await put(console, type="auth", name="Desk 4")
        await put(console, type="ack", ref="r1", call_id="c1", alert_id="name.use#1", useful=True)
        assert await get(console) == {"type": "reply", "ref": "r1", "ok": True}
        await put(console, type="whisper", ref=7, call_id="c1", text="  Use her name. ", alert_id=None)
        assert await get(console) == {"type": "reply", "ref": 7, "ok": True}
        await put(console, type="dismiss", call_id="c1", alert_id="name.use#1")
        assert await get(console) == {"type": "reply", "ref": None, "ok": True}
        ack, whisper, dismiss = [await commands.get() for _ in range(3)]
        assert (ack.type, ack.call_id, ack.alert_id, ack.useful) == ("ack", "c1", "name.use#1", True)
        assert (ack.by, ack.ref) == ("Desk 4", "r1")
        assert (whisper.type, whisper.text, whisper.alert_id) == ("whisper", "Use her name.", None)
        assert (dismiss.type, dismiss.useful) == ("dismiss", None)
        assert len({ack.id, whisper.id, dismiss.id}) == 3


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "ack", "call_id": "none", "alert_id": "name.use#1"}, "not_found"),
        ({"type": "ack", "call_id": "c1", "alert_id": "name.use#9"}, "not_found"),
        ({"type": "whisper", "call_id": "c1", "text": "x", "alert_id": "name.use#9"}, "not_found"),
        ({"type": "whisper", "call_id": "over", "text": "x"}, "call_ended"),
        ({"type": "whisper", "call_id": "c1", "text": "x" * 501}, "protocol_error"),
        ({"type": "whisper", "call_id": "c1", "text": "   "}, "protocol_error"),
        ({"type": "whisper", "call_id": "c1", "text": "a\u0000b"}, "protocol_error"),
        ({"type": "whisper", "call_id": "c1"}, "protocol_error"),
        ({"type": "ack", "call_id": "c1", "alert_id": "name.use#1", "useful": "yes"}, "protocol_error"),
        ({"type": "ack", "call_id": "c1", "alert_id": None}, "protocol_error"),
        ({"type": "shout", "call_id": "c1"}, "protocol_error"),
        ({"type": "whisper", "call_id": "c1", "text": "ok", "pad": "x" * 5000}, "protocol_error"),
    ],
)
async def test_a_command_that_cannot_be_done_is_answered_at_once(message: dict[str, Any], code: str):
    async with serving(*short_call("c1")) as node, node.commands() as commands, node.connect() as console:
        await snapshot(console)
        await node.publish(*ended_call("over"))
        await records(console, 2)
        await put(console, **message, ref="r1")
        reply = await get(console)
        assert (reply["type"], reply["ref"], reply["ok"]) == ("reply", "r1", False)
        assert reply["error"]["code"] == code
        assert reply["error"]["message"]
        assert commands.empty()


@pytest.mark.parametrize("bad", ["", "{", "[]", "null", '"ack"', "9" * 5000, "[" * 4000, b"\x00\x01"])
async def test_messages_that_are_none_are_answered_and_after_five_in_a_row_the_socket_closes(bad: Any):
    async with serving() as node, node.connect() as console, node.connect() as other:
        await snapshot(console)
        await snapshot(other)
        for _ in range(4):
            await console.send(bad)
            assert (await get(console))["ok"] is False
        await put(console, type="auth")  # a good one in between
        for _ in range(4):
            await console.send(bad)
            assert (await get(console))["ok"] is False
        await console.send(bad)
        assert (await closed(console))[0] == 4400
        await node.publish(*short_call("c1"))
        assert len(await records(other, 4)) == 4, "no effect on other consoles"


async def test_no_words_or_tokens_in_error_replies():
    async with serving(*short_call("c1")) as node, node.connect() as console:
        await snapshot(console)
        await put(console, type="whisper", call_id="c1", text="secret words " * 60, useful="secret words")
        await put(console, type="auth", token=["secret words"])
        for _ in range(2):
            assert "secret" not in json.dumps(await get(console))


@pytest.mark.parametrize(
    ("enter", "code"),
    [
        (lambda node: node.connect(additional_headers=BEARER), None),
        (lambda node: node.connect(additional_headers={"Authorization": "Bearer phone-token"}), 4403),
        (lambda node: node.connect(additional_headers={"Authorization": "Bearer wrong"}), 4403),
        (lambda node: node.connect(additional_headers=BEARER, origin="https://evil.example"), 4403),
        (lambda node: node.connect(additional_headers=BEARER, origin="https://wall.example"), None),
        (
            lambda node: node.connect(additional_headers=BEARER, origin=f"http://127.0.0.1:{node.port}"),
            None,
        ),
    ],
)
async def test_with_tokens_a_console_needs_its_own(enter: Callable[[Node], Any], code: int | None):
    async with serving(tokens=TOKENS, origins=("https://wall.example",)) as node, enter(node) as console:
        if code is None:
            await snapshot(console)
        else:
            assert (await closed(console))[0] == code


async def test_a_page_sends_its_token_first():
    async with (
        serving(*short_call("c1"), tokens=TOKENS) as node,
        node.commands() as commands,
        node.connect() as console,
    ):
        await put(console, type="auth", token="desk-token", name="Desk 4")
        await snapshot(console)
        await put(console, type="ack", call_id="c1", alert_id="name.use#1")
        assert (await get(console))["ok"]
        assert (await commands.get()).by == "Desk 4"


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"auth","token":"wrong"}',
        '{"type":"auth"}',
        '{"type":"ack","call_id":"c1","alert_id":"name.use#1"}',
        "nonsense",
        b"desk-token",
    ],
)
async def test_without_the_right_first_message_nothing_is_shown(first: Any):
    async with serving(tokens=TOKENS) as node, node.connect() as console:
        await console.send(first)
        code, reason = await closed(console)
        assert code == 4403
        assert "token" in reason


async def test_a_console_that_says_nothing_at_first_is_not_waited_for():
    limits = ConsoleLimits(auth_seconds=0.05)
    async with serving(tokens=TOKENS, limits=limits) as node, node.connect() as console:
        assert (await closed(console))[0] == 4403


async def test_without_tokens_a_page_of_another_site_is_refused_and_a_rebound_name_too():
    async with serving() as node:
        async with node.connect(origin="https://evil.example") as console:
            assert (await closed(console))[0] == 4403
        rebound = f"http://evil.example:{node.port}"
        options = {"host": "127.0.0.1", "port": node.port, "origin": rebound, "proxy": None}
        async with connect(f"ws://evil.example:{node.port}/v1/console", **options) as console:
            assert (await closed(console))[0] == 4403


async def test_no_more_consoles_than_the_limit():
    async with serving(limits=ConsoleLimits(consoles=1)) as node, node.connect() as first:
        await snapshot(first)
        async with node.connect() as second:
            assert (await closed(second))[0] == 1013
        await node.publish(*short_call("c1"))
        assert len(await records(first, 4)) == 4


async def test_a_console_that_does_not_read_is_let_go_and_others_do_not_wait(caplog):
    """Its socket fills, its deltas become a snapshot, and after its time the server closes with 1013."""
    limits = ConsoleLimits(send_seconds=1.0)
    async with (
        serving(*short_call("c1"), limits=limits, fanout=FanoutLimits(queue=64)) as node,
        node.connect(max_queue=1) as slow,
        node.connect() as quick,
    ):
        await snapshot(quick)
        slow.transport.pause_reading()
        seq = 4
        while node.board.fanout.statistics.consoles == 2:
            line = said(float(seq), "word " * 400)
            await node.publish(*numbered("c1", *[line] * 20, after=seq))
            assert len(await records(quick, 20)) == 20, "the other is not held up"
            seq += 20
        slow.transport.resume_reading()
        assert (await closed(slow))[0] == 1013
        assert node.board.fanout.statistics.coalesced > 0
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_a_console_that_vanishes_leaves_nothing_behind(caplog):
    async with serving(*short_call("c1")) as node, node.connect() as quick:
        await snapshot(quick)
        console = await node.connect()
        await snapshot(console)
        console.transport.abort()
        await node.publish(*numbered("c1", acked(), CallEnded(at=9), after=4))
        assert len(await records(quick, 2)) == 2
        async with asyncio.timeout(5):
            while node.board.fanout.statistics.consoles > 1:
                await asyncio.sleep(0.01)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_a_server_that_shuts_down_tells_its_consoles_to_come_back():
    async with serving() as node:
        console = await node.connect()
        await snapshot(console)
    assert (await closed(console))[0] == 1012
