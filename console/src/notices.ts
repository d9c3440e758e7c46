// A sound and a desktop notification with a new card, where the supervisor wants them. One tab gives them for all.

import { SEVERITY, personOf } from "./format";
import { graveEnough, prefer, prefs } from "./prefs";
import type { CallState } from "./state";
import type { AlertView, Severity } from "./wire";

export interface News {
  readonly call: CallState;
  readonly view: AlertView;
}

/** Two soft notes that rise; the graver, the higher and the nearer together. Hertz, and seconds between them. */
const NOTES: Readonly<globalThis.Record<Severity, readonly [number, number, number]>> = {
  info: [440, 494, 0.16],
  notice: [440, 494, 0.16],
  warning: [523, 659, 0.14],
  critical: [659, 880, 0.11],
};
const LOUDNESS = 0.12;
const NOTE_SECONDS = 0.22;
const GRAVITY: readonly Severity[] = ["info", "notice", "warning", "critical"];

let context: AudioContext | null = null;
/** Whether this tab is the one that speaks; without locks (plain http from elsewhere) every tab does. */
let speaks = true;

export function startNotices(): void {
  if ("locks" in navigator) {
    speaks = false;
    void navigator.locks.request("callcue.notices", () => {
      speaks = true;
      return new Promise<void>(() => {}); // for as long as the tab is open
    });
  }
  // Browsers let a page sound only once somebody has touched it.
  const wake = () => prefs.peek().sound && void audio()?.resume();
  addEventListener("pointerdown", wake, { passive: true });
  addEventListener("keydown", wake, { passive: true });
}

export function tell(news: readonly News[], open: (callId: string) => void): void {
  const chosen = prefs.peek();
  const grave = news.filter(({ view }) => graveEnough(view.alert.severity, chosen));
  if (grave.length === 0 || !speaks) return;
  if (chosen.sound) ring(grave.reduce<Severity>((worst, { view }) => (GRAVITY.indexOf(view.alert.severity) > GRAVITY.indexOf(worst) ? view.alert.severity : worst), "info"));
  if (chosen.desktop && document.visibilityState === "hidden") for (const one of grave) show(one, open);
}

/** Who and what, never a quote: notifications stand on locked screens. */
function show({ call, view: { alert } }: News, open: (callId: string) => void): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const tag = `callcue/${call.call.call_id}`; // a newer card of the call takes the place of the older one
  const notice = new Notification(alert.title, { body: `${SEVERITY[alert.severity]} – ${personOf(call.call.agent, "agent")}`, tag });
  notice.onclick = () => {
    window.focus();
    open(call.call.call_id);
    notice.close();
  };
}

export function ring(severity: Severity): void {
  const sound = audio();
  if (!sound) return;
  const [low, high, apart] = NOTES[severity];
  note(sound, low, sound.currentTime);
  note(sound, high, sound.currentTime + apart);
}

function note(sound: AudioContext, hertz: number, at: number): void {
  const [tone, loudness] = [sound.createOscillator(), sound.createGain()];
  tone.frequency.value = hertz;
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.001, at + NOTE_SECONDS);
  tone.connect(loudness).connect(sound.destination);
  tone.start(at);
  tone.stop(at + NOTE_SECONDS);
}

function audio(): AudioContext | null {
  if (typeof AudioContext === "undefined") return null;
  context ??= new AudioContext();
  return context;
}

/** Asks the browser where it has not been asked; false when it said no. */
export async function wantDesktop(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  const answer = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
  prefer({ desktop: answer === "granted" });
  return answer === "granted";
}
