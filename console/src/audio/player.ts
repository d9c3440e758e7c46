// Both parties' audio, out of the loudspeaker.
import url from "./player.worklet?worker&url";

export type PlayerWords =
  | { readonly party: 0 | 1; readonly position: number; readonly samples: Float32Array }
  /** The agent in one ear and the customer in the other, or both in both. */
  | { readonly split: boolean };

export interface PlayerReport {
  /** Seconds behind the newest audio that came, and the call's second that is played now. */
  readonly behind: number;
  readonly at: number;
  readonly playing: boolean;
  readonly dry: number;
  readonly skipped: number;
  /** The loudest sample of each party since the last report. */
  readonly peaks: readonly number[];
}

export class Player {
  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {}

  /** Must follow a click or a key, else browsers keep the loudspeaker shut. */
  static async open(rate: number, onReport: (report: PlayerReport) => void): Promise<Player> {
    const context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    try {
      await context.audioWorklet.addModule(url);
      const node = new AudioWorkletNode(context, "player", { numberOfInputs: 0, outputChannelCount: [2] });
      node.port.onmessage = ({ data }: MessageEvent<PlayerReport>) => onReport(data);
      node.connect(context.destination);
      await context.resume();
      return new Player(context, node);
    } catch (error) {
      void context.close();
      throw error;
    }
  }

  /** Seconds that the machine itself takes from the audio thread to the ear. */
  get latency(): number {
    return (this.context.baseLatency || 0) + (this.context.outputLatency || 0);
  }

  put(party: 0 | 1, position: number, samples: Float32Array): void {
    this.tell({ party, position, samples }, [samples.buffer as ArrayBuffer]);
  }

  split(on: boolean): void {
    this.tell({ split: on });
  }

  async close(): Promise<void> {
    this.node.disconnect();
    await this.context.close();
  }

  private tell(words: PlayerWords, transfer: Transferable[] = []): void {
    this.node.port.postMessage(words, transfer);
  }
}

/** Signed 16 bit, little-endian, as on the wire. */
export function fromPcm16(data: DataView, offset: number): Float32Array {
  const samples = new Float32Array((data.byteLength - offset) >> 1);
  for (let index = 0; index < samples.length; index += 1) samples[index] = data.getInt16(offset + index * 2, true) / 32768;
  return samples;
}

export function toPcm16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
}
