"""Real calls and acted anger: what the product says of agents who are not flat and customers who are calm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from detectors.flatness import BEHAVIOUR
from evaluation.voice_clips import SHARED, Clip, auc, clips, read, telephone
from models.affect import AROUSAL, CallVoice
from models.prosody import PitchMeter
from models.vad import WINDOW, SileroVoiceActivity
from service.batch import recording_call, score_recording
from service.parts import offline_parts
from service.recordings import Source, open_recording
from service.settings import ModelSettings, load_settings
from streaming.events import Alert, Detection, Party, Profile, Record, Scorecard, Seconds, Utterance
from streaming.ports import SAMPLE_RATE, Samples
from streaming.segment import Segment, Segmenter

CALLS = {"auto_repairs_49": (Party.AGENT, Party.CUSTOMER), "demo_agent": (Party.AGENT,)}
RAISED = 2.0
"""Arousal from which it supports words (detectors/frustration.py)."""

_MELODY: Seconds = 0.6  # as streaming/scribe.py
_BEGINNING = 5  # clips of the speaker's own beginning


def utterances(audio: Samples) -> Iterator[tuple[Seconds, Samples]]:
    """What the product would measure of one channel: where it starts, and its audio (16 kHz)."""
    whole = audio[: len(audio) // WINDOW * WINDOW]
    segmenter = Segmenter()
    decided = [*segmenter.feed(0, SileroVoiceActivity().probabilities(whole).tolist()), *segmenter.flush()]
    for one in decided:
        if isinstance(one, Segment) and sum(end - start for start, end in one.voiced) >= _MELODY:
            yield one.start, audio[round(one.start * SAMPLE_RATE) : round(one.end * SAMPLE_RATE)]


def judged_calls() -> list[dict[str, object]]:
    """The real calls through the whole product: stretches judged and called flat, alerts of tone.flat."""
    return [_judged(name, _scored(name, parties)) for name, parties in CALLS.items()]


def _scored(name: str, parties: tuple[Party, ...]) -> list[Record]:
    path = SHARED / "aws_calls" / "audio" / f"{name}.flac"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there")
    return asyncio.run(_score(path, parties))


async def _score(path: Path, parties: tuple[Party, ...]) -> list[Record]:
    chosen = {"profile": Profile.FULL, "model": ModelSettings(name="tiny.en")}
    settings = load_settings().model_copy(update=chosen)
    recording = open_recording([Source(path=path, parties=parties)])
    call = recording_call(call_id=path.stem, parties=parties, profile=Profile.FULL)
    async with offline_parts(settings) as parts:
        return await score_recording(recording, call, parts)


def _judged(name: str, records: list[Record]) -> dict[str, object]:
    all_events = [record.event for record in records]
    found = [one for one in all_events if isinstance(one, Detection) and one.behaviour == BEHAVIOUR]
    card = next(one for one in all_events if isinstance(one, Scorecard))
    said = [
        one for one in all_events if isinstance(one, Utterance) and one.speaker is Party.AGENT and one.final
    ]
    return {
        "call": name,
        "agent_speech_seconds": next(one.speech for one in card.heard if one.speaker is Party.AGENT),
        "agent_utterances": len(said),
        "stretches": len(found),
        "flat": sum(one.kind == "flat" for one in found),
        "alerts": sum(isinstance(one, Alert) and one.behaviour == BEHAVIOUR for one in all_events),
        "notes": [one.note for one in found],
    }


# --- the customer's arousal ----------------------------------------------------------------------------


def arousal_figures() -> dict[str, object]:
    """Acted anger against the other acted moods by `arousal`, after a calm and after an angry beginning, and
    how often calm speakers of the real calls count as raised."""
    meter, said = PitchMeter(), clips("ravdess")
    found: dict[str, object] = {}
    for name, kinds in (("calm", ("neutral", "calm")), ("angry", ("angry",))):
        values = _acted(meter, said, kinds)
        calm = np.array([*values["neutral"], *values["calm"], *values["sad"]])
        angry = np.array(values["angry"])
        found[f"beginning_{name}"] = {
            "auc_angry_against_neutral_calm_sad": round(auc(calm, angry), 3),
            "angry_raised": round(float((angry >= RAISED).mean()), 3),
            "others_raised": round(float((calm >= RAISED).mean()), 3),
            "median": {kind: round(float(np.median(of)), 2) for kind, of in sorted(values.items())},
        }
    return {**found, "real_calls": [_calm(meter, *side) for side in _sides()]}


def _acted(meter: PitchMeter, said: list[Clip], beginning: tuple[str, ...]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {kind: [] for kind in sorted({one.kind for one in said})}
    random = np.random.default_rng(0)
    for speaker in sorted({one.speaker for one in said}):
        call = CallVoice(meter, {Party.CUSTOMER: frozenset({AROUSAL})})
        own = [one for one in said if one.speaker == speaker]
        own = [own[place] for place in random.permutation(len(own))]
        able = [one for one in own if one.kind in beginning]
        first = able[:_BEGINNING]
        for place, one in enumerate(first):
            _arousal(call, one.audio, 10.0 * place)
        for one in own:
            if one not in first and (value := _arousal(call, one.audio, 1000.0)) is not None:
                values[one.kind].append(value)
    return values


def _arousal(call: CallVoice, audio: Samples, start: Seconds) -> float | None:
    signals = call.measure(telephone(audio), speaker=Party.CUSTOMER, start=start)
    return next((signal.value for signal in signals), None)


def _sides() -> Iterator[tuple[str, Samples]]:
    for name, parties in CALLS.items():
        channels = read(SHARED / "aws_calls" / "audio" / f"{name}.flac")
        yield from ((f"{name}, {party}", side) for party, side in zip(parties, channels, strict=True))


def _calm(meter: PitchMeter, name: str, audio: Samples) -> dict[str, object]:
    call = CallVoice(meter, {Party.CUSTOMER: frozenset({AROUSAL})})
    values = []
    for start, one in utterances(audio):
        signals = call.measure(one, speaker=Party.CUSTOMER, start=start)
        values += [signal.value for signal in signals]
    raised = sum(value >= RAISED for value in values)
    return {"speaker": name, "utterances": len(values), "raised": raised, "highest": round(max(values), 2)}
