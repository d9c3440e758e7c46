import { describe, expect, test } from "vitest";
import { clock, percent, spell } from "../src/format";
import { keyOf } from "../src/keys";

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

describe("keys", () => {
  test("belong to whoever types, and to the browser with a modifier", () => {
    expect(keyOf(press("a"), false)).toEqual({ do: "ack" });
    expect(keyOf(press("A"), false)).toEqual({ do: "ack" });
    expect(keyOf(press("a"), true)).toBeNull();
    expect(keyOf(press("a", { ctrlKey: true }), false)).toBeNull();
    expect(keyOf(press("3"), false)).toEqual({ do: "prepared", index: 2, send: false });
    expect(keyOf(press("4"), false)).toBeNull();
  });

  test("Shift with a digit sends at once, whatever character that is on this keyboard", () => {
    const sends = { do: "prepared", index: 0, send: true };
    expect(keyOf(press("!", { code: "Digit1", shiftKey: true }), false)).toEqual(sends);
    expect(keyOf(press("1", { code: "Digit1", shiftKey: true }), false)).toEqual(sends); // French
    expect(keyOf(press("?", { code: "Slash", shiftKey: true }), false)).toEqual({ do: "help" });
    expect(keyOf(press("&", { code: "Digit1" }), false)).toBeNull();
  });
});

describe("numbers", () => {
  test("times are read at a glance", () => {
    expect([0, 59.9, 75.2, 3675].map(clock)).toEqual(["0:00", "0:59", "1:15", "1:01:15"]);
    expect([0.02, 3, 2.34, 75, 600].map(spell)).toEqual(["0.1 s", "3 s", "2.3 s", "75 s", "10 min"]);
  });

  test("no opportunity is not nought per cent", () => {
    expect([percent(null), percent(0), percent(0.755)]).toEqual(["–", "0 %", "76 %"]);
  });
});
