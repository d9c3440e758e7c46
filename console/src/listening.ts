// Listening in: one call's audio from `WS /v1/calls/{id}/listen` to the loudspeaker, at most one call at a time.

import { computed, effect, signal } from "@preact/signals";
import { Player, type PlayerReport, fromPcm16 } from "./audio/player";
import { address, config, link, name, selected, state, token } from "./console";
import type { ServiceConfig } from "./wire";

export type Ear =
  | { readonly phase: "off" }
  | { readonly phase: "opening"; readonly callId: string }
  | { readonly phase: "hearing"; readonly callId: string; readonly report: PlayerReport | null }
  | { readonly phase: "over"; readonly callId: string; readonly why: string };

interface Head {
  readonly type: "listening";
  readonly rate: number;
  readonly parties: readonly string[];
}

const SPLIT_KEY = "callcue.split";
const PREFIX = 5;
const AGAIN_MS = 1000;
const MOST_TRIES = 5;
/** Closes after which the same would be answered again. */
const FINAL: ReadonlySet<number> = new Set([1000, 4400, 4403, 4404]);

export const ear = signal<Ear>({ phase: "off" });
/** Whether this console's token opens calls; asked once it is let in. */
export const mayListen = signal(false);
/** The agent in the left ear and the customer in the right, rather than both in both. */
export const split = signal(localStorage.getItem(SPLIT_KEY) === "true");
export const heard = computed(() => (ear.value.phase === "off" ? null : (state.value.calls.get(ear.value.callId) ?? null)));

let socket: WebSocket | null = null;
let player: Player | null = null;
let tries = 0;

effect(() => {
  if (link.value.phase === "live" && config.value) void ask();
});

async function ask(): Promise<void> {
  try {
    const bearer = token();
    const response = await fetch(address("v1/config"), { headers: bearer === null ? {} : { Authorization: `Bearer ${bearer}` } });
    if (response.ok) mayListen.value = ((await response.json()) as ServiceConfig).listening;
  } catch {
    // Asked again with the next connection.
  }
}

/** Begin with the selected call, or end. */
export function toggleListening(): void {
  const call = selected.peek();
  const now = ear.peek();
  const here = now.phase !== "off" && now.phase !== "over" && now.callId === call?.call.call_id;
  if (here || !call?.live) return stopListening();
  if (!mayListen.peek()) return;
  stopListening();
  tries = 0;
  open(call.call.call_id);
}

export function stopListening(): void {
  const old = socket;
  socket = null;
  old?.close();
  void player?.close();
  player = null;
  ear.value = { phase: "off" };
}

export function setSplit(on: boolean): void {
  split.value = on;
  localStorage.setItem(SPLIT_KEY, String(on));
  player?.split(on);
}

function open(callId: string): void {
  ear.value = { phase: "opening", callId };
  const url = address(`v1/calls/${encodeURIComponent(callId)}/listen`);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(url);
  socket = mine;
  mine.binaryType = "arraybuffer";
  mine.onopen = () => {
    const bearer = token();
    const called = name();
    if (bearer !== null) mine.send(JSON.stringify({ type: "auth", token: bearer, ...(called && { name: called }) }));
  };
  mine.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (mine !== socket) return;
    if (typeof data !== "string") return play(data);
    const told = JSON.parse(data) as Head | { readonly type: "ended" };
    if (told.type === "listening") void begin(mine, callId, told.rate);
  };
  mine.onclose = ({ code, reason }) => mine === socket && closed(callId, code, reason);
}

async function begin(mine: WebSocket, callId: string, rate: number): Promise<void> {
  let opened: Player;
  try {
    opened = await Player.open(rate, (report) => {
      if (mine === socket) ear.value = { phase: "hearing", callId, report };
    });
  } catch {
    if (mine === socket) end(callId, "This browser cannot play the call's audio.");
    return;
  }
  if (mine !== socket) return void opened.close();
  tries = 0;
  player = opened;
  player.split(split.peek());
  ear.value = { phase: "hearing", callId, report: null };
}

function play(data: ArrayBuffer): void {
  const view = new DataView(data);
  player?.put(view.getUint8(0) === 0 ? 0 : 1, view.getUint32(1), fromPcm16(view, PREFIX));
}

function closed(callId: string, code: number, reason: string): void {
  socket = null;
  void player?.close();
  player = null;
  tries += 1;
  if (code === 1000) return end(callId, "The call is over.");
  if (FINAL.has(code) || tries > MOST_TRIES) return end(callId, sentence(reason) || "The connection broke.");
  ear.value = { phase: "opening", callId };
  setTimeout(() => {
    const now = ear.peek();
    if (now.phase === "opening" && now.callId === callId && socket === null) open(callId);
  }, AGAIN_MS);
}

function end(callId: string, why: string): void {
  stopListening();
  ear.value = { phase: "over", callId, why };
}

function sentence(text: string): string {
  return text ? `${text[0]!.toUpperCase()}${text.slice(1)}.` : "";
}
