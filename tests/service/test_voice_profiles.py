"""What the profile does not allow of the agent's voice is nowhere: log, view, scorecard."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.base import catalogue
from service.tone import tone_line
from streaming.events import CallInfo, Detection, Event, Party, Profile, Scorecard, Signal, SignalSpan
from tests.running import running, sample, settings_for

VOICE = {name for row in catalogue().values() for names in row.signals.values() for name in names} | {
    "liveliness",
    "usual_f0_slope",
    "flat_f0_slope",
    "utterance_f0_slope",
}


async def logged(folder: Path, profile: Profile) -> tuple[list[Event], str]:
    """The stored log of a sample call under `profile`, and the call as the API shows it."""
    async with running(settings_for(folder, profile=profile)) as service, service.client() as client:
        await service.phone(call=CallInfo(call_id="v")).play(sample("good_call"))
        await service.node.writer.flush("v")
        events = [record.event async for record in service.node.repository.replay("v")]
        return events, (await client.get("/v1/calls/v")).raise_for_status().text


def of_the_agents_voice(events: list[Event]) -> set[str]:
    """Names of what was measured of the agent's voice, as signals or as evidence."""
    spans = (span for one in events if isinstance(one, Detection) for span in one.evidence)
    measured = [one for one in (*events, *spans) if isinstance(one, Signal | SignalSpan)]
    return {one.name for one in measured if one.speaker is Party.AGENT} & VOICE


@pytest.mark.parametrize("profile", [Profile.EU_WORKPLACE, Profile.TRAINING])
async def test_nothing_of_the_agents_voice_is_measured_stored_or_shown(
    tmp_path: Path, profile: Profile
) -> None:
    events, shown = await logged(tmp_path, profile)
    assert of_the_agents_voice(events) == set()
    assert not any(name in shown for name in ("f0_slope", "liveliness", '"energy_db"'))
    assert tone_line(events) is None
    (card,) = (one for one in events if isinstance(one, Scorecard))
    (why,) = (one.reason for one in card.not_judged if one.behaviour == "tone.flat")
    assert profile.value in why


async def test_under_the_full_profile_they_are_there_and_make_a_line(tmp_path: Path) -> None:
    events, shown = await logged(tmp_path, Profile.FULL)
    assert {"f0_slope", "f0_sd", "voiced_seconds", "liveliness"} <= of_the_agents_voice(events)
    assert "utterance_f0_slope" in shown
    line = tone_line(events)
    assert line is not None
    assert line.startswith("tone: ")
    assert "no stretch flat" in line
    (card,) = (one for one in events if isinstance(one, Scorecard))
    assert [one.missed for one in card.items if one.behaviour == "tone.flat"] == [0]
