// What a card follows from: the behaviour's rules as `GET /v1/behaviours` tells them, in a reader's words (pure).

import { plural, spell } from "./format";
import type { CallState } from "./state";
import type { Alert, AlertView, Detection, Severity, Verdict } from "./wire";

export interface Rule {
  readonly behaviour: string;
  readonly verdict: Verdict;
  readonly kind: string;
  readonly severity: Severity;
  readonly title: string;
  readonly coaching: string;
  readonly whispers: readonly string[];
  readonly count: number;
  readonly in_a_row: boolean;
  readonly within: number | null;
  readonly cooldown: number;
  readonly follow: readonly string[];
  readonly follow_within: number;
}

export interface Behaviour {
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  readonly opportunity: string;
  readonly alerts: readonly Rule[];
}

/** What is pushed beside the rules: see `AlertPolicy` in streaming/cards.py. */
export interface AlertPolicy {
  readonly off: readonly string[];
  readonly least: Severity;
  readonly expire_after: number;
  readonly give_way_after: number;
  readonly give_way_to_lower_after: number;
  readonly stale_after: number;
}

export interface Catalogue {
  readonly behaviours: readonly Behaviour[];
  readonly policy: AlertPolicy;
}

export function behaviourOf(catalogue: Catalogue | null, id: string): Behaviour | null {
  return catalogue?.behaviours.find((row) => row.id === id) ?? null;
}

/** The rule that raised the card: that of its kind, else the one for every kind. */
export function ruleOf(catalogue: Catalogue | null, { behaviour, verdict, kind }: Pick<Alert, "behaviour" | "verdict" | "kind">): Rule | null {
  const rules = (behaviourOf(catalogue, behaviour)?.alerts ?? []).filter((rule) => rule.verdict === verdict);
  return rules.find((rule) => rule.kind === kind) ?? rules.find((rule) => rule.kind === "") ?? null;
}

/** "the 2nd time in a row, within 2 min" */
export function raisedWhen({ count, in_a_row, within }: Rule): string {
  if (count <= 1) return "at once";
  const often = `the ${ordinal(count)} time${in_a_row ? " in a row" : ""}`;
  return within === null ? often : `${often}, within ${spell(within)}`;
}

function ordinal(count: number): string {
  return `${count}${{ 2: "nd", 3: "rd" }[count] ?? "th"}`;
}

/** Until when further ones go into this card instead of a new one; null once that is over. */
export function coolsUntil(alert: Alert, rule: Rule, at: number): number | null {
  const until = alert.at + rule.cooldown;
  return at < until ? until : null;
}

// --- follow-through ---------------------------------------------------------------------------------

export type Follow =
  | { readonly kind: "none" }
  /** The agent can still do it. */
  | { readonly kind: "watching"; readonly until: number; readonly share: number }
  | { readonly kind: "done"; readonly after: number | null; readonly by: Detection | null; readonly eased: Detection | null }
  | { readonly kind: "not-seen"; readonly within: number };

const RECOVERY = "emotion.recovery";

/** Whether the agent did what an answered card asked for, with the words that show it. */
export function followThrough(call: Pick<CallState, "detections" | "at" | "live">, { alert, state }: AlertView, rule: Rule | null): Follow {
  if (state === "followed") return done(call.detections, alert, rule);
  if (state !== "acked" || rule === null) return { kind: "none" };
  const until = alert.at + rule.follow_within;
  if (!call.live || call.at > until) return { kind: "not-seen", within: rule.follow_within };
  return { kind: "watching", until, share: Math.min(1, (call.at - alert.at) / rule.follow_within) };
}

function done(detections: readonly Detection[], alert: Alert, rule: Rule | null): Follow {
  const asked = rule?.follow.length ? rule.follow : [alert.behaviour];
  const later = detections.filter((one) => one.verdict === "delivered" && !one.provisional && one.end > alert.at);
  const by = later.find((one) => asked.includes(one.behaviour)) ?? null;
  const eased = later.find((one) => one.behaviour === RECOVERY) ?? null;
  return { kind: "done", after: by && Math.max(0, by.end - alert.at), by, eased: eased === by ? null : eased };
}

// --- the whole policy as a table --------------------------------------------------------------------

export interface PolicyRow {
  readonly behaviour: string;
  readonly rule: Rule;
  readonly off: boolean;
}

const GRAVITY: readonly Severity[] = ["critical", "warning", "notice", "info"];

/** Every rule that may raise a card, gravest first; those that are switched off last. */
export function policyRows({ behaviours, policy }: Catalogue): PolicyRow[] {
  const off = new Set(policy.off);
  const least = GRAVITY.indexOf(policy.least);
  const rows = behaviours.flatMap((row) => row.alerts.map((rule) => ({ behaviour: row.title, rule, off: off.has(row.id) })));
  const pushed = rows.filter(({ rule }) => rule.severity !== "info" && GRAVITY.indexOf(rule.severity) <= least);
  return pushed.sort((a, b) => Number(a.off) - Number(b.off) || GRAVITY.indexOf(a.rule.severity) - GRAVITY.indexOf(b.rule.severity));
}

/** "After 60 s unanswered a card closes by itself." and what else holds for all of them. */
export function policyNotes(policy: AlertPolicy): string[] {
  return [
    "A call shows one card at a time.",
    `A card that nobody answers closes after ${spell(policy.expire_after)}, after ${spell(policy.give_way_after)} where one as grave waits.`,
    `One that waits for longer than ${spell(policy.stale_after)} is not shown any more: the moment has passed.`,
    ...(policy.off.length ? [`${plural(policy.off.length, "behaviour is", "behaviours are")} switched off here.`] : []),
  ];
}
