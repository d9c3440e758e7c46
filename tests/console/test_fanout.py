"""The fan-out: written once, sent in batches, bounded for whoever is slow."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from service.fanout import Fanout, FanoutLimits, Subscription
from service.wire import encode_record
from streaming.errors import Overloaded
from streaming.events import Party, Record, Tick, Utterance
from tests.console.calls import alert

TEAMS = {"n": "north", "s": "south"}


class Desk:
    """A fan-out whose snapshots only say how often one was written."""

    def __init__(self, **limits: Any) -> None:
        self.written = 0
        self.fanout = Fanout(calls=self._calls, team=TEAMS.get, limits=FanoutLimits(**limits))
        self._seq = 0

    def _calls(self, team: str | None) -> bytes:
        self.written += 1
        return b"[]"

    def tick(self, call_id: str = "n") -> None:
        self._seq += 1
        record = Record(call_id=call_id, seq=self._seq, event=Tick(at=float(self._seq)))
        self.fanout.put(record, encode_record(record))

    def line(self, *, final: bool) -> None:
        self._seq += 1
        said = Utterance(speaker=Party.AGENT, id="a1", revision=0, start=0.0, end=1.0, words=(), final=final)
        record = Record(call_id="n", seq=self._seq, event=said)
        self.fanout.put(record, encode_record(record))

    def alert(self) -> None:
        self._seq += 1
        record = Record(call_id="n", seq=self._seq, event=alert())
        self.fanout.put(record, encode_record(record))


async def get(subscription: Subscription) -> dict[str, Any]:
    async with asyncio.timeout(2):
        message: dict[str, Any] = json.loads(await subscription.next())
        return message


def seqs(message: dict[str, Any]) -> list[int]:
    assert message["type"] == "records"
    return [one["seq"] for one in message["records"]]


async def test_first_a_snapshot_then_a_burst_as_one_message():
    desk = Desk()
    desk.tick()
    with desk.fanout.subscribe() as console:
        assert (await get(console))["type"] == "snapshot"
        for _ in range(20):
            desk.tick()
        message = await get(console)
        assert seqs(message) == list(range(2, 22))
        assert message["cursor"] == desk.fanout.cursor


async def test_an_alert_does_not_wait_for_company_and_keeps_its_place():
    desk = Desk(batch_seconds=60)
    with desk.fanout.subscribe() as console:
        await get(console)
        desk.tick()
        desk.alert()
        assert seqs(await get(console)) == [1, 2]


async def test_a_finished_line_goes_at_once_and_in_one_message_with_the_card_it_leads_to():
    desk = Desk(batch_seconds=60)
    with desk.fanout.subscribe() as console:
        await get(console)
        desk.tick()
        desk.line(final=True)
        desk.alert()
        assert seqs(await get(console)) == [1, 2, 3]
        desk.line(final=False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await console.next()


async def test_consoles_share_what_is_written():
    desk = Desk()
    with desk.fanout.subscribe() as one, desk.fanout.subscribe() as two:
        assert await one.next() is await two.next()
        assert desk.written == 1
        desk.alert()
        assert await one.next() is await two.next()


async def test_a_console_of_one_team_sees_that_team_only():
    desk = Desk()
    with desk.fanout.subscribe(team="south") as south, desk.fanout.subscribe() as everyone:
        await get(south)
        await get(everyone)
        desk.tick("n")
        desk.tick("s")
        desk.tick("n")
        assert seqs(await get(everyone)) == [1, 2, 3]
        assert seqs(await get(south)) == [2]


async def test_a_console_that_comes_back_gets_what_it_missed():
    desk = Desk()
    with desk.fanout.subscribe() as console:
        cursor = (await get(console))["cursor"]
    desk.tick()
    desk.tick("s")
    with desk.fanout.subscribe(after=cursor) as console:
        assert seqs(await get(console)) == [1, 2]
    with desk.fanout.subscribe(after=cursor, team="south") as console:
        assert seqs(await get(console)) == [2]
    with desk.fanout.subscribe(after=desk.fanout.cursor) as console:
        assert seqs(await get(console)) == [], "it is told at once that it has resumed"


async def test_what_still_waits_for_company_is_not_sent_twice_to_one_that_comes_back():
    desk = Desk()
    with desk.fanout.subscribe() as other:
        cursor = (await get(other))["cursor"]
        desk.tick()
        with desk.fanout.subscribe(after=cursor) as console:
            assert seqs(await get(console)) == [1]
            desk.alert()
            assert seqs(await get(console)) == [2]


@pytest.mark.parametrize(
    "after", ["", "elsewhere-3", "{boot}-99", "{boot}-0", "{boot}-x", "{boot}", "{boot}--1"]
)
async def test_a_cursor_that_cannot_be_resumed_gets_a_snapshot(after: str):
    desk = Desk(ring=4)
    for _ in range(6):
        desk.tick()
    boot = desk.fanout.cursor.partition("-")[0]
    with desk.fanout.subscribe(after=after.format(boot=boot)) as console:
        assert (await get(console))["type"] == "snapshot"


async def test_the_oldest_cursor_that_the_ring_holds_resumes():
    desk = Desk(ring=4)
    for _ in range(6):
        desk.tick()
    boot = desk.fanout.cursor.partition("-")[0]
    with desk.fanout.subscribe(after=f"{boot}-2") as console:
        assert seqs(await get(console)) == [3, 4, 5, 6]


async def test_a_console_behind_by_more_than_the_bound_gets_a_snapshot_instead():
    desk = Desk(queue=10)
    with desk.fanout.subscribe() as slow, desk.fanout.subscribe() as quick:
        await get(slow)
        await get(quick)
        for _ in range(2):
            for _ in range(6):
                desk.tick()
            desk.fanout.flush()
            assert len(seqs(await get(quick))) == 6
        assert slow.waiting == 0
        message = await get(slow)
        assert (message["type"], message["cursor"]) == ("snapshot", desk.fanout.cursor)
        desk.alert()
        assert seqs(await get(slow)) == [13]
    assert desk.fanout.statistics.coalesced == 1


async def test_a_snapshot_is_followed_by_nothing_that_is_in_it():
    desk = Desk(batch_seconds=0)
    with desk.fanout.subscribe() as first:
        await get(first)
        desk.tick()
        with desk.fanout.subscribe() as late:
            await get(late)
            desk.tick()
            assert seqs(await get(late)) == [2]


async def test_a_console_that_stays_behind_is_let_go():
    desk = Desk(queue=2, slow_seconds=0.05)
    with desk.fanout.subscribe() as slow:
        await get(slow)
        for _ in range(3):
            desk.alert()
        await asyncio.sleep(0.06)
        with pytest.raises(Overloaded):
            await slow.next()


async def test_a_console_that_caught_up_is_not_let_go_for_an_old_delay():
    desk = Desk(queue=2, slow_seconds=0.05)
    with desk.fanout.subscribe() as console:
        await get(console)
        for _ in range(3):
            desk.alert()
        await get(console)  # the snapshot, in time
        waiting = asyncio.create_task(console.next())
        await asyncio.sleep(0.06)
        desk.alert()
        assert json.loads(await waiting)["type"] == "records"


async def test_a_change_too_big_for_deltas_sends_everybody_a_snapshot_and_ends_old_cursors():
    desk = Desk()
    with desk.fanout.subscribe() as console:
        cursor = (await get(console))["cursor"]
        desk.tick()
        desk.fanout.refresh()
        assert (await get(console))["type"] == "snapshot"
    with desk.fanout.subscribe(after=cursor) as console:
        assert (await get(console))["type"] == "snapshot"


async def test_replies_go_first_and_to_one_console_and_are_bounded():
    desk = Desk()
    with desk.fanout.subscribe() as console, desk.fanout.subscribe() as other:
        await get(other)
        console.reply('{"type":"reply"}')
        assert (await get(console))["type"] == "reply"
        assert (await get(console))["type"] == "snapshot"
        with pytest.raises(Overloaded):
            for _ in range(100):
                console.reply("{}")


async def test_a_console_that_has_left_holds_nothing():
    desk = Desk()
    with desk.fanout.subscribe() as console:
        await get(console)
        assert desk.fanout.statistics.consoles == 1
    desk.tick()
    assert (console.waiting, desk.fanout.statistics.consoles) == (0, 0)
