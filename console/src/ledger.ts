// What a call was judged by, behaviour by behaviour: its opportunities in order and what became of them (pure).

import type { CallState } from "./state";
import type { Detection, ScoreItem } from "./wire";

export interface Entry {
  readonly behaviour: string;
  /** Delivered, missed and harmful moments by time. */
  readonly moments: readonly Detection[];
  /** What was noticed and judges nobody. */
  readonly noticed: readonly Detection[];
  readonly delivered: number;
  readonly missed: number;
  readonly harmful: number;
  /** The scorecard counts harm that stands for an answer, too; until then they are delivered and missed. */
  readonly opportunities: number;
}

export interface Ledger {
  /** Behaviours that were judged at least once, in the catalogue's order: nothing jumps while a call runs. */
  readonly judged: readonly Entry[];
  readonly noticed: readonly Entry[];
  /** Those that could have been judged and had no opportunity yet. */
  readonly quiet: readonly string[];
  readonly delivered: number;
  readonly missed: number;
  readonly harmful: number;
}

type Source = Pick<CallState, "detections" | "scorecard" | "failed">;

/** From the moments while the call runs, from its scorecard once there is one. */
export function ledgerOf(call: Source, catalogue: readonly string[]): Ledger {
  const { scorecard } = call;
  const found = new Map<string, { moments: Detection[]; noticed: Detection[] }>();
  for (const detection of [...call.detections].sort((a, b) => a.start - b.start || a.at - b.at)) {
    const entry = found.get(detection.behaviour) ?? { moments: [], noticed: [] };
    found.set(detection.behaviour, entry);
    (detection.verdict === "observed" ? entry.noticed : entry.moments).push(detection);
  }
  const items = new Map(scorecard?.items.map((item) => [item.behaviour, item]));
  const order = [...new Set([...catalogue, ...items.keys(), ...found.keys()])];
  const entries = order.map((behaviour) => entryOf(behaviour, found.get(behaviour), items.get(behaviour)));
  const unjudged = new Set(scorecard?.not_judged.map(({ behaviour }) => behaviour));
  const judged = entries.filter(({ delivered, missed, harmful }) => delivered + missed + harmful > 0);
  const noticed = entries.filter((entry) => !judged.includes(entry) && entry.noticed.length > 0);
  const sum = (of: "delivered" | "missed" | "harmful") => judged.reduce((total, entry) => total + entry[of], 0);
  return {
    judged,
    noticed,
    quiet: entries.filter((entry) => !judged.includes(entry) && !noticed.includes(entry) && !unjudged.has(entry.behaviour)).map(({ behaviour }) => behaviour),
    delivered: sum("delivered"),
    missed: sum("missed"),
    harmful: sum("harmful"),
  };
}

function entryOf(behaviour: string, found: { moments: Detection[]; noticed: Detection[] } | undefined, item: ScoreItem | undefined): Entry {
  const moments = found?.moments ?? [];
  const noticed = found?.noticed ?? [];
  if (item) return { behaviour, moments, noticed, delivered: item.delivered, missed: item.missed, harmful: item.harmful, opportunities: item.opportunities };
  const count = (verdict: Detection["verdict"]) => moments.filter((one) => !one.provisional && one.verdict === verdict).length;
  const [delivered, missed] = [count("delivered"), count("missed")];
  return { behaviour, moments, noticed, delivered, missed, harmful: count("harmful"), opportunities: delivered + missed };
}
