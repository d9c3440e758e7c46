/* Generated from schema.json by `npm run types`. Do not edit. */

export type Event =
  | CallStarted
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
  | Lag;
/**
 * Who speaks on a channel.
 */
export type Party = "agent" | "customer";
/**
 * What a deployment may measure (see docs/privacy.md).
 *
 * `EU_WORKPLACE`: the agent is judged by words and conversation dynamics only; voice measures of
 * the agent are not computed, stored or shown (EU AI Act art. 5(1)(f)).
 * `TRAINING`: voice measures of the agent exist for the agent alone, never in scorecards.
 * `FULL`: everything.
 */
export type Profile = "eu-workplace" | "training" | "full";
/**
 * How urgently a person should look; `INFO` is never pushed as a card.
 */
export type Severity = "info" | "notice" | "warning" | "critical";
/**
 * The judgement of one opportunity. No opportunity means no detection at all.
 *
 * `OBSERVED` judges nobody: a fact of the call that others are judged by, or that people ask for (the
 * customer's frustration, an effort cue, a courtesy word, who ended the call).
 */
export type Verdict = "delivered" | "missed" | "harmful" | "observed";

/**
 * One line of a call's log; `seq` is dense from 1 within the call, 0 for a passing record.
 */
export interface Record {
  call_id: string;
  event: Event;
  seq: number;
}
export interface CallStarted {
  at: number;
  call: CallInfo;
  type: "call_started";
}
/**
 * What is known of a call before its first word.
 */
export interface CallInfo {
  agent: string | null;
  call_id: string;
  customer_name: string | null;
  language: string;
  parties: Party[];
  profile: Profile;
  source: string;
  started_at: number;
  team: string | null;
}
/**
 * `by` is who ended it as far as the wire tells; `reason` a constant word, never free text.
 */
export interface CallEnded {
  at: number;
  by: "client" | "server";
  reason: string;
  type: "call_ended";
}
/**
 * Emitted once per stream second, so that an absence can be judged without a clock.
 */
export interface Tick {
  at: number;
  type: "tick";
}
/**
 * Audio of one party between `start` and `end` was not heard, and why.
 */
export interface AudioGap {
  end: number;
  reason: "lost" | "overload" | "disconnected" | "paused" | "missing" | "transcription_failed";
  speaker: Party;
  start: number;
  type: "audio_gap";
}
export interface SpeechStarted {
  at: number;
  speaker: Party;
  type: "speech_started";
}
export interface SpeechEnded {
  at: number;
  speaker: Party;
  type: "speech_ended";
}
/**
 * What one party said between two pauses.
 *
 * `id` is unique in the call (``a12``: the agent's twelfth). Partials have `final=False` and rising
 * `revision` from 1; exactly one final follows, of revision 0 (its `words` may be empty when everything
 * was held back).
 * `continues` is true when the segmenter cut a long turn, so the next utterance goes on with it.
 */
export interface Utterance {
  continues: boolean;
  end: number;
  final: boolean;
  id: string;
  revision: number;
  speaker: Party;
  start: number;
  type: "utterance";
  words: Word[];
}
/**
 * One word as heard, with its punctuation; `confidence` is the mean token probability, 0 to 1.
 */
export interface Word {
  confidence: number;
  end: number;
  start: number;
  text: string;
}
/**
 * Words the recogniser produced that are not credited to anyone, and why.
 *
 * ``loop`` and ``overrun`` are the decoder repeating itself or running on behind the audio, ``crosstalk``
 * is the other party heard on this one's channel: they are logged and counted in the metrics, but are no
 * words that this person may have said.
 */
export interface WordsHeldBack {
  end: number;
  reason: "no_voice" | "low_confidence" | "stock_phrase" | "loop" | "prompt_echo" | "overrun" | "crosstalk";
  speaker: Party;
  start: number;
  type: "words_held_back";
  utterance_id: string;
  words: Word[];
}
/**
 * One measurement of one party's voice or of the conversation between `start` and `end`.
 *
 * Names in use: ``f0_slope`` (mean absolute F0 slope, semitones/s), ``f0_sd`` (within-utterance F0
 * standard deviation, semitones), ``f0_median`` (Hz), ``voiced_seconds``, ``energy_db`` (dBFS),
 * ``speech_rate`` (words/s of speech), ``arousal`` (z-score against the speaker's own baseline).
 */
export interface Signal {
  confidence: number;
  end: number;
  name: string;
  speaker: Party;
  start: number;
  type: "signal";
  value: number;
}
/**
 * One judged opportunity.
 *
 * `id` is deterministic and unique in the call (``emotion.leakage@a12``), so that a final can confirm
 * a provisional detection by carrying the same id. `note` is one plain sentence without quoting anyone:
 * words are shown through `evidence`, so that redaction happens in one place.
 */
export interface Detection {
  at: number;
  behaviour: string;
  confidence: number;
  end: number;
  evidence: (WordSpan | SignalSpan)[];
  id: string;
  kind: string;
  note: string;
  provisional: boolean;
  severity: Severity;
  speaker: Party;
  start: number;
  type: "detection";
  verdict: Verdict;
  version: number;
}
/**
 * Evidence: words `first` to `last` (inclusive indexes) of an utterance.
 */
export interface WordSpan {
  first: number;
  kind: "words";
  last: number;
  utterance_id: string;
}
/**
 * Evidence: a measured value over a stretch of time.
 */
export interface SignalSpan {
  end: number;
  kind: "signal";
  name: string;
  speaker: Party;
  start: number;
  value: number;
}
/**
 * A provisional detection that the final words did not confirm.
 */
export interface DetectionWithdrawn {
  at: number;
  id: string;
  type: "detection_withdrawn";
}
/**
 * A detector raised and judges no more in this call; `error` is the exception's type name.
 */
export interface DetectorFailed {
  at: number;
  detector: string;
  error: string;
  type: "detector_failed";
}
/**
 * A card for a supervisor. `count` is how many detections were merged into it so far.
 */
export interface Alert {
  at: number;
  behaviour: string;
  coaching: string;
  count: number;
  detections: string[];
  evidence: (WordSpan | SignalSpan)[];
  id: string;
  kind: string;
  note: string;
  provisional: boolean;
  severity: Severity;
  title: string;
  type: "alert";
  verdict: Verdict;
}
export interface AlertUpdate {
  at: number;
  by: string | null;
  count: number | null;
  id: string;
  state: "acked" | "dismissed" | "followed" | "expired" | "withdrawn" | "merged";
  type: "alert_update";
  useful: boolean | null;
}
/**
 * A supervisor's text to the agent. It is never part of the transcript.
 */
export interface Whisper {
  alert_id: string | null;
  at: number;
  by: string | null;
  id: string;
  text: string;
  type: "whisper";
}
/**
 * A screen of the agent's (the softphone, or the desk page) took the whisper.
 */
export interface WhisperDelivered {
  at: number;
  id: string;
  type: "whisper_delivered";
}
/**
 * The agent's screen showed the whisper; always behind its `WhisperDelivered`.
 */
export interface WhisperSeen {
  at: number;
  id: string;
  type: "whisper_seen";
}
/**
 * A supervisor hears the call from here on; `id` is this listening's, `by` what they call themselves.
 */
export interface ListeningStarted {
  at: number;
  by: string | null;
  id: string;
  type: "listening_started";
}
/**
 * The listening of that id is over; one that does not end in the log ended with the call.
 */
export interface ListeningEnded {
  at: number;
  id: string;
  type: "listening_ended";
}
export interface Scorecard {
  at: number;
  heard: Heard[];
  items: ScoreItem[];
  not_judged: NotJudged[];
  type: "scorecard";
  version: number;
}
/**
 * How much of a party was heard: seconds of audio, of speech, and lost.
 */
export interface Heard {
  audio: number;
  held_back: number;
  lost: number;
  speaker: Party;
  speech: number;
  words: number;
}
/**
 * One behaviour's tally; `moments` are ids of the detections behind it; `observed` judges nobody.
 */
export interface ScoreItem {
  behaviour: string;
  delivered: number;
  harmful: number;
  missed: number;
  moments: string[];
  observed: number;
  opportunities: number;
  rate: number | null;
}
export interface NotJudged {
  behaviour: string;
  reason: string;
}
/**
 * How far the call is behind, by its node's clock: passes (`seq` 0), and is never part of a log.
 *
 * `seconds` is the age of the oldest audio that came and whose words are owed (an utterance that has ended,
 * or audio not taken up yet); 0 when nothing is. `partial_lines`: whether lines are shown as they grow.
 */
export interface Lag {
  at: number;
  partial_lines: boolean;
  seconds: number;
  type: "lag";
}
