import { describe, expect, test } from "vitest";
import { hashOf, routeOf } from "../src/route";
import { NO_SEARCH, parametersOf, queryOf, searchOf, sortedBy } from "../src/search";

describe("looking for finished calls", () => {
  test("a search comes back from its address as it was, and no search leaves none", () => {
    const search = { ...NO_SEARCH, words: '"late delivery" & more', said_by: "customer" as const, agent: "Zoë", from: "2026-05-07", behaviour: "name.use", outcome: "missed" as const, sort: "rate" as const, ascending: true };
    expect(searchOf(queryOf(search))).toEqual(search);
    expect(queryOf(NO_SEARCH)).toBe("");
    const route = { page: "finished" as const, query: queryOf(search) };
    expect(routeOf(hashOf(route))).toEqual(route);
  });

  test("what nobody can have chosen is left out", () => {
    expect(searchOf("sort=number&outcome=nice&from=today&said_by=me&ascending=1")).toEqual(NO_SEARCH);
  });

  test("days are asked for whole, and what makes no sense alone is not asked", () => {
    const asked = parametersOf({ ...NO_SEARCH, from: "2026-05-07", to: "2026-05-07", outcome: "missed", said_by: "agent" });
    expect(Number(asked.get("until")) - Number(asked.get("since"))).toBe(86_400);
    expect([asked.get("outcome"), asked.get("said_by"), asked.get("agent")]).toEqual([null, null, null]);
  });

  test("a heading sorts by what one looks for first, and turns round", () => {
    expect(sortedBy(NO_SEARCH, "rate")).toMatchObject({ sort: "rate", ascending: true });
    expect(sortedBy(NO_SEARCH, "harmful")).toMatchObject({ sort: "harmful", ascending: false });
    expect(sortedBy(NO_SEARCH, "started_at")).toMatchObject({ ascending: true });
  });

  test("a moment of a call has an address", () => {
    const route = { page: "call" as const, id: "a/b?c", at: 83.4, found: "washing machine" };
    expect(routeOf(hashOf(route))).toEqual(route);
    expect(routeOf("#/calls/x?t=soon")).toEqual({ page: "call", id: "x" });
  });
});
