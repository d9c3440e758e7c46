// The wall: which rows it shows, in which order, and which of them are in sight (pure).

import { arrange, endedOrder, liveOrder, openAlert } from "./select";
import type { CallState } from "./state";
import type { Detection } from "./wire";

export interface WallFilter {
  /** Words that must all be found in agent, customer or team. */
  readonly text: string;
  /** Teams to show; none of them means all. */
  readonly teams: readonly string[];
}

/** A row's key is its call's id; a heading's begins with what no call id begins with. */
export const HEAD = "#";
const NEED = `${HEAD}need`;
const LIVE = `${HEAD}live`;
const ENDED = `${HEAD}ended`;
const TEAM = `${HEAD}team/`;
/** Ended calls shown below the live ones. */
const RECENT = 30;

export interface WallOptions {
  readonly filter: WallFilter;
  readonly grouped: boolean;
}

export function isHead(key: string): boolean {
  return key.startsWith(HEAD);
}

export function headTitle(key: string): string {
  if (key === NEED) return "Needs you";
  if (key === ENDED) return "Ended";
  return key.startsWith(TEAM) ? key.slice(TEAM.length) || "No team" : "Live";
}

/** Headings and call ids from top to bottom: what needs a person, the rest (by team, where wished), what ended. */
export function wallKeys(calls: ReadonlyMap<string, CallState>, { filter, grouped }: WallOptions): string[] {
  const shown = [...calls.values()].filter(matcher(filter));
  const live = liveOrder(shown);
  const needy = live.filter((id) => openAlert(calls.get(id)!));
  const calm = live.slice(needy.length); // open cards come first in the order
  const ended = endedOrder(shown).slice(0, RECENT);
  return [
    ...headed(NEED, needy),
    ...(grouped ? byTeam(calm, calls).flatMap(([team, ids]) => headed(TEAM + team, ids)) : headed(LIVE, calm)),
    ...headed(ENDED, ended),
  ];
}

function headed(head: string, ids: readonly string[]): string[] {
  return ids.length > 0 ? [head, ...ids] : [];
}

function byTeam(ids: readonly string[], calls: ReadonlyMap<string, CallState>): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const id of ids) {
    const team = calls.get(id)!.call.team ?? "";
    const members = found.get(team);
    if (members) members.push(id);
    else found.set(team, [id]);
  }
  // Those without a team come last.
  return [...found].sort(([a], [b]) => Number(a === "") - Number(b === "") || a.localeCompare(b));
}

function matcher({ text, teams }: WallFilter): (call: CallState) => boolean {
  const wanted = folded(text).split(/\s+/).filter(Boolean);
  const chosen = new Set(teams);
  return ({ call: { agent, customer_name, team } }) => {
    if (chosen.size > 0 && !chosen.has(team ?? "")) return false;
    if (wanted.length === 0) return true;
    const names = folded(`${agent ?? ""} ${customer_name ?? ""} ${team ?? ""}`);
    return wanted.every((word) => names.includes(word));
  };
}

/** "Müller" is found by "muller" and by "MÜLLER". */
function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The keys to show; while `held` (the pointer is over them) none of them moves. */
export function settle(shown: readonly string[], desired: readonly string[], held: boolean, exists: (id: string) => boolean): readonly string[] {
  const next = arrange(shown, desired, held, (key) => isHead(key) || exists(key));
  return next.length === shown.length && next.every((key, place) => key === shown[place]) ? shown : next;
}

export interface TeamCount {
  readonly team: string;
  readonly live: number;
  readonly needy: number;
}

/** The teams of the live calls with how many they have, and of those that are chosen. */
export function teamCounts(calls: Iterable<CallState>, chosen: readonly string[]): TeamCount[] {
  const found = new Map<string, { live: number; needy: number }>(chosen.map((team) => [team, { live: 0, needy: 0 }]));
  for (const call of calls) {
    if (!call.live) continue;
    const team = call.call.team ?? "";
    const count = found.get(team) ?? { live: 0, needy: 0 };
    found.set(team, { live: count.live + 1, needy: count.needy + (openAlert(call) ? 1 : 0) });
  }
  return [...found].map(([team, count]) => ({ team, ...count })).sort((a, b) => Number(a.team === "") - Number(b.team === "") || a.team.localeCompare(b.team));
}

/** Among live rows, the one below `current` that waits for a person; from the top again behind the last one. */
export function nextNeedy(keys: readonly string[], calls: ReadonlyMap<string, CallState>, current: string | null): string | null {
  const needy = keys.filter((key) => {
    const call = calls.get(key);
    return call?.live === true && openAlert(call) !== null;
  });
  if (needy.length === 0) return null;
  return needy[(current === null ? 0 : needy.indexOf(current) + 1) % needy.length] ?? null;
}

// --- what is in sight -------------------------------------------------------------------------------

export interface Slice {
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
}

/** The offset of every row and, last, the height of all. */
export function offsets(keys: readonly string[], row: number, head: number): number[] {
  const found = [0];
  for (const key of keys) found.push(found.at(-1)! + (isHead(key) ? head : row));
  return found;
}

/** Rows that touch the window from `top` on, `height` high, and `spare` more on either side. */
export function inSight(tops: readonly number[], top: number, height: number, spare: number): Slice {
  const rows = tops.length - 1;
  const first = Math.max(0, lastAtOrBefore(tops, top) - spare);
  const end = Math.min(rows, lastAtOrBefore(tops, top + height) + 1 + spare);
  return { first: Math.min(first, rows), end };
}

function lastAtOrBefore(tops: readonly number[], offset: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

// --- what a row says ----------------------------------------------------------------------------------

export const FRUSTRATION = "emotion.frustration";
export const RECOVERY = "emotion.recovery";
/** As `detectors/frustration.py` and its row in the catalogue have it. */
export const HALF_LIFE_SECONDS = 60;
const FRUSTRATED = 0.5;
const VERY = 1.5;

export interface Mood {
  readonly kind: "calm" | "frustrated" | "very" | "eased";
  /** Stream seconds since which the customer is frustrated, or has eased. */
  readonly since: number;
}

const CALM: Mood = { kind: "calm", since: 0 };

/** The customer's mood now, from what was noticed in words: half of it fades in a minute, or it is eased. */
export function moodOf({ detections, at }: Pick<CallState, "detections" | "at">): Mood {
  let since: number | null = null;
  let [level, told] = [0, 0];
  let eased: number | null = null;
  for (const one of detections) {
    if (one.provisional) continue;
    if (one.behaviour === RECOVERY && one.verdict === "delivered") [since, level, eased] = [null, 0, one.end];
    if (one.behaviour !== FRUSTRATION) continue;
    if (since === null || faded(level, one.start - told) < FRUSTRATED) since = one.start;
    [level, told, eased] = [levelOf(one), one.end, null];
  }
  const now = faded(level, at - told);
  if (since !== null && now >= FRUSTRATED) return { kind: now >= VERY ? "very" : "frustrated", since };
  return eased === null ? CALM : { kind: "eased", since: eased };
}

function faded(level: number, seconds: number): number {
  return level * 0.5 ** (Math.max(0, seconds) / HALF_LIFE_SECONDS);
}

export function levelOf({ evidence }: Detection): number {
  const found = evidence.find((item) => item.kind === "signal" && item.name === "frustration");
  return found?.kind === "signal" ? found.value : 1;
}

/** From here on no audio is more than a pause between two messages. */
const SILENT_SECONDS = 4;

/** Calls that nothing came from for a while, though others' news comes: seconds, by id. */
export function unheard(calls: Iterable<CallState>, heardAt: ReadonlyMap<string, number>, now: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { live, call } of calls) {
    const since = live ? heardAt.get(call.call_id) : undefined;
    const seconds = since === undefined ? 0 : Math.floor((now - since) / 1000);
    if (seconds >= SILENT_SECONDS) found.set(call.call_id, seconds);
  }
  return found;
}

/** Judgements in the order in which they were made; what judges nobody is not among them. */
export function judged(detections: readonly Detection[]): readonly Detection[] {
  return detections.filter((one) => !one.provisional && one.verdict !== "observed");
}
