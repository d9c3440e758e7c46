/* Generated from finished.schema.json by `npm run types`. Do not edit. */

/**
 * Who speaks on a channel.
 */
export type Party = "agent" | "customer";

/**
 * `count` is of all that are found; `next` goes into `after` for more of them.
 */
export interface FinishedPage {
  calls: FoundCall[];
  count: number;
  next: string | null;
}
/**
 * `excerpt` is where the first of the words was said, when words were looked for.
 */
export interface FoundCall {
  agent: string | null;
  alerts: number;
  call_id: string;
  customer_name: string | null;
  delivered: number;
  excerpt: Excerpt | null;
  harmful: number;
  missed: number;
  number: number;
  opportunities: number;
  rate: number | null;
  seconds: number;
  started_at: number;
  tallies: Tally[];
  team: string | null;
}
/**
 * Where the first of the words that were looked for was said: `before` + `found` + `after`.
 */
export interface Excerpt {
  after: string;
  at: number;
  before: string;
  found: string;
  speaker: Party;
}
/**
 * How often a behaviour was judged what in one call.
 */
export interface Tally {
  behaviour: string;
  delivered: number;
  harmful: number;
  missed: number;
  observed: number;
}
