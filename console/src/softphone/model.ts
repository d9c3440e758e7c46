// The softphone for trying callcue: two parties, each with a voice from somewhere, and a call made of them.

import { computed, signal } from "@preact/signals";
import { Player, type PlayerReport } from "../audio/player";
import { Line } from "./line";
import { Microphone, OtherTab, Recording, SILENCE, type Source, decoded } from "./sources";
import { type FromService, RATE } from "./wire";

/** `sample:NAME` is a recording that the service has at hand. */
export type Voice = "microphone" | "tab" | "file" | "nobody" | `sample:${string}`;

export type Phase = "idle" | "starting" | "connecting" | "on" | "away" | "ending" | "over";

export interface Whisper {
  readonly id: string;
  readonly text: string;
}

interface Config {
  readonly softphone_auth: boolean;
}

const PIECE = 640;
const TICK_MS = 40;
const SEEN_MS = 1_000;

/** A tab opened with `?join=` is the other party of a call in the first one. */
export const room = new URLSearchParams(location.search).get("join");
export const samples = signal<readonly string[]>([]);
export const voices = signal<readonly [Voice, Voice]>(["microphone", room ? "nobody" : "tab"]);
export const files = signal<readonly [File | null, File | null]>([null, null]);
export const agent = signal("a7");
export const customer = signal("");
export const team = signal("");
export const token = signal("");
export const tokenWanted = signal(false);
export const callId = signal(fresh());
export const phase = signal<Phase>("idle");
export const problem = signal("");
export const notice = signal("");
export const seconds = signal(0);
export const muted = signal(false);
export const whispers = signal<readonly Whisper[]>([]);
export const peaks = signal<readonly [number, number]>([0, 0]);
export const busy = computed(() => !["idle", "over"].includes(phase.value));

let sources: [Source, Source] = [SILENCE, SILENCE];
let line: Line | null = null;
let player: Player | null = null;
let tab: OtherTab | null = null;
let timer: ReturnType<typeof setInterval> | undefined;
let sent = 0;
let begun = false;

function fresh(): string {
  return `phone-${crypto.randomUUID().slice(0, 8)}`;
}

export function address(path: string): URL {
  return new URL(`../${path}`, document.baseURI);
}

export async function load(): Promise<void> {
  const [config, list] = await Promise.all([
    read<Config>("v1/config"),
    read<{ readonly samples: readonly string[] }>("v1/samples"),
  ]);
  tokenWanted.value = config?.softphone_auth ?? false;
  samples.value = list?.samples ?? [];
  const first = samples.value[0];
  if (first && !room) voices.value = ["microphone", `sample:${first}`];
}

async function read<Body>(path: string): Promise<Body | null> {
  try {
    const response = await fetch(address(path));
    return response.ok ? ((await response.json()) as Body) : null;
  } catch {
    return null;
  }
}

export function speak(party: 0 | 1, voice: Voice): void {
  voices.value = party === 0 ? [voice, voices.value[1]] : [voices.value[0], voice];
}

export function useFile(party: 0 | 1, file: File | null): void {
  files.value = party === 0 ? [file, files.value[1]] : [files.value[0], file];
}

// --- a call ------------------------------------------------------------------------------------------

export async function call(): Promise<void> {
  problem.value = notice.value = "";
  whispers.value = [];
  seconds.value = sent = 0;
  phase.value = "starting";
  if (!room) callId.value = fresh();
  try {
    player = await Player.open(RATE, reported);
    tab = usesTab() ? new OtherTab(room ?? callId.value, room ? "guest" : "host", room ? heardFromHost : undefined) : null;
    sources = [await open(0), await open(1)];
  } catch (error) {
    return stop(trouble(error));
  }
  begun = true;
  if (room) phase.value = "on";
  else dial();
  if (!voices.value.includes("microphone")) startTimer();
}

function usesTab(): boolean {
  return room !== null || voices.value.includes("tab");
}

function dial(): void {
  const url = address("v1/calls/stream");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const facts = { callId: callId.value, agent: agent.value, customer: customer.value, team: team.value };
  line = new Line(url, facts, token.value || null, {
    onState: (state) => {
      if (state === "done") stop("");
      else if (phase.value !== "ending") phase.value = state;
    },
    onMessage: told,
    onFailed: stop,
  });
}

async function open(party: 0 | 1): Promise<Source> {
  const voice = voices.value[party];
  if (room && party === 1) return SILENCE;
  if (voice === "microphone") return Microphone.open(pieces);
  if (voice === "tab") return tab ?? SILENCE;
  if (voice === "nobody") return SILENCE;
  return new Recording(await decoded(await recording(party, voice), room ? 1 : party));
}

async function recording(party: 0 | 1, voice: Voice): Promise<ArrayBuffer> {
  if (voice === "file") {
    const file = files.value[party];
    if (!file) throw new Error("Choose a recording first.");
    return file.arrayBuffer();
  }
  const response = await fetch(address(`v1/samples/${voice.slice("sample:".length)}`));
  if (!response.ok) throw new Error("That sample is not there any more.");
  return response.arrayBuffer();
}

/** Without a microphone the clock is the call's clock; a tab in the background is woken seldom, and makes up. */
function startTimer(): void {
  const began = performance.now();
  timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * RATE);
    if (due > sent) pieces(due - sent);
  }, TICK_MS);
}

/** So many samples' time has passed: both parties speak. Before the call is set up nobody does. */
function pieces(count: number): void {
  if (!begun) return;
  for (let left = count; left > 0; left -= PIECE) piece(Math.min(PIECE, left));
}

function piece(count: number): void {
  if (phase.value === "ending" || phase.value === "over") return;
  const spoken: [Float32Array, Float32Array] = [sources[0].take(count), sources[1].take(count)];
  const position = sent;
  sent += count;
  seconds.value = Math.floor(sent / RATE);
  for (const party of [0, 1] as const) {
    const samples = spoken[party];
    level(party, samples);
    if (voices.value[party] !== "microphone" && !(room && party === 1)) player?.put(party, position, samples.slice());
  }
  if (room) tab?.say(spoken[0]);
  else {
    line?.send(...spoken);
    tab?.say(spoken[voices.value[0] === "tab" ? 1 : 0]);
  }
  if (recordingsOver()) hangUp();
}

/** Two recordings that have been played leave nobody to speak. */
function recordingsOver(): boolean {
  return !room && sources.some((one) => one.over) && sources.every((one) => one.over || one === SILENCE);
}

function level(party: 0 | 1, samples: Float32Array): void {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  const shown = Math.max(peak, peaks.value[party] * 0.85);
  peaks.value = party === 0 ? [shown, peaks.value[1]] : [peaks.value[0], shown];
}

let hostAt = 0;

/** In the second tab: what the first one says goes to the ear. */
function heardFromHost(said: Float32Array): void {
  level(1, said);
  player?.put(1, hostAt, said.slice());
  hostAt += said.length;
}

function reported(_: PlayerReport): void {
  // The softphone shows levels of what is said, not of what is played.
}

function told(message: FromService): void {
  if (message.type === "whisper") show(message);
  if (message.type === "warn") notice.value = message.message;
  if (message.type === "gap" && message.reason !== "missing") notice.value = `${(message.end - message.start).toFixed(1)} s of the ${message.party} did not arrive (${message.reason}).`;
  if (message.type === "error") problem.value = message.message;
}

function show({ id, text }: Whisper): void {
  if (whispers.value.some((one) => one.id === id)) return;
  whispers.value = [...whispers.value, { id, text }];
  const seen = () => {
    if (document.visibilityState !== "visible") return addEventListener("visibilitychange", seen, { once: true });
    line?.seen(id);
  };
  setTimeout(seen, SEEN_MS);
}

export function mute(on: boolean): void {
  muted.value = on;
  for (const source of sources) if (source instanceof Microphone) source.muted = on;
}

export function hangUp(): void {
  if (!line) return stop("");
  phase.value = "ending";
  silence();
  line.hangUp();
}

function silence(): void {
  begun = false;
  clearInterval(timer);
  for (const source of sources) source.close();
  sources = [SILENCE, SILENCE];
  tab?.close();
  tab = null;
  void player?.close();
  player = null;
  muted.value = false;
  peaks.value = [0, 0];
}

function stop(why: string): void {
  silence();
  line = null;
  hostAt = 0;
  problem.value = why || problem.value;
  phase.value = "over";
}

function trouble(error: unknown): string {
  if (error instanceof DOMException && error.name === "NotAllowedError") return "The browser did not allow the microphone.";
  if (error instanceof DOMException && error.name === "NotFoundError") return "There is no microphone.";
  if (error instanceof DOMException) return "That recording cannot be read here.";
  return error instanceof Error ? error.message : "The call could not begin.";
}
