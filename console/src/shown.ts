// The card on the page. It stays where somebody is about to press a button, whatever comes in the meantime.

import { computed, effect, signal } from "@preact/signals";
import { selected } from "./console";
import { cardOf } from "./select";
import type { CallState } from "./state";
import type { AlertView } from "./wire";

/** A key that was meant for the card before it comes at most this late. */
const MEANT_MS = 500;

const over = signal(false);
let last: string | null = null;
let replacedAt = -Infinity;

/** The call's card; while the pointer is on it, the one that was there. */
export const shownCard = computed<AlertView | null>(() => {
  const call = selected.value;
  if (!call) return null;
  const kept = over.value ? call.alerts.find((view) => keyOf(call, view) === last) : undefined;
  const view = kept ?? cardOf(call);
  last = view && keyOf(call, view);
  return view;
});

export function holdCard(on: boolean): void {
  over.value = on;
}

/** An open card has just taken the place of another open one: keys pressed now were for that one. */
export function justReplaced(): boolean {
  return performance.now() - replacedAt < MEANT_MS;
}

export function watchCard(): void {
  let before: { readonly call: string; readonly view: AlertView } | null = null;
  effect(() => {
    const [call, view] = [selected.value?.call.call_id, shownCard.value];
    const another = before && before.call === call && view && view.alert.id !== before.view.alert.id;
    if (another && before?.view.state === "open" && view.state === "open") replacedAt = performance.now();
    before = call && view ? { call, view } : null;
  });
}

function keyOf(call: CallState, view: AlertView): string {
  return `${call.call.call_id}/${view.alert.id}`;
}
