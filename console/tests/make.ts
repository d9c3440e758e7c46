// Events and calls for the tests, whole but for what a test says.

import { EMPTY, type ConsoleState, reduce } from "../src/state";
import type { Alert, CallInfo, CallRecord, CallView, Detection, Event, Party, Utterance, Word, WordSpan } from "../src/wire";

export function info(callId: string, more: Partial<CallInfo> = {}): CallInfo {
  return {
    call_id: callId,
    parties: ["agent", "customer"],
    agent: "Ada",
    team: null,
    customer_name: null,
    profile: "eu-workplace",
    language: "en",
    source: "live",
    started_at: 0,
    ...more,
  };
}

export function view(callId: string, more: Partial<CallView> = {}): CallView {
  return {
    call: info(callId),
    state: "live",
    at: 0,
    seq: 1,
    speaking: [],
    utterances: [],
    detections: [],
    alerts: [],
    whispers: [],
    gaps: [],
    held_back: 0,
    scorecard: null,
    truncated: false,
    lag: 0,
    partial_lines: true,
    listeners: [],
    ...more,
  };
}

export function words(text: string, start: number, step = 0.4): Word[] {
  return text.split(" ").map((word, index) => ({ text: word, start: start + index * step, end: start + (index + 1) * step, confidence: 0.9 }));
}

export function utterance(id: string, text: string, start: number, more: Partial<Utterance> = {}): Utterance {
  const speaker: Party = id.startsWith("a") ? "agent" : "customer";
  const heard = text ? words(text, start) : [];
  return { type: "utterance", speaker, id, revision: 1, start, end: heard.at(-1)?.end ?? start, words: heard, final: true, continues: false, ...more };
}

export function span(id: string, first: number, last: number): WordSpan {
  return { kind: "words", utterance_id: id, first, last };
}

export function detection(id: string, more: Partial<Detection> = {}): Detection {
  return {
    type: "detection",
    id,
    behaviour: id.split("@")[0] ?? id,
    verdict: "missed",
    kind: "",
    speaker: "agent",
    start: 0,
    end: 1,
    at: 1,
    confidence: 0.9,
    severity: "notice",
    evidence: [],
    note: "",
    version: 1,
    provisional: false,
    ...more,
  };
}

export function alert(id: string, more: Partial<Alert> = {}): Alert {
  return {
    type: "alert",
    id,
    at: 10,
    behaviour: id.split("#")[0] ?? id,
    verdict: "harmful",
    kind: "",
    severity: "warning",
    title: "Title",
    coaching: "",
    detections: [],
    evidence: [],
    note: "",
    count: 1,
    provisional: false,
    ...more,
  };
}

export function records(callId: string, from: number, ...events: Event[]): CallRecord[] {
  let seq = from - 1;
  return events.map((event) => {
    const passing = event.type === "utterance" && !event.final;
    if (!passing) seq += 1;
    return { call_id: callId, seq: passing ? 0 : seq, event };
  });
}

/** The state after a snapshot of `views` and then `news`, one message each. */
export function told(views: readonly CallView[], ...news: (readonly CallRecord[])[]): ConsoleState {
  const first = reduce(EMPTY, { type: "snapshot", cursor: "c0", behaviours: [], calls: views });
  return news.reduce((state, batch, index) => reduce(state, { type: "records", cursor: `c${index + 1}`, records: batch }), first);
}
