// Two parties, where each one's voice comes from, and one button.

import { clock } from "../format";
import { Mark } from "../views/icons";
import {
  type Voice,
  address,
  agent,
  busy,
  call,
  callId,
  customer,
  files,
  hangUp,
  mute,
  muted,
  notice,
  peaks,
  phase,
  problem,
  room,
  samples,
  seconds,
  speak,
  team,
  token,
  tokenWanted,
  useFile,
  voices,
  whispers,
} from "./model";

const PARTIES = ["Agent", "Customer"] as const;
const TITLES: Readonly<Record<string, string>> = { bad_answer_call: "Sample: a heated call", curt_call: "Sample: a curt call", good_call: "Sample: a good call" };

export function Softphone() {
  return (
    <div class="phone">
      <header class="phone-bar"><h1 class="phone-brand"><Mark />Softphone</h1><p class="phone-note">For trying callcue</p></header>
      <main class="phone-main">
        {room ? <Joined /> : <p class="phone-note">Say something as one party and let a recording, or a second tab, be the other. Headphones keep the two apart.</p>}
        <div class="phone-parties">
          <PartyCard party={0} />
          {!room && <PartyCard party={1} />}
        </div>
        {!room && <Details />}
        <Buttons />
        <Told />
        <Whispers />
        {!room && <Links />}
      </main>
    </div>
  );
}

function Joined() {
  return <p class="phone-note" data-testid="phone-joined">You are the other party of the call in the first tab ({room}). It hears what you say here, and you hear it.</p>;
}

function PartyCard({ party }: { party: 0 | 1 }) {
  const voice = voices.value[party];
  const name = room ? "You" : PARTIES[party];
  const other = voices.value[party === 0 ? 1 : 0];
  return (
    <fieldset class="phone-party" disabled={busy.value} data-testid={`phone-party-${party}`}>
      <legend>{name}</legend>
      <label class="unseen" for={`voice-${party}`}>Where the {name.toLowerCase()}'s voice comes from</label>
      <select id={`voice-${party}`} value={voice} onChange={(event) => speak(party, event.currentTarget.value as Voice)} data-testid={`phone-voice-${party}`}>
        <option value="microphone" disabled={!room && other === "microphone"}>Microphone</option>
        {!room && <option value="tab" disabled={other === "tab"}>A second tab</option>}
        {samples.value.map((name) => <option key={name} value={`sample:${name}`}>{TITLES[name] ?? `Sample: ${name}`}</option>)}
        <option value="file">A recording of yours…</option>
        <option value="nobody">Nobody</option>
      </select>
      {voice === "file" && <input type="file" accept="audio/*" aria-label={`Recording of the ${name.toLowerCase()}`} onChange={(event) => useFile(party, event.currentTarget.files?.[0] ?? null)} data-testid={`phone-file-${party}`} />}
      {voice === "file" && !files.value[party] && <p class="phone-note">With two channels the agent is on the first.</p>}
      <meter class="phone-level" min={0} max={1} value={loudness(peaks.value[party])} aria-label={`How loud the ${name.toLowerCase()} is`} data-testid={`phone-level-${party}`} />
    </fieldset>
  );
}

function loudness(peak: number): number {
  return peak <= 0 ? 0 : Math.max(0, Math.min(1, 1 + (20 * Math.log10(peak)) / 50));
}

function Details() {
  const field = (label: string, held: typeof agent, id: string) => (
    <div><label for={id}>{label}</label><input id={id} type="text" maxLength={128} autocomplete="off" spellcheck={false} disabled={busy.value} value={held.value} onInput={(event) => (held.value = event.currentTarget.value)} data-testid={id} /></div>
  );
  return (
    <div class="phone-details">
      {field("Agent", agent, "phone-agent")}
      {field("Customer's name", customer, "phone-customer")}
      {field("Team", team, "phone-team")}
      {tokenWanted.value && <div><label for="phone-token">Softphone token</label><input id="phone-token" type="password" autocomplete="off" value={token.value} onInput={(event) => (token.value = event.currentTarget.value)} data-testid="phone-token" /></div>}
    </div>
  );
}

function Buttons() {
  const now = phase.value;
  const running = ["on", "away"].includes(now);
  return (
    <div class="phone-buttons">
      {!busy.value && <button type="button" class="button button-main phone-call" onClick={() => void call()} data-testid="phone-call">{room ? "Join" : "Call"}</button>}
      {busy.value && <button type="button" class="button phone-call phone-end" disabled={now === "ending" || now === "starting"} onClick={hangUp} data-testid="phone-hang-up">{room ? "Leave" : "Hang up"}</button>}
      {running && voices.value.includes("microphone") && <button type="button" class="button" aria-pressed={muted.value} onClick={() => mute(!muted.value)} data-testid="phone-mute">{muted.value ? "Unmute" : "Mute"}</button>}
      <p class="phone-state" role="status" data-testid="phone-state" data-phase={now}>{words()}</p>
    </div>
  );
}

function words(): string {
  switch (phase.value) {
    case "idle":
      return "";
    case "starting":
      return "Opening the microphone…";
    case "connecting":
      return "Connecting…";
    case "on":
      return `On the call, ${clock(seconds.value)}`;
    case "away":
      return `The connection broke – coming back, ${clock(seconds.value)}`;
    case "ending":
      return "Waiting for the last words…";
    case "over":
      return problem.value ? "" : "The call is over.";
  }
}

function Told() {
  return (
    <>
      {problem.value && <p class="problem" role="alert" data-testid="phone-problem">{problem.value}</p>}
      {notice.value && <p class="phone-note" data-testid="phone-notice">{notice.value}</p>}
    </>
  );
}

function Whispers() {
  if (whispers.value.length === 0) return null;
  return (
    <section aria-labelledby="phone-whispers">
      <h2 id="phone-whispers" class="phone-title">From the supervisor</h2>
      <ul class="phone-whispers" aria-live="polite">{whispers.value.map((one) => <li key={one.id} dir="auto" data-testid="phone-whisper">{one.text}</li>)}</ul>
    </section>
  );
}

function Links() {
  const desk = address("desk/");
  desk.searchParams.set("agent", agent.value);
  const guest = new URL(document.baseURI);
  guest.search = `?join=${encodeURIComponent(callId.value)}`;
  const waits = voices.value.includes("tab");
  return (
    <ul class="phone-links">
      {waits && busy.value && <li><a href={guest.href} target="_blank" rel="noopener" data-testid="phone-join">Open the second tab</a></li>}
      <li><a href={desk.href} target="_blank" rel="noopener">Open the agent's desk</a></li>
      <li><a href={address(`#/calls/${encodeURIComponent(callId.value)}`).href} target="_blank" rel="noopener" data-testid="phone-console">Watch it in the console</a></li>
    </ul>
  );
}
