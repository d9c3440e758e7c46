// A microphone's samples at another rate: a windowed sinc, fed piece by piece, with no seam between pieces.

const ZEROS = 12;
/** Kernel values a zero crossing; those between are interpolated, since sines are too dear for an audio thread. */
const FINE = 256;
const KERNEL = Float32Array.from({ length: ZEROS * FINE + 2 }, (_, index) => sinc(index / FINE) * window(index / FINE));

export class Resampler {
  private readonly step: number;
  private readonly reach: number;
  private readonly cutoff: number;
  private held: Float32Array = new Float32Array(0);
  /** Place of the next output sample in `held`, in input samples. */
  private next: number;

  constructor(from: number, to: number) {
    this.step = from / to;
    this.cutoff = Math.min(1, to / from) * 0.95;
    this.reach = Math.ceil(ZEROS / this.cutoff);
    this.held = new Float32Array(this.reach);
    this.next = this.reach;
  }

  /** What can be told of the output so far; the newest `reach` input samples wait for what follows them. */
  push(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.held.length + samples.length);
    input.set(this.held);
    input.set(samples, this.held.length);
    const count = Math.max(0, Math.ceil((input.length - this.reach - this.next) / this.step));
    const out = new Float32Array(count);
    for (let index = 0; index < count; index += 1) out[index] = this.at(input, this.next + index * this.step);
    this.next += count * this.step;
    const drop = Math.max(0, Math.floor(this.next) - this.reach);
    this.held = input.slice(drop);
    this.next -= drop;
    return out;
  }

  private at(input: Float32Array, place: number): number {
    const first = Math.max(0, Math.ceil(place - this.reach));
    const last = Math.min(input.length - 1, Math.floor(place + this.reach));
    let sum = 0;
    for (let index = first; index <= last; index += 1) {
      const fine = Math.abs(index - place) * this.cutoff * FINE;
      const below = Math.floor(fine);
      if (below > ZEROS * FINE) continue;
      const value = KERNEL[below]!;
      sum += input[index]! * (value + (KERNEL[below + 1]! - value) * (fine - below));
    }
    return sum * this.cutoff;
  }
}

function sinc(x: number): number {
  return Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function window(x: number): number {
  return Math.abs(x) >= ZEROS ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * x) / ZEROS);
}
