// Listening in, in the head of the call; and who else does.

import { isLive } from "../console";
import { spell } from "../format";
import { type Ear, ear, mayListen, setSplit, split, toggleListening } from "../listening";
import type { CallState } from "../state";

export function Listen({ call }: { call: CallState }) {
  const now = ear.value;
  const here = now.phase !== "off" && now.callId === call.call.call_id ? now : null;
  const on = here?.phase === "opening" || here?.phase === "hearing";
  if (!call.live && !here) return null;
  if (!mayListen.value && !call.listeners.length) return null;
  return (
    <div class="listen" data-testid="listen" data-phase={here?.phase ?? "off"}>
      {mayListen.value && call.live && (
        <button type="button" class={on ? "button button-small listen-on" : "button button-small"} aria-pressed={on} disabled={!on && !isLive.value} onClick={toggleListening} data-testid="listen-toggle">
          <Headphones />{on ? "Stop listening" : "Listen in"}<kbd aria-hidden="true">l</kbd>
        </button>
      )}
      {here && <Told ear={here} />}
      {here?.phase === "hearing" && <Levels peaks={here.report?.peaks ?? [0, 0]} />}
      {on && (
        <label class="listen-split">
          <input type="checkbox" checked={split.value} onChange={(event) => setSplit(event.currentTarget.checked)} data-testid="listen-split" />
          Agent left, customer right
        </label>
      )}
      <Others call={call} mine={on} />
    </div>
  );
}

function Told({ ear: now }: { ear: Exclude<Ear, { phase: "off" }> }) {
  const report = now.phase === "hearing" ? now.report : null;
  return (
    <span class={now.phase === "over" ? "listen-told listen-over" : "listen-told"} role="status" data-testid="listen-state" data-at={report?.at.toFixed(2)} data-behind={report?.behind.toFixed(2)} data-playing={report?.playing}>
      {now.phase === "opening" && "Connecting…"}
      {now.phase === "over" && now.why}
      {now.phase === "hearing" && (report?.playing ? "Live" : "Waiting for audio…")}
      {report?.playing && <span class="listen-behind" aria-hidden="true">{spell(report.behind)} behind</span>}
    </span>
  );
}

/** Who speaks, as it is heard. */
function Levels({ peaks }: { peaks: readonly number[] }) {
  return (
    <span class="levels" aria-hidden="true">
      {["A", "C"].map((letter, party) => (
        <span key={letter} class="level"><i>{letter}</i><meter class="level-bar" min={0} max={1} value={loudness(peaks[party] ?? 0)} /></span>
      ))}
    </span>
  );
}

/** −50 dB and below is nothing, full scale is all. */
function loudness(peak: number): number {
  return peak <= 0 ? 0 : Math.max(0, Math.min(1, 1 + (20 * Math.log10(peak)) / 50));
}

function Others({ call, mine }: { call: CallState; mine: boolean }) {
  const others = call.listeners.length - (mine ? 1 : 0);
  if (others <= 0) return null;
  const names = call.listeners.flatMap((one) => (one.by ? [one.by] : []));
  return <span class="listen-others" title={names.join(", ")}>{others === 1 ? "Somebody else listens" : `${others} others listen`}</span>;
}

function Headphones() {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d="M2.5 10.5V8a5.5 5.5 0 0 1 11 0v2.5" />
      <rect x="2" y="9.5" width="3" height="4.5" rx="1" />
      <rect x="11" y="9.5" width="3" height="4.5" rx="1" />
    </svg>
  );
}
