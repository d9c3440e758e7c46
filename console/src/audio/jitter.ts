// What a listener hears: both parties' audio on one timeline, a little late so that it does not stutter,
// and never more than a second late. Runs in the audio thread, so it makes no garbage while it plays.

export interface JitterState {
  /** Samples between what is played now and the newest that came. */
  readonly behind: number;
  /** The sample that is played now, counted from the call's start. */
  readonly at: number;
  readonly playing: boolean;
  /** How often there was nothing to play, and how often audio was passed over to catch up. */
  readonly dry: number;
  readonly skipped: number;
}

const TARGET_S = 0.25;
const MOST_S = 0.9;
const HELD_S = 4;

export class Jitter {
  private readonly lanes: readonly [Float32Array, Float32Array];
  private readonly size: number;
  private readonly target: number;
  private readonly most: number;
  private readonly newest: [number, number] = [-1, -1];
  private at = -1;
  private playing = false;
  private dry = 0;
  private skipped = 0;

  constructor(rate: number) {
    this.size = HELD_S * rate;
    this.target = Math.round(TARGET_S * rate);
    this.most = Math.round(MOST_S * rate);
    this.lanes = [new Float32Array(this.size), new Float32Array(this.size)];
  }

  /** `position`: the first sample's place in the call. What is late, or comes twice, is passed over. */
  put(party: 0 | 1, position: number, samples: Float32Array): void {
    const end = position + samples.length;
    if (this.at < 0) this.at = position;
    this.clearHole(party, position);
    this.newest[party] = Math.max(this.newest[party], end);
    const lane = this.lanes[party];
    const from = Math.max(0, this.at - position, samples.length - this.size);
    for (let index = from; index < samples.length; index += 1) lane[(position + index) % this.size] = samples[index]!;
    this.keepUp();
  }

  /** Fills both outputs with what is next; silence while there is not enough. */
  pull(agent: Float32Array, customer: Float32Array): void {
    const length = agent.length;
    const head = Math.max(...this.newest);
    if (this.playing && this.at + length > head) {
      this.playing = false;
      this.dry += 1;
    }
    if (!this.playing && this.at >= 0 && head - this.at >= this.target) this.playing = true;
    if (!this.playing) {
      agent.fill(0);
      customer.fill(0);
      return;
    }
    this.take(0, agent);
    this.take(1, customer);
    this.at += length;
  }

  get state(): JitterState {
    const head = Math.max(...this.newest);
    return { behind: Math.max(0, head - Math.max(0, this.at)), at: Math.max(0, this.at), playing: this.playing, dry: this.dry, skipped: this.skipped };
  }

  private take(party: 0 | 1, out: Float32Array): void {
    const lane = this.lanes[party];
    const known = this.newest[party];
    for (let index = 0; index < out.length; index += 1) {
      const place = this.at + index;
      out[index] = place < known ? lane[place % this.size]! : 0;
    }
  }

  /** The ring still holds what was there a while ago: a stretch that never came is silence. */
  private clearHole(party: 0 | 1, position: number): void {
    const known = Math.max(this.newest[party], this.at, position - this.size);
    for (let place = known; place < position; place += 1) this.lanes[party][place % this.size] = 0;
  }

  private keepUp(): void {
    const head = Math.max(...this.newest);
    if (head - this.at <= this.most) return;
    this.at = head - this.target;
    this.skipped += 1;
  }
}
