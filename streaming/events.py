"""The vocabulary of a call: what is measured, judged and decided, each as one frozen event.

Times are *stream seconds*: samples received divided by the sample rate, counted from the
call's first sample. They are never wall clock; the one wall-clock value in a log is
`CallInfo.started_at`. A *Signal* is measured, a *Detection* is judged, an *Alert* is a
decision to interrupt a person, a *Scorecard* sums up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Seconds = float


class Party(StrEnum):
    """Who speaks on a channel."""

    AGENT = "agent"
    CUSTOMER = "customer"

    @property
    def other(self) -> Party:
        return Party.CUSTOMER if self is Party.AGENT else Party.AGENT


class Profile(StrEnum):
    """What a deployment may measure (see docs/privacy.md).

    `EU_WORKPLACE`: the agent is judged by words and conversation dynamics only; voice measures of
    the agent are not computed, stored or shown (EU AI Act art. 5(1)(f)).
    `TRAINING`: voice measures of the agent exist for the agent alone, never in scorecards.
    `FULL`: everything.
    """

    EU_WORKPLACE = "eu-workplace"
    TRAINING = "training"
    FULL = "full"


class Verdict(StrEnum):
    """The judgement of one opportunity. No opportunity means no detection at all.

    `OBSERVED` judges nobody: a fact of the call that others are judged by, or that people ask for (the
    customer's frustration, an effort cue, a courtesy word, who ended the call).
    """

    DELIVERED = "delivered"
    MISSED = "missed"
    HARMFUL = "harmful"
    OBSERVED = "observed"


class Severity(StrEnum):
    """How urgently a person should look; `INFO` is never pushed as a card."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


GapReason = Literal["lost", "overload", "disconnected", "paused", "missing", "transcription_failed"]
HoldReason = Literal[
    "no_voice", "low_confidence", "stock_phrase", "loop", "prompt_echo", "overrun", "crosstalk"
]
AlertState = Literal["acked", "dismissed", "followed", "expired", "withdrawn", "merged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInfo:
    """What is known of a call before its first word."""

    call_id: str
    parties: tuple[Party, ...] = (Party.AGENT, Party.CUSTOMER)
    agent: str | None = None
    team: str | None = None
    customer_name: str | None = None
    profile: Profile = Profile.EU_WORKPLACE
    language: str = "en"
    source: str = "live"  # live | recording | replay
    started_at: float = 0.0  # Unix seconds; the only wall-clock value in a call's log


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    type: Literal["call_started"] = "call_started"
    call: CallInfo
    at: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """`by` is who ended it as far as the wire tells; `reason` a constant word, never free text."""

    type: Literal["call_ended"] = "call_ended"
    at: Seconds
    by: Literal["client", "server"] = "client"
    reason: str = "bye"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Emitted once per stream second, so that an absence can be judged without a clock."""

    type: Literal["tick"] = "tick"
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioGap:
    """Audio of one party between `start` and `end` was not heard, and why."""

    type: Literal["audio_gap"] = "audio_gap"
    speaker: Party
    start: Seconds
    end: Seconds
    reason: GapReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    type: Literal["speech_started"] = "speech_started"
    speaker: Party
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEnded:
    type: Literal["speech_ended"] = "speech_ended"
    speaker: Party
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as heard, with its punctuation; `confidence` is the mean token probability, 0 to 1."""

    text: str
    start: Seconds
    end: Seconds
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What one party said between two pauses.

    `id` is unique in the call (``a12``: the agent's twelfth). Partials have `final=False` and rising
    `revision` from 1; exactly one final follows, of revision 0 (its `words` may be empty when everything
    was held back).
    `continues` is true when the segmenter cut a long turn, so the next utterance goes on with it.
    """

    type: Literal["utterance"] = "utterance"
    speaker: Party
    id: str
    revision: int
    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    final: bool
    continues: bool = False

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsHeldBack:
    """Words the recogniser produced that are not credited to anyone, and why.

    ``loop`` and ``overrun`` are the decoder repeating itself or running on behind the audio, ``crosstalk``
    is the other party heard on this one's channel: they are logged and counted in the metrics, but are no
    words that this person may have said.
    """

    type: Literal["words_held_back"] = "words_held_back"
    speaker: Party
    utterance_id: str
    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    reason: HoldReason

    @property
    def doubtful(self) -> int:
        """How many of the words somebody may have said after all."""
        return 0 if self.reason in ("loop", "overrun", "crosstalk") else len(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One measurement of one party's voice or of the conversation between `start` and `end`.

    Names in use: ``f0_slope`` (mean absolute F0 slope, semitones/s), ``f0_sd`` (within-utterance F0
    standard deviation, semitones), ``f0_median`` (Hz), ``voiced_seconds``, ``energy_db`` (dBFS),
    ``speech_rate`` (words/s of speech), ``arousal`` (z-score against the speaker's own baseline).
    """

    type: Literal["signal"] = "signal"
    name: str
    speaker: Party
    start: Seconds
    end: Seconds
    value: float
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WordSpan:
    """Evidence: words `first` to `last` (inclusive indexes) of an utterance."""

    kind: Literal["words"] = "words"
    utterance_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSpan:
    """Evidence: a measured value over a stretch of time."""

    kind: Literal["signal"] = "signal"
    name: str
    speaker: Party
    start: Seconds
    end: Seconds
    value: float


Evidence = WordSpan | SignalSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One judged opportunity.

    `id` is deterministic and unique in the call (``emotion.leakage@a12``), so that a final can confirm
    a provisional detection by carrying the same id. `note` is one plain sentence without quoting anyone:
    words are shown through `evidence`, so that redaction happens in one place.
    """

    type: Literal["detection"] = "detection"
    id: str
    behaviour: str
    verdict: Verdict
    kind: str = ""  # a constant word that tells variants apart: "curt", "wrong_name", "forced"
    speaker: Party
    start: Seconds
    end: Seconds
    at: Seconds  # when it could be judged; never before `end`
    confidence: float
    severity: Severity
    evidence: tuple[Evidence, ...] = ()
    note: str = ""
    version: int = 1
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionWithdrawn:
    """A provisional detection that the final words did not confirm."""

    type: Literal["detection_withdrawn"] = "detection_withdrawn"
    id: str
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorFailed:
    """A detector raised and judges no more in this call; `error` is the exception's type name."""

    type: Literal["detector_failed"] = "detector_failed"
    detector: str
    at: Seconds
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A card for a supervisor. `count` is how many detections were merged into it so far."""

    type: Literal["alert"] = "alert"
    id: str
    at: Seconds
    behaviour: str
    verdict: Verdict
    kind: str = ""
    severity: Severity
    title: str
    coaching: str
    detections: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    note: str = ""
    count: int = 1
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertUpdate:
    type: Literal["alert_update"] = "alert_update"
    id: str
    at: Seconds
    state: AlertState
    by: str | None = None
    useful: bool | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisper:
    """A supervisor's text to the agent. It is never part of the transcript."""

    type: Literal["whisper"] = "whisper"
    id: str
    at: Seconds
    text: str
    by: str | None = None
    alert_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperDelivered:
    """A screen of the agent's (the softphone, or the desk page) took the whisper."""

    type: Literal["whisper_delivered"] = "whisper_delivered"
    id: str
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperSeen:
    """The agent's screen showed the whisper; always behind its `WhisperDelivered`."""

    type: Literal["whisper_seen"] = "whisper_seen"
    id: str
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningStarted:
    """A supervisor hears the call from here on; `id` is this listening's, `by` what they call themselves."""

    type: Literal["listening_started"] = "listening_started"
    id: str
    at: Seconds
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningEnded:
    """The listening of that id is over; one that does not end in the log ended with the call."""

    type: Literal["listening_ended"] = "listening_ended"
    id: str
    at: Seconds


BetweenPeople = Whisper | WhisperDelivered | WhisperSeen | ListeningStarted | ListeningEnded
"""What passes between supervisor and agent: in the log, and never judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreItem:
    """One behaviour's tally; `moments` are ids of the detections behind it; `observed` judges nobody."""

    behaviour: str
    opportunities: int
    delivered: int
    missed: int
    harmful: int
    rate: float | None  # delivered / opportunities, None without opportunity
    moments: tuple[str, ...] = ()
    observed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How much of a party was heard: seconds of audio, of speech, and lost."""

    speaker: Party
    audio: Seconds
    speech: Seconds
    lost: Seconds
    words: int
    held_back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    behaviour: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    type: Literal["scorecard"] = "scorecard"
    at: Seconds
    items: tuple[ScoreItem, ...]
    heard: tuple[Heard, ...]
    not_judged: tuple[NotJudged, ...]
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far the call is behind, by its node's clock: passes (`seq` 0), and is never part of a log.

    `seconds` is the age of the oldest audio that came and whose words are owed (an utterance that has ended,
    or audio not taken up yet); 0 when nothing is. `partial_lines`: whether lines are shown as they grow.
    """

    type: Literal["lag"] = "lag"
    at: Seconds
    seconds: Seconds
    partial_lines: bool = True


Event = (
    CallStarted
    | CallEnded
    | Tick
    | AudioGap
    | SpeechStarted
    | SpeechEnded
    | Utterance
    | WordsHeldBack
    | Signal
    | Detection
    | DetectionWithdrawn
    | DetectorFailed
    | Alert
    | AlertUpdate
    | Whisper
    | WhisperDelivered
    | WhisperSeen
    | ListeningStarted
    | ListeningEnded
    | Scorecard
    | Lag
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of a call's log; `seq` is dense from 1 within the call.

    `seq` 0 marks a passing record (a partial utterance that led to no judgement, a `Lag`): it is shown,
    never stored, and leaves no hole in the numbering.
    """

    call_id: str
    seq: int
    event: Event
