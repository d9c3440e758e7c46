import { describe, expect, test } from "vitest";
import { Unstored, audioMessage, hello } from "../src/softphone/wire";

const facts = { callId: "phone-1", agent: "a7", customer: " ", team: "" };
const message = (position: number) => audioMessage(position, new Float32Array(640), new Float32Array(640));
const positions = (messages: readonly ArrayBuffer[]) => messages.map((one) => new DataView(one).getUint32(0));

describe("what the softphone sends", () => {
  test("the hello leaves out what is not known", () => {
    expect(JSON.parse(hello(facts, null))).toEqual({ type: "hello", protocol: "callcue.v1", call_id: "phone-1", encoding: "pcm_s16le", rate: 16000, channels: ["agent", "customer"], agent: "a7" });
    expect(JSON.parse(hello(facts, "again")).resume).toBe("again");
  });

  test("audio is its position, then both parties in turn", () => {
    const view = new DataView(audioMessage(70_000, Float32Array.of(0.5, 2), Float32Array.of(-0.5, -2)));
    expect(view.getUint32(0)).toBe(70_000);
    expect([4, 6, 8, 10].map((place) => view.getInt16(place, true))).toEqual([16384, -16384, 32767, -32768]);
    expect(view.byteLength).toBe(12);
  });
});

describe("what is kept for a connection that breaks", () => {
  test("is what the service has not stored, from where it wants to go on", () => {
    const kept = new Unstored();
    for (const position of [0, 640, 1280, 1920]) kept.keep(position, message(position));
    kept.stored(1000);
    expect(positions(kept.from(0))).toEqual([640, 1280, 1920]);
    expect(positions(kept.from(1280))).toEqual([1280, 1920]);
  });

  test("is no more than so much, the newest", () => {
    const kept = new Unstored(1280);
    for (let position = 0; position < 64_000; position += 640) kept.keep(position, message(position));
    expect(positions(kept.from(0))).toEqual([62_080, 62_720, 63_360]);
  });
});
