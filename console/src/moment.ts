// Which moment of the call is asked for, and which one is in sight: what joins the call's parts.

import { signal } from "@preact/signals";
import { openCall, show } from "./console";
import { judgedByTime } from "./overview";
import type { CallState } from "./state";

/** A wish to see what was said at `at` stream seconds; `turn` tells repeated wishes apart. */
export const sought = signal<{ readonly at: number; readonly turn: number } | null>(null);
/** Stream seconds of what the transcript shows now. */
export const inSight = signal<{ readonly from: number; readonly to: number } | null>(null);
/** On a narrow page the one of the two that is shown. */
export const side = signal<"said" | "ledger">("said");

export function seek(at: number): void {
  side.value = "said";
  sought.value = { at, turn: (sought.value?.turn ?? 0) + 1 };
}

export function showMoment(detection: string): void {
  side.value = "said";
  show(detection);
}

let stepped: string | null = null;

/** The next judged moment (+1) or the one before (-1), from what was shown last or is in sight. */
export function stepMoment(call: CallState, by: 1 | -1): void {
  const moments = judgedByTime(call.detections);
  const here = moments.findIndex(({ id }) => id === stepped);
  const from = inSight.value?.from ?? 0;
  const fresh = by > 0 ? moments.findIndex(({ start }) => start >= from) : moments.findLastIndex(({ start }) => start < from);
  const moment = moments[here >= 0 ? here + by : fresh];
  if (!moment) return;
  stepped = moment.id;
  openCall();
  showMoment(moment.id);
}
