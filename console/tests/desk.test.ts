import { describe, expect, test } from "vitest";
import { READ_MS, nextCue } from "../src/desk/cue";

const cue = (id: string) => ({ id, at: 1, about: "Name", text: `do ${id}` });
const none = new Set<string>();

describe("the cue on the desk", () => {
  test("comes when it is offered and goes when it is not, once it could be read", () => {
    const shown = nextCue(null, cue("a"), none, 0);
    expect(shown?.cue.id).toBe("a");
    expect(nextCue(shown, null, none, READ_MS - 1)).toBe(shown);
    expect(nextCue(shown, null, none, READ_MS)).toBeNull();
  });

  test("is not pushed away by the next one before it could be read", () => {
    const shown = nextCue(null, cue("a"), none, 0);
    expect(nextCue(shown, cue("b"), none, 1000)).toBe(shown);
    expect(nextCue(shown, cue("b"), none, READ_MS)).toEqual({ cue: cue("b"), since: READ_MS });
  });

  test("that the agent put away does not come back, and makes room at once", () => {
    const shown = nextCue(null, cue("a"), none, 0);
    const away = new Set(["a"]);
    expect(nextCue(shown, cue("a"), away, 100)).toBeNull();
    expect(nextCue(null, cue("a"), away, 200)).toBeNull();
    expect(nextCue(shown, cue("b"), away, 100)?.cue.id).toBe("b");
  });

  test("stays as it is while it is offered", () => {
    const shown = nextCue(null, cue("a"), none, 0);
    expect(nextCue(shown, cue("a"), none, READ_MS * 3)).toBe(shown);
  });
});
