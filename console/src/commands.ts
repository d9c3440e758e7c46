// What the supervisor does to a call: answers to cards, verdicts on their use, whispers.

import { signal } from "@preact/signals";
import { connection, isLive, selected, selectedId } from "./console";
import { type Outbox, abandoned, dropped, sent } from "./outbox";
import { holdCard, justReplaced, shownCard } from "./shown";
import type { AlertView, Command } from "./wire";

const REPLY_MS = 8_000;

export const outbox = signal<Outbox>([]);
export const drafts = signal<ReadonlyMap<string, string>>(new Map());
/** Usefulness chosen on a card that is still open; it travels with the ack or dismiss. */
export const opinions = signal<ReadonlyMap<string, boolean>>(new Map());

let lastRef = 0;

function send(command: Command, before = 0): void {
  lastRef += 1;
  const ref = `c${lastRef}`;
  if (!connection.send({ ...command, ref })) return;
  outbox.value = sent(outbox.value, ref, command, before);
  setTimeout(() => giveUp([ref], "No answer from the service."), REPLY_MS);
}

export function giveUp(refs: readonly string[], problem: string): void {
  outbox.value = abandoned(outbox.value, refs, problem);
}

export function forget(ref: string): void {
  outbox.value = dropped(outbox.value, ref);
}

/** Answers the card on the page; where that one is answered and a newer one waits, brings the newer one. */
export function answer(type: "ack" | "dismiss"): void {
  const call = selected.value;
  const view = shownCard.value;
  if (!call?.live || !view || !isLive.value || justReplaced()) return;
  if (view.state !== "open") return holdCard(false);
  forgetAnswers(view);
  send({ type, call_id: call.call.call_id, alert_id: view.alert.id, useful: opinions.value.get(opinionKey(view)) ?? null });
}

/** On an open card the choice waits for the ack or dismiss; afterwards it is sent by itself. */
export function judgeUseful(view: AlertView, useful: boolean): void {
  const call = selected.value;
  if (!call) return;
  opinions.value = new Map(opinions.value).set(opinionKey(view), useful);
  if (view.state === "open" || !isLive.value) return;
  forgetAnswers(view);
  const type = view.state === "dismissed" ? "dismiss" : "ack";
  send({ type, call_id: call.call.call_id, alert_id: view.alert.id, useful });
}

export function opinionKey(view: AlertView): string {
  return `${selectedId.value}/${view.alert.id}`;
}

function forgetAnswers(view: AlertView): void {
  outbox.value = outbox.value.filter(
    ({ command }) => command.type === "whisper" || command.alert_id !== view.alert.id || command.call_id !== selectedId.value,
  );
}

export function draft(callId: string, text: string): void {
  drafts.value = new Map(drafts.value).set(callId, text);
}

/** Sends what stands in the box of the call that is looked at. */
export function whisper(): void {
  const call = selected.value;
  if (call && whisperText(drafts.value.get(call.call.call_id) ?? "")) draft(call.call.call_id, "");
}

/** False when there is nothing to send, or nobody to send it to now. */
export function whisperText(written: string): boolean {
  const call = selected.value;
  const text = written.trim();
  if (!call?.live || !text || !isLive.value) return false;
  const id = call.call.call_id;
  const before = call.whispers.filter((view) => view.whisper.text === text).length;
  const shown = shownCard.value;
  const answered = shown && ["open", "acked"].includes(shown.state) ? shown.alert.id : null;
  send({ type: "whisper", call_id: id, text, alert_id: answered }, before);
  return true;
}

/** What was written for calls that are no longer known here is let go. */
export function forgetCalls(known: (callId: string) => boolean): void {
  drafts.value = kept(drafts.value, known);
  opinions.value = kept(opinions.value, (key) => known(key.split("/")[0] ?? ""));
}

function kept<V>(map: ReadonlyMap<string, V>, known: (key: string) => boolean): ReadonlyMap<string, V> {
  const rest = [...map].filter(([key]) => known(key));
  return rest.length === map.size ? map : new Map(rest);
}
