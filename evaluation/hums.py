"""Hums that synthesizers spell out or cannot say ("mm-hmm" comes out as "em em hum"): made here.

A voice's hum is harmonics of its pitch under the resonances of a closed mouth ("mm") or of an open one
("uh"), with breath where the h is.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.noises import unit
from evaluation.telephone import Signal

Random = np.random.Generator
Resonances = tuple[tuple[float, float, float], ...]

CLOSED: Resonances = (
    (270.0, 80.0, 1.0),
    (1_150.0, 200.0, 0.10),
    (2_300.0, 250.0, 0.05),
    (3_200.0, 300.0, 0.02),
)
OPEN: Resonances = (
    (640.0, 90.0, 1.0),
    (1_220.0, 110.0, 0.55),
    (2_500.0, 180.0, 0.16),
    (3_400.0, 250.0, 0.08),
)
"""Resonances: centre and bandwidth in Hz, and height."""

TOP = 4_000.0  # Hz: no overtones above


@dataclass(frozen=True, slots=True)
class Note:
    """A syllable: seconds, pitch at its beginning and end in semitones about the voice's own, loudness."""

    seconds: float
    first: float
    last: float
    loud: float
    breath: float = 0.0  # seconds of h in front


_TWO = (Note(0.19, -1.0, -2.5, 0.8), Note(0.26, 1.0, 3.0, 1.0, breath=0.07))
_ONE = (Note(0.34, 0.5, -2.5, 1.0),)
_ASKING = (Note(0.27, -1.0, 5.0, 1.0, breath=0.09),)
_SHAPES = {
    "mm-hmm": (_TWO, CLOSED),
    "uh-huh": (_TWO, OPEN),
    "mm": (_ONE, CLOSED),
    "huh?": (_ASKING, OPEN),
}
_SPELLED = re.compile(
    r"(?P<two>\bm+[ -]?h+m+\b)|(?P<one>\b(?:m{2,}|h+m+)\b)|(?P<open>\buh[ -]huh\b)|(?P<ask>\bhuh\?)",
    re.IGNORECASE,
)
_NAMES = {"two": "mm-hmm", "one": "mm", "open": "uh-huh", "ask": "huh?"}


def with_hums(text: str) -> list[tuple[str | None, str]]:
    """The text in parts: (None, words to be spoken) and (name of a hum, its spelling)."""
    parts: list[tuple[str | None, str]] = []
    behind = 0
    for found in _SPELLED.finditer(text):
        parts += [(None, text[behind : found.start()]), (_NAMES[found.lastgroup or "one"], found[0])]
        behind = found.end()
    parts.append((None, text[behind:]))
    return [(name, part.lstrip(" ,.;:!?")) for name, part in parts if name or re.search(r"[A-Za-z]", part)]


def pitch_of(voice: str) -> float:
    """Hz: women's and men's voices about an octave apart, each voice a little different."""
    usual = 200.0 if voice[1:2] == "f" else 112.0
    return usual * (0.9 + (zlib.crc32(voice.encode()) % 21) / 100)


def hummed(name: str, *, pitch: float, rate: int, speed: float = 1.0) -> Signal:
    """The hum at the voice's usual `pitch` in Hz, about half a second; any level."""
    notes, resonances = _SHAPES[name]
    random = np.random.default_rng(zlib.crc32(f"{name}/{pitch:.0f}".encode()))
    parts = []
    for note in notes:
        if note.breath:
            parts.append(_breath(int(note.breath / speed * rate), rate, resonances, random))
        parts.append(_sung(note, pitch, int(note.seconds / speed * rate), rate, resonances, random))
    return np.concatenate(parts)


def _sung(
    note: Note, pitch: float, samples: int, rate: int, resonances: Resonances, random: Random
) -> Signal:
    steps = np.linspace(note.first, note.last, samples) + 0.15 * _wander(samples, random)
    frequency = pitch * 2 ** (steps / 12)
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    out = np.zeros(samples)
    for overtone in range(1, int(TOP / pitch) + 1):
        out += _height(overtone * frequency, resonances) / overtone * np.sin(overtone * phase)
    rise, fall = min(samples // 3, int(0.04 * rate)), min(samples // 2, int(0.07 * rate))
    shape = np.ones(samples)
    shape[:rise] = np.sin(np.linspace(0, np.pi / 2, rise))
    shape[-fall:] *= np.cos(np.linspace(0, np.pi / 2, fall))
    return unit(out) * shape * note.loud


def _height(frequency: NDArray[Any], resonances: Resonances) -> Signal:
    heights: Signal = np.sum(
        [height / (1 + ((frequency - centre) / width) ** 2) for centre, width, height in resonances], axis=0
    )
    return heights


def _wander(samples: int, random: Random) -> Signal:
    return np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, 9), random.standard_normal(9))


def _breath(samples: int, rate: int, resonances: Resonances, random: Random) -> Signal:
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency = np.fft.rfftfreq(samples, 1 / rate)
    noise = np.fft.irfft(spectrum * np.sqrt(_height(frequency, resonances)), n=samples)
    return unit(noise) * np.hanning(samples) * 0.3
