import { describe, expect, test } from "vitest";
import type { CallView } from "../src/wire";
import { headTitle, inSight, isHead, judged, moodOf, nextNeedy, offsets, settle, teamCounts, unheard, wallKeys } from "../src/wall";
import { alert, detection, info, told, view } from "./make";

const ALL = { filter: { text: "", teams: [] }, grouped: false };
const open = (severity: "notice" | "warning" | "critical") => [{ alert: alert("b#1", { severity }), state: "open" as const, by: null, useful: null, count: 1 }];
const of = (id: string, team: string | null, started_at: number, more: Partial<CallView> = {}) => view(id, { call: info(id, { team, started_at, agent: `Agent ${id}`, customer_name: id === "z" ? "Zoë Müller" : null }), ...more });
const named = (keys: readonly string[]) => keys.map((key) => (isHead(key) ? `– ${headTitle(key)}` : key));

const calls = () => told([of("a", "Garage", 10), of("b", "Delivery", 20), of("c", null, 30), of("d", "Garage", 40, { alerts: open("warning") }), of("e", "Delivery", 50, { alerts: open("critical") }), of("z", "Garage", 5, { state: "ended" })]).calls;

describe("the wall's rows", () => {
  test("what needs a person stands on top, whatever its team; ended calls at the end", () => {
    expect(named(wallKeys(calls(), ALL))).toEqual(["– Needs you", "e", "d", "– Live", "a", "b", "c", "– Ended", "z"]);
    expect(named(wallKeys(calls(), { ...ALL, grouped: true }))).toEqual(["– Needs you", "e", "d", "– Delivery", "b", "– Garage", "a", "– No team", "c", "– Ended", "z"]);
  });

  test("teams and every word of the search narrow them, also what needs a person", () => {
    expect(named(wallKeys(calls(), { ...ALL, filter: { text: "", teams: ["Garage"] } }))).toEqual(["– Needs you", "d", "– Live", "a", "– Ended", "z"]);
    expect(named(wallKeys(calls(), { ...ALL, filter: { text: "muller zoe", teams: [] } }))).toEqual(["– Ended", "z"]);
    expect(wallKeys(calls(), { ...ALL, filter: { text: "garage e", teams: ["Delivery"] } })).toEqual([]);
    expect(named(wallKeys(calls(), { ...ALL, filter: { text: "", teams: [""] } }))).toEqual(["– Live", "c"]);
  });

  test("under the pointer none of them moves, headings included, and nothing is drawn anew", () => {
    const [before, after] = [wallKeys(calls(), ALL), wallKeys(calls(), { ...ALL, grouped: true })];
    const exists = (id: string) => calls().has(id);
    expect(settle(before, after, true, exists).slice(0, before.length)).toEqual(before);
    expect(settle(before, [...before], false, exists)).toBe(before);
    expect(settle(before, after, false, exists)).toEqual(after);
  });

  test("the next call that waits is the next one down, and the first again behind the last", () => {
    const keys = wallKeys(calls(), ALL);
    expect(nextNeedy(keys, calls(), null)).toBe("e");
    expect(nextNeedy(keys, calls(), "e")).toBe("d");
    expect(nextNeedy(keys, calls(), "d")).toBe("e");
    expect(nextNeedy(keys, calls(), "a")).toBe("e");
    expect(nextNeedy([], calls(), null)).toBeNull();
  });

  test("teams are told with what waits in them; one that is chosen stays when its last call ends", () => {
    expect(teamCounts(calls().values(), ["Night"])).toEqual([
      { team: "Delivery", live: 2, needy: 1 },
      { team: "Garage", live: 2, needy: 1 },
      { team: "Night", live: 0, needy: 0 },
      { team: "", live: 1, needy: 0 },
    ]);
  });
});

describe("what is in sight", () => {
  const keys = ["#need", "a", "b", "#live", ...Array.from({ length: 200 }, (_, index) => `c${index}`)];
  const tops = offsets(keys, 50, 30);

  test("rows stand below one another", () => {
    expect(tops.slice(0, 6)).toEqual([0, 30, 80, 130, 160, 210]);
    expect(tops.at(-1)).toBe(202 * 50 + 2 * 30);
  });

  test("only rows that touch the window are drawn, and a few more", () => {
    expect(inSight(tops, 0, 200, 0)).toEqual({ first: 0, end: 5 });
    expect(inSight(tops, 0, 200, 2)).toEqual({ first: 0, end: 7 });
    expect(inSight(tops, 5160, 100, 0)).toEqual({ first: 104, end: 107 });
    expect(inSight(tops, 1e9, 100, 3)).toEqual({ first: 201, end: 204 });
    expect(inSight([0], 0, 500, 8)).toEqual({ first: 0, end: 0 });
  });
});

describe("the customer's mood", () => {
  const upset = (start: number, value: number) =>
    detection(`emotion.frustration@c${start}`, { verdict: "observed", speaker: "customer", start, end: start + 2, evidence: [{ kind: "signal", name: "frustration", speaker: "customer", start, end: start + 2, value }] });
  const eased = (end: number) => detection(`emotion.recovery@c${end}`, { verdict: "delivered", end });

  test("is calm as long as nothing was noticed", () => {
    expect(moodOf({ detections: [detection("courtesy.greeting@a1")], at: 30 }).kind).toBe("calm");
  });

  test("is told with its beginning, fades by half in a minute, and ends", () => {
    const detections = [upset(10, 1), upset(40, 1.8)];
    expect(moodOf({ detections, at: 42 })).toEqual({ kind: "very", since: 10 });
    expect(moodOf({ detections, at: 102 })).toEqual({ kind: "frustrated", since: 10 });
    expect(moodOf({ detections, at: 200 }).kind).toBe("calm");
  });

  test("begins anew after a calm stretch, and is eased by what the detectors call easing", () => {
    expect(moodOf({ detections: [upset(10, 1), upset(300, 1)], at: 303 })).toEqual({ kind: "frustrated", since: 300 });
    expect(moodOf({ detections: [upset(10, 2), eased(30)], at: 40 })).toEqual({ kind: "eased", since: 30 });
    expect(moodOf({ detections: [upset(10, 2), eased(30), upset(50, 1)], at: 53 })).toEqual({ kind: "frustrated", since: 50 });
  });
});

test("a call that nothing comes from is told by this page's own clock; an ended one is not waited for", () => {
  const known = told([view("quiet"), view("fresh"), view("over", { state: "ended" })]).calls;
  const heard = new Map([["quiet", 1_000], ["fresh", 9_500], ["over", 0]]);
  expect([...unheard(known.values(), heard, 10_000)]).toEqual([["quiet", 9]]);
});

test("marks are judgements: what is not confirmed, or judges nobody, is none", () => {
  expect(judged([detection("a"), detection("b", { provisional: true }), detection("c", { verdict: "observed" })]).map((one) => one.id)).toEqual(["a"]);
});
