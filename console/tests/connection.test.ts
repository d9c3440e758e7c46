import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Connection, type Link, type Socket } from "../src/connection";
import type { ServerMessage } from "../src/wire";

class ScriptedSocket implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: string[] = [];
  closed = false;

  constructor(readonly cursor: string | null) {}

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const RESUMED = { type: "records", cursor: "c9", records: [] };

function scripted(token: string | null = null, name: string | null = null, probe?: object) {
  const sockets: ScriptedSocket[] = [];
  const links: Link[] = [];
  const messages: ServerMessage[] = [];
  let cursor: string | null = null;
  const connection = new Connection({
    open: (after) => {
      const socket = new ScriptedSocket(after);
      sockets.push(socket);
      return socket;
    },
    token: () => token,
    name: () => name,
    cursor: () => cursor,
    onMessage: (message) => {
      messages.push(message);
      if ("cursor" in message) cursor = message.cursor;
    },
    onLink: (link) => links.push(link),
    ...(probe && { probe }),
    now: () => 0,
    random: () => 1,
  });
  return { connection, sockets, links, messages };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the socket", () => {
  test("is live once the service has spoken, and gives the token first", () => {
    const { connection, sockets, links } = scripted("secret");
    connection.start();
    sockets[0]!.onopen?.();
    expect(sockets[0]!.sent).toEqual(['{"type":"auth","token":"secret"}']);
    expect(links.at(-1)).toEqual({ phase: "connecting" });
    sockets[0]!.say(RESUMED);
    expect(links.at(-1)).toEqual({ phase: "live" });
  });

  test("says with the token who sits at the console, where that was told", () => {
    const { connection, sockets } = scripted("secret", "Eve");
    connection.start();
    sockets[0]!.onopen?.();
    expect(JSON.parse(sockets[0]!.sent[0]!)).toEqual({ type: "auth", token: "secret", name: "Eve" });
  });

  test("comes back behind the last cursor, waiting longer each time, and at most fifteen seconds", () => {
    const { connection, sockets, links } = scripted();
    connection.start();
    sockets[0]!.say(RESUMED);
    const waits: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) {
      sockets.at(-1)!.onclose?.({ code: 1006 });
      const link = links.at(-1)!;
      waits.push(link.phase === "waiting" ? link.retryAt : -1);
      vi.advanceTimersByTime(waits.at(-1)!);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(sockets.at(-1)!.cursor).toBe("c9");
  });

  test("forgets its patience once the service has spoken again", () => {
    const { connection, sockets, links } = scripted();
    connection.start();
    sockets[0]!.onclose?.({ code: 1006 });
    vi.advanceTimersByTime(500);
    sockets[1]!.say(RESUMED);
    sockets[1]!.onclose?.({ code: 1012 });
    expect(links.at(-1)).toEqual({ phase: "waiting", attempt: 1, retryAt: 500 });
  });

  test("does not knock again when it is turned away for its token", () => {
    const { connection, sockets, links } = scripted("wrong");
    connection.start();
    sockets[0]!.onclose?.({ code: 4403 });
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(links.at(-1)).toEqual({ phase: "refused" });
  });

  test("gives up a half-open socket, and hears nothing from it any more", () => {
    const { connection, sockets, links, messages } = scripted();
    connection.start();
    sockets[0]!.onopen?.();
    vi.advanceTimersByTime(10_000);
    expect(links.at(-1)?.phase).toBe("waiting");
    expect(sockets[0]!.closed).toBe(true);
    sockets[0]!.say(RESUMED);
    expect(messages).toEqual([]);
  });

  test("hurries when the network is back, and not twice", () => {
    const { connection, sockets } = scripted();
    connection.start();
    sockets[0]!.say(RESUMED);
    connection.lose();
    connection.hurry();
    connection.hurry();
    vi.advanceTimersByTime(5_000);
    expect(sockets).toHaveLength(2);
  });

  test("takes no command while it is not live", () => {
    const { connection, sockets } = scripted();
    const command = { type: "ack", ref: "c1", call_id: "x", alert_id: "b#1", useful: null } as const;
    connection.start();
    expect(connection.send(command)).toBe(false);
    sockets[0]!.say(RESUMED);
    expect(connection.send(command)).toBe(true);
    expect(sockets[0]!.sent).toHaveLength(1);
  });
});

describe("a connection that carries nothing any more", () => {
  const PING = { type: "ping" };

  test("is asked after a silence, and given up when nothing answers", () => {
    const { connection, sockets, links } = scripted(null, null, PING);
    connection.start();
    sockets[0]!.say(RESUMED);
    vi.advanceTimersByTime(9_999);
    expect(sockets[0]!.sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sockets[0]!.sent).toEqual([JSON.stringify(PING)]);
    vi.advanceTimersByTime(5_000);
    expect(links.at(-1)).toMatchObject({ phase: "waiting" });
    expect(sockets[0]!.closed).toBe(true);
  });

  test("is kept for any answer, and not asked while news comes", () => {
    const { connection, sockets, links } = scripted(null, null, PING);
    connection.start();
    sockets[0]!.say(RESUMED);
    vi.advanceTimersByTime(10_000);
    sockets[0]!.say({ type: "pong" });
    for (let second = 0; second < 60; second += 6) {
      vi.advanceTimersByTime(6_000);
      sockets[0]!.say(RESUMED);
    }
    expect(sockets[0]!.sent).toHaveLength(1);
    expect(links.at(-1)).toEqual({ phase: "live" });
  });
});
