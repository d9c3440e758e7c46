import { describe, expect, test } from "vitest";
import { NO_PREFS, graveEnough, readPrefs } from "../src/prefs";
import { hashOf, routeOf } from "../src/route";

describe("what a supervisor chose", () => {
  test("is silent until somebody wants it, and whatever cannot be read is as if nothing was kept", () => {
    for (const text of [null, "", "{", "null", "[]", '"x"', '{"sound":"yes","desktop":1,"from":"info","teams":"Garage"}']) expect(readPrefs(text)).toEqual(NO_PREFS);
    expect(NO_PREFS).toMatchObject({ sound: false, desktop: false });
  });

  test("is what was kept", () => {
    const kept = { sound: true, desktop: true, from: "critical", grouped: true, teams: ["Garage"] } as const;
    expect(readPrefs(JSON.stringify(kept))).toEqual(kept);
  });

  test("sounds for cards as grave as chosen, and graver ones", () => {
    const heard = (from: "notice" | "warning" | "critical") => (["notice", "warning", "critical"] as const).filter((severity) => graveEnough(severity, { ...NO_PREFS, from }));
    expect([heard("notice").length, heard("warning").length, heard("critical")]).toEqual([3, 2, ["critical"]]);
  });
});

describe("addresses", () => {
  test("of a call come back as they were, whatever its id holds", () => {
    for (const id of ["c1", "a/b", "x:y@z", "100%"]) expect(routeOf(hashOf({ page: "call", id }))).toEqual({ page: "call", id });
  });

  test("that name no call are the wall, and half an escape is no error", () => {
    for (const hash of ["", "#", "#/", "#/calls/"]) expect(routeOf(hash)).toEqual({ page: "wall" });
    expect(routeOf("#/calls/%")).toEqual({ page: "call", id: "%" });
  });
});
