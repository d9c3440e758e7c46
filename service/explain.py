"""A detection in one plain sentence: what was judged, when, in whose words, and why."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.base import Behaviour
from streaming.events import Detection, Party, Seconds, SignalSpan, Utterance, Verdict, WordSpan

_VERDICTS = {
    Verdict.DELIVERED: "delivered",
    Verdict.MISSED: "missed",
    Verdict.HARMFUL: "harmful",
    Verdict.OBSERVED: "noticed",
}
_FIGURES = frozenset({"talk_ratio", "words_per_minute", "handle_time"})  # of a whole call
_MOST_WORDS = 24  # of a quote; more of them say no more


def explain(
    detection: Detection, behaviours: Mapping[str, Behaviour], utterances: Mapping[str, Utterance]
) -> str:
    """For people who may read the transcript: it quotes. `utterances` by id, as far as they are known."""
    row = behaviours.get(detection.behaviour)
    title = row.title if row else detection.behaviour
    note = detection.note.rstrip(".")
    because = f": {note[0].lower()}{note[1:]}" if note else ""
    said = _said(detection, utterances)
    return f"{title}, {_VERDICTS[detection.verdict]} {_when(detection, utterances)}{said}{because}."


def quotes(detection: Detection, utterances: Mapping[str, Utterance]) -> list[tuple[Party, str]]:
    """The words that it rests on and who said them, the judged party's own before the other's."""
    return [
        (line.speaker, " ".join(word.text for word in line.words[item.first : item.last + 1]))
        for line, item in _spans(detection, utterances)
    ]


def _spans(detection: Detection, utterances: Mapping[str, Utterance]) -> list[tuple[Utterance, WordSpan]]:
    found = [
        (utterances[item.utterance_id], item)
        for item in detection.evidence
        if isinstance(item, WordSpan) and item.utterance_id in utterances
    ]
    return sorted(found, key=lambda span: span[0].speaker is not detection.speaker)


def _when(detection: Detection, utterances: Mapping[str, Utterance]) -> str:
    """When the quoted words were said: what is judged may have begun long before them.

    Of what has no words, its own time; of a figure, that it is of the whole call up to there.
    """
    if any(isinstance(item, SignalSpan) and item.name in _FIGURES for item in detection.evidence):
        return "over the call"
    spoken = [
        line.words[item.first].start
        for line, item in _spans(detection, utterances)[:1]
        if line.speaker is detection.speaker and item.first < len(line.words)
    ]
    return f"at {_clock(spoken[0] if spoken else detection.start)}"


def _said(detection: Detection, utterances: Mapping[str, Utterance]) -> str:
    """The words quoted first: the judged party's own, or those that wanted an answer."""
    found = quotes(detection, utterances)
    if not found:
        return ""
    speaker, quote = found[0]
    words = quote.split()
    shown = quote if len(words) <= _MOST_WORDS else f"{' '.join(words[:_MOST_WORDS])} …"
    how = "where" if speaker is detection.speaker else "after"
    return f", {how} the {speaker} said “{shown}”"


def _clock(at: Seconds) -> str:
    minutes, seconds = divmod(int(at), 60)
    return f"{minutes}:{seconds:02}"
