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


async def test_how_long_ago_audio_came_is_known_for_what_came() -> None:
    inbox = Inbox((AGENT,), rate=RATE, limit=2.0)
    for position in range(0, 8000, 160):
        inbox.offer(piece(position, 160))
    waited = inbox.waited(AGENT, 0.5)
    assert waited is not None and 0 <= waited < 1
    assert inbox.waited(AGENT, 5.0) is None
