"""From finished lines to how late each end of speech was (pure).

Servers cut text where they like, so lines are matched to speech twice, and whichever finds the end of an
utterance finished first counts. By time stamps: once a line that touches the utterance reaches its end, give
or take `CLOSE`; where stamps end too early and the server goes on with later speech, its last line that
touches it counts. By words, because whisperlivekit's stamps run early after pauses over 5 s: once the last
of the utterance's last three words arrives that the finished text has in common with the reference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from benchmarks.latency import SentTimes
from benchmarks.peers.dialects import Finished
from streaming.events import Seconds

CLOSE: Seconds = 0.5
"""Whisper's own segment ends miss the end of speech by this much as a matter of course."""

MISSED = math.inf

_LAST_WORDS = 3
_TOUCH: Seconds = 0.1  # a line shares at least this much with an utterance that it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What one party said between two pauses; `end` is its last voiced moment, `text` the reference."""

    start: Seconds
    end: Seconds
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One stream: the audio as it was sent, what was said in it, and what came back by `until`.

    `over`: the server had said its last word then.
    """

    sent: SentTimes
    until: float
    audio_end: Seconds
    speech: Sequence[Speech]
    lines: Sequence[Finished]
    over: bool = False


@dataclass(slots=True)
class Outcome:
    """Seconds from end of speech to finished, in `waits`.

    What was still unfinished at the end counts with the time that it had waited by then. `missed`: the server
    went on without a word about it.
    """

    waits: list[float] = field(default_factory=list)
    missed: int = 0
    unfinished: int = 0


def outcome(streams: Sequence[Heard]) -> Outcome:
    found = Outcome()
    for stream in streams:
        for one, at in zip(stream.speech, _at_last(stream), strict=True):
            ended = stream.sent.at(one.end)
            if ended is None:
                continue
            if at is MISSED:
                found.missed += 1
                continue
            found.unfinished += at is None
            found.waits.append(max(0.0, (stream.until if at is None else at) - ended))
    return found


def finishes(speech: Sequence[Speech], lines: Sequence[Finished]) -> list[float | None]:
    """When each utterance was finished; None: not yet; `MISSED`: the server went on without a word of it."""
    stamped = [_by_stamps(one, lines) for one in speech]
    worded = _by_words(speech, lines)
    found: list[float | None] = []
    for index, one in enumerate(speech):
        known = [at for at in (stamped[index], worded[index]) if at is not None]
        later = any(at is not None for at in worded[index + 1 :])
        found.append(min(known, default=MISSED if later or _passed(one, lines) else None))
    return found


def behind(stream: Heard) -> Seconds:
    """How long ago the oldest speech ended that was still awaited when the audio ended; 0 if none was.

    What turns out to be missed was not awaited.
    """
    end = stream.sent.at(stream.audio_end)
    known = [line for line in stream.lines if end is not None and line.received <= end]
    then = finishes(stream.speech, known)
    states = zip(stream.speech, then, _at_last(stream), strict=True)
    ages = [stream.audio_end - one.end for one, at, last in states if at is None and last is not MISSED]
    return max(ages, default=0.0)


def own_waits(stream: Heard) -> list[float]:
    """Each finished line against its own end stamp: needs no matching, but believes the server's stamps."""
    ends = [(line.received, stream.sent.at(line.end)) for line in stream.lines if line.text]
    return [received - sent for received, sent in ends if sent is not None]


def words(text: str) -> list[str]:
    """Lower case, digits one by one, marks gone."""
    return re.findall(r"[a-z']+|\d", text.lower())


def differing(streams: Sequence[Heard]) -> float | None:
    """Words to change to get from the reference to the finished text, per cent of the reference's words."""
    wrong = total = 0
    for stream in streams:
        want = words(" ".join(one.text for one in stream.speech))
        got = words(" ".join(line.text for line in stream.lines))
        wrong += Levenshtein.distance(want, got)
        total += len(want)
    return round(100 * wrong / total, 1) if total else None


def _at_last(stream: Heard) -> list[float | None]:
    found = finishes(stream.speech, stream.lines)
    return [MISSED if at is None and stream.over else at for at in found]


def _by_stamps(speech: Speech, lines: Sequence[Finished]) -> float | None:
    touching = [line for line in lines if _touch(speech, line)]
    reaching = [line.received for line in touching if line.end >= speech.end - CLOSE]
    if reaching:
        return min(reaching)
    if touching and _passed(speech, lines):
        return max(line.received for line in touching)
    return None


def _passed(speech: Speech, lines: Sequence[Finished]) -> bool:
    """Whether something said later is finished already, by the stamps."""
    return any(line.start >= speech.end - CLOSE and not _touch(speech, line) for line in lines)


def _touch(speech: Speech, line: Finished) -> bool:
    shared = min(speech.end, line.end) - max(speech.start, line.start)
    return shared >= min(_TOUCH, (speech.end - speech.start) / 2)


def _by_words(speech: Sequence[Speech], lines: Sequence[Finished]) -> list[float | None]:
    want = [(index, place, word) for index, one in enumerate(speech) for place, word in _last_first(one.text)]
    got = [(word, line.received) for line in lines for word in words(line.text)]
    found: list[float | None] = [None] * len(speech)
    edits = Levenshtein.opcodes([word for _, _, word in want], [word for word, _ in got])
    for edit in edits:
        for (index, place, _), (_, received) in zip(
            want[edit.src_start : edit.src_end], got[edit.dest_start : edit.dest_end], strict=False
        ):
            if edit.tag == "equal" and place <= _LAST_WORDS:
                found[index] = received
    return found


def _last_first(text: str) -> list[tuple[int, str]]:
    """Words in order, each with its place from the end, 1 for the last."""
    found = words(text)
    return [(len(found) - index, word) for index, word in enumerate(found)]
