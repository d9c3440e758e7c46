/* Generated from desk.schema.json by `npm run types`. Do not edit. */

/**
 * The judgement of one opportunity. No opportunity means no detection at all.
 *
 * `OBSERVED` judges nobody: a fact of the call that others are judged by, or that people ask for (the
 * customer's frustration, an effort cue, a courtesy word, who ended the call).
 */
export type Verdict = "delivered" | "missed" | "harmful" | "observed";

export interface Desk {
  DeskLine: DeskLine;
  DeskMessage: DeskMessage;
  DeskReview: DeskReview;
}
/**
 * An own call that has ended, in a list; `started_at` in Unix seconds.
 */
export interface DeskLine {
  call_id: string;
  seconds: number;
  started_at: number;
}
/**
 * All that a desk is sent: the call that runs, or the newest that ended, or none.
 */
export interface DeskMessage {
  agent: string;
  call: DeskCall | null;
  type: "desk";
}
/**
 * `listening`: a supervisor hears the call now.
 */
export interface DeskCall {
  at: number;
  call_id: string;
  cue: DeskCue | null;
  customer: string | null;
  listening: boolean;
  state: "live" | "ended";
  whispers: DeskWhisper[];
}
/**
 * `about` is the behaviour's title, `text` what to do now.
 */
export interface DeskCue {
  about: string;
  at: number;
  id: string;
  text: string;
}
export interface DeskWhisper {
  at: number;
  by: string | null;
  id: string;
  seen: boolean;
  text: string;
}
/**
 * An own call that has ended: what was judged in it, what went well first.
 */
export interface DeskReview {
  behaviours: DeskBehaviour[];
  call_id: string;
  complete: boolean;
  customer: string | null;
  seconds: number;
  started_at: number;
  whispers: DeskWhisper[];
}
export interface DeskBehaviour {
  delivered: number;
  harmful: number;
  id: string;
  missed: number;
  moments: DeskMoment[];
  title: string;
}
/**
 * `quote` are the agent's own words, None where the judgement rests on none of them.
 */
export interface DeskMoment {
  at: number;
  note: string;
  quote: string | null;
  verdict: Verdict;
}
