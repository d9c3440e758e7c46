import { describe, expect, test } from "vitest";
import { Jitter } from "../src/audio/jitter";
import { Resampler } from "../src/audio/resample";
import { fromPcm16, toPcm16 } from "../src/audio/player";

const RATE = 8000;
const FRAME = 160;

/** Samples that tell their own place in the call. */
function ramp(position: number, length = FRAME, sign = 1): Float32Array {
  return Float32Array.from({ length }, (_, index) => (sign * (position + index + 1)) / 1e6);
}

function pulled(jitter: Jitter, length = 128): [number[], number[]] {
  const lanes: [Float32Array, Float32Array] = [new Float32Array(length), new Float32Array(length)];
  jitter.pull(...lanes);
  return [[...lanes[0]], [...lanes[1]]];
}

function fed(jitter: Jitter, from: number, to: number, parties: readonly (0 | 1)[] = [0, 1]): void {
  for (let position = from; position < to; position += FRAME) for (const party of parties) jitter.put(party, position, ramp(position, FRAME, party ? -1 : 1));
}

const places = (lane: readonly number[]): number[] => lane.map((value) => Math.round(value * 1e6) - 1);

describe("what a listener hears", () => {
  test("begins once a quarter of a second is there, and goes on without a seam", () => {
    const jitter = new Jitter(RATE);
    fed(jitter, 4000, 4000 + 1920);
    expect(pulled(jitter)[0].every((value) => value === 0)).toBe(true);
    fed(jitter, 5920, 6400);
    const heard = [...pulled(jitter)[0], ...pulled(jitter)[0]];
    expect(places(heard)).toEqual(Array.from({ length: 256 }, (_, index) => 4000 + index));
  });

  test("both parties are on one timeline", () => {
    const jitter = new Jitter(RATE);
    fed(jitter, 0, 2400);
    const [agent, customer] = pulled(jitter);
    expect(customer).toEqual(agent.map((value) => -value));
  });

  test("what never came is silence, and not what was there four seconds ago", () => {
    const jitter = new Jitter(RATE);
    let position = 0;
    for (; position < 5 * RATE; position += FRAME) {
      fed(jitter, position, position + FRAME);
      pulled(jitter, FRAME);
    }
    fed(jitter, position, position + 800, [1]);
    fed(jitter, position + 800, position + 2400);
    const agent: number[] = [];
    for (let taken = 0; taken < 5200; taken += FRAME) agent.push(...places(pulled(jitter, FRAME)[0]));
    expect(agent.some((place) => place >= position + 800)).toBe(true);
    expect(agent.filter((place) => place >= 0 && place < position - RATE)).toEqual([]);
  });

  test("is never more than a second behind: what is too old is passed over", () => {
    const jitter = new Jitter(RATE);
    fed(jitter, 0, 10 * RATE);
    expect(jitter.state.behind / RATE).toBeLessThanOrEqual(0.9);
    expect(jitter.state.skipped).toBeGreaterThan(0);
    expect(places(pulled(jitter)[0])[0]).toBeGreaterThan(9 * RATE);
  });

  test("waits again after it ran dry, and says so", () => {
    const jitter = new Jitter(RATE);
    fed(jitter, 0, 2400);
    while (jitter.state.dry === 0) pulled(jitter);
    expect(jitter.state.playing).toBe(false);
    fed(jitter, 2400, 4800);
    expect(places(pulled(jitter)[0])[0]).toBeGreaterThan(2200);
  });

  test("audio that comes twice or late changes nothing", () => {
    const jitter = new Jitter(RATE);
    fed(jitter, 0, 2400);
    const first = places(pulled(jitter)[0]);
    fed(jitter, 0, 2400);
    expect(places(pulled(jitter)[0])[0]).toBe(first.at(-1)! + 1);
    expect(jitter.state.skipped).toBe(0);
  });
});

describe("the microphone's rate", () => {
  const tone = (frequency: number, rate: number, seconds: number) => Float32Array.from({ length: rate * seconds }, (_, index) => Math.sin((2 * Math.PI * frequency * index) / rate));
  const level = (samples: Float32Array) => Math.sqrt(samples.slice(400, -400).reduce((sum, value) => sum + value * value, 0) / (samples.length - 800));

  test.each([44_100, 48_000, 16_000])("a tone from %i Hz keeps its pitch and its level", (from) => {
    const out = new Resampler(from, 16_000).push(tone(440, from, 1));
    expect(Math.abs(out.length - 16_000)).toBeLessThan(60);
    const expected = tone(440, 16_000, 1);
    const error = out.slice(400, 15_000).reduce((most, value, index) => Math.max(most, Math.abs(value - expected[index + 400]!)), 0);
    expect(error).toBeLessThan(0.01);
  });

  test("what lies above the new rate is not folded into it", () => {
    expect(level(new Resampler(48_000, 16_000).push(tone(11_000, 48_000, 1)))).toBeLessThan(0.005);
  });

  test("pieces of any size give the same samples as the whole", () => {
    const whole = tone(300, 44_100, 1);
    const once = new Resampler(44_100, 16_000).push(whole);
    const resampler = new Resampler(44_100, 16_000);
    const pieces: number[] = [];
    for (let from = 0; from < whole.length; from += 128) pieces.push(...resampler.push(whole.slice(from, from + 128)));
    expect(pieces.length).toBe(once.length);
    expect(pieces.reduce((most, value, index) => Math.max(most, Math.abs(value - once[index]!)), 0)).toBeLessThan(1e-5);
  });
});

test("samples survive the wire, and loud ones are clipped, not turned over", () => {
  const pcm = toPcm16(Float32Array.of(0, 0.5, -1, 1, 1.7, -1.7));
  expect([...pcm]).toEqual([0, 16384, -32768, 32767, 32767, -32768]);
  expect(fromPcm16(new DataView(pcm.buffer), 2)[0]).toBe(0.5);
});
