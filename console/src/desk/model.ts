// The agent's desk: one socket for the call that runs, and what is read over HTTP of those that ended.

import { batch, effect, signal } from "@preact/signals";
import { Connection, type Link, type Socket } from "../connection";
import { type ShownCue, nextCue } from "./cue";
import type { DeskCall, DeskLine, DeskMessage, DeskReview } from "./wire.gen";

interface Seen {
  readonly type: "seen";
  readonly call_id: string;
  readonly id: string;
}

const PASS_KEY = "callcue.desk.pass";
const AGENT_KEY = "callcue.desk.agent";
/** On a screen that is looked at for so long, a whisper has been seen. */
const SEEN_MS = 1_000;
const AGAIN_MS = 2_000;

export const link = signal<Link>({ phase: "connecting" });
export const agent = signal<string | null>(null);
export const call = signal<DeskCall | null>(null);
export const cue = signal<ShownCue | null>(null);
export const review = signal<DeskReview | null>(null);
export const earlier = signal<readonly DeskLine[]>([]);
/** What the page must ask before it can show a desk. */
export const wanted = signal<"nothing" | "pass" | "pass-refused" | "agent">("nothing");

const away = new Set<string>();
const told = new Set<string>();
let protectedDesk = false;

function address(path: string): URL {
  const url = new URL(`../${path}`, document.baseURI);
  const named = localStorage.getItem(AGENT_KEY);
  if (!protectedDesk && named) url.searchParams.set("agent", named);
  return url;
}

const connection = new Connection<DeskMessage, Seen>({
  open: () => {
    const url = address("v1/desk");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url) as Socket;
  },
  token: () => (protectedDesk ? (localStorage.getItem(PASS_KEY) ?? "") : null),
  cursor: () => null,
  onMessage: show,
  onLink: (now) => {
    link.value = now;
    if (now.phase === "refused") wanted.value = protectedDesk ? (localStorage.getItem(PASS_KEY) ? "pass-refused" : "pass") : "agent";
  },
});

function show(message: DeskMessage): void {
  const before = call.value;
  batch(() => {
    agent.value = message.agent;
    call.value = message.call;
    cue.value = nextCue(cue.value, message.call?.state === "live" ? message.call.cue : null, away, Date.now());
    if (message.call?.state === "live") review.value = null;
  });
  const ended = message.call?.state === "ended";
  if (ended && (before?.call_id !== message.call?.call_id || before?.state === "live")) void readEarlier(message.call!.call_id);
  if (!message.call) void readEarlier(null);
}

// --- whispers that were seen ------------------------------------------------------------------------

effect(() => {
  const live = call.value?.state === "live" ? call.value : null;
  if (live?.whispers.some((one) => !one.seen && !told.has(one.id))) setTimeout(tellSeen, SEEN_MS);
});

function tellSeen(): void {
  const now = call.peek();
  if (!now || now.state !== "live" || document.visibilityState !== "visible") return;
  for (const { id, seen } of now.whispers) {
    if (seen || told.has(id)) continue;
    if (connection.send({ type: "seen", call_id: now.call_id, id })) told.add(id);
  }
}

export function putAway(): void {
  if (cue.value) away.add(cue.value.cue.id);
  cue.value = null;
}

// --- calls that ended -------------------------------------------------------------------------------

/** `wantedId` may have ended a moment ago: it is asked for until it is stored. */
async function readEarlier(wantedId: string | null, tries = 5): Promise<void> {
  const body = await read<{ readonly calls: readonly DeskLine[] }>("v1/desk/calls");
  if (body) earlier.value = body.calls;
  const id = wantedId ?? body?.calls[0]?.call_id;
  if (!id || call.peek()?.state === "live") return;
  const stored = body?.calls.some((one) => one.call_id === id) || tries === 0;
  const found = stored ? await read<DeskReview>(`v1/desk/calls/${encodeURIComponent(id)}`) : null;
  if (call.peek()?.state === "live") return;
  if (found) review.value = found;
  if (!found?.complete && tries > 0) setTimeout(() => void readEarlier(id, tries - 1), AGAIN_MS);
}

export function choose(callId: string): void {
  void readEarlier(callId, 0);
}

async function read<Body>(path: string): Promise<Body | null> {
  const pass = localStorage.getItem(PASS_KEY);
  try {
    const response = await fetch(address(path), { headers: protectedDesk && pass ? { Authorization: `Bearer ${pass}` } : {} });
    return response.ok ? ((await response.json()) as Body) : null;
  } catch {
    return null;
  }
}

// --- who sits here ----------------------------------------------------------------------------------

export async function start(): Promise<void> {
  takeFromAddress();
  addEventListener("offline", () => connection.lose());
  addEventListener("online", () => connection.hurry());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    connection.hurry();
    tellSeen();
  });
  const config = await read<{ readonly desk_auth: boolean }>("v1/config");
  if (!config) {
    link.value = { phase: "waiting", attempt: 1, retryAt: Date.now() + AGAIN_MS };
    setTimeout(() => void start(), AGAIN_MS);
    return;
  }
  protectedDesk = config.desk_auth;
  if (localStorage.getItem(protectedDesk ? PASS_KEY : AGENT_KEY)) connection.start();
  else wanted.value = protectedDesk ? "pass" : "agent";
}

/** A link that whoever runs the service hands out: `/desk/#pass=…`. It does not stay in the address. */
function takeFromAddress(): void {
  const pass = new URLSearchParams(location.hash.slice(1)).get("pass");
  const named = new URLSearchParams(location.search).get("agent");
  if (pass) localStorage.setItem(PASS_KEY, pass);
  if (named) localStorage.setItem(AGENT_KEY, named);
  if (pass) history.replaceState(null, "", location.pathname + location.search);
}

export function sitDown(given: string): void {
  localStorage.setItem(protectedDesk ? PASS_KEY : AGENT_KEY, given.trim());
  wanted.value = "nothing";
  connection.start();
}
