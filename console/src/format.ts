// Numbers and constants of the wire in a reader's words.

import type { AlertPhase, AudioGap, Party, Profile, Severity, Verdict, WordsHeldBack } from "./wire";

/** 75.2 → "1:15"; 3675 → "1:01:15". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function spell(seconds: number): string {
  if (seconds < 10) return `${Number(Math.max(0.1, seconds).toFixed(1))} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

export function percent(rate: number | null): string {
  return rate === null ? "–" : `${Math.round(rate * 100)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export const PARTY: Readonly<Record<Party, string>> = { agent: "Agent", customer: "Customer" };

export const SEVERITY: Readonly<Record<Severity, string>> = {
  info: "For information",
  notice: "Worth a look",
  warning: "Needs attention",
  critical: "Act now",
};

export const VERDICT: Readonly<Record<Verdict, string>> = {
  delivered: "Delivered",
  missed: "Missed",
  harmful: "Harmful",
  observed: "Noticed",
};

export const PHASE: Readonly<Record<AlertPhase, string>> = {
  open: "Open",
  acked: "Acknowledged",
  dismissed: "Dismissed",
  followed: "Followed",
  expired: "Expired",
  withdrawn: "Withdrawn",
  merged: "Open",
};

export const PROFILE: Readonly<Record<Profile, string>> = {
  "eu-workplace": "Agent judged by words, not voice",
  training: "Training: the agent's voice measures are hers alone",
  full: "Agent judged by words and voice",
};

export const GAP: Readonly<Record<AudioGap["reason"], string>> = {
  lost: "of audio lost",
  overload: "of audio dropped under load",
  disconnected: "without connection",
  paused: "paused",
  missing: "of audio missing",
  transcription_failed: "not transcribed",
};

export const HELD: Readonly<Record<WordsHeldBack["reason"], string>> = {
  no_voice: "no voice under them",
  low_confidence: "too unsure",
  stock_phrase: "a stock phrase on near-silence",
  loop: "a repetition of the recogniser",
  prompt_echo: "an echo of known names",
  overrun: "beyond the end of speech",
  crosstalk: "the other party, heard on this line",
};

const ERRORS: Readonly<Record<string, string>> = {
  not_found: "The call is over.",
  overloaded: "The service is busy. Try again in a moment.",
  draining: "The service is restarting. Try again in a moment.",
  unauthorized: "Your token does not allow this.",
};

/** What to show for a refused command. The service's own message is written for its reader. */
export function refusal(code: string, message: string): string {
  return ERRORS[code] ?? (message || "The service refused this.");
}

export function personOf(name: string | null, party: Party): string {
  return name?.trim() || (party === "agent" ? "Unnamed agent" : "Unknown customer");
}
