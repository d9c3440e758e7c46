"""What the store promises, held on SQLite and on a real PostgreSQL alike."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from service.store import migrate
from service.store.appending import RecordConflict
from service.store.projection import CallRow
from service.store.repository import Repository
from service.store.schema import events
from service.wire import decode_record, encode_record
from streaming.errors import ProtocolError
from streaming.events import CallEnded, Party, Record, Signal, Tick
from tests.store.calls import alert, log_of, scorecard


async def test_replay_gives_the_log_as_it_was_appended(store: Repository) -> None:
    log = log_of("c1", ticks=3000)
    assert await store.append(log, node="n") == len(log)
    assert [record async for record in store.replay("c1")] == log
    assert await store.events("c1", after=10, limit=3) == log[10:13]
    assert await store.events("c1", after=len(log)) == []
    assert await store.events("unknown") == []


async def test_the_row_tells_what_the_log_says(store: Repository) -> None:
    await store.append(log_of("c1"), node="n")
    assert await store.call("c1") == CallRow(
        call_id="c1",
        node="n",
        state="ended",
        agent="Ann",
        team="blue",
        profile="eu-workplace",
        source="live",
        language="en",
        started_at=1000.0,
        ended_at=1010.25,
        seconds=10.25,
        last_seq=10,
        alerts=1,
        scorecard=scorecard(9.5),
    )
    assert await store.call("unknown") is None


async def test_appending_again_changes_nothing(store: Repository) -> None:
    log = log_of("c1")
    await store.append(log, node="n")
    row = await store.call("c1")
    assert await store.append(log, node="other") == 0
    assert await store.append([*log[4:], *log[2:6]], node="n") == 0
    assert await store.call("c1") == row
    assert await store.events("c1") == log


async def test_a_record_that_went_over_the_wire_is_the_same_record(store: Repository) -> None:
    record = Record(call_id="c1", seq=1, event=Tick(at=3))  # an int, as a careless caller writes it
    await store.append([record], node="n")
    assert await store.append([decode_record(encode_record(record))], node="n") == 0
    assert await store.append([Record(call_id="c1", seq=1, event=Tick(at=3.0))], node="n") == 0


@pytest.mark.parametrize("seed", range(4))
async def test_batches_in_any_order_give_the_same_log_and_row(store: Repository, seed: int) -> None:
    log = log_of("c1", ticks=20)
    await store.append(log, node="n")
    expected = await store.call("c1")
    await store.delete_call("c1")
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    shuffled = chance.sample(log, len(log))
    while shuffled:
        size = chance.randint(1, 6)
        await store.append(shuffled[:size] + chance.sample(shuffled[:size], 1), node="n")
        shuffled = shuffled[size:]
    assert await store.call("c1") == expected
    assert await store.events("c1") == log


async def test_a_batch_of_fifty_calls_takes_no_more_statements_than_of_one(store: Repository) -> None:
    """What is sent to the database four times a second must not grow with the calls."""
    calls = [f"c{number}" for number in range(50)]
    await store.append([log_of(call_id, ended=False)[0] for call_id in calls], node="n")
    sent: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(store._engine.sync_engine, "before_cursor_execute", count)
    await store.append([Record(call_id="c0", seq=2, event=Tick(at=1.0))], node="n")
    of_one = len(sent)
    sent.clear()
    await store.append([Record(call_id=one, seq=3, event=Tick(at=2.0)) for one in calls], node="n")
    assert len(sent) == of_one
    rows = await store.calls(limit=100)
    assert {(row.last_seq, row.seconds) for row in rows} == {(3, 2.0)}
    await store.append([Record(call_id="c0", seq=2, event=Tick(at=1.0))], node="n")
    assert await store.calls(limit=100) == rows  # the older record brings nobody back


async def test_another_event_under_a_taken_number_is_refused_whole(store: Repository) -> None:
    log = log_of("c1", ended=False)
    await store.append(log, node="n")
    other = Record(call_id="c1", seq=3, event=Tick(at=99.0))
    with pytest.raises(RecordConflict):
        await store.append([Record(call_id="c2", seq=1, event=Tick(at=1.0)), other], node="n")
    assert await store.events("c1") == log
    assert await store.call("c2") is None, "nothing of a refused batch is stored"
    with pytest.raises(RecordConflict):
        await store.append([Record(call_id="c3", seq=1, event=Tick(at=t)) for t in (1.0, 2.0)], node="n")


@pytest.mark.parametrize(
    "record",
    [
        Record(
            call_id="c1",
            seq=1,
            event=Signal(name="f0_sd", speaker=Party.AGENT, start=0, end=1, value=float("nan")),
        ),
        Record(call_id="c1", seq=0, event=Tick(at=0.0)),
        Record(call_id="c1", seq=2**31, event=Tick(at=0.0)),
        Record(call_id="c\x00", seq=1, event=Tick(at=0.0)),
        Record(call_id="c" * 129, seq=1, event=Tick(at=0.0)),
    ],
)
async def test_what_could_not_be_read_back_is_not_stored(store: Repository, record: Record) -> None:
    with pytest.raises(ProtocolError):
        await store.append([Record(call_id="c0", seq=1, event=Tick(at=1.0)), record], node="n")
    assert await store.call("c0") is None


async def test_two_nodes_append_side_by_side(store: Repository, database_url: str) -> None:
    logs = [log_of(f"c{n}", ticks=40) for n in range(8)]
    async with Repository.open(database_url) as second, asyncio.TaskGroup() as group:
        for n, log in enumerate(logs):
            mine, theirs = (store, second) if n % 2 else (second, store)
            for start in range(0, len(log), 7):
                group.create_task(mine.append(log[start : start + 7], node="a"))
            group.create_task(theirs.append(log, node="a"))  # the same records, all at once
    for n, log in enumerate(logs):
        assert await store.events(f"c{n}") == log
        row = await store.call(f"c{n}")
        assert row is not None and (row.alerts, row.last_seq, row.state) == (1, len(log), "ended")
        assert await store.rebuild(f"c{n}") == row, "no event was folded twice or not at all"


async def test_rebuilding_gives_the_row_again(store: Repository, database_url: str) -> None:
    await store.append(log_of("c1", ticks=2500) + log_of("c2", ended=False), node="n")
    rows = await store.calls()
    assert [await store.rebuild(row.call_id) for row in rows] == rows
    assert await store.rebuild_all() == 2
    assert await store.calls() == rows
    assert await store.rebuild("unknown") is None


async def test_ten_thousand_events_of_many_calls(store: Repository) -> None:
    records = [record for n in range(100) for record in log_of(f"c{n:03}", ticks=95)]
    for start in range(0, len(records), 200):
        await store.append(records[start : start + 200], node="n")
    assert len(records) == 10_000
    assert len(await store.calls(limit=1000)) == 100
    assert [len(await store.events(f"c{n:03}")) for n in range(100)] == [100] * 100


async def test_calls_are_listed_newest_first_a_page_at_a_time(store: Repository) -> None:
    for n in range(7):
        await store.append(log_of(f"c{n}", started_at=1000.1 + n // 2, ended=n % 2 == 0), node="n")
    everything = await store.calls()
    assert [row.call_id for row in everything] == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]
    pages, before = [], None
    while page := await store.calls(limit=3, before=before):
        pages += page
        before = page[-1].cursor
    assert pages == everything
    assert [row.call_id for row in await store.calls(state="live")] == ["c5", "c3", "c1"]
    assert await store.calls(agent="Ann", team="blue", limit=2) == everything[:2]
    assert await store.calls(agent="Bob") == await store.calls(team="red") == []
    with pytest.raises(ProtocolError):
        await store.calls(before="nonsense")


async def test_calls_of_a_node_that_went_away_are_ended_in_their_logs(store: Repository) -> None:
    await store.append(log_of("c1", ended=False), node="dead")
    await store.append(log_of("c2", ended=False), node="alive")
    await store.append(log_of("c3"), node="dead")
    assert sorted(await store.live_calls()) == ["c1", "c2"]
    assert await store.live_calls("dead") == ["c1"]
    ends = await store.abandon("dead")
    end = CallEnded(at=7.0, by="server", reason="abandoned")
    assert ends == [Record(call_id="c1", seq=9, event=end)]
    assert (await store.events("c1"))[-1:] == ends
    row = await store.call("c1")
    assert row is not None and (row.state, row.ended_at, row.node) == ("abandoned", 1007.0, "dead")
    assert await store.rebuild("c1") == row
    assert await store.live_calls() == ["c2"]
    assert await store.abandon("dead") == []


async def test_a_deleted_call_is_gone_whole(store: Repository, database_url: str) -> None:
    await store.append(log_of("c1") + log_of("c2"), node="n")
    assert await store.delete_call("c1")
    assert await store.call("c1") is None and await store.events("c1") == []
    assert len(await store.events("c2")) == 10
    assert not await store.delete_call("c1")


async def test_a_deleted_call_leaves_no_word_in_the_file_and_the_file_is_its_owners(
    sqlite_url: str, tmp_path: Path
) -> None:
    await migrate.upgrade(sqlite_url)
    async with Repository.open(sqlite_url) as store:
        await store.append(log_of("c1"), node="n")
        await store.delete_call("c1")
    file = tmp_path / "callcue.db"
    assert b"Suzanne" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


async def test_purging_deletes_what_ended_before_and_no_live_call(store: Repository) -> None:
    await store.append(log_of("old", started_at=100.0) + log_of("new", started_at=5000.0), node="n")
    await store.append(log_of("live", started_at=100.0, ended=False), node="n")
    assert await store.purge(2000.0) == 1
    assert {row.call_id for row in await store.calls()} == {"new", "live"}


async def test_a_deleted_recording_takes_its_job_and_its_scorecard_along(store: Repository) -> None:
    mine = await store.jobs.create("recording", {"call_id": "rec_1", "seconds": 9.0})
    other = await store.jobs.create("recording", {"call_id": "recx1", "seconds": 9.0})
    for job in (mine, other):
        await store.jobs.update(job.id, state="done", result={"scorecard": {"items": []}})
    await store.append(log_of("rec_1"), node="n")
    assert await store.delete_call("rec_1")
    assert await store.jobs.get(mine.id) is None
    assert await store.jobs.get(other.id) is not None


async def test_an_error_of_the_database_quotes_nobody(store: Repository) -> None:
    row = {"call_id": "c1", "seq": 1, "type": None, "at": 0.0, "payload": "Suzanne"}
    with pytest.raises(IntegrityError) as failure:
        async with store._writing() as connection:
            await connection.execute(events.insert(), [row])
    assert "Suzanne" not in str(failure.value)


async def test_a_job_goes_from_queued_to_done(store: Repository) -> None:
    made = await store.jobs.create("score", {"name": "a.wav"})
    assert await store.jobs.get(made.id) == made
    assert [job.id for job in await store.jobs.list(state="queued")] == [made.id]
    running = await store.jobs.update(made.id, state="running", progress=0.5)
    assert running is not None and (running.state, running.progress) == ("running", 0.5)
    done = await store.jobs.update(made.id, state="done", progress=1.0, result={"call_id": "c1"})
    assert done == await store.jobs.get(made.id)
    assert done is not None and (done.state, done.progress) == ("done", 1.0)
    assert done.request == {"name": "a.wav"} and done.result == {"call_id": "c1"}
    assert await store.jobs.list(state="queued") == []
    assert await store.jobs.get("unknown") is None
    assert await store.jobs.update("unknown", progress=1.0) is None


async def test_ping_answers(store: Repository) -> None:
    await store.ping()


async def test_two_nodes_that_hold_the_same_calls_never_wait_for_each_other_in_a_ring(
    store: Repository,
) -> None:
    """Each moves on what the other alerts on: both kinds of change lock their rows in one order."""
    names = ["B-call", "a-call", "C-call", "b-call"]
    for name in names:
        await store.append(log_of(name, ended=False)[:1], node="n")
    for number in range(2, 32):
        batches = [
            [
                Record(
                    call_id=name,
                    seq=2 * number + node,
                    event=alert(2 * number + node, 1.0) if index % 2 == node else Tick(at=float(number)),
                )
                for index, name in enumerate(names)
            ]
            for node in (0, 1)
        ]
        await asyncio.gather(*(store.append(batch, node="n") for batch in batches))
    for name in names:
        row = await store.call(name)
        assert row is not None and row.last_seq == 63 and row.alerts == 30
