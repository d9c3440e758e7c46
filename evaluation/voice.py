"""`python -m evaluation.voice --json OUT`: tone of voice on real speech, by the product's own path.

What is judged is what `detectors.flatness` makes of the signals that `models.prosody` measures. No threshold
was fitted on what is measured here; RAVDESS in particular is non-commercial and only ever measured.
Sets that are absent are skipped, with the reason.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors.base import catalogue
from detectors.flatness import BEHAVIOUR, Flatness
from evaluation.voice_clips import SHARED, Clip, Heard, auc, clips, events, flattened, heard, read, telephone
from evaluation.voice_real import arousal_figures, judged_calls, utterances
from models.prosody import PitchMeter
from streaming.errors import WeightsError
from streaming.events import CallInfo, Detection, Party, Profile, Seconds, SignalSpan
from streaming.ports import SAMPLE_RATE, Policy

FLAT = ("neutral", "calm", "sad")
LIVELY = ("happy", "angry", "surprised")
FLATTENED = (0.75, 0.5)
WINDOWS = 40
"""Drawn of each speaker and side, of different clips each."""

DRAWS = 1000
_SEED = 20_240_607
_APART: Seconds = 1000.0

Scores = dict[str, tuple[list[float], list[float]]]
"""By speaker: the liveliness of what should be flat, and of what should be lively."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How well liveliness tells flat from lively: area under the curve, its 95 % interval over speakers, and
    what the detector's own decision makes of both sides (shares called flat)."""

    name: str
    auc: float
    low: float
    high: float
    target: float | None
    speakers: int
    flat: int
    lively: int
    flat_called_flat: float
    lively_called_flat: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument(
        "--quick", action="store_true", help="without Whisper and resynthesis, which take minutes"
    )
    asked = parser.parse_args()
    report = measure(quick=asked.quick)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def measure(*, quick: bool = False) -> dict[str, object]:
    """Everything; a part whose data or packages are absent is named under `skipped` with the reason."""
    report: dict[str, object] = {}
    skipped: dict[str, str] = {}
    parts: dict[str, Callable[[], object]] = {
        "acted": acted,
        "arousal": arousal_figures,
        "cost": cost,
    }
    if not quick:
        parts |= {"agents": judged_calls, "flattened": resynthesised}
    for name, part in parts.items():
        try:
            report[name] = part()
        except (FileNotFoundError, ImportError, WeightsError) as error:
            skipped[name] = str(error)
        print(name, json.dumps(report.get(name, skipped.get(name)), default=str), flush=True)  # noqa: T201
    report["skipped"] = skipped
    return report


# --- acted speech ------------------------------------------------------------------------------------


def acted() -> list[dict[str, object]]:
    """RAVDESS: neutral, calm and sad against happy and angry, clips of one speaker joined."""
    said = heard(clips("ravdess"), PitchMeter())
    figures = []
    for seconds in (6.0, 10.0):
        for own in (False, True):
            name = f"RAVDESS, {seconds:.0f} s, {'speaker-relative' if own else 'absolute'}"
            target = {(6.0, False): 0.92, (10.0, True): 0.96}.get((seconds, own))
            figures.append(asdict(figure(name, *_acted_scores(said, seconds, own=own), target=target)))
    return figures


def _acted_scores(said: Sequence[Heard], seconds: Seconds, *, own: bool) -> tuple[Scores, Scores]:
    random = np.random.default_rng(_SEED)
    scores: Scores = {}
    calls: Scores = {}
    for speaker in sorted({one.speaker for one in said}):
        everything = [one for one in said if one.speaker == speaker and one.signals]
        scores[speaker], calls[speaker] = ([], []), ([], [])
        for side, kinds in enumerate((FLAT, LIVELY)):
            for _ in range(WINDOWS):
                window = _window([one for one in everything if one.kind in kinds], seconds, random)
                rest = [one for one in everything if one not in window]
                before = [rest[place] for place in random.permutation(len(rest))] if own else []
                _note(judge(window, before, seconds), scores[speaker][side], calls[speaker][side])
    return scores, calls


def _window(among: list[Heard], seconds: Seconds, random: np.random.Generator) -> list[Heard]:
    """Clips drawn until they last so long."""
    window: list[Heard] = []
    for place in random.permutation(len(among)):
        if sum(one.seconds for one in window) >= seconds:
            break
        window.append(among[place])
    return window


def judge(window: Sequence[Heard], before: Sequence[Heard], seconds: Seconds) -> Detection | None:
    """What the product's detector says of `window` as one stretch, after it has heard `before`."""
    policy = Policy(
        thresholds={
            f"{BEHAVIOUR}.stretch_seconds": seconds - 0.01,
            f"{BEHAVIOUR}.voiced_seconds": seconds / 4,
        }
    )
    detector = Flatness(CallInfo(call_id="voice", profile=Profile.FULL), policy)
    start = _APART + 2 * sum(one.seconds + 1.0 for one in before)
    found = [
        one
        for said, at in ((before, 0.0), (window, start))
        for e in events(said, at)
        for one in detector.feed(e)
    ]
    return next((one for one in found if one.start >= start), None)


def liveliness(detection: Detection) -> float:
    return next(
        span.value
        for span in detection.evidence
        if isinstance(span, SignalSpan) and span.name == "liveliness"
    )


def _note(detection: Detection | None, scores: list[float], calls: list[float]) -> None:
    if detection is not None:
        scores.append(liveliness(detection))
        calls.append(float(detection.kind == "flat"))


# --- speech with half its melody ---------------------------------------------------------------------


def resynthesised() -> list[dict[str, object]]:
    """The same windows of 10-13 s, resynthesised as they are and with part of their excursions."""
    once = clips("ravdess")[::2]  # every sentence was spoken twice in every mood
    sets = {"RAVDESS": _in_all_moods(once), "real calls": _real_clips()}
    meter = PitchMeter()
    figures = []
    for name, found in sets.items():
        usual, *less = _at_shares(found, (1.0, *FLATTENED), meter)
        for share, flat in zip(FLATTENED, less, strict=True):
            for own in (False, True):
                title = f"{name}, excursions × {share}, {'speaker-relative' if own else 'absolute'}"
                target = 0.98 if own and share == 0.5 else None
                figures.append(asdict(figure(title, *_flattened_scores(usual, flat, own=own), target=target)))
    return figures


def _in_all_moods(found: list[Clip]) -> list[Clip]:
    """In turns, so that ten seconds in a row hold every mood: how a mood sounds is not what is asked here."""
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for clip in found:
        seen[clip.speaker, clip.kind] += 1
        turns.append((seen[clip.speaker, clip.kind], clip.kind, clip))
    return [clip for _, _, clip in sorted(turns, key=lambda one: one[:2])]


def _at_shares(found: Sequence[Clip], shares: Sequence[float], meter: PitchMeter) -> list[list[Heard]]:
    made = [[replace(clip, audio=sound) for sound in flattened(clip.audio, shares)] for clip in found]
    return [heard([versions[place] for versions in made], meter) for place in range(len(shares))]


def _real_clips() -> list[Clip]:
    """Both agents and the customer of the real calls, utterance by utterance as the product cuts them."""
    folder = SHARED / "aws_calls" / "audio"
    sides = [
        (f"{file}.{side}", audio)
        for file in ("auto_repairs_49", "demo_agent")
        for side, audio in enumerate(read(folder / f"{file}.flac"))
    ]
    return [Clip(speaker=name, audio=one) for name, audio in sides for _, one in utterances(audio)]


def _flattened_scores(usual: list[Heard], flat: list[Heard], *, own: bool) -> tuple[Scores, Scores]:
    scores: Scores = {}
    calls: Scores = {}
    for speaker in sorted({one.speaker for one in usual}):
        places = [place for place, one in enumerate(usual) if one.speaker == speaker and one.signals]
        scores[speaker], calls[speaker] = ([], []), ([], [])
        for window in _in_turn(places, usual):
            before = [usual[place] for place in places if place not in window] if own else []
            for side, said in enumerate((flat, usual)):
                detection = judge([said[place] for place in window], before, 10.0)
                _note(detection, scores[speaker][side], calls[speaker][side])
    return scores, calls


def _in_turn(places: Sequence[int], said: Sequence[Heard]) -> Iterator[list[int]]:
    """Windows of 10 seconds or more, one clip after the other."""
    window: list[int] = []
    for place in places:
        window.append(place)
        if sum(said[one].seconds for one in window) >= 10.0:
            yield window
            window = []


# --- figures -----------------------------------------------------------------------------------------


def figure(name: str, scores: Scores, calls: Scores, *, target: float | None) -> Figure:
    """Raises ValueError without speakers on both sides."""
    random = np.random.default_rng(_SEED)
    speakers = sorted(speaker for speaker, sides in scores.items() if sides[0] and sides[1])
    drawn = [_auc_of(scores, random.choice(speakers, len(speakers))) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    flat, lively = ([one for speaker in speakers for one in calls[speaker][side]] for side in (0, 1))
    return Figure(
        name=name,
        auc=round(_auc_of(scores, speakers), 3),
        low=round(float(low), 3),
        high=round(float(high), 3),
        target=target,
        speakers=len(speakers),
        flat=len(flat),
        lively=len(lively),
        flat_called_flat=round(float(np.mean(flat)), 3),
        lively_called_flat=round(float(np.mean(lively)), 3),
    )


def _auc_of(scores: Scores, speakers: Sequence[str] | NDArray[np.str_]) -> float:
    flat, lively = (np.array([one for who in speakers for one in scores[who][side]]) for side in (0, 1))
    return auc(flat, lively)


def cost() -> dict[str, object]:
    """CPU milliseconds a second of speech of the real agents, everything that the profile `full` measures."""
    said = [clip for clip in _real_clips() if clip.speaker != "auto_repairs_49.1"]
    meter, audio = PitchMeter(), [telephone(clip.audio) for clip in said]
    meter.measure(audio[0], speaker=Party.AGENT, start=0.0)
    before = time.process_time()
    for one in audio:
        meter.measure(one, speaker=Party.AGENT, start=0.0)
    spent = time.process_time() - before
    seconds = sum(map(len, audio)) / SAMPLE_RATE
    version = catalogue()[BEHAVIOUR].version
    return {
        "ms_per_speech_second": round(1000 * spent / seconds, 2),
        "speech_seconds": round(seconds, 1),
        "target": 6.0,
        "behaviour_version": version,
    }


if __name__ == "__main__":
    main()
