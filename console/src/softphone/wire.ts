// The softphone's half of docs/protocol.md: what it sends, and what it keeps to send again (pure).

export const RATE = 16_000;

export interface Facts {
  readonly callId: string;
  readonly agent: string;
  readonly customer: string;
  readonly team: string;
}

export type FromService =
  | { readonly type: "ready"; readonly position: number; readonly resume: string }
  | { readonly type: "ack"; readonly position: number; readonly heard: number }
  | { readonly type: "gap"; readonly party: string; readonly start: number; readonly end: number; readonly reason: string }
  | { readonly type: "warn"; readonly code: string; readonly message: string }
  | { readonly type: "whisper"; readonly id: string; readonly text: string }
  | { readonly type: "done" }
  | { readonly type: "error"; readonly code: string; readonly message: string; readonly retryable: boolean };

export function hello(facts: Facts, resume: string | null): string {
  const known = { agent: facts.agent, customer_name: facts.customer, team: facts.team, resume: resume ?? "" };
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value.trim() !== ""));
  return JSON.stringify({ type: "hello", protocol: "callcue.v1", call_id: facts.callId, encoding: "pcm_s16le", rate: RATE, channels: ["agent", "customer"], ...given });
}

/** Four bytes of position, big-endian, then both parties' samples in turn, signed 16 bit, little-endian. */
export function audioMessage(position: number, agent: Float32Array, customer: Float32Array): ArrayBuffer {
  const message = new ArrayBuffer(4 + agent.length * 4);
  const view = new DataView(message);
  view.setUint32(0, position);
  for (let index = 0; index < agent.length; index += 1) {
    view.setInt16(4 + index * 4, pcm(agent[index]!), true);
    view.setInt16(6 + index * 4, pcm(customer[index]!), true);
  }
  return message;
}

function pcm(sample: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
}

/** Audio that the service has not stored yet, so that a broken connection loses nothing; the oldest give way. */
export class Unstored {
  private kept: { readonly position: number; readonly message: ArrayBuffer }[] = [];

  constructor(private readonly most = 20 * RATE) {}

  keep(position: number, message: ArrayBuffer): void {
    this.kept.push({ position, message });
    this.kept = this.kept.filter((one) => position - one.position <= this.most);
  }

  stored(position: number): void {
    this.kept = this.kept.filter((one) => end(one) > position);
  }

  from(position: number): readonly ArrayBuffer[] {
    return this.kept.filter((one) => one.position >= position).map((one) => one.message);
  }
}

function end(one: { readonly position: number; readonly message: ArrayBuffer }): number {
  return one.position + (one.message.byteLength - 4) / 4;
}
