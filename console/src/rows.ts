// The transcript as rows on a time axis: lines, where both spoke, silences, what was lost (pure).

import type { CallState } from "./state";
import type { AudioGap, Detection, Party, Utterance, WordsHeldBack } from "./wire";

export type Row =
  /** `over`: seconds for which this line began while the other party spoke. `follows`: the same party goes on. */
  | { readonly kind: "said"; readonly key: string; readonly at: number; readonly utterance: Utterance; readonly follows: boolean; readonly over: number }
  | { readonly kind: "silence"; readonly key: string; readonly at: number; readonly seconds: number }
  | { readonly kind: "gap"; readonly key: string; readonly at: number; readonly parties: readonly Party[]; readonly seconds: number; readonly reason: AudioGap["reason"] }
  | { readonly kind: "held"; readonly key: string; readonly at: number; readonly speaker: Party; readonly words: number; readonly reason: WordsHeldBack["reason"] }
  | { readonly kind: "judged"; readonly key: string; readonly at: number; readonly detection: Detection };

export type Said = Extract<Row, { kind: "said" }>;

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Losses of one party closer together than this are shown as one. */
const GAP_JOIN_SECONDS = 0.5;
/** A shorter overlap is how turns are passed (as in detectors/catalogue/conversation.toml). */
export const OVERLAP_SECONDS = 0.45;
/** A shorter pause is thinking. */
export const SILENCE_SECONDS = 3;

type Source = Pick<CallState, "utterances" | "partials" | "gaps" | "heldBack" | "detections">;

/** Everything that happened, by time; judgements only where no words can carry them. */
export function rowsOf(call: Source): Row[] {
  const said = bySpeech([...call.utterances, ...call.partials]);
  const both = new Map(overlaps(said).map(({ start, end }) => [start, end - start]));
  const rows: Row[] = [
    ...said.map((utterance) => {
      const { start } = spokenFrom(utterance);
      return { kind: "said" as const, key: `said-${utterance.id}`, at: start, utterance, follows: false, over: both.get(start) ?? 0 };
    }),
    ...silences(said, call.gaps).map(({ start, end }) => ({ kind: "silence" as const, key: `silence-${start.toFixed(2)}`, at: start, seconds: end - start })),
    ...joinedGaps(call.gaps),
    ...call.heldBack.map((held, index) => ({ kind: "held" as const, key: `held-${index}`, at: held.start, speaker: held.speaker, words: held.words.length, reason: held.reason })),
    ...call.detections
      .filter(({ verdict, evidence }) => (verdict === "missed" || verdict === "harmful") && !evidence.some((one) => one.kind === "words"))
      .map((detection) => ({ kind: "judged" as const, key: `judged-${detection.id}`, at: detection.at, detection })),
  ];
  rows.sort((a, b) => a.at - b.at);
  return rows.map((row, index) => {
    const before = rows[index - 1];
    const follows = row.kind === "said" && before?.kind === "said" && before.utterance.speaker === row.utterance.speaker;
    return follows ? { ...row, follows } : row;
  });
}

/** Where words begin and end: an utterance's own times hold the pauses around them. */
export function spokenFrom({ words, start, end }: Utterance): Stretch {
  return { start: words[0]?.start ?? start, end: words.at(-1)?.end ?? end };
}

export function bySpeech(utterances: readonly Utterance[]): Utterance[] {
  return utterances.filter(({ words }) => words.length > 0).sort((a, b) => spokenFrom(a).start - spokenFrom(b).start);
}

/** Where both spoke for longer than it takes to pass the turn; `said` in the order of `bySpeech`. */
export function overlaps(said: readonly Utterance[]): Stretch[] {
  const until: Record<Party, number> = { agent: 0, customer: 0 };
  const found: Stretch[] = [];
  for (const utterance of said) {
    const { start, end } = spokenFrom(utterance);
    const other = utterance.speaker === "agent" ? "customer" : "agent";
    const both = Math.min(end, until[other]);
    if (both - start >= OVERLAP_SECONDS) found.push({ start, end: both });
    until[utterance.speaker] = Math.max(until[utterance.speaker], end);
  }
  return found;
}

/** Where nobody spoke for long; where something was not heard, nobody knows. */
export function silences(said: readonly Utterance[], gaps: readonly AudioGap[] = []): Stretch[] {
  const found: Stretch[] = [];
  let until: number | null = null;
  for (const utterance of said) {
    const { start, end } = spokenFrom(utterance);
    const from: number = until ?? start;
    const unheard = gaps.some((gap) => Math.min(gap.end, start) - Math.max(gap.start, from) > GAP_JOIN_SECONDS);
    if (start - from >= SILENCE_SECONDS && !unheard) found.push({ start: from, end: start });
    until = Math.max(from, end);
  }
  return found;
}

interface Loss extends Stretch {
  readonly reason: AudioGap["reason"];
  readonly parties: readonly Party[];
}

/** One marker for losses of a party that touch, and one where both parties lost the same stretch. */
function joinedGaps(gaps: readonly AudioGap[]): Row[] {
  const joined: Loss[] = [];
  for (const { speaker, start, end, reason } of [...gaps].sort((a, b) => a.start - b.start)) {
    const place = joined.findLastIndex((loss) => loss.parties[0] === speaker && loss.reason === reason && start - loss.end < GAP_JOIN_SECONDS);
    if (place < 0) joined.push({ start, end, reason, parties: [speaker] });
    else joined[place] = { ...joined[place]!, end: Math.max(joined[place]!.end, end) };
  }
  const same = (a: Loss, b: Loss) => a.reason === b.reason && Math.abs(a.start - b.start) < 0.1 && Math.abs(a.end - b.end) < 0.1;
  const shown = joined.flatMap((loss, index) => {
    const twin = joined.findIndex((other) => other.parties[0] !== loss.parties[0] && same(other, loss));
    if (twin < 0) return [loss];
    return index < twin ? [{ ...loss, parties: [...loss.parties, ...joined[twin]!.parties] }] : [];
  });
  return shown.map(({ start, end, reason, parties }) => ({ kind: "gap", key: `gap-${parties.join()}-${start}`, at: start, parties, seconds: end - start, reason }));
}

// --- finding rows ---------------------------------------------------------------------------------

/** The row that shows a detection: its first words, its own line, or what was going on then; -1 without rows. */
export function rowOf(rows: readonly Row[], detection: Detection): number {
  const said = new Set(detection.evidence.flatMap((one) => (one.kind === "words" ? [`said-${one.utterance_id}`] : [])));
  const found = rows.findIndex((row) => said.has(row.key) || row.key === `judged-${detection.id}`);
  return found >= 0 ? found : rowAt(rows, detection.start);
}

/** The last row that begins at `at` or before, else the first one. */
export function rowAt(rows: readonly Row[], at: number): number {
  const after = rows.findIndex((row) => row.at > at + 0.01);
  return after < 0 ? rows.length - 1 : Math.max(0, after - 1);
}

/** Rows in which all of `text` is said, in whatever case and with whatever accents. */
export function rowsWith(rows: readonly Row[], text: string): number[] {
  const wanted = folded(text).trim();
  if (!wanted) return [];
  return rows.flatMap((row, index) => (row.kind === "said" && folded(row.utterance.words.map((word) => word.text.trim()).join(" ")).includes(wanted) ? [index] : []));
}

function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
