"""Voice activity → utterances."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio import WINDOW_SECONDS
from streaming.segment import Decision, Offset, Onset, Segment, SegmentConfig, Segmenter

W = WINDOW_SECONDS


def windows(*stretches: tuple[float, float]) -> list[float]:
    """(probability, seconds) stretches → one probability a window."""
    return [p for p, seconds in stretches for _ in range(round(seconds / W))]


def decide(probabilities: list[float], config: SegmentConfig | None = None) -> list[Decision]:
    segmenter = Segmenter(config)
    return segmenter.feed(0, probabilities) + segmenter.flush()


def segments(decisions: list[Decision]) -> list[Segment]:
    return [item for item in decisions if isinstance(item, Segment)]


def test_one_utterance_has_an_onset_an_end_and_padding() -> None:
    onset, offset, segment = decide(windows((0.0, 1.0), (0.9, 1.0), (0.0, 1.0)))
    start, end = 31 * W, 62 * W
    assert onset == Onset(at=start, decided_at=34 * W)
    assert offset == Offset(at=end, decided_at=76 * W)
    assert isinstance(segment, Segment)
    assert (segment.index, segment.continues) == (1, False)
    assert segment.start == pytest.approx(start - 0.2)
    assert segment.end == pytest.approx(end + 0.2)
    assert segment.voiced == ((start, end),)
    assert segment.closed_at == offset.decided_at


@pytest.mark.parametrize(("length", "heard"), [(1, False), (2, False), (3, True), (4, True), (6, True)])
def test_a_yep_lives_and_a_click_does_not(length: int, heard: bool) -> None:
    decisions = decide([0.0] * 20 + [0.9] * length + [0.0] * 20)
    assert bool(segments(decisions)) is heard
    assert bool(decisions) is heard


@pytest.mark.parametrize(("pause", "count"), [(0.3, 1), (0.42, 1), (0.5, 2), (2.0, 2)])
def test_the_endpoint_pause_decides_what_is_one_utterance(pause: float, count: int) -> None:
    assert len(segments(decide(windows((0.9, 1), (0, pause), (0.9, 1), (0, 1))))) == count


def test_the_endpoint_can_be_set() -> None:
    decisions = decide(windows((0.9, 1), (0, 0.9), (0.9, 1), (0, 2)), SegmentConfig(endpoint=1.2))
    assert len(segments(decisions)) == 1


def test_speech_begins_at_one_threshold_and_lasts_to_the_other() -> None:
    assert segments(decide(windows((0.45, 3.0)))) == []
    (segment,) = segments(decide(windows((0.0, 1), (0.6, 0.5), (0.4, 0.5), (0.3, 1))))
    assert segment.voiced[0][1] - segment.voiced[0][0] == pytest.approx(1.0, abs=0.05)


def test_nan_is_silence() -> None:
    assert decide([float("nan")] * 50) == []


def test_a_click_in_the_pause_does_not_keep_the_utterance_open() -> None:
    decisions = decide([*windows((0.9, 1), (0, 0.4)), 0.9, *windows((0, 1))])
    (segment,) = segments(decisions)
    assert segment.closed_at < 31 * W + 0.5
    assert len(segment.voiced) == 1


def test_a_short_burst_inside_an_utterance_is_voiced() -> None:
    (segment,) = segments(decide([0.9] * 20 + [0] * 4 + [0.9] * 2 + [0] * 4 + [0.9] * 20 + [0] * 30))
    assert [round((b - a) / W) for a, b in segment.voiced] == [20, 2, 20]


def test_a_long_turn_is_cut_at_its_best_pause_and_goes_on() -> None:
    speech = windows((0.9, 9.5), (0.4, 0.2), (0.9, 5), (0, 1))
    first, second = segments(decide(speech))
    assert (first.continues, second.continues) == (True, False)
    assert 9.4 < first.end < 9.8
    assert second.start == pytest.approx(first.end)
    assert second.index == 2


def test_a_cut_turn_is_one_stretch_of_speaking() -> None:
    decisions = decide(windows((0.9, 40), (0, 1)))
    assert [type(item) for item in decisions if not isinstance(item, Segment)] == [Onset, Offset]
    assert [item.continues for item in segments(decisions)] == [True, True, True, False]
    assert all(item.end - item.start <= 12.0 + W for item in segments(decisions))
    assert all(item.closed_at - item.end >= 3 * W for item in segments(decisions) if item.continues)


def test_a_turn_at_its_longest_that_pauses_anyway_is_not_cut() -> None:
    (segment,) = segments(decide(windows((0.9, 11.7), (0, 2))))
    assert not segment.continues


def test_the_open_utterance_can_be_seen_as_it_grows() -> None:
    segmenter = Segmenter()
    segmenter.feed(0, windows((0, 1), (0.9, 0.06)))
    assert segmenter.open_segment() is None
    segmenter.feed(33, windows((0.9, 1)))
    seen = segmenter.open_segment()
    assert seen is not None
    assert (seen.index, seen.end) == (1, segmenter.at)
    assert seen.start == pytest.approx(31 * W - 0.2)
    assert seen.voiced == ((31 * W, segmenter.at),)
    segmenter.feed(64, windows((0, 1)))
    assert segmenter.open_segment() is None


def test_a_gap_ends_the_utterance_at_its_edge() -> None:
    segmenter = Segmenter()
    segmenter.feed(0, windows((0.9, 2.016)))
    offset, segment = segmenter.gap(2.0, 8.0)
    assert isinstance(segment, Segment)
    assert offset == Offset(at=2.0, decided_at=segment.closed_at)
    assert (segment.end, segment.voiced) == (2.0, ((0.0, 2.0),))
    assert segmenter.feed(250, windows((0.0, 1), (0.9, 1), (0.0, 1)))[0] == Onset(
        at=281 * W, decided_at=284 * W
    )


def test_a_lost_packet_does_not_split_a_word() -> None:
    segmenter = Segmenter()
    segmenter.feed(0, windows((0.9, 1)))
    assert segmenter.gap(1.0, 1.02) == []
    assert len(segments(segmenter.feed(31, windows((0.9, 1), (0, 1))))) == 1


def test_the_end_of_the_call_closes_what_is_open_without_inventing_audio() -> None:
    (segment,) = segments(decide(windows((0.9, 1))))
    assert segment.end == segment.closed_at == 31 * W


def test_a_window_fed_twice_is_refused() -> None:
    segmenter = Segmenter()
    segmenter.feed(0, [0.0] * 5)
    with pytest.raises(ValueError, match="expected 5"):
        segmenter.feed(4, [0.0])


@pytest.mark.parametrize(
    "wrong",
    [{"on": 0.3, "off": 0.5}, {"off": 0.0}, {"pad_after": 1.0}, {"longest": 3.0}, {"cut_search": 0.1}],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="need"):
        SegmentConfig(**wrong)


calls = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.34, 0.36, 0.45, 0.5, 0.8, 1.0]), st.integers(1, 60)), max_size=40
).map(lambda runs: [p for p, length in runs for _ in range(length)])
SHORT = SegmentConfig(longest=3.0, cut_search=1.0)


@given(calls, st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_decisions_do_not_depend_on_how_the_windows_were_cut(call: list[float], sizes: list[int]) -> None:
    segmenter, out, at = Segmenter(SHORT), [], 0
    while at < len(call):
        size = sizes[at % len(sizes)]
        out += segmenter.feed(at, call[at : at + size])
        at += size
    assert out + segmenter.flush() == decide(call, SHORT)


@given(calls)
def test_segments_are_ordered_and_apart_and_decided_after_they_end(call: list[float]) -> None:
    decisions = decide(call, SHORT)
    found = segments(decisions)
    assert [item.index for item in found] == list(range(1, len(found) + 1))
    for one, other in pairwise(found):
        assert one.end <= other.start + 1e-9
        assert one.closed_at <= other.closed_at
    for item in found:
        assert 0 <= item.start < item.end <= item.closed_at <= len(call) * W + 1e-9
        assert item.voiced
        assert all(item.start <= a < b <= item.end for a, b in item.voiced)
    places = [item.closed_at if isinstance(item, Segment) else item.decided_at for item in decisions]
    assert places == sorted(places)


@given(calls)
def test_every_long_enough_run_of_speech_lies_voiced_in_a_segment(call: list[float]) -> None:
    voiced = [(a / W, b / W) for item in segments(decide(call, SHORT)) for a, b in item.voiced]
    runs, first = [], None
    for index, p in enumerate([*call, 0.0]):
        if first is None and p >= SHORT.on:
            first = index
        elif first is not None and p < SHORT.off:
            runs.append((first, index))
            first = None
    for start, end in runs:
        if end - start >= 3:
            assert all(any(a - 0.01 <= w and w + 1 <= b + 0.01 for a, b in voiced) for w in range(start, end))


@given(calls)
def test_onsets_and_offsets_take_turns_around_the_segments(call: list[float]) -> None:
    marks = [item for item in decide(call, SHORT) if not isinstance(item, Segment)]
    assert [type(item) for item in marks] == [Onset, Offset] * (len(marks) // 2)
    turns = [item for item in segments(decide(call, SHORT)) if not item.continues]
    assert len(marks) == 2 * len(turns)
