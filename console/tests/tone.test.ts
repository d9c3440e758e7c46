import { describe, expect, test } from "vitest";
import { toneAbsence, toneStrip } from "../src/tone";
import type { Detection, Profile, SignalSpan, Verdict } from "../src/wire";
import { detection, info, utterance } from "./make";

const measure = (name: string, start: number, end: number, value: number): SignalSpan => ({ kind: "signal", name, speaker: "agent", start, end, value });

function stretch(number: number, start: number, verdict: Verdict, slopes: readonly number[]): Detection {
  const step = 20 / slopes.length;
  const end = start + 20;
  return detection(`tone.flat@${number}`, {
    verdict,
    start,
    end,
    at: end,
    evidence: [
      measure("f0_slope", start, end, 20),
      measure("usual_f0_slope", start, end, 20),
      measure("flat_f0_slope", start, end, 10),
      ...slopes.map((slope, place) => measure("utterance_f0_slope", start + place * step, start + (place + 1) * step, slope)),
    ],
  });
}

const scored = (reason: string) => ({ type: "scorecard" as const, at: 80, items: [], heard: [], not_judged: [{ behaviour: "tone.flat", reason }], version: 1 });

describe("the strip of the agent's tone", () => {
  test("stretches lie where they were said, their bars as high as the pitch moved", () => {
    const strip = toneStrip({ at: 80, utterances: [], detections: [stretch(1, 20, "delivered", [30, 10]), stretch(2, 60, "missed", [8])] });
    expect(strip.flat).toBe(1);
    expect(strip.stretches.map(({ flat, left, width }) => [flat, left, width])).toEqual([[false, 0.25, 0.25], [true, 0.75, 0.25]]);
    expect(strip.stretches[0]).toMatchObject({ usual: 0.5, floor: 0.25, bars: [{ left: 0.25, width: 0.125, height: 0.75 }, { left: 0.375, width: 0.125, height: 0.25 }] });
  });

  test("movement beyond the strip's edge stays in it", () => {
    const [only] = toneStrip({ at: 20, utterances: [], detections: [stretch(1, 0, "delivered", [90])] }).stretches;
    expect(only?.bars[0]?.height).toBe(1);
  });

  test("the agent's speech outside of the stretches is marked as not judged, the customer's is not", () => {
    const utterances = [utterance("a1", "one two", 2), utterance("a2", "three four", 30), utterance("c1", "five six", 2)];
    const { unjudged } = toneStrip({ at: 80, utterances, detections: [stretch(1, 25, "delivered", [20])] });
    expect(unjudged.map(({ left }) => left)).toEqual([2 / 80]);
  });

  test("other behaviours are not in it", () => {
    expect(toneStrip({ at: 80, utterances: [], detections: [detection("courtesy.closing@1")] }).stretches).toEqual([]);
  });
});

describe("where there is no strip", () => {
  const call = (profile: Profile, more = {}) => ({ call: info("x", { profile }), live: true, scorecard: null, detections: [], ...more });

  test.each<Profile>(["eu-workplace", "training"])("under %s voice measures are off, whatever else is known", (profile) => {
    expect(toneAbsence(call(profile, { detections: [stretch(1, 0, "missed", [8])] }))).toContain("off in this profile");
  });

  test("a live call waits for speech, an ended one says why it was not judged", () => {
    expect(toneAbsence(call("full"))).toContain("20 seconds");
    expect(toneAbsence(call("full", { live: false, scorecard: scored("Switched off by policy.") }))).toBe("Switched off by policy.");
    expect(toneAbsence(call("full", { live: false }))).toContain("not enough");
  });

  test("a judged stretch is shown", () => {
    expect(toneAbsence(call("full", { detections: [stretch(1, 0, "missed", [8])] }))).toBeNull();
  });
});
