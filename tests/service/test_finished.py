"""Finished calls over HTTP: found, told where it was said, and taken away as a harmless spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from service.settings import TokenSettings
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
from tests.running import Running, running, sample, settings_for


def log_of(call_id: str, said: str, *, agent: str | None = "Ann", started_at: float = 1000.0) -> list[Record]:
    words = tuple(Word(text=word, start=3.0 + n, end=3.5 + n) for n, word in enumerate(said.split()))
    item = ScoreItem(behaviour="name.use", opportunities=2, delivered=1, missed=1, harmful=0, rate=0.5)
    info = CallInfo(call_id=call_id, agent=agent, team="blue", customer_name="Zoe", started_at=started_at)
    events: Sequence[Event] = (
        CallStarted(call=info),
        Utterance(speaker=Party.CUSTOMER, id="c1", revision=0, start=3.0, end=9.0, words=words, final=True),
        CallEnded(at=60.0),
        Scorecard(at=60.0, items=(item,), heard=(), not_judged=()),
    )
    return [Record(call_id=call_id, seq=seq, event=event) for seq, event in enumerate(events, 1)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running, None]:
    folder: Path = tmp_path_factory.mktemp("finished")
    async with running(settings_for(folder)) as started:
        for place in range(5):
            said = f"the parcel number {place} is broken and I want a refund"
            await started.node.repository.append(
                log_of(f"c{place}", said, started_at=1000.0 + place), node="n"
            )
        evil = log_of("evil", "harmless", agent='=HYPERLINK("http://x","y")', started_at=9.0)
        await started.node.repository.append(evil, node="n")
        yield started


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_search_tells_which_calls_and_where_it_was_said(service: Running) -> None:
    async with service.client() as client:
        found = (
            (await client.get("/v1/finished", params={"words": '"number 3" refund'}))
            .raise_for_status()
            .json()
        )
    (call,) = found["calls"]
    assert (found["count"], found["next"]) == (1, None)
    assert (call["call_id"], call["customer_name"], call["rate"]) == ("c3", "Zoe", 0.5)
    assert call["excerpt"]["found"] == "number 3"
    assert call["excerpt"]["at"] == 5.0
    assert call["tallies"] == [
        {"behaviour": "name.use", "delivered": 1, "missed": 1, "harmful": 0, "observed": 0}
    ]


async def test_pages_go_on_where_the_last_one_ended(service: Running) -> None:
    async with service.client() as client:
        seen, after = [], None
        while True:
            asked = {"limit": 2, "team": "blue", "ascending": True} | ({"after": after} if after else {})
            page = (await client.get("/v1/finished", params=asked)).raise_for_status().json()
            assert page["count"] == 6
            seen += [call["call_id"] for call in page["calls"]]
            if (after := page["next"]) is None:
                break
        assert seen == ["evil", "c0", "c1", "c2", "c3", "c4"]
        assert (await client.get("/v1/finished", params={"after": "x"})).status_code == 400
        assert (await client.get("/v1/finished", params={"sort": "words"})).status_code == 422
        assert (await client.get("/v1/finished/names")).json()["teams"] == ["blue"]


async def test_the_spreadsheet_has_what_the_search_finds(service: Running) -> None:
    async with service.client() as client:
        answer = await client.get("/v1/finished.csv", params={"words": "refund", "ascending": True})
        moments = await client.get("/v1/finished.csv", params={"rows": "behaviours", "words": "refund"})
    assert answer.headers["content-disposition"].startswith('attachment; filename="calls-')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["call_id"] for row in rows] == ["c0", "c1", "c2", "c3", "c4"]
    assert rows[0]["started_at"] == "1970-01-01T00:16:40+00:00"
    assert (rows[0]["rate"], rows[0]["missed"]) == ("0.5", "1")
    told = list(csv.DictReader(io.StringIO(moments.content.decode("utf-8-sig"))))
    assert {row["behaviour"] for row in told} == {"name.use"}
    assert len(told) == 5


async def test_no_cell_of_the_spreadsheet_is_a_formula(service: Running) -> None:
    async with service.client() as client:
        answer = await client.get("/v1/finished.csv", params={"words": "harmless"})
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["agent"] == '\'=HYPERLINK("http://x","y")'


async def test_a_real_call_is_found_by_its_words_once_it_is_over(service: Running) -> None:
    await service.phone(call=CallInfo(call_id="real", agent="Hannah")).play(sample("good_call"))
    async with service.client() as client:
        view = (await client.get("/v1/calls/real")).json()
        word = next(line for line in view["utterances"] if len(line["words"]) > 3)["words"][3]["text"]
        found = (await client.get("/v1/finished", params={"words": word, "agent": "Hannah"})).json()
    assert [call["call_id"] for call in found["calls"]] == ["real"]
    assert found["calls"][0]["rate"] is not None


async def test_finished_calls_are_for_those_who_may_see_calls(tmp_path: Path) -> None:
    tokens = TokenSettings(console=(SecretStr("a-console-token-of-a-test"),))
    async with running(settings_for(tmp_path, tokens=tokens)) as closed, closed.client() as client:
        for path in ("/v1/finished", "/v1/finished.csv", "/v1/finished/names"):
            assert (await client.get(path)).status_code == 401
