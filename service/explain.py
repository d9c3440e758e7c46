"""A detection in one plain sentence: what was judged, when, in whose words, and why."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.base import Behaviour
from streaming.events import Detection, Party, Seconds, Utterance, Verdict, WordSpan

_VERDICTS = {
    Verdict.DELIVERED: "delivered",
    Verdict.MISSED: "missed",
    Verdict.HARMFUL: "harmful",
    Verdict.OBSERVED: "noticed",
}
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
    return f"{title}, {_VERDICTS[detection.verdict]} at {_clock(detection.start)}{said}{because}."


def quotes(detection: Detection, utterances: Mapping[str, Utterance]) -> list[tuple[Party, str]]:
    """The words that it rests on and who said them, the judged party's own before the other's."""
    spans = [
        (utterances[item.utterance_id], item)
        for item in detection.evidence
        if isinstance(item, WordSpan) and item.utterance_id in utterances
    ]
    spans.sort(key=lambda span: span[0].speaker is not detection.speaker)
    return [
        (line.speaker, " ".join(word.text for word in line.words[item.first : item.last + 1]))
        for line, item in spans
    ]


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
