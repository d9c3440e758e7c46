// The messages of `WS /v1/console` around the generated events.

import type {
  Alert,
  AlertUpdate,
  AudioGap,
  CallInfo,
  Detection,
  ListeningStarted,
  Party,
  Record as CallRecord,
  Scorecard,
  Utterance,
  Whisper,
} from "./events.gen";

export type * from "./events.gen";

/** `seq` is dense from 1 within a call; a passing record (a partial utterance, a lag) has 0. */
export type { CallRecord };

export type AlertPhase = "open" | AlertUpdate["state"];

export interface AlertView {
  readonly alert: Alert;
  readonly state: AlertPhase;
  readonly by: string | null;
  readonly useful: boolean | null;
  readonly count: number;
}

export interface WhisperView {
  readonly whisper: Whisper;
  /** A screen of the agent's took it. */
  readonly delivered: boolean;
  /** The agent's screen showed it. */
  readonly seen: boolean;
}

export interface CallView {
  readonly call: CallInfo;
  readonly state: "live" | "ended";
  readonly at: number;
  readonly seq: number;
  readonly speaking: readonly Party[];
  readonly utterances: readonly Utterance[];
  readonly detections: readonly Detection[];
  readonly alerts: readonly AlertView[];
  readonly whispers: readonly WhisperView[];
  readonly gaps: readonly AudioGap[];
  readonly held_back: number;
  readonly scorecard: Scorecard | null;
  /** There was more than is shown here. */
  readonly truncated: boolean;
  /** Seconds that a live call is behind, in whole ones; 0 when it is not. */
  readonly lag: number;
  /** Whether lines are shown as they grow. */
  readonly partial_lines: boolean;
  /** Who hears the call now. */
  readonly listeners: readonly ListeningStarted[];
}

export interface BehaviourInfo {
  readonly id: string;
  readonly title: string;
  readonly coaching: string;
  readonly whispers: readonly string[];
}

export interface SnapshotMessage {
  readonly type: "snapshot";
  readonly cursor: string;
  readonly behaviours: readonly BehaviourInfo[];
  readonly calls: readonly CallView[];
}

export interface RecordsMessage {
  readonly type: "records";
  readonly cursor: string;
  readonly records: readonly CallRecord[];
}

export interface ReplyMessage {
  readonly type: "reply";
  readonly ref: string;
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface PongMessage {
  readonly type: "pong";
}

export type ServerMessage = SnapshotMessage | RecordsMessage | ReplyMessage | PongMessage;

export type Command =
  | {
      readonly type: "ack" | "dismiss";
      readonly call_id: string;
      readonly alert_id: string;
      readonly useful: boolean | null;
    }
  | {
      readonly type: "whisper";
      readonly call_id: string;
      readonly text: string;
      readonly alert_id: string | null;
    };

export type ClientMessage = { readonly type: "auth"; readonly token: string; readonly name?: string } | { readonly type: "ping" } | (Command & { readonly ref: string });

export interface ServiceConfig {
  readonly version: string;
  readonly auth: boolean;
  readonly profile: string;
  /** Whether the token that asked may listen in. */
  readonly listening: boolean;
  readonly desk_auth: boolean;
}
