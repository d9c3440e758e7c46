// The finished calls that were looked for: fetched a page at a time, the last search wins.

import { effect, signal } from "@preact/signals";
import type { FinishedPage, FoundCall } from "./finished.gen";
import { address, config, getJson, token } from "./service";
import { type Search, parametersOf } from "./search";

export type Found =
  | { readonly phase: "asking" | "failed" }
  /** `asking`: another search is under way, and these are of the one before. */
  | { readonly phase: "here"; readonly asking: boolean; readonly calls: readonly FoundCall[]; readonly count: number; readonly next: string | null };

export const found = signal<Found>({ phase: "asking" });
export const names = signal<{ readonly agents: readonly string[]; readonly teams: readonly string[] }>({ agents: [], teams: [] });

let turn = 0;

/** Looks again when the service is there, or lets one in, if it was not. Returns what ends that. */
export function lookFor(search: Search): () => void {
  return effect(() => {
    if (config.value) void ask(search);
  });
}

async function ask(search: Search): Promise<void> {
  const mine = ++turn;
  const before = found.peek();
  found.value = before.phase === "here" ? { ...before, asking: true } : { phase: "asking" };
  try {
    const page = await pageOf(search, null);
    if (mine === turn) found.value = { phase: "here", asking: false, ...page };
  } catch {
    if (mine === turn) found.value = { phase: "failed" };
  }
}

export async function more(search: Search): Promise<void> {
  const before = found.peek();
  if (before.phase !== "here" || before.asking || before.next === null) return;
  const mine = ++turn;
  found.value = { ...before, asking: true };
  try {
    const page = await pageOf(search, before.next);
    if (mine === turn) found.value = { phase: "here", asking: false, ...page, calls: [...before.calls, ...page.calls] };
  } catch {
    if (mine === turn) found.value = { ...before, asking: false };
  }
}

async function pageOf(search: Search, after: string | null): Promise<FinishedPage> {
  const asked = parametersOf(search);
  if (after !== null) asked.set("after", after);
  const page = await getJson<FinishedPage>(`v1/finished?${asked}`);
  if (!page) throw new Error("the service has no finished calls");
  return page;
}

export async function readNames(): Promise<void> {
  try {
    names.value = (await getJson<{ agents: string[]; teams: string[] }>("v1/finished/names")) ?? names.value;
  } catch {
    // Without suggestions one types.
  }
}

/** Everything that is found, as a file. False when the service did not give it. */
export async function download(search: Search, rows: "calls" | "behaviours"): Promise<boolean> {
  const asked = parametersOf(search);
  asked.set("rows", rows);
  const bearer = token();
  try {
    const answer = await fetch(address(`v1/finished.csv?${asked}`), { headers: bearer === null ? {} : { Authorization: `Bearer ${bearer}` } });
    if (!answer.ok) return false;
    save(await answer.blob(), /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "calls.csv");
    return true;
  } catch {
    return false;
  }
}

function save(file: Blob, called: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = called;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
