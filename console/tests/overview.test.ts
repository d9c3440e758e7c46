import { describe, expect, test } from "vitest";
import { ledgerOf } from "../src/ledger";
import { axisEnd, frustrationOf, lanesOf, marksOf, merged } from "../src/overview";
import type { CallState } from "../src/state";
import type { CallView, Scorecard, Utterance } from "../src/wire";
import { detection, told, utterance, view } from "./make";

const one = (more: Partial<CallView>): CallState => told([view("x", more)]).calls.get("x")!;
const upset = (id: string, end: number, value: number) =>
  detection(`emotion.frustration@${id}`, { verdict: "observed", end, evidence: [{ kind: "signal", name: "frustration", speaker: "customer", start: end - 1, end, value }] });

describe("the call over time", () => {
  test("a live call's axis grows by steps, an ended one's is as long as the call", () => {
    expect([0, 50, 59.5, 61, 3000].map((at) => axisEnd({ at, live: true }))).toEqual([60, 60, 120, 120, 3600]);
    expect(axisEnd({ at: 111.5, live: false })).toBe(111.5);
  });

  test("speech is told by party, with where both spoke and where nobody did", () => {
    const lanes = lanesOf(one({ utterances: [utterance("c1", "a b c d e", 0), utterance("a1", "f g", 1.2), utterance("c2", "h", 10)] }), 60);
    expect(lanes.speech.agent).toEqual([{ start: 1.2, end: 2 }]);
    expect(lanes.speech.customer).toHaveLength(2);
    expect(lanes.both).toEqual([{ start: 1.2, end: 2 }]);
    expect(lanes.silent).toEqual([{ start: 2, end: 10 }]);
  });

  test("what is drawn is bounded, however long the call", () => {
    const said: Utterance[] = Array.from({ length: 5000 }, (_, index) => utterance(`${index % 2 ? "a" : "c"}${index}`, "one two three", index * 2.9));
    const lanes = lanesOf(one({ utterances: said }), 14_500);
    for (const stretches of [...Object.values(lanes.speech), lanes.both, lanes.silent]) expect(stretches.length).toBeLessThanOrEqual(600);
    const judged = Array.from({ length: 2000 }, (_, index) => detection(`x@${index}`, { start: index * 7 }));
    expect(marksOf(judged, 14_500).length).toBeLessThanOrEqual(71);
    expect(marksOf(judged, 14_500).flatMap((mark) => mark.detections)).toHaveLength(2000);
  });

  test("marks that would lie on one another are one, of the gravest", () => {
    const marks = marksOf([detection("a@1", { verdict: "delivered", start: 10 }), detection("b@1", { verdict: "harmful", start: 10.2 }), detection("c@1", { start: 40 }), detection("d@1", { verdict: "observed", start: 50 })], 60);
    expect(marks.map(({ verdict, detections }) => [verdict, detections.length])).toEqual([["harmful", 2], ["missed", 1]]);
    expect(merged([{ start: 0, end: 1 }, { start: 1.05, end: 2 }, { start: 5, end: 5.01 }], 0.1)).toEqual([{ start: 0, end: 2 }, { start: 5, end: 5.1 }]);
  });

  test("frustration fades by half in a minute, and is over once the customer eases", () => {
    const level = (mood: ReturnType<typeof frustrationOf>, at: number) => mood.level[mood.at.findLastIndex((time) => time <= at)];
    const fading = frustrationOf([upset("1", 20, 2)], 80);
    expect(fading.most).toEqual({ at: 20, level: 2 });
    expect(level(fading, 19)).toBe(0);
    expect(level(fading, 80)).toBeCloseTo(1, 1);
    const eased = frustrationOf([upset("1", 20, 2), detection("emotion.recovery@1", { verdict: "delivered", end: 40 })], 80);
    expect(level(eased, 41)).toBe(0);
    expect(frustrationOf([], 80)).toMatchObject({ most: null, noticed: 0 });
    for (let index = 1; index < fading.at.length; index += 1) expect(fading.at[index]!).toBeGreaterThanOrEqual(fading.at[index - 1]!);
  });
});

describe("the ledger", () => {
  const detections = [
    detection("b@2", { verdict: "delivered", start: 9 }),
    detection("b@1", { start: 2 }),
    detection("a@1", { verdict: "harmful", start: 4 }),
    detection("a@2", { start: 5, provisional: true }),
    detection("c@1", { verdict: "observed", start: 6 }),
  ];

  test("behaviours stand in the catalogue's order, their moments by time; what is not sure is shown and not counted", () => {
    const ledger = ledgerOf({ detections, scorecard: null, failed: [] }, ["a", "b", "c", "d"]);
    expect(ledger.judged.map(({ behaviour, moments }) => [behaviour, moments.map(({ id }) => id)])).toEqual([["a", ["a@1", "a@2"]], ["b", ["b@1", "b@2"]]]);
    expect(ledger).toMatchObject({ delivered: 1, missed: 1, harmful: 1, quiet: ["d"] });
    expect(ledger.noticed.map(({ behaviour }) => behaviour)).toEqual(["c"]);
  });

  test("once there is a scorecard, its figures are told, and what was not judged is no missing opportunity", () => {
    const item = { behaviour: "a", opportunities: 3, delivered: 1, missed: 1, harmful: 1, rate: 1 / 3, moments: [], observed: 0 };
    const scorecard: Scorecard = { type: "scorecard", at: 9, items: [item], heard: [], not_judged: [{ behaviour: "d", reason: "why" }], version: 1 };
    const ledger = ledgerOf({ detections, scorecard, failed: [] }, ["a", "d"]);
    expect(ledger.judged[0]).toMatchObject({ opportunities: 3, missed: 1 });
    expect(ledger.quiet).toEqual([]);
  });
});
