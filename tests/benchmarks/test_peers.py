"""How the comparison reads the other servers' messages, and matches their lines to ends of speech."""

from __future__ import annotations

import json
from array import array
from typing import Any

import pytest

from benchmarks import report
from benchmarks.latency import SentTimes
from benchmarks.peers import matching, ours
from benchmarks.peers.dialects import Finished, WhisperLive, WhisperLiveKit, clock_seconds
from benchmarks.peers.matching import MISSED, Heard, Speech, finishes
from benchmarks.peers.servers import PEERS
from benchmarks.peers.table import peers_table
from benchmarks.peers.venvs import pinned
from streaming.errors import CallcueError


def line(start: float, end: float, received: float, text: str = "words") -> Finished:
    return Finished(start=start, end=end, text=text, received=received)


def said(start: float, end: float, text: str = "what was said") -> Speech:
    return Speech(start=start, end=end, text=text)


def stream(
    speech: list[Speech], lines: list[Finished], seconds: float = 20.0, *, over: bool = False
) -> Heard:
    """Sent in frames of 0.1 s; the clock stands at 100 when the audio begins."""
    times = array("d", [100 + (index + 1) / 10 for index in range(round(seconds * 10))])
    return Heard(
        sent=SentTimes(times, 0.1), until=135.0, audio_end=seconds, speech=speech, lines=lines, over=over
    )


def segments(*rows: tuple[float, float, str, bool]) -> str:
    found = [
        {"start": f"{start:.3f}", "end": f"{end:.3f}", "text": text, "completed": completed}
        for start, end, text, completed in rows
    ]
    return json.dumps({"uid": "u", "segments": found})


def test_whisper_live_finishes_a_segment_once_however_often_it_is_repeated() -> None:
    dialect = WhisperLive("u", "/weights")
    assert dialect.take(segments((0, 2, " Hello", False)), 1.0) == []
    first = dialect.take(segments((0, 2, " Hello there.", True), (2, 3, " How", False)), 2.0)
    again = dialect.take(segments((0, 2, " Hello there.", True), (2, 4, " How are you?", True)), 3.0)
    assert first == [line(0, 2, 2.0, "Hello there.")]
    assert again == [line(2, 4, 3.0, "How are you?")]


def test_whisper_live_takes_audio_when_it_says_so_and_says_when_it_is_full() -> None:
    dialect = WhisperLive("u", "/weights")
    assert json.loads(dialect.opening()[0])["uid"] == "u"
    dialect.take('{"uid": "u", "status": "WARNING", "message": "m"}', 0.0)
    assert not dialect.ready
    dialect.take('{"uid": "u", "message": "SERVER_READY", "backend": "faster_whisper"}', 0.0)
    assert dialect.ready
    with pytest.raises(CallcueError, match="WAIT"):
        dialect.take('{"uid": "u", "status": "WAIT", "message": 0.5}', 0.0)


def kit(*rows: tuple[str, str, str, int], buffer: str = "") -> str:
    lines = [{"start": start, "end": end, "text": text, "speaker": who} for start, end, text, who in rows]
    return json.dumps({"status": "active_transcription", "lines": lines, "buffer_transcription": buffer})


def test_whisperlivekit_finishes_the_words_by_which_a_line_grew() -> None:
    dialect = WhisperLiveKit()
    dialect.take('{"type": "config", "useAudioWorklet": true, "mode": "full"}', 0.0)
    assert dialect.ready
    assert dialect.take(kit(buffer=" Hello"), 1.0) == []
    grown = [("0:00:00.50", "0:00:01.20", " Hello", 1)]
    assert dialect.take(kit(*grown, buffer=" there"), 2.0) == [line(0.5, 1.2, 2.0, "Hello")]
    assert dialect.take(kit(*grown), 2.5) == []
    whole = ("0:00:00.50", "0:00:02.00", " Hello there.", 1)
    assert dialect.take(kit(whole), 3.0) == [line(1.2, 2.0, 3.0, "there.")]


def test_whisperlivekit_silences_are_no_lines_and_a_line_behind_one_begins_where_it_says() -> None:
    dialect = WhisperLiveKit()
    first = ("0:00:00.50", "0:00:02.00", " Hello there.", 1)
    pause = ("0:00:02.00", "0:01:05.00", None, -2)
    dialect.take(kit(first), 3.0)
    later = dialect.take(kit(first, pause, ("0:01:05.00", "0:01:06.00", " Yes.", 1)), 70.0)  # type: ignore[arg-type]
    assert later == [line(65.0, 66.0, 70.0, "Yes.")]
    assert not dialect.done
    dialect.take('{"type": "ready_to_stop"}', 71.0)
    assert dialect.done


def test_clock_times_are_read_to_the_hundredth() -> None:
    assert clock_seconds("1:02:03.45") == pytest.approx(3723.45)


def test_callcues_finals_are_finished_lines_and_partials_are_not() -> None:
    event = {"type": "utterance", "start": 1.0, "end": 2.0, "words": [{"text": "good"}, {"text": "day"}]}
    assert ours.finished({**event, "final": True}, 5.0) == line(1.0, 2.0, 5.0, "good day")
    assert ours.finished({**event, "final": False}, 5.0) is None
    assert ours.finished({**event, "final": True, "words": []}, 5.0) is None
    assert ours.finished({"type": "speech_ended", "at": 2.0}, 5.0) is None


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        ([], None),
        ([line(1.0, 3.1, 104.0)], 104.0),
        ([line(1.0, 2.6, 104.0)], 104.0),  # its stamp ends within half a second of the speech
        ([line(1.0, 2.0, 104.0)], None),  # more of it may come …
        ([line(1.0, 2.0, 104.0), line(6.0, 7.0, 108.0)], 104.0),  # … until something later is finished
        ([line(1.0, 2.0, 104.0), line(2.0, 6.0, 108.0)], 108.0),
        ([line(3.05, 6.0, 108.0)], MISSED),  # it begins where the speech ends: about something else
        ([line(0.0, 9.0, 110.0), line(1.0, 3.0, 111.0)], 110.0),
    ],
)
def test_speech_is_finished_by_the_line_that_reaches_its_end(lines: list[Finished], at: float | None) -> None:
    assert finishes([said(1.0, 3.0)], lines) == [at]


def test_words_find_what_wrong_stamps_hide() -> None:
    speech = [
        said(1.0, 3.0, "Good day to you"),
        said(19.0, 21.0, "the oil light is on"),
        said(30.0, 31.0, "bye"),
    ]
    lines = [
        line(1.0, 3.0, 104.0, "good day to you"),
        line(3.0, 4.0, 123.0, "the oil"),
        line(4.0, 5.0, 124.0, "light was on"),
    ]
    assert finishes(speech, lines) == [104.0, 124.0, None]
    assert finishes(speech, lines[:2]) == [104.0, None, None]  # its last three words are still to come
    assert finishes(speech, lines[1:]) == [MISSED, 124.0, None]
    assert finishes(speech, [line(0.0, 0.5, 124.0, "light was on")]) == [MISSED, 124.0, None]


def test_waits_count_from_the_sending_of_the_last_voiced_sample() -> None:
    found = matching.outcome([stream([said(1.0, 3.0)], [line(1.0, 3.2, 104.5)])])
    assert found.waits == pytest.approx([1.5])
    assert (found.missed, found.unfinished) == (0, 0)


def test_speech_without_a_line_is_missed_once_the_server_went_on_and_unfinished_before() -> None:
    found = matching.outcome([stream([said(1.0, 3.0), said(9.0, 10.0)], [line(5.0, 6.0, 107.0)])])
    assert (found.missed, found.unfinished) == (1, 1)
    assert found.waits == pytest.approx([25.0])  # so long it had waited when nobody listened any more


def test_nothing_is_awaited_of_a_server_that_is_done() -> None:
    done = stream([said(1.0, 3.0), said(9.0, 10.0)], [line(1.0, 3.0, 104.0)], over=True)
    found = matching.outcome([done])
    assert (found.missed, found.unfinished) == (1, 0)
    assert found.waits == pytest.approx([1.0])
    assert matching.behind(done) == 0.0


def test_behind_is_the_age_of_the_oldest_speech_still_awaited_when_the_audio_ended() -> None:
    speech = [said(1.0, 3.0), said(9.0, 10.0), said(15.0, 16.0)]
    early, late = line(1.0, 3.0, 105.0), [line(9.0, 10.0, 125.0), line(15.0, 16.0, 126.0)]
    assert matching.behind(stream(speech, [early, *late])) == pytest.approx(10.0)
    assert matching.behind(stream(speech, [early, late[1]])) == pytest.approx(4.0)  # one was never awaited
    assert matching.behind(stream(speech[:1], [early])) == 0.0
    assert matching.behind(stream([], [])) == 0.0


def test_words_are_compared_stream_by_stream() -> None:
    right = stream([said(1, 2, "Good day, 42!")], [line(1, 2, 103, "good day"), line(2, 3, 104, "4 2")])
    wrong = stream([said(1, 2, "One two three four.")], [line(1, 2, 103, "one too three")])
    assert matching.differing([right]) == 0.0
    assert matching.differing([right, wrong]) == 25.0
    assert matching.differing([stream([], [])]) is None


def test_every_peer_is_pinned() -> None:
    assert {name: pinned(name) for name in PEERS} == {"whisper-live": "0.10.0", "whisperlivekit": "0.2.26"}


def compared(**changes: Any) -> dict[str, Any]:
    wait = {"count": 8, "p50": 3.4, "p95": 13.0, "max": 13.0}
    ends = {"wait": wait, "ends_of_speech": 9, "missed": 1, "unfinished": 0, "behind_seconds": 0.0}
    cost = {"cores": 1.3, "others_cores": 0.05, "peak_rss_mb": 600, "words_differing": 40.8}
    named = {"server": "whisper-live", "version": "0.10.0", "options": "one model", "calls": 1}
    return {**named, **ends, **cost, "last_line_after_seconds": 2.0, "drained": True, **changes}


def test_the_table_marks_what_is_only_a_lower_bound_and_a_machine_that_was_busy() -> None:
    late = compared(calls=2, unfinished=3, drained=False, others_cores=1.3)
    table = peers_table({"command": "callcue bench peers", "peers": [compared(), late]})
    assert "| 1 | whisper-live | 3.40 / 13.00 | 1, 0, 9 | 0.0 | 2.0 | 1.30 | 600 | 41 |" in table
    assert "| 2 | whisper-live | ≥ 3.40 / ≥ 13.00 | 1, 3, 9 | 0.0 | gave up | 1.30 | 600 | 41 |" in table
    assert "up to 1.30 cores: it was busy" in table
    assert "busy" not in peers_table({"command": "c", "peers": [compared()]})


def test_the_page_has_its_markers() -> None:
    report.between(report.README.read_text(encoding="utf-8"), "peers", "x")
