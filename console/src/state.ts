// What the console knows, as a pure reducer: snapshots, records and fetched calls in, state out.
// Untouched parts keep their identity, so that views can skip what did not change.

import type {
  Alert,
  AlertUpdate,
  AlertView,
  AudioGap,
  BehaviourInfo,
  CallInfo,
  CallRecord,
  CallView,
  Detection,
  Event,
  ListeningStarted,
  Party,
  RecordsMessage,
  Scorecard,
  SnapshotMessage,
  Utterance,
  WhisperView,
  WordsHeldBack,
} from "./wire";

export interface CallState {
  readonly call: CallInfo;
  readonly live: boolean;
  readonly at: number;
  readonly seq: number;
  readonly speaking: readonly Party[];
  readonly utterances: readonly Utterance[]; // finals, by start
  readonly partials: readonly Utterance[]; // at most one a party
  readonly detections: readonly Detection[];
  readonly alerts: readonly AlertView[];
  readonly whispers: readonly WhisperView[];
  readonly gaps: readonly AudioGap[];
  readonly heldBack: readonly WordsHeldBack[]; // those seen since this page joined the call
  readonly heldBackWords: number;
  readonly failed: readonly string[];
  readonly scorecard: Scorecard | null;
  readonly truncated: boolean; // the beginning is not here
  readonly lag: number; // seconds behind
  readonly partialLines: boolean; // lines are shown as they grow
  readonly listeners: readonly ListeningStarted[]; // who hears the call now
}

export interface ConsoleState {
  readonly cursor: string | null;
  readonly behaviours: ReadonlyMap<string, BehaviourInfo>;
  readonly calls: ReadonlyMap<string, CallState>;
  /** Calls to be fetched whole, with the records that arrived for them in the meantime. */
  readonly wanted: ReadonlyMap<string, readonly CallRecord[]>;
}

export type Action =
  | SnapshotMessage
  | RecordsMessage
  | { readonly type: "view"; readonly view: CallView }
  | { readonly type: "want"; readonly callId: string }
  | { readonly type: "gone"; readonly callId: string };

/** Records kept while a call is being fetched; older ones are in the fetched view anyway. */
const WAITING_RECORDS = 2048;
const NOT_THEIRS: ReadonlySet<string> = new Set(["loop", "overrun", "crosstalk"]);

export const EMPTY: ConsoleState = {
  cursor: null,
  behaviours: new Map(),
  calls: new Map(),
  wanted: new Map(),
};

export function reduce(state: ConsoleState, action: Action): ConsoleState {
  switch (action.type) {
    case "snapshot":
      return applySnapshot(state, action);
    case "records":
      return applyRecords(state, action);
    case "view":
      return applyView(state, action.view);
    case "want":
      return state.wanted.has(action.callId) ? state : { ...state, wanted: withEntry(state.wanted, action.callId, []) };
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
  const behaviours = new Map(message.behaviours.map((behaviour) => [behaviour.id, behaviour]));
  return { cursor: message.cursor, behaviours, calls, wanted };
}

function applyRecords(state: ConsoleState, message: RecordsMessage): ConsoleState {
  const calls = new Map(state.calls);
  let wanted = state.wanted;
  for (const record of message.records) {
    const known = calls.get(record.call_id);
    if (wanted.has(record.call_id) || (!known && record.event.type !== "call_started")) {
      const waiting = wanted.get(record.call_id) ?? [];
      wanted = withEntry(wanted, record.call_id, [...waiting, record].slice(-WAITING_RECORDS));
      continue;
    }
    const base = known ?? (record.event.type === "call_started" ? started(record.event.call) : null);
    if (base) calls.set(record.call_id, applyRecord(base, record));
  }
  return { ...state, cursor: message.cursor, calls, wanted };
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

function started(call: CallInfo): CallState {
  return {
    call,
    live: true,
    at: 0,
    seq: 0,
    speaking: [],
    utterances: [],
    partials: [],
    detections: [],
    alerts: [],
    whispers: [],
    gaps: [],
    heldBack: [],
    heldBackWords: 0,
    failed: [],
    scorecard: null,
    truncated: false,
    lag: 0,
    partialLines: true,
    listeners: [],
  };
}

function fromView(view: CallView, known: CallState | undefined): CallState {
  return {
    ...started(view.call),
    live: view.state === "live",
    at: view.at,
    seq: view.seq,
    speaking: view.speaking,
    utterances: view.utterances.filter((utterance) => utterance.final),
    partials: view.utterances.filter((utterance) => !utterance.final),
    detections: view.detections,
    alerts: view.alerts,
    whispers: view.whispers,
    gaps: view.gaps,
    heldBack: known?.heldBack ?? [],
    heldBackWords: view.held_back,
    failed: known?.failed ?? [],
    scorecard: view.scorecard,
    truncated: view.truncated,
    lag: view.lag,
    partialLines: view.partial_lines,
    listeners: view.listeners,
  };
}

/** Applying a numbered record twice changes nothing. */
export function applyRecord(state: CallState, record: CallRecord): CallState {
  if (record.seq > 0 && record.seq <= state.seq) return state;
  const next = applyEvent(state, record.event);
  return record.seq > 0 ? { ...next, seq: record.seq } : next;
}

function applyEvent(state: CallState, event: Event): CallState {
  switch (event.type) {
    case "call_started":
      return { ...state, call: event.call };
    case "call_ended":
      return { ...state, live: false, speaking: [], partials: [], listeners: [], at: Math.max(state.at, event.at), lag: 0, partialLines: true };
    case "tick":
      return { ...state, at: Math.max(state.at, event.at) };
    case "audio_gap":
      return { ...state, gaps: [...state.gaps, event] };
    case "speech_started":
      return { ...state, speaking: [...state.speaking.filter((who) => who !== event.speaker), event.speaker] };
    case "speech_ended":
      return { ...state, speaking: state.speaking.filter((who) => who !== event.speaker) };
    case "utterance":
      return event.final ? applyFinal(state, event) : applyPartial(state, event);
    case "words_held_back":
      // The decoder repeating itself or running on, or the other party: not this one's words (streaming/events.py).
      if (NOT_THEIRS.has(event.reason)) return state;
      return {
        ...state,
        heldBack: [...state.heldBack, event],
        heldBackWords: state.heldBackWords + event.words.length,
      };
    case "detection":
      return confirmed({ ...state, detections: replaced(state.detections, event) }, event);
    case "detection_withdrawn":
      return { ...state, detections: state.detections.filter((detection) => detection.id !== event.id) };
    case "detector_failed":
      return { ...state, failed: [...state.failed, event.detector] };
    case "alert":
      return applyAlert(state, { alert: event, state: "open", by: null, useful: null, count: event.count });
    case "alert_update":
      return { ...state, alerts: state.alerts.map((view) => (view.alert.id === event.id ? updated(view, event) : view)) };
    case "whisper":
      return state.whispers.some((view) => view.whisper.id === event.id)
        ? state
        : { ...state, whispers: [...state.whispers, { whisper: event, delivered: false, seen: false }] };
    case "whisper_delivered":
      return { ...state, whispers: markedWhisper(state.whispers, event.id, { delivered: true }) };
    case "whisper_seen":
      return { ...state, whispers: markedWhisper(state.whispers, event.id, { seen: true }) };
    case "listening_started":
      return { ...state, listeners: [...state.listeners.filter((one) => one.id !== event.id), event] };
    case "listening_ended":
      return { ...state, listeners: state.listeners.filter((one) => one.id !== event.id) };
    case "scorecard":
      return { ...state, scorecard: event };
    case "lag":
      return state.live ? { ...state, lag: event.seconds, partialLines: event.partial_lines } : state;
    case "signal":
      return state;
  }
}

function markedWhisper(whispers: readonly WhisperView[], id: string, mark: Partial<WhisperView>): readonly WhisperView[] {
  return whispers.map((view) => (view.whisper.id === id ? { ...view, ...mark } : view));
}

function applyFinal(state: CallState, final: Utterance): CallState {
  const others = state.utterances.filter((utterance) => utterance.id !== final.id);
  let place = others.length;
  while (place > 0 && others[place - 1]!.start > final.start) place -= 1;
  return {
    ...state,
    at: Math.max(state.at, final.end),
    utterances: [...others.slice(0, place), final, ...others.slice(place)],
    partials: state.partials.filter((partial) => partial.id !== final.id),
  };
}

/** A partial that comes late (its final is here, or a newer revision) is no news. */
function applyPartial(state: CallState, partial: Utterance): CallState {
  const current = state.partials.find((other) => other.speaker === partial.speaker);
  const late =
    !state.live ||
    state.utterances.some((utterance) => utterance.id === partial.id) ||
    (current && (current.id === partial.id ? current.revision >= partial.revision : current.start > partial.start));
  if (late) return state;
  const others = state.partials.filter((other) => other.speaker !== partial.speaker);
  return { ...state, at: Math.max(state.at, partial.end), partials: [...others, partial] };
}

function replaced(detections: readonly Detection[], detection: Detection): readonly Detection[] {
  const place = detections.findIndex((other) => other.id === detection.id);
  return place < 0 ? [...detections, detection] : detections.with(place, detection);
}

function applyAlert(state: CallState, view: AlertView): CallState {
  const place = state.alerts.findIndex((other) => other.alert.id === view.alert.id);
  if (place < 0) return { ...state, alerts: [...state.alerts, view] };
  const confirmed = { ...state.alerts[place]!, alert: view.alert, count: view.count };
  return { ...state, alerts: state.alerts.with(place, confirmed) };
}

/** Nothing is sent for a card when its provisional detection is confirmed: the final one says how it stands now. */
function confirmed(state: CallState, detection: Detection): CallState {
  if (detection.provisional) return state;
  const rests = ({ alert }: AlertView) => alert.provisional && alert.detections.includes(detection.id);
  if (!state.alerts.some(rests)) return state;
  return { ...state, alerts: state.alerts.map((view) => (rests(view) ? { ...view, alert: asFound(view.alert, state.detections) } : view)) };
}

function asFound(alert: Alert, detections: readonly Detection[]): Alert {
  const found = alert.detections.flatMap((id) => detections.find((detection) => detection.id === id) ?? []);
  return {
    ...alert,
    provisional: found.some((detection) => detection.provisional),
    evidence: found.flatMap((detection) => detection.evidence),
    note: found.at(-1)?.note ?? alert.note,
  };
}

/** `merged` says that one more detection went into the card: the card itself stays as it is. */
function updated(view: AlertView, event: AlertUpdate): AlertView {
  return {
    alert: view.alert,
    state: event.state === "merged" ? view.state : event.state,
    by: event.by ?? view.by,
    useful: event.useful ?? view.useful,
    count: event.count ?? view.count,
  };
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
