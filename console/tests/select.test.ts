import { describe, expect, test } from "vitest";
import { arrange, behind, byReason, cardOf, endedOrder, evidenceByUtterance, excerpt, freshAlerts, liveOrder, marks, overallRate, runs, worst } from "../src/select";
import type { CallState } from "../src/state";
import type { AlertView, CallView } from "../src/wire";
import { alert, detection, info, records, span, told, utterance, view } from "./make";

const card = (id: string, more: Parameters<typeof alert>[1] = {}, state: AlertView["state"] = "open"): AlertView => ({ alert: alert(id, more), state, by: null, useful: null, count: 1 });
const started = (id: string, at: number, more: Partial<CallView> = {}) => view(id, { call: info(id, { started_at: at }), ...more });
const one = (more: Partial<CallView>): CallState => told([view("x", more)]).calls.get("x")!;

describe("the order of calls", () => {
  test("open cards rise by severity, then by how long they wait; the rest stays by age", () => {
    const state = told([
      started("young", 300),
      started("old", 100),
      started("critical", 400, { alerts: [card("b#1", { severity: "critical", at: 9 })] }),
      started("warned-late", 200, { alerts: [card("b#1", { at: 90 })] }),
      started("warned-early", 210, { alerts: [card("b#1", { at: 10 })] }),
      started("answered", 50, { alerts: [card("b#1", { severity: "critical" }, "acked")] }),
    ]);
    expect(liveOrder(state.calls.values())).toEqual(["critical", "warned-early", "warned-late", "answered", "old", "young"]);
  });

  test("under the pointer rows keep their places, calls that ended too, and new ones join at the end", () => {
    const shown = ["a", "b", "c"];
    expect(arrange(shown, ["c", "new", "a"], true, (id) => id !== "gone")).toEqual(["a", "b", "c", "new"]);
    expect(arrange(shown, ["c", "new", "a"], false, () => true)).toEqual(["c", "new", "a"]);
  });

  test("calls that ended last come first", () => {
    const state = told([started("early", 10, { state: "ended", at: 20 }), started("late", 0, { state: "ended", at: 200 }), started("live", 0)]);
    expect(endedOrder(state.calls.values())).toEqual(["late", "early"]);
  });
});

test("a call is behind from two seconds on: below that, lines come as they always do", () => {
  expect([0, 1, 2, 17].map((lag) => behind(one({ lag })))).toEqual([null, null, 2, 17]);
});

describe("marks and rates", () => {
  test("what is not confirmed is not counted", () => {
    expect(marks([detection("a"), detection("b", { verdict: "harmful" }), detection("c", { provisional: true })])).toEqual({ delivered: 0, missed: 1, harmful: 1, observed: 0 });
  });

  test("without an opportunity there is no rate", () => {
    const scorecard = { type: "scorecard" as const, at: 1, items: [], heard: [], not_judged: [], version: 1 };
    expect(overallRate(scorecard)).toBeNull();
    const item = { behaviour: "b", opportunities: 4, delivered: 3, missed: 1, harmful: 0, rate: 0.75, moments: [], observed: 0 };
    expect(overallRate({ ...scorecard, items: [item] })).toBe(0.75);
  });

  test("what cannot be missed does not raise the rate", () => {
    const item = { opportunities: 2, delivered: 1, missed: 1, harmful: 0, rate: 0.5, moments: [], observed: 0 };
    const items = [{ ...item, behaviour: "b" }, { ...item, behaviour: "c", delivered: 2, missed: 0, rate: null }];
    expect(overallRate({ type: "scorecard", at: 1, items, heard: [], not_judged: [], version: 1 })).toBe(0.5);
  });
});

test("what was not judged for one reason stands together", () => {
  const rows = [{ behaviour: "a", reason: "Off." }, { behaviour: "b", reason: "Not recorded." }, { behaviour: "c", reason: "Off." }];
  expect([...byReason(rows)]).toEqual([["Off.", ["a", "c"]], ["Not recorded.", ["b"]]]);
});

describe("the transcript", () => {
  test("words are cut into runs by what rests on them, both ends of a span included", () => {
    const said = utterance("a1", "zero one two three four", 0);
    const [d, e] = [detection("d", { evidence: [span("a1", 1, 2)] }), detection("e", { evidence: [span("a1", 2, 3), span("c9", 0, 9)] })];
    expect(runs(said, [d, e]).map((run) => [run.text, run.detections.map((found) => found.id)])).toEqual([
      ["zero", []],
      ["one", ["d"]],
      ["two", ["d", "e"]],
      ["three", ["e"]],
      ["four", []],
    ]);
    expect(runs(said, [])).toHaveLength(1);
  });

  test("evidence is found for every utterance it names, once", () => {
    const d = detection("d", { evidence: [span("a1", 0, 0), span("a1", 2, 2), span("c1", 0, 0)] });
    expect([...evidenceByUtterance([d])]).toEqual([["a1", [d]], ["c1", [d]]]);
  });

  test("the worst verdict colours words that several rest on", () => {
    expect(worst([detection("a", { verdict: "missed" }), detection("b", { verdict: "harmful" }), detection("c", { verdict: "delivered" })])).toBe("harmful");
  });

});

describe("the card", () => {
  test("quotes the words of the evidence with a little around them", () => {
    const call = one({ utterances: [utterance("a1", "a b c d e f g h i j k l m", 20)] });
    const { quotes } = excerpt(call, alert("b#1", { evidence: [span("a1", 9, 10)] }));
    expect(quotes).toMatchObject([{ speaker: "agent" }]);
    expect(quotes[0]?.parts).toEqual([
      { text: "…", marked: false },
      { text: "b c d e f g h i", marked: false },
      { text: "j k", marked: true },
      { text: "l m", marked: false },
    ]);
  });

  test("quotes a turn once, whatever number of its words are evidence", () => {
    const call = one({ utterances: [utterance("c1", "I called three times and every time it was wrong", 1), utterance("a1", "calm down", 6)] });
    const { quotes, context } = excerpt(call, alert("b#1", { at: 8, evidence: [span("c1", 5, 6), span("a1", 0, 1), span("c1", 1, 2)] }));
    expect(quotes.map((quote) => quote.parts.filter((part) => part.marked).map((part) => part.text))).toEqual([["called three", "every time"], ["calm down"]]);
    expect(context).toEqual([]);
  });

  test("shows the ten seconds before the quote and not the quoted utterance again", () => {
    const call = one({
      utterances: [utterance("c1", "long ago", 1), utterance("a1", "before it and into the window we go", 8), utterance("c2", "just now", 15), utterance("a2", "calm down", 20), utterance("c3", "after", 22)],
    });
    const { context } = excerpt(call, alert("b#1", { at: 21, evidence: [span("a2", 0, 1)] }));
    expect(context.map((line) => line.text)).toEqual(["… window we go", "just now"]);
  });

  test("evidence that is not here (an older part of the call) leaves the context before the alert", () => {
    const call = one({ utterances: [utterance("c2", "just now", 15)] });
    expect(excerpt(call, alert("b#1", { at: 20, evidence: [span("a2", 0, 1)] }))).toMatchObject({ quotes: [], context: [{ text: "just now" }] });
  });

  test("is the open one, else the newest that stood", () => {
    expect(cardOf(one({ alerts: [card("b#1"), card("b#2", {}, "acked")] }))?.alert.id).toBe("b#1");
    expect(cardOf(one({ alerts: [card("b#1", {}, "followed"), card("b#2", {}, "withdrawn")] }))?.alert.id).toBe("b#1");
    expect(cardOf(one({}))).toBeNull();
  });

  test("of a call that is over is the gravest, then the newest", () => {
    const alerts = [card("b#1", { severity: "critical" }, "acked"), card("b#2", { severity: "critical" }, "expired"), card("b#3", {}, "expired"), card("b#4", { severity: "critical" }, "withdrawn")];
    expect(cardOf(one({ state: "ended", alerts }))?.alert.id).toBe("b#2");
    expect(cardOf(one({ alerts }))?.alert.id).toBe("b#3");
  });

  test("is announced when it comes, and not again when it changes", () => {
    const before = told([view("x")]);
    const first = told([view("x")], records("x", 2, alert("b#1")));
    expect(freshAlerts(before, first).map(({ view: found }) => found.alert.id)).toEqual(["b#1"]);
    const merged = told([view("x")], records("x", 2, alert("b#1")), records("x", 3, { type: "alert_update", id: "b#1", at: 12, state: "merged", by: null, useful: null, count: 2 }));
    expect(freshAlerts(first, merged)).toEqual([]);
  });
});
