"""What calls are judged by, put together from the settings: the catalogue, a team's own rows, meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import structlog

from detectors import REGISTRY
from detectors.base import Behaviour, catalogue, switched_off
from detectors.bench import Bench
from detectors.meaning import texts_of
from detectors.score import ScoreKeeper
from detectors.text import read
from detectors.turns import Turns
from models.meaning import shared_meaning
from models.shelf import SENTENCES, TURNS
from models.turns import shared_reader
from service.behaviours import read_behaviours
from service.settings import Settings
from streaming.alerts import AlertDesk, AlertPolicy
from streaming.errors import WeightsError
from streaming.events import CallInfo, Utterance
from streaming.ports import DetectorFactory, Meaning, Policy, TurnReader

T = TypeVar("T")

log = structlog.get_logger()

MISSING = f"judged by words alone: networks are not here (callcue models fetch {SENTENCES} {TURNS})"
SWITCHED_OFF = "judged by words alone: CALLCUE_MEANING is off"


@dataclass(frozen=True, slots=True)
class Judging:
    """One node's (or one command's) way to judge: the same for live calls, recordings and replays."""

    rows: Mapping[str, Behaviour]
    factories: Mapping[str, DetectorFactory]
    policy: Policy
    notes: Mapping[str, str] = field(default_factory=dict)
    """What is judged less well here than it could be; no reason to refuse calls."""

    def bench(self, call: CallInfo) -> Bench:
        return Bench(call, self.policy, self.factories)

    def desk(self, call: CallInfo) -> AlertDesk:
        rules = [rule for row in self.rows.values() for rule in row.alerts]
        return AlertDesk(rules, self.alert_policy)

    @property
    def alert_policy(self) -> AlertPolicy:
        return AlertPolicy(off=self.policy.off)

    def keeper(self, call: CallInfo) -> ScoreKeeper:
        return ScoreKeeper(call, self.policy, rows=self.rows)

    def pondering(self, call: CallInfo) -> Callable[[Utterance], Callable[[], object] | None]:
        """For each line of `call`, what its judges will ask the networks: too long for the loop (ms)."""
        turns, meaning, reader = Turns(), self.policy.meaning, self.policy.reader

        def ponder(line: Utterance) -> Callable[[], object] | None:
            work: list[Callable[[], object]] = []
            if meaning is not None and (sentences := texts_of(read(line))):
                work.append(partial(meaning.vectors, sentences))
            if reader is not None and (turn := turns.feed(line)) is not None:
                work.append(partial(reader.read, turn.before, turn.text))
            return (lambda: [one() for one in work]) if work else None

        return ponder


def judging(settings: Settings) -> Judging:
    """Raises `ConfigError` where the team's own behaviours cannot be used as they are written."""
    own = read_behaviours(settings.behaviours) if settings.behaviours is not None else {}
    off = switched_off(settings.behaviours_off, settings.behaviours_on)
    meaning, reader = find_networks(settings)
    policy = Policy(thresholds=settings.thresholds, off=off, meaning=meaning, reader=reader)
    return Judging(
        rows={**catalogue(), **{key: one.row for key, one in own.items()}},
        factories={**REGISTRY, **{key: one for key, one in own.items() if key not in off}},
        policy=policy,
        notes={}
        if policy.meaning is not None and policy.reader is not None
        else {"meaning": MISSING if settings.meaning else SWITCHED_OFF},
    )


def find_networks(settings: Settings) -> tuple[Meaning | None, TurnReader | None]:
    """The sentence encoder and the turn reader; None (told in the log) where not fetched or switched off."""
    return (_found(shared_meaning), _found(shared_reader)) if settings.meaning else (None, None)


def _found(load: Callable[[], T]) -> T | None:
    try:
        return load()
    except WeightsError as error:
        log.info("words_only", reason=error.message)
        return None
