"""One party's ear: wire audio in, speech boundaries, gaps and whole utterances out (synchronous)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streaming.audio import ChannelTrack, Chunk, Encoding, Gap, Tape, decode
from streaming.crosstalk import BandLevels, Stretch, shared
from streaming.events import Party, Seconds, SpeechEnded, SpeechStarted
from streaming.ports import Samples, VoiceActivity
from streaming.segment import Decision, Offset, Onset, Segment, SegmentConfig, Segmenter

_PAUSE: Seconds = 0.16  # longer than a stop's closure (up to 0.13 s), a third of the pause that ends a turn
_MOMENT: Seconds = 0.01
_KEPT: Seconds = 1.0  # audio kept behind the last decision: more than a segment's padding


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Audio as it came: mono wire bytes of one party from sample `position` (wire rate) on."""

    party: Party
    position: int
    encoding: Encoding
    data: bytes

    @property
    def samples(self) -> int:
        return len(self.data) // self.encoding.width

    @property
    def end(self) -> int:
        return self.position + self.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An utterance's audio (16 kHz, its first sample at `start`) and the voiced stretches in it.

    `copied`: where it is not this party but the other one, heard on this channel (`streaming.crosstalk`).
    """

    utterance_id: str
    speaker: Party
    start: Seconds
    end: Seconds
    voiced: tuple[tuple[Seconds, Seconds], ...]
    audio: Samples
    continues: bool = False
    copied: tuple[Stretch, ...] = ()

    def is_copy(self, start: Seconds, end: Seconds) -> bool:
        """Whether at least half of the time between is the other party's speech."""
        middle = (start + end) / 2
        first, last = (
            min(start, middle - _MOMENT),
            max(end, middle + _MOMENT),
        )  # a word may last no time at all
        return 2 * shared(self.copied, first, last) >= last - first


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Audio between `start` and `end` never came; `leading`: nothing of this party came before."""

    speaker: Party
    start: Seconds
    end: Seconds
    leading: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something heard, and the stream time at which it was certain."""

    due: Seconds
    what: SpeechStarted | SpeechEnded | Lost | Spoken


class Ear:
    """Hears one party: positions → 16 kHz → voice activity → utterances.

    Not safe for concurrent use; the session hears on its loop or in one executor job, never in both.
    """

    def __init__(
        self, party: Party, rate: int, voice: VoiceActivity, config: SegmentConfig | None = None
    ) -> None:
        self.party = party
        self._track = ChannelTrack(rate)
        self._voice = voice
        self._segmenter = Segmenter(config)
        self._tape = Tape()
        self.levels = BandLevels()

    @property
    def at(self) -> Seconds:
        """Stream seconds decided so far."""
        return self._segmenter.at

    @property
    def received(self) -> Seconds:
        """Stream seconds received so far, lost audio included."""
        return self._track.at

    @property
    def position(self) -> int:
        """The next wire sample expected."""
        return self._track.position

    def hear(self, pieces: Iterable[Piece]) -> Iterator[Heard]:
        """Raises `PositionError` and `FrameError` behind what was heard before the piece at fault.

        Pieces that follow each other are heard in one run.
        """
        for piece in joined(pieces):
            yield from self._follow(self._track.push(piece.position, decode(piece.encoding, piece.data)))

    def advance(self, position: int) -> list[Heard]:
        """Nothing before `position` will come any more."""
        return self._follow(self._track.advance(position))

    def flush(self) -> list[Heard]:
        """The call is over: what is still open ends here."""
        heard = self._follow(self._track.flush())
        return heard + self._decided(self._segmenter.flush())

    def growing(self) -> tuple[Seconds, Seconds] | None:
        """Where the utterance going on began and how far it is voiced.

        None before speech is certain, and in a pause, which may be its end.
        """
        voice = self._segmenter.voice
        return None if voice is None or self.at - voice[1] > _PAUSE else voice

    def speaking(self) -> Spoken | None:
        """The utterance going on, as far as heard; None before speech is certain."""
        going = self._segmenter.open_segment()
        if going is None:
            return None
        return self._spoken(going.index, going.start, going.end, going.voiced, continues=False)

    def _follow(self, parts: Iterable[Chunk | Gap]) -> list[Heard]:
        heard: list[Heard] = []
        for part in parts:
            if isinstance(part, Gap):
                lost = Lost(speaker=self.party, start=part.start, end=part.end, leading=part.leading)
                heard += self._decided(self._segmenter.gap(part.start, part.end))
                heard.append(Heard(due=max(self._segmenter.at, part.start), what=lost))
            else:
                self._tape.append(part)
                self.levels.append(part)
                probabilities = self._voice.probabilities(part.samples)
                heard += self._decided(self._segmenter.feed(part.window, probabilities.tolist()))
                self._forget()
        return heard

    def _decided(self, decisions: Iterable[Decision]) -> list[Heard]:
        return [self._heard(decision) for decision in decisions]

    def _heard(self, decision: Decision) -> Heard:
        match decision:
            case Onset():
                return Heard(due=decision.decided_at, what=SpeechStarted(speaker=self.party, at=decision.at))
            case Offset():
                return Heard(due=decision.decided_at, what=SpeechEnded(speaker=self.party, at=decision.at))
            case Segment():
                spoken = self._spoken(
                    decision.index,
                    decision.start,
                    decision.end,
                    decision.voiced,
                    continues=decision.continues,
                )
                return Heard(due=decision.closed_at, what=spoken)

    def _spoken(
        self,
        index: int,
        start: Seconds,
        end: Seconds,
        voiced: tuple[tuple[Seconds, Seconds], ...],
        *,
        continues: bool,
    ) -> Spoken:
        return Spoken(
            utterance_id=f"{self.party[0]}{index}",
            speaker=self.party,
            start=start,
            end=end,
            voiced=voiced,
            audio=self._tape.between(start, end),
            continues=continues,
        )

    def _forget(self) -> None:
        going = self._segmenter.open_segment()
        self._tape.forget((going.start if going else self.at) - _KEPT)


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces that follow each other without a hole, as one: decoding and hearing in runs is cheaper."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        last = runs[-1][-1] if runs else None
        if last and last.party is piece.party and last.end == piece.position:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [
        Piece(
            party=run[0].party,
            position=run[0].position,
            encoding=run[0].encoding,
            data=b"".join(piece.data for piece in run),
        )
        for run in runs
    ]
