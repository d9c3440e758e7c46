"""What a call looks like in a terminal: lines as they are said, cards as they come, the scorecard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from detectors.base import Behaviour
from service.explain import explain
from streaming.events import (
    Alert,
    AlertUpdate,
    AudioGap,
    Detection,
    DetectorFailed,
    Event,
    ListeningEnded,
    ListeningStarted,
    Party,
    Scorecard,
    ScoreItem,
    Seconds,
    Utterance,
    Verdict,
    Whisper,
    WhisperDelivered,
    WhisperSeen,
    WordsHeldBack,
    WordSpan,
)

_PARTY = {Party.AGENT: ("agent", "cyan"), Party.CUSTOMER: ("customer", "green")}
_MARK = {
    Verdict.DELIVERED: ("+", "green"),
    Verdict.MISSED: ("-", "yellow"),
    Verdict.HARMFUL: ("!", "red"),
    Verdict.OBSERVED: ("·", "cyan"),
}
_LABEL = 10


class Teleprinter:
    """Prints one call's events; remembers its words so that evidence can be quoted."""

    def __init__(
        self, console: Console, behaviours: Mapping[str, Behaviour], *, judgements: bool = True
    ) -> None:
        self._console = console
        self._behaviours = behaviours
        self._judgements = judgements
        self._utterances: dict[str, Utterance] = {}
        self._told: set[tuple[str, int]] = set()  # where words begin that a judgement was shown of

    def show(self, event: Event) -> None:
        match event:
            case Utterance(final=True):
                self._utterances[event.id] = event
                if event.words:
                    self._line(event.start, *_PARTY[event.speaker], event.text)
            case Alert():
                self._card(event)
            case Detection(provisional=False) if self._judgements:
                self._judgement(event)
            case AudioGap():
                text = f"{event.end - event.start:.1f} s of the {event.speaker} not heard ({event.reason})"
                self._line(event.start, "gap", "red", text)
            case WordsHeldBack(doubtful=count) if count:
                text = f"{count} word{'s' if count != 1 else ''} held back ({event.reason})"
                self._line(event.start, "held back", "bright_black", text)
            case DetectorFailed():
                self._line(
                    event.at, "failed", "red", f"detector {event.detector} judges no more in this call"
                )
            case AlertUpdate(state=state) if state != "merged":
                self._line(event.at, "alert", "magenta", f"{event.id}: {state}")
            case Whisper():
                self._line(event.at, "whisper", "magenta", event.text)
            case WhisperDelivered():
                self._line(event.at, "whisper", "magenta", "delivered to the agent")
            case WhisperSeen():
                self._line(event.at, "whisper", "magenta", "seen by the agent")
            case ListeningStarted():
                self._line(event.at, "listening", "magenta", "a supervisor listens in")
            case ListeningEnded():
                self._line(event.at, "listening", "magenta", "ended")
            case _:
                pass

    def _line(self, at: Seconds, label: str, colour: str, text: str) -> None:
        self._console.print(
            Text.assemble((f"{clock(at):>7} ", "bright_black"), (f"{label:<{_LABEL}}", colour), " ", text),
            soft_wrap=True,
        )

    def _judgement(self, detection: Detection) -> None:
        words = {(one.utterance_id, one.first) for one in detection.evidence if isinstance(one, WordSpan)}
        if detection.verdict is not Verdict.OBSERVED:
            self._told |= words
        elif words and words <= self._told:
            return  # a fact that the scorecard counts; these words have just been told as a deed
        mark, colour = _MARK[detection.verdict]
        told = explain(detection, self._behaviours, self._utterances)
        self._line(detection.at, "", colour, f"{mark} {told}")

    def _card(self, alert: Alert) -> None:
        self._console.print(
            Text.assemble(
                (f"{clock(alert.at):>7} ", "bright_black"),
                (f"{'ALERT':<{_LABEL}}", "bold magenta"),
                " ",
                (alert.title, "bold"),
                f"  [{alert.severity}]  {alert.note}\n",
                " " * (_LABEL + 9),
                (alert.coaching, "italic"),
            ),
            soft_wrap=True,
        )


def clock(at: Seconds) -> str:
    """Stream seconds as minutes:seconds.tenths."""
    tenths = int(at * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


def scorecard_table(
    card: Scorecard,
    behaviours: Mapping[str, Behaviour],
    *,
    title: str,
    notes: Mapping[str, str] | None = None,
) -> RenderableType:
    """What was judged as a table; facts of the call, what had no opportunity and what was not judged below.

    `notes` are what single detections say, by id: a fact that was noticed once is told in its words.
    """
    judged = [item for item in card.items if item.opportunities or item.harmful]
    noticed = [item for item in card.items if item.observed and item not in judged]
    quiet = [item for item in card.items if item not in judged and item not in noticed]
    titles = {key: row.title for key, row in behaviours.items()}
    lines = [_line_of("noticed", _noticed(noticed, titles, notes or {}))]
    lines.append(_line_of("no opportunity", [titles.get(item.behaviour, item.behaviour) for item in quiet]))
    lines += _not_judged(card, titles)
    return Group(_judged(judged, titles, title), *(line for line in lines if line), *_heard(card))


def _judged(items: Sequence[ScoreItem], titles: Mapping[str, str], title: str) -> Table:
    harmful = sum(item.harmful for item in items)
    table = Table(
        title=Text(f"{title}: {_overall(items)}"), title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0)
    )
    table.add_column("behaviour", no_wrap=True)
    for name in ("opportunities", "delivered", "missed", *(["harmful"] if harmful else []), "rate"):
        table.add_column(name, justify="right", no_wrap=True)
    for item in items:
        counts = [
            _count(item.opportunities),
            _count(item.delivered),
            _count(item.missed, "yellow"),
            *([_count(item.harmful, "red")] if harmful else []),
        ]
        rate = "–" if item.rate is None else f"{item.rate:.0%}"
        table.add_row(titles.get(item.behaviour, item.behaviour), *counts, rate)
    return table


def _count(number: int, colour: str = "") -> Text:
    return Text(str(number), colour) if number else Text("–", "bright_black")


def _overall(items: Sequence[ScoreItem]) -> str:
    """As the console sums up: what cannot be missed has no rate and does not count."""
    rated = [item for item in items if item.rate is not None]
    chances, harmful = sum(item.opportunities for item in rated), sum(item.harmful for item in items)
    told = f"{sum(item.delivered for item in rated)} of {chances} opportunities delivered"
    return f"{told}, {harmful} harmful moment{'s' if harmful != 1 else ''}" if harmful else told


def _noticed(items: Sequence[ScoreItem], titles: Mapping[str, str], notes: Mapping[str, str]) -> list[str]:
    """Counts first, then what was noticed once, in its own sentence."""
    alone = {item.behaviour: notes.get(item.moments[0], "") for item in items if len(item.moments) == 1}
    counts = [
        f"{titles.get(item.behaviour, item.behaviour)} ({item.observed})"
        for item in items
        if not alone.get(item.behaviour)
    ]
    return [*counts, *(note.rstrip(".") for note in alone.values() if note)]


def _not_judged(card: Scorecard, titles: Mapping[str, str]) -> list[Text]:
    """A line for each reason: a recording of one side has one for most behaviours."""
    by_reason: dict[str, list[str]] = {}
    for row in card.not_judged:
        by_reason.setdefault(row.reason, []).append(titles.get(row.behaviour, row.behaviour))
    return [_line_of(f"not judged ({why.rstrip('.')})", names) for why, names in by_reason.items()]


def _line_of(label: str, names: Sequence[str]) -> Text:
    return Text.assemble((f"{label}: ", "bold"), "; ".join(names)) if names else Text()


def _heard(card: Scorecard) -> list[Text]:
    return [
        Text.assemble(
            (f"{heard.speaker}: ", "bold"),
            f"{heard.speech:.0f} s of speech in {heard.audio:.0f} s, {heard.words} words, "
            f"{heard.held_back} held back, {heard.lost:.1f} s lost",
        )
        for heard in card.heard
    ]
