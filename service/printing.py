"""What a call looks like in a terminal: lines as they are said, cards as they come, the scorecard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.markup import escape
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
    Party,
    Scorecard,
    Seconds,
    Utterance,
    Verdict,
    Whisper,
    WhisperDelivered,
    WordsHeldBack,
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
                self._line(event.at, "whisper", "magenta", "delivered to the softphone")
            case _:
                pass

    def _line(self, at: Seconds, label: str, colour: str, text: str) -> None:
        self._console.print(
            Text.assemble((f"{clock(at):>7} ", "bright_black"), (f"{label:<{_LABEL}}", colour), " ", text),
            soft_wrap=True,
        )

    def _judgement(self, detection: Detection) -> None:
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


def scorecard_table(card: Scorecard, behaviours: Mapping[str, Behaviour], *, title: str) -> Table:
    """The behaviours as rows; those without opportunity show a dash."""
    table = Table(title=escape(title), title_justify="left", caption=_heard(card), caption_justify="left")
    table.add_column("behaviour")
    for name in ("opportunities", "delivered", "missed", "harmful", "observed", "rate"):
        table.add_column(name, justify="right")
    for item in card.items:
        title_of = behaviours[item.behaviour].title if item.behaviour in behaviours else item.behaviour
        rate = "–" if item.rate is None else f"{item.rate:.0%}"
        numbers = (item.opportunities, item.delivered, item.missed, item.harmful, item.observed)
        table.add_row(title_of, *(str(number) if number else "–" for number in numbers), rate)
    for row in card.not_judged:
        title_of = behaviours[row.behaviour].title if row.behaviour in behaviours else row.behaviour
        table.add_row(title_of, "not judged", "", "", "", "", "", style="bright_black")
    return table


def _heard(card: Scorecard) -> str:
    lines = [
        f"{heard.speaker}: {heard.speech:.0f} s of speech in {heard.audio:.0f} s, {heard.words} words, "
        f"{heard.held_back} held back, {heard.lost:.1f} s lost"
        for heard in card.heard
    ]
    return "\n".join([*lines, *_reasons(card)])


def _reasons(card: Scorecard) -> Iterable[str]:
    return [f"not judged: {row.behaviour} ({row.reason})" for row in card.not_judged]
