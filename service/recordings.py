"""Reads recordings: which file holds whom, whole or not, and its audio block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from streaming.errors import PartiesUnknown, UnreadableAudio
from streaming.events import Party

SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus"})
BLOCK_SECONDS = 1.0
_MOST_CHUNKS = 1000  # of a WAV file before its audio: half a gigabyte of zeros is 64 million empty ones
BOTH = (Party.AGENT, Party.CUSTOMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file and who is on its channels, in channel order."""

    path: Path
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`samples`: float32, shape ``(n,)``, of one party at the recording's rate, from `position` on."""

    party: Party
    position: int
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A call's recording: one stereo file, or one file a party."""

    sources: tuple[Source, ...]
    rate: int
    frames: int

    @property
    def parties(self) -> tuple[Party, ...]:
        return tuple(party for source in self.sources for party in source.parties)

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    @property
    def name(self) -> str:
        return self.sources[0].path.stem

    def blocks(self) -> Iterator[list[Block]]:
        """About a second of every party at a time. Raises `UnreadableAudio` where a file breaks off."""
        size = int(BLOCK_SECONDS * self.rate)
        readers = [_channels(source, size) for source in self.sources]
        for parts in _side_by_side(readers):
            yield [block for part in parts for block in part]


def open_recording(sources: Sequence[Source]) -> Recording:
    """Check the files and say what is in them; raises `UnreadableAudio` or `PartiesUnknown`."""
    infos = [(source, _probe(source.path)) for source in sources]
    for source, info in infos:
        if info.channels != len(source.parties):
            raise PartiesUnknown(_parties_message(source, info.channels))
    rates = {info.samplerate for _, info in infos}
    if len(rates) > 1:
        raise UnreadableAudio("the two files of one call have different sample rates; convert them to one")
    frames = max(info.frames for _, info in infos)
    return Recording(sources=tuple(sources), rate=rates.pop(), frames=frames)


def _parties_message(source: Source, channels: int) -> str:
    if channels == 1:
        return (
            f"{source.path.name} is mono, but two parties were promised; give one file a party"
            " (--agent-file and --customer-file, over HTTP agent_file and customer_file),"
            " or say who is on it (--party agent, over HTTP agent_file alone)"
        )
    return f"{source.path.name} has {channels} channels for {len(source.parties)} parties"


def _probe(path: Path) -> soundfile._SoundFileInfo:
    if not path.exists():
        raise UnreadableAudio(f"{path.name} does not exist")
    if path.stat().st_size == 0:
        raise UnreadableAudio(f"{path.name} is empty")
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(
            f"{path.name} is not audio that can be read (wav, flac, mp3, ogg, opus)"
        ) from error
    if info.frames <= 0 or info.samplerate <= 0:
        raise UnreadableAudio(f"{path.name} holds no audio")
    _check_wav_whole(path)
    return info


def _check_wav_whole(path: Path) -> None:
    """libsndfile reads a cut-off WAV without a word, so its data chunk is measured here."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
            return
        length = path.stat().st_size
        for _ in range(_MOST_CHUNKS):
            chunk = file.read(8)
            size = int.from_bytes(chunk[4:8], "little")
            left = length - file.tell()
            if chunk[:4] == b"data" and size not in (0, 0xFFFFFFFF) and size > left:
                raise UnreadableAudio(f"{path.name} is cut off: {left} of {size} bytes of audio are there")
            if len(chunk) < 8 or chunk[:4] == b"data":
                return
            file.seek(size + size % 2, 1)
    raise UnreadableAudio(f"{path.name} is not audio that can be read: it has no end of small parts")


def _channels(source: Source, size: int) -> Iterator[list[Block]]:
    position = 0
    try:
        with soundfile.SoundFile(source.path) as file:
            promised = file.frames
            for block in file.blocks(blocksize=size, dtype="float32", always_2d=True):
                yield [
                    Block(party=party, position=position, samples=np.ascontiguousarray(block[:, channel]))
                    for channel, party in enumerate(source.parties)
                ]
                position += len(block)
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(f"{source.path.name} breaks off after {position} samples") from error
    if position < promised and source.path.suffix.lower() in {".wav", ".flac"}:
        raise UnreadableAudio(f"{source.path.name} is cut off: {position} of {promised} samples are there")


def _side_by_side(readers: list[Iterator[list[Block]]]) -> Iterator[list[list[Block]]]:
    """The next block of every file that still has one."""
    live = readers
    while live:
        parts = [(reader, part) for reader in live if (part := next(reader, None)) is not None]
        live = [reader for reader, _ in parts]
        if parts:
            yield [part for _, part in parts]
