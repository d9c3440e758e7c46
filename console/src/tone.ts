// The agent's tone over the call, from the judged stretches: pure, and tested without a browser.

import type { CallState } from "./state";
import type { Detection } from "./wire";

export const TONE = "tone.flat";
/** Semitones a second at the strip's upper edge: real agents lie at 23 to 32, read speech about 20. */
const MOST = 40;

/** Part of the strip: shares of its width from the left, and of its height from the bottom. */
export interface Bar {
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

export interface Stretch {
  readonly detection: Detection;
  readonly flat: boolean;
  readonly left: number;
  readonly width: number;
  /** Heights of what is usual for this agent, and below what a stretch is flat. */
  readonly usual: number;
  readonly floor: number;
  /** Each utterance's pitch movement. */
  readonly bars: readonly Bar[];
}

export interface Strip {
  readonly stretches: readonly Stretch[];
  /** The agent's speech that was not judged: too little of it together, or too little voice in it. */
  readonly unjudged: readonly Omit<Bar, "height">[];
  readonly flat: number;
}

type Source = Pick<CallState, "at" | "utterances" | "detections">;

/** `end`: seconds at the right edge, where the strip shares its axis with others. */
export function toneStrip(call: Source, end?: number): Strip {
  const judged = call.detections.filter((detection) => detection.behaviour === TONE);
  const until = end ?? Math.max(call.at, ...judged.map((detection) => detection.end), 1);
  const across = (start: number, end: number) => ({ left: start / until, width: (end - start) / until });
  const stretches = judged.map((detection) => ({
    detection,
    flat: detection.verdict === "missed",
    ...across(detection.start, detection.end),
    usual: share(measure(detection, "usual_f0_slope")),
    floor: share(measure(detection, "flat_f0_slope")),
    bars: spans(detection, "utterance_f0_slope").map(({ start, end, value }) => ({ ...across(start, end), height: share(value) })),
  }));
  const seen = judged.flatMap((detection) => spans(detection, "utterance_f0_slope"));
  const unjudged = call.utterances
    .filter((said) => said.speaker === "agent" && !seen.some(({ start, end }) => start < said.end && said.start < end))
    .map((said) => across(said.start, Math.min(said.end, until)));
  return { stretches, unjudged, flat: stretches.filter(({ flat }) => flat).length };
}

/** Why there is no strip, in a reader's words; null where there is one. */
export function toneAbsence(call: Pick<CallState, "call" | "live" | "scorecard" | "detections">): string | null {
  if (call.call.profile !== "full") return "voice measures are off in this profile.";
  if (call.detections.some(({ behaviour }) => behaviour === TONE)) return null;
  const reason = call.scorecard?.not_judged.find(({ behaviour }) => behaviour === TONE)?.reason;
  return reason ?? (call.live ? "waits for 20 seconds of the agent's speech." : "not enough of the agent's speech.");
}

function spans(detection: Detection, name: string) {
  return detection.evidence.flatMap((evidence) => (evidence.kind === "signal" && evidence.name === name ? [evidence] : []));
}

function measure(detection: Detection, name: string): number {
  return spans(detection, name)[0]?.value ?? 0;
}

function share(slope: number): number {
  return Math.max(0, Math.min(1, slope / MOST));
}
