import { describe, expect, test } from "vitest";
import { EMPTY, MOST_ENDED, type CallState, type ConsoleState, reduce } from "../src/state";
import type { AlertUpdate } from "../src/wire";
import { alert, detection, info, records, span, told, utterance, view } from "./make";

function call(state: ConsoleState, id = "x"): CallState {
  const found = state.calls.get(id);
  if (!found) throw new Error(`no call ${id}`);
  return found;
}

describe("a call's records", () => {
  test("how far a call is behind passes, and is over when the call is", () => {
    const late = { type: "lag", at: 5, seconds: 3, partial_lines: false } as const;
    const behind = told([view("x", { seq: 4 })], [{ call_id: "x", seq: 0, event: late }]);
    expect(call(behind)).toMatchObject({ lag: 3, partialLines: false, seq: 4 });
    const caughtUp = reduce(behind, { type: "records", cursor: "n", records: [{ call_id: "x", seq: 0, event: { ...late, seconds: 0, partial_lines: true } }] });
    expect(call(caughtUp)).toMatchObject({ lag: 0, partialLines: true });
    const over = reduce(behind, { type: "records", cursor: "n", records: [...records("x", 5, { type: "call_ended", at: 6, by: "client", reason: "bye" }), { call_id: "x", seq: 0, event: late }] });
    expect(call(over)).toMatchObject({ live: false, lag: 0, partialLines: true });
    expect(call(told([view("x", { lag: 4, partial_lines: false })]))).toMatchObject({ lag: 4, partialLines: false });
  });

  test("a call that starts appears with its facts", () => {
    const state = told([], records("x", 1, { type: "call_started", call: info("x", { agent: "Bea" }), at: 0 }));
    expect(call(state).call.agent).toBe("Bea");
    expect(call(state).live).toBe(true);
    expect(state.cursor).toBe("c1");
  });

  test("told twice, it is known once", () => {
    const news = records("x", 2, utterance("a1", "hello there", 0), detection("d@a1"), { type: "words_held_back", speaker: "agent", utterance_id: "a1", start: 0, end: 1, words: [], reason: "loop" });
    const once = told([view("x")], news);
    expect(told([view("x")], news, news).calls).toEqual(once.calls);
    expect(told([view("x")], news, news.slice(1)).calls).toEqual(once.calls);
  });

  test("a partial gives way to a newer one and at last to its final", () => {
    const partial = (text: string, revision: number) => utterance("a1", text, 0, { final: false, revision });
    const growing = told([view("x")], records("x", 2, partial("one", 1), partial("one two", 2)));
    expect(call(growing).partials.map((one) => one.words.length)).toEqual([2]);
    const done = told([view("x")], records("x", 2, partial("one two", 2), utterance("a1", "one two three", 0)));
    expect(call(done).partials).toEqual([]);
    expect(call(done).utterances.map((one) => one.id)).toEqual(["a1"]);
  });

  test("a partial that comes after its final, or with an older revision, is no news", () => {
    const late = utterance("a1", "one", 0, { final: false, revision: 1 });
    const after = told([view("x")], records("x", 2, utterance("a1", "one two", 0), late));
    expect(call(after).partials).toEqual([]);
    const newer = utterance("a1", "one two", 0, { final: false, revision: 2 });
    expect(call(told([view("x")], records("x", 2, newer, late))).partials[0]?.revision).toBe(2);
  });

  test("each party has its own partial", () => {
    const state = told([view("x")], records("x", 2, utterance("a1", "yes", 0, { final: false }), utterance("c1", "no", 0.2, { final: false })));
    expect(call(state).partials.map((one) => one.speaker)).toEqual(["agent", "customer"]);
  });

  test("finals stand by start, whenever they come", () => {
    const state = told([view("x")], records("x", 2, utterance("a2", "later", 9), utterance("c1", "sooner", 4)));
    expect(call(state).utterances.map((one) => one.id)).toEqual(["c1", "a2"]);
  });

  test("a final confirms a provisional detection in place, a withdrawal removes it", () => {
    const provisional = detection("d@a1", { provisional: true });
    const confirmed = told([view("x")], records("x", 2, provisional, detection("e@a1"), detection("d@a1")));
    expect(call(confirmed).detections.map((one) => [one.id, one.provisional])).toEqual([["d@a1", false], ["e@a1", false]]);
    const withdrawn = told([view("x")], records("x", 2, provisional, { type: "detection_withdrawn", id: "d@a1", at: 2 }));
    expect(call(withdrawn).detections).toEqual([]);
  });

  test("who speaks is known from start to end of speech, and nobody speaks once the call is over", () => {
    const speaking = told([view("x")], records("x", 2, { type: "speech_started", speaker: "agent", at: 1 }, { type: "speech_started", speaker: "customer", at: 2 }, { type: "speech_ended", speaker: "agent", at: 3 }));
    expect(call(speaking).speaking).toEqual(["customer"]);
    const over = reduce(speaking, { type: "records", cursor: "z", records: records("x", 5, { type: "call_ended", at: 60, by: "client", reason: "bye" }) });
    expect(call(over)).toMatchObject({ live: false, speaking: [], at: 60 });
  });
});

describe("cards", () => {
  const open = records("x", 2, alert("b#1"));
  const change = (state: AlertUpdate["state"], more = {}) => ({ type: "alert_update" as const, id: "b#1", at: 11, state, by: null, useful: null, count: null, ...more });

  test("a merged detection raises the count and leaves the card open", () => {
    const state = told([view("x")], open, records("x", 3, change("merged", { count: 2 })));
    expect(call(state).alerts[0]).toMatchObject({ state: "open", count: 2 });
  });

  test("merging adds nothing but to the count, also on a card that was answered", () => {
    const acked = told([view("x")], open, records("x", 3, change("acked", { by: "eve", useful: false })));
    const merged = reduce(acked, { type: "records", cursor: "n", records: records("x", 4, change("merged", { count: 3 })) });
    expect(call(merged).alerts[0]).toEqual({ ...call(acked).alerts[0], count: 3 });
  });

  test.each(["followed", "acked", "dismissed", "withdrawn"] as const)("a card that expired can still be %s", (late) => {
    const state = told([view("x")], open, records("x", 3, change("expired"), change(late, { by: "eve" })));
    expect(call(state).alerts[0]).toMatchObject({ state: late, by: "eve" });
  });

  test("the final of a provisional detection confirms its card, and says which words it rests on now", () => {
    const raised = alert("b#1", { provisional: true, detections: ["d@a1"], evidence: [span("a1", 0, 1)], note: "before" });
    const early = detection("d@a1", { provisional: true });
    const final = detection("d@a1", { evidence: [span("a1", 2, 3)], note: "after" });
    const state = told([view("x")], records("x", 2, early, raised, change("acked", { by: "eve" }), final));
    expect(call(state).alerts[0]).toMatchObject({
      state: "acked",
      by: "eve",
      alert: { provisional: false, evidence: [span("a1", 2, 3)], note: "after" },
    });
  });

  test("a card on two detections is confirmed when both are", () => {
    const raised = alert("b#1", { provisional: true, detections: ["d@a1", "e@a2"] });
    const state = told([view("x")], records("x", 2, detection("d@a1"), detection("e@a2", { provisional: true }), raised, detection("d@a1")));
    expect(call(state).alerts[0]?.alert.provisional).toBe(true);
    const both = reduce(state, { type: "records", cursor: "n", records: records("x", 6, detection("e@a2")) });
    expect(call(both).alerts[0]?.alert.provisional).toBe(false);
  });

  test("an update for a card that is not here is no news", () => {
    const state = told([view("x")], records("x", 2, change("acked")));
    expect(call(state).alerts).toEqual([]);
  });

  test("what follows an ack keeps who acked it and what they thought", () => {
    const state = told([view("x")], open, records("x", 3, change("acked", { by: "eve", useful: true }), change("followed")));
    expect(call(state).alerts[0]).toMatchObject({ state: "followed", by: "eve", useful: true });
  });

  test("a whisper is delivered once the softphone took it", () => {
    const sent = records("x", 2, { type: "whisper", id: "w1", at: 3, text: "Smile", by: null, alert_id: null });
    expect(call(told([view("x")], sent)).whispers[0]?.delivered).toBe(false);
    expect(call(told([view("x")], sent, records("x", 3, { type: "whisper_delivered", id: "w1", at: 4 }))).whispers[0]?.delivered).toBe(true);
  });

  test("that the agent's screen showed a whisper is more than that it was delivered", () => {
    const sent = records("x", 2, { type: "whisper", id: "w1", at: 3, text: "Smile", by: null, alert_id: null }, { type: "whisper_delivered", id: "w1", at: 4 });
    expect(call(told([view("x")], sent)).whispers[0]).toMatchObject({ delivered: true, seen: false });
    expect(call(told([view("x")], sent, records("x", 4, { type: "whisper_seen", id: "w1", at: 5 }))).whispers[0]).toMatchObject({ delivered: true, seen: true });
  });

  test("who listens is known while they do", () => {
    const begun = records("x", 2, { type: "listening_started", id: "l1", at: 3, by: "Kim" }, { type: "listening_started", id: "l2", at: 4, by: null });
    expect(call(told([view("x")], begun)).listeners.map((one) => one.by)).toEqual(["Kim", null]);
    expect(call(told([view("x")], begun, records("x", 4, { type: "listening_ended", id: "l1", at: 5 }))).listeners.map((one) => one.id)).toEqual(["l2"]);
    expect(call(told([view("x")], begun, records("x", 4, { type: "call_ended", at: 5, by: "client", reason: "bye" }))).listeners).toEqual([]);
  });
});

describe("joining and coming back", () => {
  test("a snapshot's newest partials are kept apart from its finals", () => {
    const state = told([view("x", { utterances: [utterance("a1", "done", 0), utterance("c1", "not yet", 2, { final: false })] })]);
    expect(call(state).utterances.map((one) => one.id)).toEqual(["a1"]);
    expect(call(state).partials.map((one) => one.id)).toEqual(["c1"]);
  });

  test("records of a call it was never told about make it ask, and are applied behind the answer", () => {
    const asked = told([], records("x", 7, utterance("a3", "seven", 7), utterance("a4", "eight", 8)));
    expect([...asked.wanted.keys()]).toEqual(["x"]);
    expect(asked.calls.has("x")).toBe(false);
    const known = reduce(asked, { type: "view", view: view("x", { seq: 7, utterances: [utterance("a3", "seven", 7)] }) });
    expect(call(known).utterances.map((one) => one.id)).toEqual(["a3", "a4"]);
    expect(call(known).seq).toBe(8);
    expect(known.wanted.size).toBe(0);
  });

  test("a call shown in part says so, and no longer when it was fetched whole", () => {
    const state = told([view("x", { seq: 900, truncated: true, utterances: [utterance("a99", "late", 400)] })]);
    expect(call(state).truncated).toBe(true);
    const wanted = reduce(state, { type: "watch", callId: "x" });
    expect([...wanted.wanted.keys()]).toEqual(["x"]);
    const whole = reduce(wanted, { type: "view", view: view("x", { seq: 900, utterances: [utterance("a1", "early", 0), utterance("a99", "late", 400)] }) });
    expect(call(whole)).toMatchObject({ truncated: false, seq: 900 });
    expect(call(whole).utterances.map((one) => one.id)).toEqual(["a1", "a99"]);
  });

  test("an answer that is older than what is known changes nothing", () => {
    const state = told([view("x", { seq: 3 })], records("x", 4, utterance("a1", "new", 4)));
    const after = reduce(state, { type: "view", view: view("x", { seq: 3 }) });
    expect(call(after).utterances.map((one) => one.id)).toEqual(["a1"]);
  });

  test("a new snapshot keeps ended calls and asks what became of live ones it lacks", () => {
    const before = told([view("x"), view("old", { state: "ended" })]);
    const after = reduce(before, { type: "snapshot", cursor: "n", behaviours: [], calls: [view("y")] });
    expect([...after.calls.keys()].sort()).toEqual(["old", "x", "y"]);
    expect([...after.wanted.keys()]).toEqual(["x"]);
    expect(reduce(after, { type: "gone", callId: "x" }).calls.has("x")).toBe(false);
  });

  test("a call that did not change is the same object, so that it is not drawn again", () => {
    const before = told([view("x"), view("y")]);
    const after = reduce(before, { type: "records", cursor: "n", records: records("x", 2, { type: "tick", at: 5 }) });
    expect(after.calls.get("y")).toBe(before.calls.get("y"));
    expect(call(after).utterances).toBe(call(before).utterances);
  });

  test("nothing is known of an empty state", () => {
    expect(reduce(EMPTY, { type: "watch", callId: "x" }).wanted.has("x")).toBe(true);
  });
});

describe("a page that is open for days", () => {
  const lines = (from: number, count: number) => Array.from({ length: count }, (_, index) => utterance(`a${from + index}`, "word", from + index));

  test("keeps the newest lines of a call that nobody looks at, and says that there were more", () => {
    const state = told([view("x")], records("x", 2, ...lines(0, 1000)));
    expect(call(state).utterances.length).toBeLessThanOrEqual(200);
    expect(call(state).utterances.at(-1)?.id).toBe("a999");
    expect(call(state).truncated).toBe(true);
  });

  test("lets nothing go of the call that is looked at", () => {
    const watched = reduce(told([view("x")]), { type: "watch", callId: "x" });
    const after = reduce(watched, { type: "records", cursor: "n", records: records("x", 2, ...lines(0, 1000)) });
    expect(call(after).utterances).toHaveLength(1000);
    expect(call(after).truncated).toBe(false);
  });

  test("asks again for the whole of the call that is looked at when a snapshot has only its newest part", () => {
    const watched = reduce(told([view("x")]), { type: "watch", callId: "x" });
    const again = reduce(watched, { type: "snapshot", cursor: "n", behaviours: [], calls: [view("x", { truncated: true })] });
    expect([...again.wanted.keys()]).toEqual(["x"]);
  });

  test("forgets the calls that ended first, but not the one that is looked at", () => {
    const many = Array.from({ length: MOST_ENDED + 20 }, (_, index) => view(`e${index}`, { call: info(`e${index}`, { started_at: index }), state: "ended", at: 10 }));
    const opened = reduce(told([many[0]!, view("live")]), { type: "watch", callId: "e0" });
    const after = reduce(opened, { type: "snapshot", cursor: "n", behaviours: [], calls: [...many, view("live")] });
    expect(after.calls.has("e0")).toBe(true);
    expect(after.calls.has("e1")).toBe(false);
    expect(after.calls.has(`e${MOST_ENDED + 19}`)).toBe(true);
    expect(after.calls.size).toBe(MOST_ENDED + 2);
  });
});
