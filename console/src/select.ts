// Questions that the views ask of the state: pure, and tested without a browser.

import type { CallState, ConsoleState } from "./state";
import type { Alert, AlertView, AudioGap, Detection, Party, Scorecard, Severity, Utterance, Verdict, Word, WordSpan } from "./wire";

const SEVERITIES: readonly Severity[] = ["info", "notice", "warning", "critical"];
const VERDICTS: readonly Verdict[] = ["observed", "delivered", "missed", "harmful"];
const CONTEXT_SECONDS = 10;
/** A line is whole about a second after it was said; from here on it is late. */
const BEHIND_SECONDS = 2;
/** Words shown on either side of the evidence where the utterance is long. */
const QUOTE_MARGIN = 8;

export function openAlert(call: CallState): AlertView | null {
  return call.alerts.findLast((view) => view.state === "open") ?? null;
}

/** The card to show: the open one, else the newest that stood; once the call is over, the gravest of them. */
export function cardOf(call: CallState): AlertView | null {
  const stood = call.alerts.filter((view) => view.state !== "withdrawn");
  if (call.live) return openAlert(call) ?? stood.at(-1) ?? null;
  const gravity = (view: AlertView) => SEVERITIES.indexOf(view.alert.severity);
  return stood.reduce<AlertView | null>((found, view) => (found && gravity(found) > gravity(view) ? found : view), null);
}

/** Live calls: open alerts first (most severe, then longest waiting), else oldest call first. */
export function liveOrder(calls: Iterable<CallState>): string[] {
  const rows = [...calls]
    .filter((call) => call.live)
    .map((call) => {
      const alert = openAlert(call)?.alert;
      const rank = alert ? SEVERITIES.indexOf(alert.severity) : -1;
      return { id: call.call.call_id, rank, since: call.call.started_at + (alert?.at ?? 0) };
    });
  rows.sort((a, b) => b.rank - a.rank || a.since - b.since || (a.id < b.id ? -1 : 1));
  return rows.map((row) => row.id);
}

export function endedOrder(calls: Iterable<CallState>): string[] {
  const ended = [...calls].filter((call) => !call.live);
  ended.sort((a, b) => b.call.started_at + b.at - (a.call.started_at + a.at));
  return ended.map((call) => call.call.call_id);
}

/**
 * The order to show. While `held` (the pointer is over the list) rows keep their places, also those of
 * calls that ended meanwhile, and new calls join at the end.
 */
export function arrange(shown: readonly string[], desired: readonly string[], held: boolean, exists: (id: string) => boolean): string[] {
  if (!held) return [...desired];
  const kept = shown.filter(exists);
  const known = new Set(kept);
  return [...kept, ...desired.filter((id) => !known.has(id))];
}

/** Seconds that a call is behind, where a supervisor should know: what was just said is not on the page yet. */
export function behind(call: Pick<CallState, "lag">): number | null {
  return call.lag >= BEHIND_SECONDS ? call.lag : null;
}

export type Marks = Readonly<Record<Verdict, number>>;

export function marks(detections: readonly Detection[]): Marks {
  const count = { delivered: 0, missed: 0, harmful: 0, observed: 0 };
  for (const detection of detections) if (!detection.provisional) count[detection.verdict] += 1;
  return count;
}

/** Delivered of all opportunities, or null without any. What cannot be missed has no rate and does not count. */
export function overallRate(scorecard: Scorecard): number | null {
  const rated = scorecard.items.filter((item) => item.rate !== null);
  const opportunities = rated.reduce((sum, item) => sum + item.opportunities, 0);
  const delivered = rated.reduce((sum, item) => sum + item.delivered, 0);
  return opportunities > 0 ? delivered / opportunities : null;
}

export function harmfulMoments(scorecard: Scorecard): number {
  return scorecard.items.reduce((sum, item) => sum + item.harmful, 0);
}

/** Behaviours that were not judged, by why: a recording of one side has one reason for most of them. */
export function byReason(rows: Scorecard["not_judged"]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { behaviour, reason } of rows) found.set(reason, [...(found.get(reason) ?? []), behaviour]);
  return found;
}

export function titleOf(state: ConsoleState, behaviour: string): string {
  return state.behaviours.get(behaviour)?.title ?? behaviour;
}

// --- the transcript -------------------------------------------------------------------------------

/** Seconds in which a party was not heard, once where both were lost; a pause that was asked for is no loss. */
export function secondsLost(gaps: readonly AudioGap[]): number {
  let [lost, until] = [0, 0];
  for (const { start, end, reason } of [...gaps].sort((a, b) => a.start - b.start)) {
    if (reason === "paused") continue;
    lost += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return lost;
}

function wordSpans(of: Pick<Detection | Alert, "evidence">): WordSpan[] {
  return of.evidence.filter((evidence) => evidence.kind === "words");
}

/** Which detections rest on words of which utterance. */
export function evidenceByUtterance(detections: readonly Detection[]): ReadonlyMap<string, readonly Detection[]> {
  const found = new Map<string, Detection[]>();
  for (const detection of detections) {
    for (const id of new Set(wordSpans(detection).map((span) => span.utterance_id))) {
      const list = found.get(id);
      if (list) list.push(detection);
      else found.set(id, [detection]);
    }
  }
  return found;
}

export interface Run {
  readonly text: string;
  readonly detections: readonly Detection[];
}

/** Cuts an utterance into runs of words that the same detections rest on. */
export function runs(utterance: Utterance, detections: readonly Detection[]): Run[] {
  const cut: { words: Word[]; detections: Detection[] }[] = [];
  utterance.words.forEach((word, index) => {
    const here = detections.filter((detection) => covers(detection, utterance.id, index));
    const last = cut.at(-1);
    if (last && sameMembers(last.detections, here)) last.words.push(word);
    else cut.push({ words: [word], detections: here });
  });
  return cut.map((run) => ({ text: textOf(run.words), detections: run.detections }));
}

function covers(of: Pick<Detection | Alert, "evidence">, utteranceId: string, index: number): boolean {
  return wordSpans(of).some((span) => span.utterance_id === utteranceId && span.first <= index && index <= span.last);
}

function sameMembers<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

export function textOf(words: readonly Word[]): string {
  return words.map((word) => word.text.trim()).join(" ");
}

export function worst(detections: readonly Detection[]): Verdict {
  return detections.reduce<Verdict>(
    (found, { verdict }) => (VERDICTS.indexOf(verdict) > VERDICTS.indexOf(found) ? verdict : found),
    "observed",
  );
}

// --- the card -------------------------------------------------------------------------------------

/** Words of one utterance as they were said; the evidence among them is marked. */
export interface Quote {
  readonly key: string;
  readonly speaker: Party;
  readonly at: number;
  readonly parts: readonly QuotePart[];
}

export interface QuotePart {
  readonly text: string;
  readonly marked: boolean;
}

export interface Line {
  readonly key: string;
  readonly speaker: Party;
  readonly at: number;
  readonly text: string;
}

export interface Excerpt {
  readonly quotes: readonly Quote[];
  /** What was said in the ten seconds before the quote (before the alert, where nothing is quoted). */
  readonly context: readonly Line[];
}

export function excerpt(call: Pick<CallState, "utterances" | "partials">, alert: Alert): Excerpt {
  const said = [...call.utterances, ...call.partials];
  const quotes = [...spansByUtterance(alert)].flatMap(([id, spans]) => {
    const utterance = said.find((other) => other.id === id);
    return utterance?.words[spans[0]!.first] ? [quote(utterance, spans)] : [];
  });
  quotes.sort((a, b) => a.at - b.at);
  // Evidence from more than one turn tells what led to it by itself.
  if (quotes.length > 1) return { quotes, context: [] };
  const until = quotes[0]?.at ?? alert.at;
  const context = said
    .filter((utterance) => utterance.words.length > 0 && utterance.id !== quotes[0]?.key)
    .filter((utterance) => utterance.start < until && utterance.end > until - CONTEXT_SECONDS)
    .map((utterance) => line(utterance, until - CONTEXT_SECONDS));
  context.sort((a, b) => a.at - b.at);
  return { quotes, context };
}

function spansByUtterance(alert: Alert): ReadonlyMap<string, readonly WordSpan[]> {
  const found = new Map<string, WordSpan[]>();
  for (const span of wordSpans(alert)) found.set(span.utterance_id, [...(found.get(span.utterance_id) ?? []), span]);
  for (const spans of found.values()) spans.sort((a, b) => a.first - b.first);
  return found;
}

function quote(utterance: Utterance, spans: readonly WordSpan[]): Quote {
  const first = spans[0]!.first;
  const from = Math.max(0, first - QUOTE_MARGIN);
  const to = Math.min(utterance.words.length, Math.max(...spans.map((span) => span.last)) + 1 + QUOTE_MARGIN);
  const parts: { text: string; marked: boolean }[] = [];
  for (let index = from; index < to; index += 1) {
    const marked = spans.some((span) => span.first <= index && index <= span.last);
    const text = utterance.words[index]!.text.trim();
    const last = parts.at(-1);
    if (last?.marked === marked) last.text += ` ${text}`;
    else parts.push({ text, marked });
  }
  if (from > 0) parts.unshift({ text: "…", marked: false });
  if (to < utterance.words.length) parts.push({ text: "…", marked: false });
  return { key: utterance.id, speaker: utterance.speaker, at: utterance.words[first]!.start, parts };
}

function line(utterance: Utterance, from: number): Line {
  const recent = utterance.words.filter((word) => word.end > from);
  const text = textOf(recent);
  return {
    key: utterance.id,
    speaker: utterance.speaker,
    at: utterance.start,
    text: recent.length < utterance.words.length ? `… ${text}` : text,
  };
}

/** Cards that are open in `next` and were not in `previous`: what a screen reader should hear. */
export function freshAlerts(previous: ConsoleState, next: ConsoleState): { readonly call: CallState; readonly view: AlertView }[] {
  return [...next.calls.values()].flatMap((call) => {
    if (previous.calls.get(call.call.call_id)?.alerts === call.alerts) return [];
    const known = new Set(previous.calls.get(call.call.call_id)?.alerts.map((view) => view.alert.id));
    return call.alerts.filter((view) => view.state === "open" && !known.has(view.alert.id)).map((view) => ({ call, view }));
  });
}
