"""The other party's speech on a party's channel is told from the party's own, by shape and level."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from streaming.audio import WINDOW, Chunk, Encoding
from streaming.channel import Piece
from streaming.crosstalk import BandLevels, CopyRules, Crosstalk, shared
from streaming.events import Event, Party, Seconds, Utterance, Word, WordsHeldBack
from streaming.ports import SAMPLE_RATE, Samples, SpeechRequest, Transcript
from streaming.session import CallSession
from tests.streaming.test_session import Sink, call, parts_for

SAMPLES = Path(__file__).parents[2] / "samples"
CALLS = ("good_call", "curt_call", "bad_answer_call")


def sample_call(name: str) -> dict[Party, Samples]:
    audio, rate = soundfile.read(SAMPLES / f"{name}.flac", dtype="float32")
    wide = soxr.resample(audio, rate, SAMPLE_RATE)
    whole = len(wide) // WINDOW * WINDOW
    return {Party.AGENT: wide[:whole, 0].copy(), Party.CUSTOMER: wide[:whole, 1].copy()}


def turns(name: str, who: Party) -> list[tuple[Seconds, Seconds]]:
    """As the segmenter would cut them: with 0.2 s around."""
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text())
    return [(turn["start"] - 0.2, turn["end"] + 0.2) for turn in truth["turns"] if turn["speaker"] == who]


def levels(samples: Samples, *, step: int = 2 * WINDOW) -> BandLevels:
    heard = BandLevels()
    for start in range(0, len(samples), step):
        heard.append(Chunk(start=start, samples=samples[start : start + step]))
    return heard


def upto(samples: Samples, end: Seconds) -> Samples:
    """What was heard half a second after `end`: only a few seconds are kept."""
    return samples[: round((end + 0.5) * SAMPLE_RATE) // WINDOW * WINDOW]


def told(
    own: Samples, other: Samples, start: Seconds, end: Seconds, watch: Crosstalk | None = None
) -> tuple[tuple[Seconds, Seconds], ...]:
    watch = watch or Crosstalk(BandLevels(), BandLevels())
    watch._own, watch._other = levels(upto(own, end)), levels(upto(other, end))
    return watch.copied(start, end)


def echo(samples: Samples, *, decibels: float, delay: Seconds, noise: float = -60.0) -> Samples:
    """Duller, later and lower, with noise at `noise` dBFS."""
    dull = np.convolve(samples, np.exp(-np.arange(24) / 6.0) / 5.0)[: len(samples)]
    late = round(delay * SAMPLE_RATE)
    returned = np.concatenate([np.zeros(late), dull[: len(dull) - late]]) * 10 ** (decibels / 20)
    hiss = np.random.default_rng(1).standard_normal(len(samples)) * 10 ** (noise / 20)
    return (returned + hiss).astype(np.float32)


@pytest.mark.parametrize(("decibels", "delay"), [(-10.0, 0.0), (-15.0, 0.04), (-20.0, 0.12), (-25.0, 0.2)])
@pytest.mark.parametrize("name", CALLS)
def test_the_customers_speech_on_the_agents_line_is_a_copy(
    name: str, decibels: float, delay: Seconds
) -> None:
    customer = sample_call(name)[Party.CUSTOMER]
    agent = echo(customer, decibels=decibels, delay=delay)
    watch = Crosstalk(BandLevels(), BandLevels())
    speech = copies = 0.0
    for start, end in turns(name, Party.CUSTOMER):
        speech += end - start
        copies += shared(told(agent, customer, start + delay, end + delay, watch), start, end + delay)
    assert copies > 0.93 * speech


@pytest.mark.parametrize("name", CALLS)
def test_nothing_that_was_said_is_a_copy(name: str) -> None:
    """Neither in turn nor over the other party: the calls have overlaps, back-channels and crosstalk."""
    call = sample_call(name)
    for who in Party:
        watch = Crosstalk(BandLevels(), BandLevels())
        for start, end in turns(name, who):
            assert told(call[who], call[who.other], start, end, watch) == ()


def test_only_the_copy_of_an_utterance_that_goes_on_with_own_words_is_one() -> None:
    call = sample_call("good_call")
    _, (start, end), *_ = turns("good_call", Party.CUSTOMER)
    own_start, own_end = turns("good_call", Party.AGENT)[3]
    agent = echo(call[Party.CUSTOMER], decibels=-20.0, delay=0.1)
    at, length = round(end * SAMPLE_RATE), round((own_end - own_start) * SAMPLE_RATE)
    answer = round(own_start * SAMPLE_RATE)
    agent[at : at + length] += call[Party.AGENT][answer : answer + length]
    middle, last = at / SAMPLE_RATE, (at + length) / SAMPLE_RATE
    silent = call[Party.CUSTOMER].copy()
    silent[at:] = 1e-4
    found = told(agent, silent, start + 0.1, last)
    assert shared(found, start + 0.1, middle) > 0.8 * (middle - start - 0.1)
    assert shared(found, middle + 0.2, last) == 0.0


def test_the_same_words_as_loud_are_no_copy() -> None:
    """Both say goodbye; or one party's sound was sent twice, which another check tells."""
    customer = sample_call("good_call")[Party.CUSTOMER]
    start, end = turns("good_call", Party.CUSTOMER)[1]
    assert told(customer * np.float32(0.8), customer, start, end) == ()


def test_a_short_copy_is_believed_where_a_long_one_came_before_equally_late() -> None:
    call = sample_call("good_call")[Party.CUSTOMER]
    agent = echo(call, decibels=-20.0, delay=0.1, noise=-46.0)
    rules = CopyRules(alike_short=0.99)
    long = turns("good_call", Party.CUSTOMER)[1]
    short = (long[0] + 0.5, long[0] + 0.95)
    alone = told(agent, call, *short, Crosstalk(BandLevels(), BandLevels(), rules))
    watch = Crosstalk(BandLevels(), BandLevels(), rules)
    told(agent, call, *long, watch)
    again = told(agent, call, *short, watch)
    assert again == (short,)
    assert alone == ()


def test_an_utterance_that_still_grows_leaves_nothing_behind() -> None:
    call = sample_call("good_call")[Party.CUSTOMER]
    start, end = turns("good_call", Party.CUSTOMER)[1]
    own, other = levels(upto(echo(call, decibels=-20.0, delay=0.1), end)), levels(upto(call, end))
    watch = Crosstalk(own, other)
    assert watch.copied(start, end, learn=False)
    assert watch._late is None


@pytest.mark.parametrize("step", [1, 3, 50])
def test_levels_do_not_depend_on_how_the_audio_was_cut(step: int) -> None:
    audio = sample_call("curt_call")[Party.CUSTOMER][: 400 * WINDOW]
    whole, cut = levels(audio, step=len(audio)), levels(audio, step=step * WINDOW)
    np.testing.assert_array_equal(cut.between(60, 700), whole.between(60, 700))


def test_levels_forget_what_no_utterance_can_reach() -> None:
    heard = levels(np.full(60 * SAMPLE_RATE // WINDOW * WINDOW, 0.1, np.float32))
    held = sum(len(rows) for _, rows in heard._rows)
    assert held * 256 / SAMPLE_RATE < 18.0
    assert heard.between(0, 10).max() == pytest.approx(-100.0)


class Loud:
    """Voice wherever a window is over -45 dBFS."""

    def probabilities(self, samples: Samples, /) -> Samples:
        level = np.sqrt(np.mean(samples.reshape(-1, WINDOW) ** 2, axis=1))
        return (level > 10 ** (-45 / 20)).astype(np.float32)


class EveryWindow:
    """A recogniser that hears a word in every tenth of a second of voice."""

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        starts = [at for first, last in request.voiced for at in np.arange(first, last - 0.1, 0.1).tolist()]
        return Transcript(words=tuple(Word(text="word", start=at, end=at + 0.1) for at in starts))

    def forget(self, call_id: str, /) -> None:
        pass


async def told_of_a_call(agent: Samples, customer: Samples, *, skew: Seconds) -> list[Event]:
    """The log of a call whose agent's audio comes `skew` before the customer's."""
    sink = Sink()
    with ThreadPoolExecutor(1) as executor:
        parts = replace(parts_for(executor, sink, EveryWindow(), buffered=30.0), voice=Loud)
        session = CallSession(call(), rate=SAMPLE_RATE, parts=parts)
        pieces = [
            Piece(party=party, position=at, encoding=Encoding.PCM_F32LE, data=audio[at : at + 1600].tobytes())
            for party, audio in ((Party.AGENT, agent), (Party.CUSTOMER, customer))
            for at in range(0, len(audio), 1600)
        ]
        late = round(skew * SAMPLE_RATE)
        pieces.sort(key=lambda one: one.position + (late if one.party is Party.CUSTOMER else 0))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(session.run())
            for piece in pieces:
                session.offer(piece)
                await asyncio.sleep(0)
            session.end("client", "bye")
        await running
    return [record.event for record in sink.records]


@pytest.mark.parametrize("skew", [0.0, 1.5])
async def test_words_that_came_back_are_not_credited_whichever_party_comes_first(skew: Seconds) -> None:
    customer = sample_call("good_call")[Party.CUSTOMER][5 * SAMPLE_RATE : 37 * SAMPLE_RATE]
    agent = echo(customer, decibels=-15.0, delay=0.1)
    events = await told_of_a_call(agent, customer, skew=skew)
    credited = {
        party: sum(len(one.words) for one in events if isinstance(one, Utterance) and one.speaker is party)
        for party in Party
    }
    held = [one for one in events if isinstance(one, WordsHeldBack)]
    assert credited[Party.CUSTOMER] > 30
    assert credited[Party.AGENT] == 0
    assert {(one.speaker, one.reason) for one in held} == {(Party.AGENT, "crosstalk")}
    assert sum(len(one.words) for one in held) > 20
    assert sum(one.doubtful for one in held) == 0
