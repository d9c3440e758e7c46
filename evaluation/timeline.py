"""When each turn of a labelled call is spoken, once it is known how long each one lasts (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.script import BackChannel, Call, Turn, spoken
from streaming.events import Party, Seconds

LEAD_IN: Seconds = 0.8  # before the first word
TAIL: Seconds = 1.5  # behind the last
BREATH: Seconds = 0.05  # between two turns of one speaker, at least
OVERLAP: Seconds = 0.3  # a turn that comes in over another lets it begin first
MUSIC_EDGE: Seconds = 0.5  # between speech and hold music


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A turn, or a back-channel in it (`inside`: which of the turn's, from 0), and when it sounds."""

    turn: int
    speaker: Party
    text: str
    start: Seconds
    end: Seconds
    inside: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A call in time: what is said, in the script's order, hold music, and its length."""

    said: tuple[Spoken, ...]
    music: tuple[tuple[Seconds, Seconds], ...]
    seconds: Seconds


Piece = Turn | BackChannel


def pieces(call: Call) -> Iterator[Piece]:
    """What has to be spoken, each turn followed by the back-channels in it."""
    for turn in call.turns:
        yield turn
        yield from turn.back_channels


def lay_out(call: Call, lengths: Sequence[Seconds]) -> Timeline:
    """`lengths` are those of `pieces(call)`."""
    said: list[Spoken] = []
    music: list[tuple[Seconds, Seconds]] = []
    own_end = dict.fromkeys(Party, 0.0)
    last_start, last_end = LEAD_IN - OVERLAP, LEAD_IN
    left = iter(lengths)
    for turn in call.turns:
        earliest = max(own_end[turn.speaker] + BREATH, last_start + OVERLAP)
        start = max(last_end + turn.silence + turn.gap, earliest)
        end = start + next(left)
        if turn.music:
            music.append((last_end + MUSIC_EDGE, start - MUSIC_EDGE))
        said.append(Spoken(turn=turn.number, speaker=turn.speaker, text=turn.text, start=start, end=end))
        said += _back_channels(turn, start, end, left)
        own_end[turn.speaker], last_start, last_end = end, start, end
    floor = max(own_end.values())
    end = max(spoken.end for spoken in said) + TAIL
    if call.tail:
        end = max(end, floor + call.tail)
        music += [(floor + MUSIC_EDGE, end)] if call.tail_music else []
    return Timeline(said=tuple(said), music=tuple(music), seconds=end)


def _back_channels(turn: Turn, start: Seconds, end: Seconds, lengths: Iterator[Seconds]) -> Iterator[Spoken]:
    """Each begins where its word does, taking the turn's letters to be spoken evenly."""
    words = spoken(turn.text)
    letters = max(1, sum(len(word) + 1 for word in words))
    for index, inside in enumerate(turn.back_channels):
        share = sum(len(word) + 1 for word in words[: inside.word]) / letters
        at = start + share * (end - start)
        yield Spoken(
            turn=turn.number,
            speaker=inside.speaker,
            text=inside.text,
            start=at,
            end=at + next(lengths),
            inside=index,
        )
