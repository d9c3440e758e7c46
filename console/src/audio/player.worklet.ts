// Plays two parties' audio from its message port. The context runs at the audio's own rate.
import { Jitter } from "./jitter";
import type { PlayerReport, PlayerWords } from "./player";

const REPORT_S = 0.25;

class Player extends AudioWorkletProcessor {
  private readonly jitter = new Jitter(sampleRate);
  private split = false;
  private readonly peaks: [number, number] = [0, 0];
  private until = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<PlayerWords>) => {
      if ("split" in data) this.split = data.split;
      else this.jitter.put(data.party, data.position, data.samples);
    };
  }

  process(_: Float32Array[][], [output]: Float32Array[][]): boolean {
    const left = output?.[0];
    const right = output?.[1];
    if (!left || !right) return true;
    this.jitter.pull(left, right);
    for (let index = 0; index < left.length; index += 1) {
      const agent = left[index]!;
      const customer = right[index]!;
      this.peaks[0] = Math.max(this.peaks[0], Math.abs(agent));
      this.peaks[1] = Math.max(this.peaks[1], Math.abs(customer));
      if (!this.split) left[index] = right[index] = (agent + customer) * 0.8;
    }
    this.until -= left.length;
    if (this.until <= 0) this.report();
    return true;
  }

  private report(): void {
    const { behind, at, ...rest } = this.jitter.state;
    this.port.postMessage({ ...rest, behind: behind / sampleRate, at: at / sampleRate, peaks: [...this.peaks] } satisfies PlayerReport);
    this.peaks.fill(0);
    this.until = REPORT_S * sampleRate;
  }
}

registerProcessor("player", Player);
