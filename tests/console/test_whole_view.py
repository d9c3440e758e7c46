"""A long live call is shown whole: what memory let go of is read from the store."""

from __future__ import annotations

from pathlib import Path

from service.callview import CallProjection, Keep
from service.store import migrate
from service.store.repository import Repository
from service.wholeview import whole_view
from tests.console.calls import numbered, said, started


async def test_the_beginning_comes_from_the_store_and_the_end_from_memory(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/calls.db"
    await migrate.upgrade(url)
    lines = [said(float(n), f"line {n}") for n in range(1, 21)]
    memory = CallProjection("c1", Keep(utterances=5))
    records = numbered("c1", started("c1"), *lines)
    for record in records:
        memory.apply(record.event)
    shown = memory.view(seq=records[-1].seq)
    assert shown.truncated
    async with Repository.open(url) as store:
        assert await whole_view(store, shown, "c1") == shown  # nothing is stored yet
        await store.append(records[:-2], node="n")  # the store is a moment behind
        whole = await whole_view(store, shown, "c1")
    assert [line.id for line in whole.utterances] == [line.id for line in lines]
    assert (whole.seq, whole.truncated, whole.state) == (records[-1].seq, False, "live")


async def test_what_memory_has_whole_is_not_read_again(tmp_path: Path) -> None:
    memory = CallProjection("c1", Keep())
    memory.apply(started("c1"))
    shown = memory.view(seq=1)
    async with Repository.open(f"sqlite:///{tmp_path}/never-migrated.db") as store:
        assert await whole_view(store, shown, "c1") is shown
