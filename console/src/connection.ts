// A page's socket (the console's, or a desk's): opens, authenticates, reconnects with backoff behind the last cursor.

import type { ClientMessage, ServerMessage } from "./wire";

export type Link =
  | { readonly phase: "connecting" }
  | { readonly phase: "live" }
  | { readonly phase: "waiting"; readonly attempt: number; readonly retryAt: number }
  | { readonly phase: "refused" };

/** What of a browser's WebSocket is used, so that tests can script one. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Surroundings<Incoming = ServerMessage> {
  readonly open: (cursor: string | null) => Socket;
  readonly token: () => string | null;
  /** Who answers cards and whispers here, as other supervisors see it. */
  readonly name?: () => string | null;
  readonly cursor: () => string | null;
  readonly onMessage: (message: Incoming) => void;
  readonly onLink: (link: Link) => void;
  /** What asks the service whether it is there, after a silence; any message answers it. */
  readonly probe?: object;
  readonly now?: () => number;
  readonly random?: () => number;
}

const UNAUTHORIZED = 4403;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** The service greets with a snapshot, or with the records missed: without either the socket is half open. */
const HANDSHAKE_MS = 10_000;
/** After so much silence the service is asked whether it is there; a network may be gone without a word. */
const QUIET_MS = 10_000;
const PONG_MS = 5_000;

export class Connection<Incoming = ServerMessage, Outgoing = ClientMessage> {
  private socket: Socket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private live = false;

  constructor(private readonly around: Surroundings<Incoming>) {}

  start(): void {
    this.stop();
    this.attempt = 0;
    this.connect();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.live = false;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** The network is back or somebody looks at the page: do not sit out the rest of the wait. */
  hurry(): void {
    if (this.socket === null && this.attempt > 0) this.connect();
  }

  /** The network is gone, which a socket may take minutes to notice. */
  lose(): void {
    if (this.socket) this.closed(this.socket, 1006);
  }

  /** False when there is nobody to take it. */
  send(message: Outgoing): boolean {
    if (!this.live || !this.socket) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  private connect(): void {
    clearTimeout(this.timer);
    const socket = this.around.open(this.around.cursor());
    this.socket = socket;
    if (this.attempt === 0) this.around.onLink({ phase: "connecting" });
    this.timer = setTimeout(() => this.closed(socket, 1006), HANDSHAKE_MS);
    socket.onopen = () => {
      const token = this.around.token();
      const name = this.around.name?.();
      if (token !== null) socket.send(JSON.stringify({ type: "auth", token, ...(name && { name }) } satisfies ClientMessage));
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket || typeof data !== "string") return;
      this.arrived(socket);
      this.attempt = 0;
      this.expect(socket, false);
      this.around.onMessage(JSON.parse(data) as Incoming);
    };
    socket.onclose = ({ code }) => this.closed(socket, code);
  }

  /** Something comes before long; else the service is asked once, and its answer waited for. */
  private expect(socket: Socket, asked: boolean): void {
    clearTimeout(this.timer);
    const { probe } = this.around;
    if (!probe) return;
    this.timer = setTimeout(
      () => {
        if (asked) return this.closed(socket, 1006);
        socket.send(JSON.stringify(probe));
        this.expect(socket, true);
      },
      asked ? PONG_MS : QUIET_MS,
    );
  }

  private arrived(socket: Socket): void {
    if (this.live || socket !== this.socket) return;
    this.live = true;
    this.around.onLink({ phase: "live" });
  }

  private closed(socket: Socket, code: number): void {
    if (socket !== this.socket) return;
    clearTimeout(this.timer);
    this.socket = null;
    this.live = false;
    socket.close();
    if (code === UNAUTHORIZED) {
      this.around.onLink({ phase: "refused" });
      return;
    }
    const wait = this.backoff();
    this.attempt += 1;
    const retryAt = (this.around.now ?? Date.now)() + wait;
    this.around.onLink({ phase: "waiting", attempt: this.attempt, retryAt });
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** Doubling, and half of it random, so that a restarted service is not met by everyone at once. */
  private backoff(): number {
    const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempt);
    return full / 2 + (full / 2) * (this.around.random ?? Math.random)();
  }
}
