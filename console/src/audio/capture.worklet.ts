// Hands on the microphone's samples at 16 kHz, 40 ms at a time.
import { Resampler } from "./resample";

const RATE = 16_000;
const PIECE = 640;

class Capture extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, RATE);
  private waiting: Float32Array = new Float32Array(0);

  process([input]: Float32Array[][]): boolean {
    const channel = input?.[0];
    if (channel) this.take(sampleRate === RATE ? channel : this.resampler.push(channel));
    return true;
  }

  private take(samples: Float32Array): void {
    const joined = new Float32Array(this.waiting.length + samples.length);
    joined.set(this.waiting);
    joined.set(samples, this.waiting.length);
    let from = 0;
    for (; from + PIECE <= joined.length; from += PIECE) this.port.postMessage(joined.slice(from, from + PIECE));
    this.waiting = joined.slice(from);
  }
}

registerProcessor("capture", Capture);
