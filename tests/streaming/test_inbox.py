"""The audio that waits to be heard: bounded, in order, and each sample once."""

from __future__ import annotations

import pytest

from streaming.audio import Encoding
from streaming.channel import Lost, Piece
from streaming.events import Party
from streaming.inbox import Inbox

RATE = 8000
AGENT, CUSTOMER = Party.AGENT, Party.CUSTOMER


def piece(position: int, samples: int = 800, party: Party = AGENT) -> Piece:
    return Piece(party=party, position=position, encoding=Encoding.MULAW, data=b"\xff" * samples)


def lost(start: float, end: float, party: Party = AGENT) -> Lost:
    return Lost(speaker=party, start=start, end=end, leading=False)


async def test_audio_sent_again_pushes_out_nothing_that_waits() -> None:
    """A client that comes back repeats what it has no acknowledgement for, while that still waits here."""
    inbox = Inbox((AGENT,), rate=RATE, limit=2.0)
    for position in (*range(0, 12_000, 800), *range(0, 15_200, 800)):
        inbox.offer(piece(position))
    assert [one.position for one in inbox.take()[AGENT]] == list(range(0, 15_200, 800))


async def test_audio_far_back_is_for_the_ear_to_refuse() -> None:
    inbox = Inbox((AGENT,), rate=RATE, limit=2.0)
    inbox.offer(piece(70 * RATE))
    inbox.offer(piece(0))
    assert [one.position for one in inbox.take()[AGENT]] == [70 * RATE, 0]


async def test_what_was_received_counts_what_still_waits() -> None:
    inbox = Inbox((AGENT, CUSTOMER), rate=RATE, limit=2.0)
    assert inbox.received == 0
    for party in (AGENT, CUSTOMER):
        inbox.offer(piece(0, party=party))
    inbox.offer(piece(800))
    assert inbox.received == 800


@pytest.mark.parametrize(("start", "reason"), [(0.1, "disconnected"), (0.3, "lost")])
async def test_the_hole_behind_a_disconnection_has_its_name(start: float, reason: str) -> None:
    """Also while what came before has not been heard yet."""
    inbox = Inbox((AGENT, CUSTOMER), rate=RATE, limit=2.0)
    inbox.offer(piece(0))
    inbox.disconnected()
    inbox.offer(piece(16_000))
    assert inbox.reason_for(lost(start, 2.0)) == reason


def pace(monkeypatch: pytest.MonkeyPatch, *spans: tuple[float, float, float]) -> Inbox:
    """An inbox that audio came to: up to which second, at which clock it began to come, how fast."""
    now = [0.0]
    monkeypatch.setattr("streaming.inbox.loop_time", lambda: now[0])
    inbox, position = Inbox((AGENT,), rate=RATE, limit=2.0), 0
    for until, begins, speed in spans:
        came = position / RATE
        while position < until * RATE:
            now[0] = begins + ((position + 800) / RATE - came) / speed
            inbox.offer(piece(position))
            position += 800
    return inbox


def test_a_burst_at_the_start_is_forgiven_once_a_call_is_spoken_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client that was refused for a while sends what it kept at once, and is a call like any other then."""
    assert pace(monkeypatch, (20, 0, 1000)).ahead(19.5) > 15
    assert pace(monkeypatch, (20, 0, 1000), (80, 0, 1)).ahead(79.5) < 1


def test_who_goes_on_playing_faster_than_anybody_speaks_stays_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pace(monkeypatch, (600, 0, 4)).ahead(599.5) > 15


def test_who_makes_up_for_a_stall_is_never_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    stalled = [(20.0, 0.0, 1.0), (30.0, 30.0, 1000.0)]
    for until in (31, 45, 52, 60, 90):
        assert pace(monkeypatch, *stalled, (until, 30, 1)).ahead(until - 0.5) < 1


async def test_how_long_ago_audio_came_is_known_for_what_came() -> None:
    inbox = Inbox((AGENT,), rate=RATE, limit=2.0)
    for position in range(0, 8000, 160):
        inbox.offer(piece(position, 160))
    waited = inbox.waited(AGENT, 0.5)
    assert waited is not None and 0 <= waited < 1
    assert inbox.waited(AGENT, 5.0) is None
