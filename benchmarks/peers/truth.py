"""When speech ended in the audio of a call, and what a patient decoder makes of it: the same for all servers.

Nobody marked up the real call. Boundaries are those that callcue's own voice activity and segmenter find
offline in the very audio that is played; the text is faster-whisper's, with the weights that all servers use,
each utterance in a 30 s window, beam 5. So words tell how far a server is from what these weights can hear,
not how far they are from the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr

from benchmarks.frames import FRAME, RATE, Loop
from benchmarks.peers.matching import Speech
from models.vad import SileroVoiceActivity
from streaming.audio import Encoding, decode
from streaming.channel import Ear, Piece, Spoken
from streaming.events import Party, Seconds
from streaming.ports import SAMPLE_RATE, Samples


class Decoder(Protocol):
    def __call__(self, audio: Samples) -> str: ...


def stretch(loop: Loop, party: Party, offset: int, frames: int) -> bytes:
    """One party's µ-law audio: `frames` frames of the recording from frame `offset` on, round and round."""
    mulaw = loop.agent if party is Party.AGENT else loop.customer
    begin = offset % loop.frames * FRAME
    rounds = 2 + frames // loop.frames
    return (mulaw * rounds)[begin : begin + frames * FRAME]


def at_16k(mulaw: bytes) -> Samples:
    """What servers get that want 16 kHz."""
    return np.asarray(soxr.resample(decode(Encoding.MULAW, mulaw), RATE, SAMPLE_RATE), np.float32)


def speech(mulaw: bytes, party: Party, decoder: Decoder) -> list[Speech]:
    """What was said; without what has no words, for nothing can be finished there."""
    return [one for one in _decoded(mulaw, party, decoder) if one.text]


def _decoded(mulaw: bytes, party: Party, decoder: Decoder) -> Iterator[Speech]:
    """Pieces of a turn that was cut for its length are one utterance: speech did not end between them."""
    voiced: tuple[tuple[Seconds, Seconds], ...] = ()
    texts: list[str] = []
    for spoken in utterances(mulaw, party):
        voiced, texts = (*voiced, *spoken.voiced), [*texts, decoder(spoken.audio)]
        if not spoken.continues:
            yield Speech(start=voiced[0][0], end=voiced[-1][1], text=" ".join(texts).strip())
            voiced, texts = (), []


def utterances(mulaw: bytes, party: Party) -> Iterable[Spoken]:
    ear = Ear(party, RATE, SileroVoiceActivity())
    heard = list(ear.hear([Piece(party=party, position=0, encoding=Encoding.MULAW, data=mulaw)]))
    return [one.what for one in heard + ear.flush() if isinstance(one.what, Spoken)]


def patient_decoder(weights: Path) -> Decoder:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(weights), device="cpu", compute_type="int8")

    def decoded(audio: Samples) -> str:
        segments, _ = model.transcribe(audio, language="en", beam_size=5, condition_on_previous_text=False)
        return " ".join(segment.text.strip() for segment in segments)

    return decoded
