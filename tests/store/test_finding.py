"""Finished calls are found by who, when, what was judged and what was said, alike in both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from service.store import migrate
from service.store.finding import Order, Wanted, cursor_of, terms_of
from service.store.repository import Repository
from streaming.errors import ProtocolError
from streaming.events import (
    CallEnded,
    CallInfo,
    CallStarted,
    Event,
    Party,
    Record,
    Scorecard,
    ScoreItem,
    Utterance,
    Word,
)

NEWEST = Order()


def line(text: str, at: float, speaker: Party = Party.CUSTOMER) -> Utterance:
    words = tuple(
        Word(text=word, start=at + place / 4, end=at + place / 4 + 0.2)
        for place, word in enumerate(text.split())
    )
    name = f"{speaker[0]}{at:g}"
    return Utterance(speaker=speaker, id=name, revision=0, start=at, end=at + 9, words=words, final=True)


def item(behaviour: str, delivered: int = 0, missed: int = 0, harmful: int = 0) -> ScoreItem:
    asked = delivered + missed
    rate = delivered / asked if asked else None
    return ScoreItem(
        behaviour=behaviour,
        opportunities=asked,
        delivered=delivered,
        missed=missed,
        harmful=harmful,
        rate=rate,
    )


def call(
    call_id: str,
    *lines: Utterance,
    agent: str | None = "Ann",
    team: str | None = "blue",
    started_at: float = 1000.0,
    items: Sequence[ScoreItem] = (),
    ended: bool = True,
) -> list[Record]:
    info = CallInfo(call_id=call_id, agent=agent, team=team, started_at=started_at)
    events: list[Event] = [CallStarted(call=info), *lines]
    if ended:
        events += [CallEnded(at=60.0), Scorecard(at=60.0, items=tuple(items), heard=(), not_judged=())]
    return [Record(call_id=call_id, seq=seq, event=event) for seq, event in enumerate(events, 1)]


async def found(store: Repository, order: Order = NEWEST, **wanted: object) -> list[str]:
    rows = await store.archive.find(Wanted(**wanted), order)  # type: ignore[arg-type]
    assert await store.archive.count(Wanted(**wanted)) == len(rows)  # type: ignore[arg-type]
    return [row.call_id for row in rows]


@pytest.fixture
async def three(store: Repository) -> Repository:
    await store.append(
        call(
            "washing",
            line("My washing machine hasn't arrived, Müller is the name.", 3.0),
            line("I am sorry about the late delivery.", 12.0, Party.AGENT),
            items=[item("name.use", delivered=1, missed=1), item("emotion.leakage", missed=1, harmful=2)],
        ),
        node="n",
    )
    await store.append(
        call(
            "refund",
            line("I want a refund for the delivery that was late.", 3.0),
            agent="Ben",
            team="red",
            started_at=2000.0,
            items=[item("name.use", delivered=2)],
        ),
        node="n",
    )
    await store.append(call("silent", agent=None, team=None, started_at=3000.0), node="n")
    await store.append(
        call("live", line("I want a refund too.", 3.0), started_at=4000.0, ended=False), node="n"
    )
    return store


async def test_calls_are_found_by_who_and_when(three: Repository) -> None:
    assert await found(three) == ["silent", "refund", "washing"]
    assert await found(three, agent="Ben") == ["refund"]
    assert await found(three, team="blue") == ["washing"]
    assert await found(three, since=2000.0, until=3000.0) == ["refund"]
    assert await found(three, agent="Ben", team="blue") == []
    assert await three.archive.names() == (["Ann", "Ben"], ["blue", "red"])


async def test_calls_are_found_by_what_was_judged(three: Repository) -> None:
    assert await found(three, behaviour="name.use") == ["refund", "washing"]
    assert await found(three, behaviour="name.use", outcome="missed") == ["washing"]
    assert await found(three, behaviour="emotion.leakage", outcome="harmful") == ["washing"]
    assert await found(three, behaviour="emotion.leakage", outcome="delivered") == []
    (washing,) = await three.archive.find(Wanted(team="blue"), NEWEST)
    figures = (washing.opportunities, washing.delivered, washing.missed, washing.harmful, washing.rate)
    assert figures == (3, 1, 2, 2, 1 / 3)


@pytest.mark.parametrize(
    ("words", "said_by", "expected"),
    [
        ("delivery", None, ["refund", "washing"]),
        ("delivery late", None, ["refund", "washing"]),
        ('"late delivery"', None, ["washing"]),
        ("refund washing", None, []),
        ("MULLER", None, ["washing"]),
        ("hasnt", None, ["washing"]),
        ("hasn’t", None, ["washing"]),
        ("deliv*", None, ["refund", "washing"]),
        ("deliv", None, []),
        ("delivery", Party.AGENT, ["washing"]),
        ("refund", Party.AGENT, []),
        ('refund OR "washing machine" NOT & | ! agent : x', None, []),
        ("\"' -- ; *", None, ["silent", "refund", "washing"]),
        ("", None, ["silent", "refund", "washing"]),
    ],
)
async def test_calls_are_found_by_what_was_said(
    three: Repository, words: str, said_by: Party | None, expected: list[str]
) -> None:
    assert await found(three, words=words, said_by=said_by) == expected


async def test_an_excerpt_tells_where_it_was_said(three: Repository) -> None:
    asked = Wanted(words='"late delivery"')
    (place,) = (await three.archive.excerpts(asked, ["washing", "refund"])).values()
    assert (place.speaker, place.before, place.found, place.after) == (
        Party.AGENT,
        "I am sorry about the",
        "late delivery.",
        "",
    )
    assert place.at == 13.25  # where its first word begins


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("by", ["started_at", "seconds", "rate", "missed", "harmful", "alerts", "agent"])
async def test_pages_in_any_order_hold_every_call_once(store: Repository, by: str, ascending: bool) -> None:
    for place in range(7):
        rated = [item("x", delivered=place % 3, missed=place % 2)]
        who = None if place == 3 else f"Agent {place % 2}"
        await store.append(call(f"c{place}", agent=who, started_at=place // 2, items=rated), node="n")
    order = Order(by=by, ascending=ascending)  # type: ignore[arg-type]
    whole = await store.archive.find(Wanted(), order)
    values = [value for row in whole if (value := getattr(row, by)) is not None]
    assert values == sorted(values, reverse=not ascending)
    assert [getattr(row, by) is None for row in whole] == sorted(getattr(row, by) is None for row in whole)
    paged, after = [], None
    while page := await store.archive.find(Wanted(), order, limit=2, after=after):
        paged += page
        after = cursor_of(page[-1], order)
    assert paged == whole
    with pytest.raises(ProtocolError):
        await store.archive.find(Wanted(), order, after="nonsense")


async def test_what_is_found_by_is_made_anew_from_the_log_and_never_twice(three: Repository) -> None:
    await three.rebuild_all()
    assert await found(three) == ["silent", "refund", "washing"]
    assert await found(three, words="refund") == ["refund"]


async def test_a_deleted_call_is_found_by_nothing(three: Repository) -> None:
    assert await three.delete_call("washing")
    assert await found(three, words="washing") == []
    assert await found(three, words="delivery") == ["refund"]
    assert await found(three, behaviour="emotion.leakage") == []
    await three.purge(1e9)
    assert await found(three) == []


async def test_deleting_a_call_takes_its_words_off_the_disk(sqlite_url: str, tmp_path: Path) -> None:
    """SQLite's index keeps deleted words until it is merged: only the file's bytes can tell."""
    await migrate.upgrade(sqlite_url)
    async with Repository.open(sqlite_url) as store:
        for place in range(40):  # the index has grown several segments by then
            await store.append(call(f"c{place}", line(f"ordinary talk number {place}", 1.0)), node="n")
        await store.append(call("secret", line("my password is xylophonequartz", 1.0)), node="n")
        for place in range(40, 80):
            await store.append(call(f"c{place}", line(f"ordinary talk number {place}", 1.0)), node="n")
        assert _bytes(tmp_path).count(b"xylophonequartz") >= 1
        await store.delete_call("secret")
    with sqlite3.connect(tmp_path / "callcue.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert b"xylophonequar" not in _bytes(tmp_path)
    async with Repository.open(sqlite_url) as store:
        assert await store.archive.count(Wanted(words="ordinary")) == 80


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


def test_what_is_typed_is_words_phrases_and_beginnings() -> None:
    assert [(term.words, term.prefix) for term in terms_of('Late "washing machine" deliv* "open end')] == [
        (("late",), False),
        (("washing", "machine"), False),
        (("deliv",), True),
        (("open", "end"), False),
    ]


async def test_a_live_call_is_filed_once_it_ends(store: Repository) -> None:
    whole = call("late", line("Hello there.", 1.0))
    await store.append(whole[:2], node="n")
    assert await found(store) == []
    await store.append([replace(record) for record in whole[2:]], node="n")
    assert await found(store, words="hello") == ["late"]
