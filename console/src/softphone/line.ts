// One call's connection to the service: says hello, sends audio, comes back after a break without losing any.

import { type Facts, type FromService, RATE, Unstored, audioMessage, hello } from "./wire";

export type LineState = "connecting" | "on" | "away" | "done";

export interface LineEvents {
  readonly onState: (state: LineState) => void;
  readonly onMessage: (message: FromService) => void;
  readonly onFailed: (why: string) => void;
}

const AGAIN_MS = 800;
const MOST_TRIES = 20;
/** More than two seconds that wait in the browser would be dropped by the service anyway. */
const MOST_BUFFERED = 2 * RATE * 4;

export class Line {
  private socket: WebSocket | null = null;
  private resume: string | null = null;
  private readonly unstored = new Unstored();
  private ready = false;
  private ending = false;
  private failed = false;
  private tries = 0;
  position = 0;

  constructor(private readonly url: URL, private readonly facts: Facts, private readonly token: string | null, private readonly events: LineEvents) {
    this.open();
  }

  /** What is said while the line is away waits, as far as the service would still take it. */
  send(agent: Float32Array, customer: Float32Array): void {
    if (this.ending) return;
    const message = audioMessage(this.position, agent, customer);
    this.unstored.keep(this.position, message);
    this.position += agent.length;
    if (this.ready && this.socket && this.socket.bufferedAmount < MOST_BUFFERED) this.socket.send(message);
  }

  seen(whisper: string): void {
    if (this.ready) this.socket?.send(JSON.stringify({ type: "seen", id: whisper }));
  }

  hangUp(): void {
    this.ending = true;
    if (this.ready) this.socket?.send(JSON.stringify({ type: "bye", reason: "hangup" }));
    else this.fail("The call ended before it began.");
  }

  private open(): void {
    this.events.onState(this.resume === null ? "connecting" : "away");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (this.token) socket.send(JSON.stringify({ type: "auth", token: this.token }));
      socket.send(hello(this.facts, this.resume));
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => socket === this.socket && this.take(JSON.parse(data) as FromService);
    socket.onclose = ({ code, reason }) => socket === this.socket && this.closed(code, reason);
  }

  private take(message: FromService): void {
    if (message.type === "ready") this.begin(message.position, message.resume);
    if (message.type === "ack") this.unstored.stored(message.position);
    this.events.onMessage(message);
  }

  private begin(position: number, resume: string): void {
    this.resume = resume;
    this.ready = true;
    this.tries = 0;
    for (const message of this.unstored.from(position)) this.socket?.send(message);
    this.events.onState("on");
    if (this.ending) this.hangUp();
  }

  private closed(code: number, reason: string): void {
    this.socket = null;
    this.ready = false;
    if (code === 1000) return this.events.onState("done");
    this.tries += 1;
    const comesBack = this.resume !== null && [1001, 1006, 1012, 1013, 4408, 4409].includes(code);
    if (!comesBack || this.tries > MOST_TRIES) return this.fail(reason || "The service cannot be reached.");
    this.events.onState("away");
    setTimeout(() => this.open(), AGAIN_MS);
  }

  private fail(why: string): void {
    if (this.failed) return;
    this.failed = true;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.events.onFailed(why);
  }
}
