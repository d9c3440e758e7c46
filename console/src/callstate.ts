// One call as the page knows it: a fetched view, then record after record (pure).

import type {
  Alert,
  AlertUpdate,
  AlertView,
  AudioGap,
  CallInfo,
  CallRecord,
  CallView,
  Detection,
  Event,
  ListeningStarted,
  Party,
  Scorecard,
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

const NOT_THEIRS: ReadonlySet<string> = new Set(["loop", "overrun", "crosstalk"]);

export function started(call: CallInfo): CallState {
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

export function fromView(view: CallView, known: CallState | undefined): CallState {
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
