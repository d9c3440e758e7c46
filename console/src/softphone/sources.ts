// Where a party's voice comes from: the microphone, a recording, another tab, or nowhere. All at 16 kHz.

import captureUrl from "../audio/capture.worklet?worker&url";
import { RATE } from "./wire";

/** What was said while the call was being set up must not be said late for all of it. */
const LATE = RATE / 5;

export interface Source {
  /** The next samples; silence where there are none. */
  take(count: number): Float32Array;
  /** A recording that has been played. */
  readonly over: boolean;
  close(): void;
}

export const SILENCE: Source = { take: (count) => new Float32Array(count), over: false, close: () => undefined };

/** Hands over its samples as they come, 40 ms at a time: it is the call's clock. */
export class Microphone implements Source {
  readonly over = false;
  muted = false;
  private waiting: Float32Array = new Float32Array(0);

  private constructor(
    private readonly context: AudioContext,
    private readonly stream: MediaStream,
  ) {}

  static async open(onPiece: (samples: number) => void): Promise<Microphone> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
    const context = new AudioContext({ latencyHint: "interactive" });
    const microphone = new Microphone(context, stream);
    try {
      await context.audioWorklet.addModule(captureUrl);
      const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
      node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
        microphone.waiting = joined(microphone.waiting, microphone.muted ? new Float32Array(data.length) : data);
        onPiece(data.length);
      };
      context.createMediaStreamSource(stream).connect(node);
      await context.resume();
      return microphone;
    } catch (error) {
      microphone.close();
      throw error;
    }
  }

  take(count: number): Float32Array {
    const taken = padded(this.waiting, count);
    this.waiting = this.waiting.slice(count);
    if (this.waiting.length > LATE) this.waiting = this.waiting.slice(-count);
    return taken;
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    void this.context.close();
  }
}

export class Recording implements Source {
  private at = 0;

  constructor(private readonly samples: Float32Array) {}

  get over(): boolean {
    return this.at >= this.samples.length;
  }

  take(count: number): Float32Array {
    const taken = padded(this.samples.subarray(this.at, this.at + count), count);
    this.at += count;
    return taken;
  }

  close(): void {
    this.at = this.samples.length;
  }
}

/** What another tab of this browser says; at most a second of it waits. */
export class OtherTab implements Source {
  readonly over = false;
  private waiting: Float32Array = new Float32Array(0);
  private readonly channel: BroadcastChannel;

  constructor(private readonly room: string, private readonly speaks: "host" | "guest", onPiece?: (samples: Float32Array) => void) {
    this.channel = new BroadcastChannel("callcue-softphone");
    this.channel.onmessage = ({ data }: MessageEvent<Said>) => {
      if (data.room !== room || data.from === speaks) return;
      this.waiting = joined(this.waiting, data.samples).slice(-RATE);
      onPiece?.(data.samples);
    };
  }

  say(samples: Float32Array): void {
    this.channel.postMessage({ room: this.room, from: this.speaks, samples } satisfies Said);
  }

  take(count: number): Float32Array {
    const taken = padded(this.waiting, count);
    this.waiting = this.waiting.slice(count);
    return taken;
  }

  close(): void {
    this.channel.close();
  }
}

interface Said {
  readonly room: string;
  readonly from: "host" | "guest";
  readonly samples: Float32Array;
}

/** One party's channel of a recording: with two channels the agent's is the first. */
export async function decoded(data: ArrayBuffer, party: 0 | 1): Promise<Float32Array> {
  const audio = await new OfflineAudioContext({ numberOfChannels: 1, length: 1, sampleRate: RATE }).decodeAudioData(data);
  return audio.getChannelData(audio.numberOfChannels > 1 ? party : 0);
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function padded(samples: Float32Array, count: number): Float32Array {
  const taken = new Float32Array(count);
  taken.set(samples.subarray(0, count));
  return taken;
}
