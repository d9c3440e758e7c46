// What the console knows, as a pure reducer: snapshots, records and fetched calls in, state out.
// Untouched parts keep their identity, so that views can skip what did not change. A page stays open for
// days, so what nobody looks at is kept in bounds.

import { type CallState, applyRecord, fromView, started } from "./callstate";
import type { BehaviourInfo, CallRecord, CallView, RecordsMessage, SnapshotMessage } from "./wire";

export { type CallState, applyRecord } from "./callstate";

export interface ConsoleState {
  readonly cursor: string | null;
  readonly behaviours: ReadonlyMap<string, BehaviourInfo>;
  readonly calls: ReadonlyMap<string, CallState>;
  /** Calls to be fetched whole, with the records that arrived for them in the meantime. */
  readonly wanted: ReadonlyMap<string, readonly CallRecord[]>;
  /** The call that is looked at: nothing of it is let go. */
  readonly watched: string | null;
}

export type Action =
  | SnapshotMessage
  | RecordsMessage
  | { readonly type: "view"; readonly view: CallView }
  | { readonly type: "watch"; readonly callId: string }
  | { readonly type: "gone"; readonly callId: string };

/** Records kept while a call is being fetched; older ones are in the fetched view anyway. */
const WAITING_RECORDS = 2048;
/** Of a call that is not looked at; the service keeps all of it. Cut a quarter at a time. */
const KEPT = { utterances: 160, detections: 500, gaps: 200, heldBack: 200 } as const;
const SLACK = 1.25;
/** Ended calls kept; the service has them all. */
export const MOST_ENDED = 60;

export const EMPTY: ConsoleState = {
  cursor: null,
  behaviours: new Map(),
  calls: new Map(),
  wanted: new Map(),
  watched: null,
};

export function reduce(state: ConsoleState, action: Action): ConsoleState {
  switch (action.type) {
    case "snapshot":
      return pruned(applySnapshot(state, action));
    case "records":
      return applyRecords(state, action);
    case "view":
      return applyView(state, action.view);
    case "watch":
      return watch(state, action.callId);
    case "gone":
      return {
        ...state,
        calls: without(state.calls, action.callId),
        wanted: without(state.wanted, action.callId),
      };
  }
}

/** A snapshot replaces what was known; calls that ended here stay, live ones it lacks are asked for. */
function applySnapshot(state: ConsoleState, message: SnapshotMessage): ConsoleState {
  const calls = new Map<string, CallState>();
  const wanted = new Map<string, readonly CallRecord[]>();
  for (const view of message.calls) {
    calls.set(view.call.call_id, fromView(view, state.calls.get(view.call.call_id)));
  }
  for (const [id, call] of state.calls) {
    if (calls.has(id)) continue;
    calls.set(id, call);
    if (call.live) wanted.set(id, []);
  }
  for (const id of state.wanted.keys()) {
    if (!calls.has(id)) wanted.set(id, []);
  }
  // The whole of the call that is looked at was here, and the snapshot has only its newest part.
  const watched = state.watched === null ? undefined : calls.get(state.watched);
  if (state.watched !== null && watched?.truncated) wanted.set(state.watched, []);
  const behaviours = new Map(message.behaviours.map((behaviour) => [behaviour.id, behaviour]));
  return { ...state, cursor: message.cursor, behaviours, calls, wanted };
}

function applyRecords(state: ConsoleState, message: RecordsMessage): ConsoleState {
  const calls = new Map(state.calls);
  let wanted = state.wanted;
  let ended = false;
  for (const record of message.records) {
    const known = calls.get(record.call_id);
    if (wanted.has(record.call_id) || (!known && record.event.type !== "call_started")) {
      const waiting = wanted.get(record.call_id) ?? [];
      wanted = withEntry(wanted, record.call_id, [...waiting, record].slice(-WAITING_RECORDS));
      continue;
    }
    ended ||= record.event.type === "call_ended";
    const base = known ?? (record.event.type === "call_started" ? started(record.event.call) : null);
    if (!base) continue;
    const next = applyRecord(base, record);
    calls.set(record.call_id, record.call_id === state.watched ? next : bounded(next));
  }
  const next = { ...state, cursor: message.cursor, calls, wanted };
  return ended ? pruned(next) : next;
}

function applyView(state: ConsoleState, view: CallView): ConsoleState {
  const id = view.call.call_id;
  const known = state.calls.get(id);
  const waiting = state.wanted.get(id) ?? [];
  const base = known && known.seq > view.seq ? known : fromView(view, known);
  return {
    ...state,
    calls: withEntry(state.calls, id, waiting.reduce(applyRecord, base)),
    wanted: without(state.wanted, id),
  };
}

/** Look at a call: what is not here of it is asked for. */
function watch(state: ConsoleState, callId: string): ConsoleState {
  if (state.watched === callId) return state;
  const known = state.calls.get(callId);
  const whole = (known && !known.truncated) || state.wanted.has(callId);
  return { ...state, watched: callId, wanted: whole ? state.wanted : withEntry(state.wanted, callId, []) };
}

/** The newest of a call's parts; that there was more is remembered (`truncated`). */
function bounded(call: CallState): CallState {
  const over = (Object.keys(KEPT) as (keyof typeof KEPT)[]).filter((part) => call[part].length > KEPT[part] * SLACK);
  if (over.length === 0) return call;
  return { ...call, ...Object.fromEntries(over.map((part) => [part, call[part].slice(-KEPT[part])])), truncated: true };
}

/** Without the calls that ended longest ago; the one that is looked at stays. */
function pruned(state: ConsoleState): ConsoleState {
  const ended = [...state.calls.values()].filter((call) => !call.live && call.call.call_id !== state.watched);
  if (ended.length <= MOST_ENDED) return state;
  ended.sort((a, b) => b.call.started_at + b.at - (a.call.started_at + a.at));
  const calls = new Map(state.calls);
  for (const { call } of ended.slice(MOST_ENDED)) calls.delete(call.call_id);
  return { ...state, calls };
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
