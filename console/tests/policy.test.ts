import { describe, expect, test } from "vitest";
import { type Catalogue, type Rule, coolsUntil, followThrough, policyNotes, policyRows, raisedWhen, ruleOf } from "../src/policy";
import type { AlertView } from "../src/wire";
import { alert, detection } from "./make";

const rule = (more: Partial<Rule> = {}): Rule => ({ behaviour: "b", verdict: "harmful", kind: "", severity: "warning", title: "T", coaching: "", whispers: [], count: 1, in_a_row: false, within: null, cooldown: 60, follow: [], follow_within: 60, ...more });
const policy = { off: ["off.one"], least: "notice", expire_after: 60, give_way_after: 12, give_way_to_lower_after: 24, stale_after: 45 } as const;
const catalogue = (...rules: Rule[]): Catalogue => ({
  behaviours: [...new Set(rules.map((one) => one.behaviour))].map((id) => ({ id, title: id, meaning: "", opportunity: "", alerts: rules.filter((one) => one.behaviour === id) })),
  policy,
});
const card = (state: AlertView["state"], at = 100): AlertView => ({ alert: alert("b#1", { at }), state, by: null, useful: null, count: 1 });

describe("a card's rule", () => {
  test("is that of its kind, else the one for every kind; another verdict's is none", () => {
    const known = catalogue(rule({ title: "any" }), rule({ kind: "curt", title: "curt" }), rule({ verdict: "missed", title: "missed" }));
    expect(ruleOf(known, { behaviour: "b", verdict: "harmful", kind: "curt" })?.title).toBe("curt");
    expect(ruleOf(known, { behaviour: "b", verdict: "harmful", kind: "blaming" })?.title).toBe("any");
    expect(ruleOf(known, { behaviour: "b", verdict: "delivered", kind: "" })).toBeNull();
    expect(ruleOf(null, { behaviour: "b", verdict: "harmful", kind: "" })).toBeNull();
  });

  test("is told in words", () => {
    expect(raisedWhen(rule())).toBe("at once");
    expect(raisedWhen(rule({ count: 2, in_a_row: true, within: 120 }))).toBe("the 2nd time in a row, within 2 min");
    expect(raisedWhen(rule({ count: 4 }))).toBe("the 4th time");
  });

  test("cools down from the card's moment on", () => {
    expect(coolsUntil(alert("b#1", { at: 10 }), rule({ cooldown: 45 }), 54.9)).toBe(55);
    expect(coolsUntil(alert("b#1", { at: 10 }), rule({ cooldown: 45 }), 55)).toBeNull();
  });
});

describe("follow-through", () => {
  const call = (at: number, ...detections: ReturnType<typeof detection>[]) => ({ at, live: true, detections });

  test("an acknowledged card is watched for as long as its rule says, and then told as not seen", () => {
    expect(followThrough(call(130), card("acked"), rule())).toEqual({ kind: "watching", until: 160, share: 0.5 });
    expect(followThrough(call(161), card("acked"), rule())).toEqual({ kind: "not-seen", within: 60 });
    expect(followThrough({ ...call(110), live: false }, card("acked"), rule()).kind).toBe("not-seen");
    expect(followThrough(call(110), card("dismissed"), rule()).kind).toBe("none");
  });

  test("what the agent did is shown by the first thing that was asked for, after the card", () => {
    const before = detection("b@a1", { behaviour: "b", verdict: "delivered", end: 90 });
    const other = detection("other@a2", { behaviour: "other", verdict: "delivered", end: 105 });
    const done = detection("b@a3", { behaviour: "b", verdict: "delivered", end: 114 });
    const eased = detection("emotion.recovery@c4", { behaviour: "emotion.recovery", verdict: "delivered", end: 120 });
    expect(followThrough(call(130, before, other, done, eased), card("followed"), rule())).toEqual({ kind: "done", after: 14, by: done, eased });
    expect(followThrough(call(130, before, other, done), card("followed"), rule({ follow: ["other"] }))).toMatchObject({ by: other, after: 5 });
    expect(followThrough(call(130, eased), card("followed"), rule({ follow: ["emotion.recovery"] }))).toMatchObject({ by: eased, eased: null });
  });

  test("without its words it is still told that it was done", () => {
    expect(followThrough(call(130), card("followed"), null)).toEqual({ kind: "done", after: null, by: null, eased: null });
  });
});

test("the policy lists what may raise a card, gravest first, and what is switched off last", () => {
  const known = catalogue(rule({ behaviour: "off.one", severity: "critical" }), rule({ behaviour: "n", severity: "notice" }), rule({ behaviour: "c", severity: "critical" }), rule({ behaviour: "i", severity: "info" }));
  expect(policyRows(known).map((row) => [row.behaviour, row.off])).toEqual([["c", false], ["n", false], ["off.one", true]]);
  expect(policyNotes(policy).join(" ")).toContain("closes after 60 s, after 12 s where one as grave waits");
  expect(policyNotes({ ...policy, off: [] }).join(" ")).not.toContain("switched off");
});
