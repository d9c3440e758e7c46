// What was sent to the service and is not settled yet: commands by reference, whispers by call.

import type { Command, ReplyMessage } from "./wire";

export type Sending = "sending" | "sent" | "failed";

export interface Outgoing {
  readonly ref: string;
  readonly command: Command;
  readonly status: Sending;
  /** Why it failed, in a reader's words. */
  readonly problem: string | null;
  /** How many whispers with this text the call had before: one more means that it came through. */
  readonly before: number;
}

export type Outbox = readonly Outgoing[];

export function sent(outbox: Outbox, ref: string, command: Command, before = 0): Outbox {
  return [...outbox, { ref, command, status: "sending", problem: null, before }];
}

/** An accepted whisper stays until its record arrives; other accepted commands are done. */
export function settled(outbox: Outbox, reply: ReplyMessage, wording: (code: string, message: string) => string): Outbox {
  return outbox.flatMap((item): Outgoing[] => {
    if (item.ref !== reply.ref) return [item];
    if (!reply.ok) {
      return [{ ...item, status: "failed", problem: wording(reply.error?.code ?? "", reply.error?.message ?? "") }];
    }
    return item.command.type === "whisper" ? [{ ...item, status: "sent" }] : [];
  });
}

/** Nobody will answer any more: what was under way is failed, and perhaps done all the same. */
export function abandoned(outbox: Outbox, refs: readonly string[], problem: string): Outbox {
  return outbox.map((item) =>
    item.status === "sending" && refs.includes(item.ref) ? { ...item, status: "failed", problem } : item,
  );
}

export function dropped(outbox: Outbox, ref: string): Outbox {
  return outbox.filter((item) => item.ref !== ref);
}

/** Without the whispers whose record has arrived. */
export function arrived(outbox: Outbox, callId: string, texts: readonly string[]): Outbox {
  const rest = outbox.filter(
    ({ command, before, status }) =>
      !(
        status !== "failed" &&
        command.type === "whisper" &&
        command.call_id === callId &&
        texts.filter((text) => text === command.text).length > before
      ),
  );
  return rest.length === outbox.length ? outbox : rest;
}
