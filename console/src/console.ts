// The page's model: connects the socket to the reducer, and holds what the supervisor does.

import { batch, computed, signal } from "@preact/signals";
import { Connection, type Link, type Socket } from "./connection";
import { SEVERITY, personOf, refusal } from "./format";
import { type Outbox, abandoned, arrived, dropped, sent, settled } from "./outbox";
import { arrange, cardOf, endedOrder, freshAlerts, liveOrder, openAlert } from "./select";
import { EMPTY, type Action, type ConsoleState, reduce } from "./state";
import type { AlertView, CallView, Command, ServerMessage, ServiceConfig } from "./wire";

const TOKEN_KEY = "callcue.token";
const NAME_KEY = "callcue.name";
/** Messages are applied together, so that a burst costs one rendering. */
const GATHER_MS = 16;
const REPLY_MS = 8_000;
const RETRY_FETCH_MS = 2_000;

export const state = signal<ConsoleState>(EMPTY);
export const link = signal<Link>({ phase: "connecting" });
export const config = signal<ServiceConfig | null>(null);
export const tokenWanted = signal<"no" | "first" | "refused">("no");
export const selectedId = signal<string | null>(null);
export const helpOpen = signal(false);
export const announcement = signal("");
export const outbox = signal<Outbox>([]);
export const drafts = signal<ReadonlyMap<string, string>>(new Map());
/** Usefulness chosen on a card that is still open; it travels with the ack or dismiss. */
export const opinions = signal<ReadonlyMap<string, boolean>>(new Map());
/** The last moment that something asked the transcript to show; `turn` tells repeated wishes apart. */
export const focusOn = signal<{ readonly detection: string; readonly turn: number } | null>(null);

/** Ids of the rows among live calls, in the order to show. */
export const rows = signal<readonly string[]>([]);
export const endedRows = computed(() => {
  const above = new Set(rows.value);
  return endedOrder(state.value.calls.values()).filter((id) => !above.has(id));
});
export const selected = computed(() => {
  const id = selectedId.value;
  return id === null ? null : (state.value.calls.get(id) ?? null);
});
export const card = computed(() => (selected.value ? cardOf(selected.value) : null));
export const isLive = computed(() => link.value.phase === "live");

let held = false;

function rearrange(): void {
  const { calls } = state.value;
  const desired = liveOrder(calls.values());
  const next = arrange(rows.value, desired, held, (id) => calls.has(id));
  if (next.length !== rows.value.length || next.some((id, place) => id !== rows.value[place])) rows.value = next;
}

/** While the pointer is over the list, no row moves under it. */
export function hold(on: boolean): void {
  held = on;
  rearrange();
}

// --- messages in ----------------------------------------------------------------------------------

let gathered: Action[] = [];
let gathering: ReturnType<typeof setTimeout> | undefined;

function onMessage(message: ServerMessage): void {
  if (message.type === "reply") {
    outbox.value = settled(outbox.value, message, refusal);
    return;
  }
  gathered.push(message);
  gathering ??= setTimeout(applyGathered, GATHER_MS);
}

function applyGathered(): void {
  gathering = undefined;
  const actions = gathered;
  gathered = [];
  apply(actions);
}

function apply(actions: readonly Action[]): void {
  const previous = state.value;
  const next = actions.reduce(reduce, previous);
  batch(() => {
    state.value = next;
    for (const { command } of outbox.value) {
      const call = next.calls.get(command.call_id);
      if (call) outbox.value = arrived(outbox.value, command.call_id, call.whispers.map((view) => view.whisper.text));
    }
    rearrange();
    if (previous.cursor !== null) announce(previous, next);
    if (selectedId.value === null) selectedId.value = rows.value[0] ?? endedRows.value[0] ?? null;
  });
  if (config.value) for (const id of next.wanted.keys()) void fetchCall(id);
}

function announce(previous: ConsoleState, next: ConsoleState): void {
  const fresh = freshAlerts(previous, next);
  if (fresh.length === 0) return;
  announcement.value = fresh
    .map(({ call, view }) => `${SEVERITY[view.alert.severity]}: ${view.alert.title}. ${personOf(call.call.agent, "agent")}.`)
    .join(" ");
}

// --- the service ----------------------------------------------------------------------------------

export function address(path: string): URL {
  return new URL(path, document.baseURI);
}

export function token(): string | null {
  return config.value?.auth ? sessionStorage.getItem(TOKEN_KEY) : null;
}

export function name(): string | null {
  return sessionStorage.getItem(NAME_KEY);
}

function openSocket(cursor: string | null): Socket {
  const url = address("v1/console");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (cursor !== null) url.searchParams.set("after", cursor);
  const team = new URLSearchParams(location.search).get("team");
  if (team) url.searchParams.set("team", team);
  return new WebSocket(url) as Socket;
}

const connection = new Connection({
  open: openSocket,
  token,
  name,
  cursor: () => state.value.cursor,
  onMessage,
  onLink: (now) => {
    link.value = now;
    if (now.phase !== "live") giveUp(outbox.value.map((item) => item.ref), "The connection broke before the answer.");
    if (now.phase === "refused" && config.value?.auth) tokenWanted.value = sessionStorage.getItem(TOKEN_KEY) ? "refused" : "first";
  },
});

const fetching = new Set<string>();
const whole = new Set<string>();

async function fetchCall(id: string): Promise<void> {
  if (fetching.has(id)) return;
  fetching.add(id);
  try {
    const bearer = token();
    const headers: HeadersInit = bearer === null ? {} : { Authorization: `Bearer ${bearer}` };
    const response = await fetch(address(`v1/calls/${encodeURIComponent(id)}`), { headers });
    if (response.ok) apply([{ type: "view", view: (await response.json()) as CallView }]);
    else if (response.status === 404) apply([{ type: "gone", callId: id }]);
    else throw new Error(`status ${response.status}`);
  } catch {
    setTimeout(() => state.value.wanted.has(id) && void fetchCall(id), RETRY_FETCH_MS);
  } finally {
    fetching.delete(id);
  }
}

async function readConfig(): Promise<void> {
  try {
    const response = await fetch(address("v1/config"));
    if (!response.ok) throw new Error(`status ${response.status}`);
    config.value = (await response.json()) as ServiceConfig;
  } catch {
    link.value = { phase: "waiting", attempt: 1, retryAt: Date.now() + RETRY_FETCH_MS };
    setTimeout(() => void readConfig(), RETRY_FETCH_MS);
    return;
  }
  if (!config.value.auth || sessionStorage.getItem(TOKEN_KEY)) return connection.start();
  link.value = { phase: "refused" };
  tokenWanted.value = "first";
}

export function start(): void {
  addEventListener("offline", () => connection.lose());
  addEventListener("online", () => connection.hurry());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && connection.hurry());
  addEventListener("hashchange", selectFromAddress);
  selectFromAddress();
  void readConfig();
}

export function enterToken(text: string, called: string): void {
  sessionStorage.setItem(TOKEN_KEY, text.trim());
  if (called.trim()) sessionStorage.setItem(NAME_KEY, called.trim());
  else sessionStorage.removeItem(NAME_KEY);
  tokenWanted.value = "no";
  connection.start();
}

export function retryNow(): void {
  connection.hurry();
}

// --- what the supervisor does ---------------------------------------------------------------------

function selectFromAddress(): void {
  const id = /^#\/calls\/(.+)$/.exec(location.hash)?.[1];
  if (id) choose(decodeURIComponent(id));
}

export function select(id: string): void {
  choose(id);
  history.replaceState(null, "", `#/calls/${encodeURIComponent(id)}`);
}

/** A snapshot shows the newest part of a long call: the call that is looked at is fetched with more of it. */
function choose(id: string): void {
  selectedId.value = id;
  const known = state.value.calls.get(id);
  if (known && (!known.truncated || whole.has(id))) return;
  whole.add(id);
  apply([{ type: "want", callId: id }]);
}

/** The next row down (+1) or up (-1), live calls before ended ones. */
export function step(by: 1 | -1): void {
  const all = [...rows.value, ...endedRows.value];
  const place = selectedId.value === null ? -1 : all.indexOf(selectedId.value);
  const id = all[place < 0 ? 0 : Math.min(all.length - 1, Math.max(0, place + by))];
  if (id) select(id);
}

export function show(detection: string): void {
  focusOn.value = { detection, turn: (focusOn.value?.turn ?? 0) + 1 };
}

let lastRef = 0;

function send(command: Command, before = 0): void {
  lastRef += 1;
  const ref = `c${lastRef}`;
  if (!connection.send({ ...command, ref })) return;
  outbox.value = sent(outbox.value, ref, command, before);
  setTimeout(() => giveUp([ref], "No answer from the service."), REPLY_MS);
}

function giveUp(refs: readonly string[], problem: string): void {
  outbox.value = abandoned(outbox.value, refs, problem);
}

export function forget(ref: string): void {
  outbox.value = dropped(outbox.value, ref);
}

export function answer(type: "ack" | "dismiss"): void {
  const call = selected.value;
  const view = call && openAlert(call);
  if (!view || !isLive.value) return;
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

export function whisper(): void {
  const call = selected.value;
  const text = call && (drafts.value.get(call.call.call_id) ?? "").trim();
  if (!call?.live || !text || !isLive.value) return;
  const id = call.call.call_id;
  const before = call.whispers.filter((view) => view.whisper.text === text).length;
  const answered = card.value && ["open", "acked"].includes(card.value.state) ? card.value.alert.id : null;
  draft(id, "");
  send({ type: "whisper", call_id: id, text, alert_id: answered }, before);
}
