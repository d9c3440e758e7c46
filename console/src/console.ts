// The page's model: connects the socket to the reducer, and holds which calls are shown and looked at.

import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { forgetCalls, giveUp, outbox } from "./commands";
import { Connection, type Link } from "./connection";
import { SEVERITY, personOf, refusal } from "./format";
import { startNotices, tell } from "./notices";
import { arrived, settled } from "./outbox";
import type { Catalogue } from "./policy";
import { prefs, startPrefs } from "./prefs";
import { type Route, hashOf, routeOf } from "./route";
import { cardOf, freshAlerts } from "./select";
import { config, getJson, heldToken, keepToken, name, openSocket, token } from "./service";
import { watchCard } from "./shown";
import { EMPTY, type Action, type ConsoleState, reduce } from "./state";
import { isHead, nextNeedy, settle, unheard, wallKeys } from "./wall";
import type { CallView, ServerMessage, ServiceConfig } from "./wire";

export { address, config, name, token } from "./service";

/** Messages are applied together, so that a burst costs one rendering. */
const GATHER_MS = 16;
const RETRY_FETCH_MS = 2_000;
const LISTEN_MS = 1_000;
/** What only audio that came can lead to. */
const AUDIBLE: ReadonlySet<string> = new Set(["call_started", "tick", "speech_started", "speech_ended", "utterance"]);

export const state = signal<ConsoleState>(EMPTY);
export const link = signal<Link>({ phase: "connecting" });
/** When the page was last live, by this machine's clock; null while it is, or was not yet. */
export const lostAt = signal<number | null>(null);
export const tokenWanted = signal<"no" | "first" | "refused">("no");
export const route = signal<Route>({ page: "wall" });
export const selectedId = signal<string | null>(null);
export const open = signal<"none" | "help" | "policy" | "settings">("none");
export const announcement = signal("");
export const catalogue = signal<Catalogue | null>(null);
export const filterText = signal("");
/** Seconds since anything was heard of a call, for those of which nothing is. */
export const silent = signal<ReadonlyMap<string, number>>(new Map());
/** The last moment that something asked the transcript to show; `turn` tells repeated wishes apart. */
export const focusOn = signal<{ readonly detection: string; readonly turn: number } | null>(null);

/** Headings and ids of the calls on the wall, from top to bottom. */
export const rows = signal<readonly string[]>([]);
export const selected = computed(() => {
  const id = selectedId.value;
  return id === null ? null : (state.value.calls.get(id) ?? null);
});
export const isLive = computed(() => link.value.phase === "live");

let held = false;
/** Nobody has chosen a call yet, so the page shows the one that needs somebody most. */
let unchosen = true;

function rearrange(): void {
  const { calls } = state.value;
  const filter = { text: filterText.value, teams: prefs.value.teams };
  rows.value = settle(rows.value, wallKeys(calls, { filter, grouped: prefs.value.grouped }), held, (id) => calls.has(id));
}

/** While the pointer is over the wall, no row moves under it. */
export function hold(on: boolean): void {
  held = on;
  rearrange();
}

/** What a person asks of the wall (a filter, a team) is done at once, wherever the pointer is. */
function rearrangeNow(): void {
  const was = held;
  held = false;
  rearrange();
  held = was;
}

// --- messages in ----------------------------------------------------------------------------------

let gathered: Action[] = [];
let gathering: ReturnType<typeof setTimeout> | undefined;
/** When something of a call came last, by this page's own monotonic clock. */
const heardAt = new Map<string, number>();

function onMessage(message: ServerMessage): void {
  if (message.type === "pong") return;
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
  hear(actions);
  batch(() => {
    state.value = next;
    for (const { command } of outbox.value) {
      const call = next.calls.get(command.call_id);
      if (call) outbox.value = arrived(outbox.value, command.call_id, call.whispers.map((view) => view.whisper.text));
    }
    if (next.calls.size < previous.calls.size) forget(next);
    rearrange();
    if (previous.cursor !== null) announce(previous, next);
    if (unchosen) lookAtNeediest();
  });
  if (config.value) for (const id of next.wanted.keys()) void fetchCall(id);
}

/** A page stays open for days: nothing is kept of calls that are no longer known here. */
function forget(now: ConsoleState): void {
  forgetCalls((id) => now.calls.has(id));
  for (const id of heardAt.keys()) if (!now.calls.has(id)) heardAt.delete(id);
}

function hear(actions: readonly Action[]): void {
  const now = performance.now();
  for (const action of actions) {
    if (action.type === "snapshot") for (const view of action.calls) heardAt.set(view.call.call_id, now);
    if (action.type !== "records") continue;
    for (const { call_id, event } of action.records) {
      if (event.type === "call_ended") heardAt.delete(call_id);
      else if (AUDIBLE.has(event.type)) heardAt.set(call_id, now);
    }
  }
}

function announce(previous: ConsoleState, next: ConsoleState): void {
  const teams = prefs.value.teams;
  const fresh = freshAlerts(previous, next).filter(({ call }) => teams.length === 0 || teams.includes(call.call.team ?? ""));
  if (fresh.length === 0) return;
  announcement.value = fresh
    .map(({ call, view }) => `${SEVERITY[view.alert.severity]}: ${view.alert.title}. ${personOf(call.call.agent, "agent")}.`)
    .join(" ");
  tell(fresh, select);
}

/** Without a choice of the supervisor's; a card that is shown already stays. */
function lookAtNeediest(): void {
  if (selected.value && cardOf(selected.value)) return;
  const first = nextNeedy(rows.value, state.value.calls, null) ?? selectedId.value ?? rows.value.find((key) => !isHead(key));
  if (first && first !== selectedId.value) look(first);
}

// --- the service ----------------------------------------------------------------------------------

export const connection = new Connection({
  open: openSocket,
  token,
  name,
  cursor: () => state.value.cursor,
  onMessage,
  probe: { type: "ping" },
  onLink: (now) => {
    const live = now.phase === "live";
    if (live || isLive.peek()) lostAt.value = live ? null : Date.now();
    link.value = now;
    if (live && !catalogue.value) void readCatalogue();
    if (!live) giveUp(outbox.value.map((item) => item.ref), "The connection broke before the answer.");
    if (now.phase === "refused" && config.value?.auth) tokenWanted.value = heldToken() ? "refused" : "first";
  },
});

const fetching = new Set<string>();

async function fetchCall(id: string): Promise<void> {
  if (fetching.has(id)) return;
  fetching.add(id);
  try {
    const view = await getJson<CallView>(`v1/calls/${encodeURIComponent(id)}`);
    apply([view ? { type: "view", view } : { type: "gone", callId: id }]);
  } catch {
    setTimeout(() => state.value.wanted.has(id) && void fetchCall(id), RETRY_FETCH_MS);
  } finally {
    fetching.delete(id);
  }
}

/** Rules and policy are for reading: without them the page works, and says less. */
async function readCatalogue(): Promise<void> {
  try {
    catalogue.value = await getJson<Catalogue>("v1/behaviours");
  } catch {
    setTimeout(() => isLive.value && void readCatalogue(), RETRY_FETCH_MS);
  }
}

async function readConfig(): Promise<void> {
  try {
    config.value = await getJson<ServiceConfig>("v1/config");
    if (!config.value) throw new Error("no such service");
  } catch {
    link.value = { phase: "waiting", attempt: 1, retryAt: Date.now() + RETRY_FETCH_MS };
    setTimeout(() => void readConfig(), RETRY_FETCH_MS);
    return;
  }
  if (!config.value.auth || heldToken()) return connection.start();
  link.value = { phase: "refused" };
  tokenWanted.value = "first";
}

export function start(): void {
  addEventListener("offline", () => connection.lose());
  addEventListener("online", () => connection.hurry());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && connection.hurry());
  addEventListener("hashchange", followAddress);
  startPrefs();
  startNotices();
  watchCard();
  followAddress();
  effect(() => {
    void [filterText.value, prefs.value];
    untracked(rearrangeNow);
  });
  setInterval(() => {
    // Without a connection nothing is heard of any call, which is told for all of them at once.
    if (!isLive.peek()) for (const id of heardAt.keys()) heardAt.set(id, performance.now());
    const found = unheard(state.peek().calls.values(), heardAt, performance.now());
    if (found.size + silent.peek().size > 0) silent.value = found;
  }, LISTEN_MS);
  void readConfig();
}

export function enterToken(text: string, called: string): void {
  keepToken(text, called);
  tokenWanted.value = "no";
  connection.start();
}

export function retryNow(): void {
  connection.hurry();
}

// --- what the supervisor looks at -------------------------------------------------------------------

function followAddress(): void {
  route.value = routeOf(location.hash);
  if (route.value.page === "call") select(route.value.id);
}

export function go(to: Route): void {
  location.hash = hashOf(to);
}

/** The call's card on the wall; on a call's page, that call's page. */
export function select(id: string): void {
  unchosen = false;
  if (route.value.page === "call" && route.value.id !== id) {
    route.value = { page: "call", id };
    history.replaceState(null, "", hashOf(route.value));
  }
  look(id);
}

export function openCall(id = selectedId.value): void {
  if (id !== null) go({ page: "call", id });
}

/** A snapshot shows the newest part of a long call: the call that is looked at is fetched with more of it. */
function look(id: string): void {
  selectedId.value = id;
  apply([{ type: "watch", callId: id }]);
}

/** The next row down (+1) or up (-1). */
export function step(by: 1 | -1): void {
  const all = rows.value.filter((key) => !isHead(key));
  const place = selectedId.value === null ? -1 : all.indexOf(selectedId.value);
  const id = all[place < 0 ? 0 : Math.min(all.length - 1, Math.max(0, place + by))];
  if (id) select(id);
}

/** The next call that waits for a person. */
export function stepNeedy(): void {
  const id = nextNeedy(rows.value, state.value.calls, selectedId.value);
  if (id) select(id);
}

export function show(detection: string): void {
  openCall();
  focusOn.value = { detection, turn: (focusOn.value?.turn ?? 0) + 1 };
}
