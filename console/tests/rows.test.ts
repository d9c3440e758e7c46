import { describe, expect, test } from "vitest";
import { rowAt, rowOf, rowsOf, rowsWith } from "../src/rows";
import { secondsLost } from "../src/select";
import type { CallState } from "../src/state";
import type { CallView } from "../src/wire";
import { detection, records, span, told, utterance, view } from "./make";

const one = (more: Partial<CallView>): CallState => told([view("x", more)]).calls.get("x")!;

describe("the transcript's rows", () => {
  test("losses, words held back and judgements without words stand where they happened; empty finals do not", () => {
    const state = told(
      [view("x")],
      records(
        "x", 2,
        utterance("a1", "hello", 0),
        utterance("a2", "", 6),
        utterance("c1", "hi", 8),
        { type: "audio_gap", speaker: "customer", start: 3, end: 4, reason: "lost" },
        { type: "audio_gap", speaker: "customer", start: 4.1, end: 6.1, reason: "lost" },
        { type: "words_held_back", speaker: "agent", utterance_id: "a2", start: 6, end: 7, words: utterance("a2", "thank you", 6).words, reason: "no_voice" },
        detection("name.use@1", { at: 7 }),
        detection("fine@a1", { verdict: "delivered", at: 7 }),
        detection("quoted@a1", { at: 7, evidence: [span("a1", 0, 0)] }),
      ),
    );
    const moments = rowsOf(state.calls.get("x")!);
    expect(moments.map((moment) => moment.kind)).toEqual(["said", "gap", "held", "judged", "said"]);
    expect(moments[1]).toMatchObject({ parties: ["customer"] });
    expect(moments[1]).toHaveProperty("seconds", expect.closeTo(3.1));
    expect(moments[2]).toMatchObject({ words: 2 });
  });

  test("what both parties lost is told once, and counted once", () => {
    const gap = (speaker: "agent" | "customer", start: number, end: number, reason: "overload" | "paused" = "overload") => ({ type: "audio_gap" as const, speaker, start, end, reason });
    const gaps = [gap("agent", 1, 3.2), gap("customer", 1, 3.2), gap("agent", 8, 9), gap("customer", 8.5, 10), gap("agent", 20, 80, "paused")];
    expect(rowsOf(one({ gaps })).map((moment) => moment.kind === "gap" && moment.parties)).toEqual([["agent", "customer"], ["agent"], ["customer"], ["agent"]]);
    expect(secondsLost(gaps)).toBeCloseTo(4.2);
  });

  test("a turn that goes on after one's own turn is joined to it, but not across a loss", () => {
    const own = one({ utterances: [utterance("a1", "so", 0), utterance("a2", "then", 2), utterance("a3", "and", 9)], gaps: [{ type: "audio_gap", speaker: "agent", start: 5, end: 6, reason: "lost" }] });
    expect(rowsOf(own).map((moment) => moment.kind === "said" && moment.follows)).toEqual([false, true, false, false]);
  });

  test("where both speak for longer than it takes to pass the turn is told with the later line", () => {
    const customer = utterance("c1", "one two three four five", 0); // until 2.0
    const passed = rowsOf(one({ utterances: [customer, utterance("a1", "yes well", 1.8)] }));
    expect(passed.map((row) => row.kind === "said" && row.over)).toEqual([0, 0]);
    const both = rowsOf(one({ utterances: [customer, utterance("a1", "yes well", 1.2)] }));
    expect(both[1]).toHaveProperty("over", expect.closeTo(0.8));
  });

  test("a long silence is a row of its own, but not where nothing was heard", () => {
    const utterances = [utterance("c1", "hello", 0), utterance("a1", "hi", 8.4)];
    expect(rowsOf(one({ utterances })).map((row) => row.kind)).toEqual(["said", "silence", "said"]);
    expect(rowsOf(one({ utterances }))[1]).toHaveProperty("seconds", expect.closeTo(8));
    const gaps = [{ type: "audio_gap" as const, speaker: "agent" as const, start: 1, end: 3, reason: "lost" as const }];
    expect(rowsOf(one({ utterances, gaps })).map((row) => row.kind)).toEqual(["said", "gap", "said"]);
  });

  test("a judgement is found at its words, else at its own row, else at its time", () => {
    const call = one({
      utterances: [utterance("c1", "hello there", 0), utterance("a1", "hi", 2), utterance("a2", "bye", 4)],
      detections: [detection("quoted@1", { evidence: [span("a1", 0, 0)] }), detection("bare@1", { at: 3 }), detection("fact@1", { verdict: "observed", start: 4.1 })],
    });
    const rows = rowsOf(call);
    expect(call.detections.map((each) => rows[rowOf(rows, each)]?.key)).toEqual(["said-a1", "judged-bare@1", "said-a2"]);
    expect(rowOf([], call.detections[0]!)).toBe(-1);
    expect([-1, 0, 1.9, 2, 99].map((at) => rowAt(rows, at))).toEqual([0, 0, 0, 1, 3]);
  });

  test("words are found whatever their case and accents, also from right to left", () => {
    const rows = rowsOf(one({ utterances: [utterance("c1", "Herr Müller bitte", 0), utterance("a1", "مرحبا أريد", 5), utterance("a2", "nothing", 9)] }));
    const lines = (text: string) => rowsWith(rows, text).map((index) => rows[index]?.key);
    expect(lines("MULLER bitte")).toEqual(["said-c1"]);
    expect(lines("أريد")).toEqual(["said-a1"]);
    expect(lines("  ")).toEqual([]);
  });
});
