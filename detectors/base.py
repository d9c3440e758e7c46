"""What detector modules share: the behaviour catalogue and a judge's common ground."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from streaming.alerts import AlertRule
from streaming.events import CallInfo, Detection, Event, Evidence, Party, Seconds, Severity, Verdict
from streaming.ports import Policy

FILES = ("courtesy", "names", "acknowledgement", "conversation", "flatness", "leakage", "service")
"""The catalogue's files, `catalogue/NAME.toml`, in the order that scorecards show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One row of the catalogue.

    `why` says where each threshold comes from; `examples` are sentences by verdict (or by kind, where
    that tells more); `off_because` is the reason why it is off until a deployment switches it on.
    """

    id: str
    title: str
    meaning: str
    opportunity: str
    detector: str
    severity: Severity = Severity.NOTICE
    uses_agent_voice: bool = False  # needs voice measures of the agent; see `Profile`
    needs_meaning: bool = False  # not judged where no sentence encoder is there
    version: int = 1
    off_because: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signals: Mapping[Party, tuple[str, ...]] = field(default_factory=dict)  # voice measures it reads, of whom
    alerts: tuple[AlertRule, ...] = ()


_WHY_SURELY = "From here on the turn reader is believed alone (2: never); chosen by evaluation/limits.py."
_WHY_HARDLY = "Below this the rules are not believed against the turn reader; chosen by evaluation/limits.py."


@cache
def catalogue() -> Mapping[str, Behaviour]:
    """Every behaviour by id, as shipped."""
    folder = files("detectors").joinpath("catalogue")
    texts = (folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in FILES)
    limits = files("detectors").joinpath("learnt/limits.toml").read_text(encoding="utf-8")
    rows = parse_catalogue("\n".join(texts))
    return {key: _with_limits(row, tomllib.loads(limits).get(key, {})) for key, row in rows.items()}


def _with_limits(row: Behaviour, limits: Mapping[str, float]) -> Behaviour:
    """`row` with how sure the turn reader must be."""
    found = {key: float(one) for key, one in limits.items()}
    why = {key: _WHY_SURELY if key.endswith("_surely") else _WHY_HARDLY for key in found}
    return replace(row, thresholds={**row.thresholds, **found}, why={**row.why, **why})


def parse_catalogue(text: str) -> dict[str, Behaviour]:
    """Parse a catalogue; raises KeyError, TypeError or ValueError on a row that is not whole."""
    rows = [_behaviour(row) for row in tomllib.loads(text)["behaviour"]]
    found = {row.id: row for row in rows}
    if len(found) != len(rows):
        raise ValueError("a behaviour id appears twice in the catalogue")
    return found


def _behaviour(row: dict[str, Any]) -> Behaviour:
    fields = dict(row)
    alerts = tuple(_rule(row["id"], alert) for alert in fields.pop("alert", ()))
    severity = Severity(fields.pop("severity", Severity.NOTICE))
    thresholds = {key: float(value) for key, value in fields.pop("thresholds", {}).items()}
    examples = {key: tuple(said) for key, said in fields.pop("examples", {}).items()}
    signals = {Party(key): tuple(names) for key, names in fields.pop("signals", {}).items()}
    return Behaviour(
        **fields,
        severity=severity,
        thresholds=thresholds,
        signals=signals,
        examples=examples,
        alerts=alerts,
    )


def _rule(behaviour: str, row: dict[str, Any]) -> AlertRule:
    fields = dict(row)
    return AlertRule(
        behaviour=behaviour,
        verdict=Verdict(fields.pop("verdict")),
        severity=Severity(fields.pop("severity")),
        whispers=tuple(fields.pop("whispers", ())),
        follow=tuple(fields.pop("follow", ())),
        **fields,
    )


def switched_off(off: Collection[str] = (), on: Collection[str] = ()) -> frozenset[str]:
    """The behaviours that are not judged: those `off`, and those off as shipped that are not `on`."""
    shipped = {row.id for row in catalogue().values() if row.off_because}
    return frozenset({*off, *(shipped - set(on))})


def signals_read(off: Collection[str] = ()) -> dict[Party, frozenset[str]]:
    """The voice measures that the behaviours read that are not `off`, by whose they are."""
    on = [row for row in catalogue().values() if row.id not in off]
    read = {party: frozenset(name for row in on for name in row.signals.get(party, ())) for party in Party}
    return {party: names for party, names in read.items() if names}


class Judge:
    """Common ground of the detectors: the call's facts, thresholds, and how a detection is written.

    Subclasses set `name` and implement `feed` and, where something can still be open, `finish`.
    """

    name = "judge"

    def __init__(self, call: CallInfo, policy: Policy) -> None:
        self.call = call
        self.policy = policy
        self.rows = catalogue()

    def feed(self, event: Event, /) -> Iterable[Detection]:
        raise NotImplementedError

    def finish(self, at: Seconds, /) -> Iterable[Detection]:
        return ()

    def threshold(self, behaviour: str, key: str, otherwise: float | None = None) -> float:
        """The policy's number for `behaviour.key`, else the catalogue's; KeyError without any."""
        known = self.rows[behaviour].thresholds
        default = known[key] if otherwise is None else known.get(key, otherwise)
        return self.policy.thresholds.get(f"{behaviour}.{key}", default)

    def detect(
        self,
        behaviour: str,
        verdict: Verdict,
        *,
        where: str,
        start: Seconds,
        end: Seconds,
        at: Seconds | None = None,
        kind: str = "",
        confidence: float = 0.9,
        evidence: tuple[Evidence, ...] = (),
        note: str = "",
        speaker: Party = Party.AGENT,
        provisional: bool = False,
    ) -> Detection:
        """`where` makes the id unique in the call: an utterance id, or a running number.

        Words may come late, and overlap: whatever their times, nothing ends before it starts or is judged
        before it ends.
        """
        end = max(start, end)
        row = self.rows[behaviour]
        return Detection(
            id=f"{behaviour}@{where}",
            behaviour=behaviour,
            verdict=verdict,
            kind=kind,
            speaker=speaker,
            start=start,
            end=end,
            at=end if at is None else max(end, at),
            confidence=confidence,
            severity=row.severity,
            evidence=evidence,
            note=note,
            version=row.version,
            provisional=provisional,
        )
