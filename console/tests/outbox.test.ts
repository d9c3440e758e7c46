import { describe, expect, test } from "vitest";
import { abandoned, arrived, sent, settled } from "../src/outbox";

const whisper = { type: "whisper", call_id: "x", text: "Smile", alert_id: null } as const;
const ack = { type: "ack", call_id: "x", alert_id: "b#1", useful: null } as const;
const wording = (code: string) => `because ${code}`;

describe("what was sent", () => {
  test("an accepted whisper is shown until its record is here, also if the same was said before", () => {
    const accepted = settled(sent([], "1", whisper, 1), { type: "reply", ref: "1", ok: true }, wording);
    expect(accepted).toMatchObject([{ status: "sent" }]);
    expect(arrived(accepted, "x", ["Smile"])).toHaveLength(1);
    expect(arrived(accepted, "y", ["Smile", "Smile"])).toHaveLength(1);
    expect(arrived(accepted, "x", ["Smile", "Smile"])).toEqual([]);
  });

  test("a refused command stays with the reason", () => {
    const refused = settled(sent([], "1", ack), { type: "reply", ref: "1", ok: false, error: { code: "not_found", message: "" } }, wording);
    expect(refused).toMatchObject([{ status: "failed", problem: "because not_found" }]);
  });

  test("an accepted answer to a card is done", () => {
    expect(settled(sent([], "1", ack), { type: "reply", ref: "1", ok: true }, wording)).toEqual([]);
  });

  test("when nobody will answer any more, only what is under way has failed", () => {
    const accepted = settled(sent(sent([], "1", whisper), "2", whisper), { type: "reply", ref: "1", ok: true }, wording);
    expect(abandoned(accepted, ["1", "2"], "broke").map((item) => item.status)).toEqual(["sent", "failed"]);
  });
});
