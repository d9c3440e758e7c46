"""Wire bytes ↔ samples, and the 16 kHz timeline by sample position."""

from __future__ import annotations

import importlib
import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming import g711
from streaming.audio import (
    WINDOW,
    ChannelTrack,
    Chunk,
    Encoding,
    Gap,
    Tape,
    TrackLimits,
    decode,
    deinterleave,
    encode,
    interleave,
)
from streaming.errors import FrameError, PositionError
from streaming.ports import SAMPLE_RATE, Samples

RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)


def noise(samples: int, seed: int = 0) -> Samples:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def join(items: list[Chunk | Gap]) -> Samples:
    """The timeline with what was skipped left out; checks that chunks are whole windows on the grid."""
    chunks = [item for item in items if isinstance(item, Chunk)]
    assert all(chunk.start % WINDOW == 0 and len(chunk.samples) % WINDOW == 0 for chunk in chunks)
    return np.concatenate([chunk.samples for chunk in chunks] or [np.zeros(0, np.float32)])


def gaps(items: list[Chunk | Gap]) -> list[tuple[float, float]]:
    return [(item.start, item.end) for item in items if isinstance(item, Gap)]


def play(track: ChannelTrack, frames: list[tuple[int, Samples]]) -> list[Chunk | Gap]:
    return [item for frame in frames for item in track.push(*frame)] + track.flush()


@pytest.mark.parametrize(
    ("encoding", "code", "sample"),
    [  # ITU-T G.711 tables 1 and 2, on a 16-bit scale
        (Encoding.MULAW, 0xFF, 0),
        (Encoding.MULAW, 0x7F, 0),
        (Encoding.MULAW, 0x80, 32124),
        (Encoding.MULAW, 0x00, -32124),
        (Encoding.MULAW, 0xFE, 8),
        (Encoding.MULAW, 0xEF, 132),
        (Encoding.ALAW, 0xD5, 8),
        (Encoding.ALAW, 0x55, -8),
        (Encoding.ALAW, 0xAA, 32256),
        (Encoding.ALAW, 0x2A, -32256),
        (Encoding.ALAW, 0x80, 5504),
    ],
)
def test_g711_known_codes_decode_to_their_samples(encoding: Encoding, code: int, sample: int) -> None:
    assert decode(encoding, bytes([code]))[0] * 32768 == sample


def _audioop() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return importlib.import_module("audioop")
        except ModuleNotFoundError:
            return pytest.skip("this Python has no audioop to compare with")


def test_g711_expansion_equals_the_standard_librarys() -> None:
    audioop = _audioop()
    codes = bytes(range(256))
    assert g711.mulaw_expansion().tobytes() == audioop.ulaw2lin(codes, 2)  # type: ignore[attr-defined]
    assert g711.alaw_expansion().tobytes() == audioop.alaw2lin(codes, 2)  # type: ignore[attr-defined]


def test_g711_compression_equals_the_standard_librarys_but_for_its_14_bit_rounding_of_negatives() -> None:
    audioop = _audioop()
    pcm = np.arange(65536, dtype=np.uint16).view(np.int16)
    alaw = np.frombuffer(audioop.lin2alaw(pcm.tobytes(), 2), np.uint8)  # type: ignore[attr-defined]
    mulaw = np.frombuffer(audioop.lin2ulaw(pcm.tobytes(), 2), np.uint8)  # type: ignore[attr-defined]
    assert np.array_equal(g711.alaw_compression(), alaw)
    differ = g711.mulaw_compression() != mulaw
    assert not differ[pcm >= 0].any()
    assert differ.sum() < 400  # at the edges between codes, by one code
    assert np.abs(g711.mulaw_compression()[differ].astype(int) - mulaw[differ]).max() == 1


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_every_g711_code_survives_a_round_trip(encoding: Encoding) -> None:
    codes = bytes(code for code in range(256) if (encoding, code) != (Encoding.MULAW, 0x7F))  # -0 is +0
    assert encode(encoding, decode(encoding, codes)) == codes


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_g711_is_within_half_a_step_of_any_sample(encoding: Encoding) -> None:
    samples = np.linspace(-0.98, 0.98, 20_001, dtype=np.float32)
    error = np.abs(decode(encoding, encode(encoding, samples)) - samples)
    assert (error <= np.abs(samples) / 30 + 10 / 32768).all()


def test_pcm_decodes_little_endian_to_full_scale() -> None:
    assert decode(Encoding.PCM_S16LE, b"\x00\x80\xff\x7f\x00\x00").tolist() == [-1.0, 32767 / 32768, 0.0]


def test_float_samples_beyond_full_scale_are_clipped_and_nan_is_silence() -> None:
    wire = np.array([2.0, -np.inf, np.nan, 0.25], dtype="<f4").tobytes()
    assert decode(Encoding.PCM_F32LE, wire).tolist() == [1.0, -1.0, 0.0, 0.25]


def test_encoding_beyond_full_scale_clips_rather_than_wraps() -> None:
    loud = np.array([1.5, -1.5], dtype=np.float32)
    assert np.frombuffer(encode(Encoding.PCM_S16LE, loud), "<i2").tolist() == [32767, -32768]


@pytest.mark.parametrize("encoding", [Encoding.PCM_S16LE, Encoding.PCM_F32LE])
def test_a_part_of_a_sample_is_a_frame_error(encoding: Encoding) -> None:
    with pytest.raises(FrameError, match="inside a sample"):
        decode(encoding, b"\x00" * (encoding.width + 1))


@given(st.sampled_from(list(Encoding)), st.integers(1, 3), st.binary(max_size=200))
def test_deinterleaving_undoes_interleaving(encoding: Encoding, channels: int, data: bytes) -> None:
    whole = data[: len(data) // (encoding.width * channels) * encoding.width * channels]
    assert interleave(encoding, deinterleave(encoding, whole, channels)) == whole


def test_interleaved_channels_come_apart_sample_by_sample() -> None:
    assert deinterleave(Encoding.PCM_S16LE, b"aaXXbbYY", 2) == (b"aabb", b"XXYY")
    with pytest.raises(FrameError, match="multiple of 4 bytes"):
        deinterleave(Encoding.PCM_S16LE, b"aaXXbb", 2)


@pytest.mark.parametrize("rate", RATES)
def test_streamed_audio_equals_the_whole_file_resampled(rate: int) -> None:
    audio = noise(rate * 2)
    heard = join(play(ChannelTrack(rate), [(p, audio[p : p + 160]) for p in range(0, len(audio), 160)]))
    whole = audio if rate == SAMPLE_RATE else soxr.resample(audio, rate, SAMPLE_RATE, quality="HQ")
    assert len(heard) - len(whole) < WINDOW
    assert np.abs(heard[: len(whole)] - whole).max() < 1e-6
    assert not heard[len(whole) :].any()


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(RATES), st.lists(st.integers(0, 12_000), max_size=40), st.integers(12_000, 12_000))
def test_the_same_audio_cut_anywhere_gives_the_same_samples(rate: int, cuts: list[int], length: int) -> None:
    audio = noise(length)
    edges = [0, *sorted(cuts), length]
    pieces = [(a, audio[a:b]) for a, b in pairwise(edges)]
    assert np.array_equal(
        join(play(ChannelTrack(rate), pieces)), join(play(ChannelTrack(rate), [(0, audio)]))
    )


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_gaps_and_duplicates_give_the_same_timeline_however_the_rest_is_cut(data: st.DataObject) -> None:
    rate, length = data.draw(st.sampled_from(RATES)), 20_000
    audio = noise(length)
    lost = sorted(data.draw(st.lists(st.integers(1, length - 1), min_size=2, max_size=6, unique=True)))
    kept = list(zip([0, *lost[1::2]], lost[::2], strict=False))
    frames = []
    for start, end in kept:
        edges = sorted({start, end, *data.draw(st.lists(st.integers(start, end), max_size=6))})
        back = data.draw(st.integers(0, 50))
        frames += [(max(start, a - back), audio[max(start, a - back) : b]) for a, b in pairwise(edges)]
    cut = play(ChannelTrack(rate), frames)
    plain = play(ChannelTrack(rate), [(a, audio[a:b]) for a, b in kept])
    assert gaps(cut) == gaps(plain) == [(a / rate, b / rate) for (_, a), (b, _) in pairwise(kept)]
    assert np.array_equal(join(cut), join(plain))


def test_a_gap_is_reported_where_it_lies_and_filled_with_silence() -> None:
    track, tone = ChannelTrack(8_000), np.full(8_000, 0.5, np.float32)
    items = play(track, [(0, tone), (12_000, tone)])
    assert gaps(items) == [(1.0, 1.5)]
    heard = join(items)
    assert np.abs(heard[16_200:23_800]).max() == 0
    assert heard[15_000] == pytest.approx(0.5, abs=0.01)
    assert heard[25_000] == pytest.approx(0.5, abs=0.01)
    assert len(heard) == -(-40_000 // WINDOW) * WINDOW


def test_the_audio_before_a_gap_is_heard_before_the_gap_is_told() -> None:
    items = play(ChannelTrack(8_000), [(0, noise(8_000)), (80_000, noise(80))])
    told = next(index for index, item in enumerate(items) if isinstance(item, Gap))
    before = [item for item in items[:told] if isinstance(item, Chunk)]
    assert before[-1].end >= 1.0
    assert before[-1].end - 1.0 < WINDOW / SAMPLE_RATE


def test_a_gap_of_hours_costs_no_memory_and_keeps_the_time() -> None:
    track = ChannelTrack(48_000, limits=TrackLimits(jump=12 * 3600))
    track.push(0, noise(48_000))
    tracemalloc.start()
    items = track.push(48_000 * 36_000, noise(48_000)) + track.flush()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
    assert gaps(items) == [(1.0, 36_000.0)]
    assert len(join(items)) < 3.2 * SAMPLE_RATE
    last = [item for item in items if isinstance(item, Chunk)][-1]
    assert 36_001.0 <= last.end < 36_001.04


def test_audio_behind_a_long_gap_lies_at_its_true_time() -> None:
    track, click = ChannelTrack(8_000), np.zeros(8_000, np.float32)
    click[4_000] = 1.0
    tape = Tape()
    for item in play(track, [(0, noise(800)), (8_000 * 100 + 37, click)]):
        if isinstance(item, Chunk):
            tape.append(item)
    around = tape.between(100.0, 101.0)
    assert abs(int(np.argmax(around)) - round((4_037 / 8_000) * SAMPLE_RATE)) <= 1


def test_a_channel_that_begins_late_says_so() -> None:
    (gap,) = (item for item in play(ChannelTrack(8_000), [(816, noise(160))]) if isinstance(item, Gap))
    assert gap == Gap(start=0.0, end=0.102, leading=True)


def test_re_sent_audio_is_heard_once() -> None:
    audio = noise(16_000)
    track = ChannelTrack(8_000)
    again = play(
        track, [(0, audio[:8_000]), (4_000, audio[4_000:12_000]), (0, audio[:100]), (12_000, audio[12_000:])]
    )
    assert gaps(again) == []
    assert np.array_equal(join(again), join(play(ChannelTrack(8_000), [(0, audio)])))


@pytest.mark.parametrize(
    ("position", "words"),
    [(0, "went back by 100.0 s.*go on from position 800000"), (8_000 * 30_000, "jumped ahead")],
)
def test_an_absurd_position_is_refused_and_says_what_was_expected(position: int, words: str) -> None:
    track = ChannelTrack(8_000, start=800_000)
    with pytest.raises(PositionError, match=words):
        track.push(position, noise(160))
    assert track.position == 800_000


def test_a_resumed_track_starts_at_its_position_on_the_same_window_grid() -> None:
    items = play(ChannelTrack(8_000, start=8_123), [(8_123, np.full(4_000, 0.5, np.float32))])
    assert gaps(items) == []
    assert isinstance(items[0], Chunk)
    assert items[0].start == 16_246 // WINDOW * WINDOW


def test_advancing_closes_the_time_that_will_not_come() -> None:
    track = ChannelTrack(8_000)
    track.push(0, noise(8_000))
    assert gaps(track.advance(20_000)) == [(1.0, 2.5)]
    assert track.advance(19_000) == []
    assert track.at == 2.5


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100])
def test_ten_hours_with_a_gap_a_minute_do_not_drift(rate: int) -> None:
    track = ChannelTrack(rate)
    end = 0.0
    for minute in range(600):
        position = minute * 60 * rate + minute  # never on the grid
        for item in track.push(position, np.zeros(rate // 10, np.float32)):
            if isinstance(item, Chunk):
                end = item.end
    last = [item for item in track.flush() if isinstance(item, Chunk)][-1]
    assert end < last.end
    assert 0 <= last.end - track.at < WINDOW / SAMPLE_RATE + 1e-4


def test_contiguous_minutes_at_an_odd_rate_do_not_drift() -> None:
    track, minute, samples = ChannelTrack(11_025), np.zeros(11_025 * 60, np.float32), 0
    for number in range(20):
        samples += len(join(track.push(number * len(minute), minute)))
    assert samples + len(join(track.flush())) == -(-20 * 60 * SAMPLE_RATE // WINDOW) * WINDOW


def test_the_tape_gives_any_stretch_and_forgets_what_is_past() -> None:
    tape, audio = Tape(), noise(WINDOW * 10)
    for index in range(0, 10, 2):
        tape.append(Chunk(start=index * WINDOW, samples=audio[index * WINDOW : (index + 2) * WINDOW]))
    assert np.array_equal(tape.between(0.01, 0.2), audio[160:3200])
    tape.forget(0.1)
    assert tape.seconds == pytest.approx(8 * WINDOW / SAMPLE_RATE)
    assert not tape.between(0.0, 0.06).any()
    assert np.array_equal(tape.between(0.1, 0.2), audio[1600:3200])
