// The whole call at a glance, along one axis of time: who spoke, where both did or nobody, what was judged,
// how frustrated the customer was (pure). However long the call is, what is drawn of it is bounded.

import { bySpeech, overlaps, silences, spokenFrom, type Stretch } from "./rows";
import type { CallState } from "./state";
import type { Detection, Party, Verdict } from "./wire";
import { FRUSTRATION, HALF_LIFE_SECONDS, RECOVERY, levelOf } from "./wall";

/** Ends of a live call's axis: it grows by steps, so that nothing creeps. */
const STEPS = [60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10_800, 14_400, 21_600, 28_800, 36_000, 50_400];
/** Pieces of the axis that are told apart. */
const PIECES = 600;
/** Marks are as wide as this part of the axis. */
const MARK = 1 / 70;

/** Seconds at the right end of the axis. */
export function axisEnd({ at, live }: Pick<CallState, "at" | "live">): number {
  if (!live) return Math.max(at, 1);
  return STEPS.find((step) => step >= at * 1.02) ?? at * 1.1;
}

export interface Lanes {
  readonly speech: Readonly<Record<Party, readonly Stretch[]>>;
  readonly both: readonly Stretch[];
  readonly silent: readonly Stretch[];
  readonly unheard: readonly Stretch[];
}

export function lanesOf(call: Pick<CallState, "utterances" | "partials" | "gaps">, end: number): Lanes {
  const said = bySpeech([...call.utterances, ...call.partials]);
  const least = end / PIECES;
  const of = (party: Party) => said.filter(({ speaker }) => speaker === party).map(spokenFrom);
  return {
    speech: { agent: merged(of("agent"), least), customer: merged(of("customer"), least) },
    both: merged(overlaps(said), least),
    silent: merged(silences(said, call.gaps), least),
    unheard: merged(call.gaps.filter(({ reason }) => reason !== "paused"), least),
  };
}

/** Stretches closer together than `least` as one, none shorter than that. */
export function merged(stretches: readonly Stretch[], least: number): Stretch[] {
  const found: { start: number; end: number }[] = [];
  for (const { start, end } of [...stretches].sort((a, b) => a.start - b.start)) {
    const last = found.at(-1);
    if (last && start - last.end < least) last.end = Math.max(last.end, end, last.start + least);
    else found.push({ start, end: Math.max(end, start + least) });
  }
  return found;
}

export interface Mark {
  readonly at: number;
  /** The gravest of them. */
  readonly verdict: Verdict;
  readonly detections: readonly Detection[];
}

const GRAVITY: readonly Verdict[] = ["observed", "delivered", "missed", "harmful"];

/** Judgements along the axis, those that would lie on one another as one. */
export function marksOf(detections: readonly Detection[], end: number): Mark[] {
  const found: { at: number; verdict: Verdict; detections: Detection[] }[] = [];
  for (const detection of judgedByTime(detections)) {
    const last = found.at(-1);
    if (last && detection.start - last.at < end * MARK) {
      last.detections.push(detection);
      if (GRAVITY.indexOf(detection.verdict) > GRAVITY.indexOf(last.verdict)) last.verdict = detection.verdict;
    } else found.push({ at: detection.start, verdict: detection.verdict, detections: [detection] });
  }
  return found;
}

export function judgedByTime(detections: readonly Detection[]): Detection[] {
  return detections.filter(({ verdict }) => verdict !== "observed").sort((a, b) => a.start - b.start || a.at - b.at);
}

export interface Mood {
  readonly at: readonly number[];
  readonly level: readonly number[];
  /** Highest level and when; null when none was noticed. */
  readonly most: { readonly at: number; readonly level: number } | null;
  readonly noticed: number;
}

/** The customer's frustration, 0 to 3: as it was noticed, fading as the detector has it, over once it eased. */
export function frustrationOf(detections: readonly Detection[], now: number): Mood {
  const told = detections
    .filter((one) => !one.provisional && (one.behaviour === FRUSTRATION || (one.behaviour === RECOVERY && one.verdict === "delivered")))
    .map((one) => ({ at: one.end, level: one.behaviour === RECOVERY ? 0 : levelOf(one) }))
    .sort((a, b) => a.at - b.at);
  const step = Math.max(0.5, now / PIECES);
  const [at, level]: [number[], number[]] = [[0], [0]];
  let [from, high] = [0, 0];
  const fade = (until: number) => {
    for (let time = from + step; time < until && high > 0.01; time += step) {
      at.push(time);
      level.push(faded(high, time - from));
    }
  };
  for (const one of told) {
    fade(one.at);
    at.push(one.at, one.at);
    level.push(faded(high, one.at - from), one.level);
    [from, high] = [one.at, one.level];
  }
  fade(now);
  at.push(Math.max(now, at.at(-1)!));
  level.push(faded(high, now - from));
  const cues = told.filter((one) => one.level > 0);
  const most = cues.reduce<Mood["most"]>((found, one) => (found && found.level >= one.level ? found : one), null);
  return { at, level, most, noticed: cues.length };
}

function faded(level: number, seconds: number): number {
  return level * 0.5 ** (Math.max(0, seconds) / HALF_LIFE_SECONDS);
}
