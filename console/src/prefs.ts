// What a supervisor has chosen for this browser: kept in its storage, the same in every tab (pure but for `keep`).

import { signal } from "@preact/signals";
import type { Severity } from "./wire";

export interface Prefs {
  /** A short sound with a new card. */
  readonly sound: boolean;
  /** A notification of the desktop, while the page is out of sight. */
  readonly desktop: boolean;
  /** The least grave card that may do either. */
  readonly from: Exclude<Severity, "info">;
  /** Calm calls under their team's name. */
  readonly grouped: boolean;
  /** Teams to show; none of them means all. */
  readonly teams: readonly string[];
}

export const NO_PREFS: Prefs = { sound: false, desktop: false, from: "warning", grouped: false, teams: [] };

const KEY = "callcue.prefs";
const GRAVE: readonly Severity[] = ["info", "notice", "warning", "critical"];

export const prefs = signal<Prefs>(NO_PREFS);

/** What was kept, as far as it can be read: another version may have written it, or a person. */
export function readPrefs(text: string | null): Prefs {
  try {
    const kept = JSON.parse(text ?? "{}") as Partial<globalThis.Record<keyof Prefs, unknown>>;
    return {
      sound: kept.sound === true,
      desktop: kept.desktop === true,
      from: kept.from === "notice" || kept.from === "critical" ? kept.from : "warning",
      grouped: kept.grouped === true,
      teams: Array.isArray(kept.teams) ? kept.teams.filter((team): team is string => typeof team === "string") : [],
    };
  } catch {
    return NO_PREFS;
  }
}

export function graveEnough(severity: Severity, { from }: Prefs): boolean {
  return GRAVE.indexOf(severity) >= GRAVE.indexOf(from);
}

export function prefer(change: Partial<Prefs>): void {
  prefs.value = { ...prefs.value, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs.value));
  } catch {
    // A browser that keeps nothing (private windows): the choice holds until the page is closed.
  }
}

export function startPrefs(): void {
  const read = () => (prefs.value = readPrefs(stored()));
  read();
  addEventListener("storage", (event) => (event.key === KEY || event.key === null) && read());
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
