// One call: who is on it, what was said, what it is judged by, and the whole of it over time. The page while it
// runs and the page to review it by are the same.

import { useEffect, useState } from "preact/hooks";
import { address, route, selected, selectedId, state } from "../console";
import { PROFILE, clock, personOf, plural, spell } from "../format";
import { seek, side, stepMoment } from "../moment";
import { hashOf } from "../route";
import { behind, marks, secondsLost } from "../select";
import type { CallState } from "../state";
import { VerdictIcon, Voice } from "./icons";
import { Ledger } from "./ledger";
import { Listen } from "./listen";
import { Timeline } from "./timeline";
import { Transcript } from "./transcript";

export function CallPane() {
  const call = selected.value;
  const asked = route.value.page === "call" ? route.value : null;
  const here = call !== null;
  useEffect(() => {
    if (here && asked?.at !== undefined) seek(asked.at);
  }, [here, asked]);
  useMomentKeys(call);
  if (!call) {
    return (
      <section class="call call-empty" aria-label="Call">
        <p class="empty" data-testid="no-call">{absence()}</p>
      </section>
    );
  }
  return (
    <section class="call" aria-label="Call">
      <Head call={call} />
      <Sides call={call} />
      <div class={`call-body call-shows-${side.value}`}>
        <Transcript key={call.call.call_id} call={call} found={asked?.found ?? ""} />
        <Ledger key={call.call.call_id} call={call} />
      </div>
      <Timeline call={call} />
    </section>
  );
}

/** Where there is no room for both. */
function Sides({ call }: { call: CallState }) {
  const counts = marks(call.detections);
  return (
    <div class="sides" role="group" aria-label="Show">
      <button type="button" class="button button-small" aria-pressed={side.value === "said"} onClick={() => (side.value = "said")}>Conversation</button>
      <button type="button" class="button button-small" aria-pressed={side.value === "ledger"} onClick={() => (side.value = "ledger")} data-testid="show-ledger">
        {call.scorecard ? "Scorecard" : "Behaviours"}
        {(["missed", "harmful"] as const).map((verdict) => counts[verdict] > 0 && <span key={verdict} class={`marks-${verdict}`}><VerdictIcon verdict={verdict} />{counts[verdict]}</span>)}
      </button>
    </div>
  );
}

/** [ and ] go from judged moment to judged moment. */
function useMomentKeys(call: CallState | null): void {
  useEffect(() => {
    if (!call) return;
    const listen = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (typing || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
      if (event.key === "[" || event.key === "]") stepMoment(call, event.key === "]" ? 1 : -1);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [call]);
}

function CopyLink({ id }: { id: string }) {
  const [copied, setCopied] = useState(false);
  const to = hashOf({ page: "call", id });
  const copy = () => {
    void navigator.clipboard?.writeText(new URL(to, address("")).href).then(() => setCopied(true), () => undefined);
  };
  return <a class="copy-link" href={to} onClick={copy} data-testid="call-link">{copied ? "Link copied" : "Link to this call"}</a>;
}

function absence(): string {
  const id = selectedId.value;
  if (id === null) return "Choose a call to follow it here.";
  const known = state.value.cursor !== null && !state.value.wanted.has(id);
  return known ? "The service has no call under this address. Choose one from the list." : "Fetching the call…";
}

function Head({ call }: { call: CallState }) {
  const { agent, customer_name, team, profile, language } = call.call;
  const lost = secondsLost(call.gaps);
  const late = behind(call);
  return (
    <header class="call-head">
      <div class="lanes">
        <p class="lane-name">
          <span class="lane-role">Agent</span>
          <strong><bdi class="cut">{personOf(agent, "agent")}</bdi><Voice on={call.speaking.includes("agent")} /></strong>
        </p>
        <p class="call-time">{clock(call.at)}<span class="lane-role">{call.live ? "running" : "ended"}</span></p>
        <p class="lane-name lane-name-customer">
          <span class="lane-role">Customer</span>
          <strong><Voice on={call.speaking.includes("customer")} /><bdi class="cut">{personOf(customer_name, "customer")}</bdi></strong>
        </p>
      </div>
      <ul class="facts">
        {team && <li dir="auto">{team}</li>}
        <li>{PROFILE[profile]}</li>
        {language !== "en" && <li>{language}</li>}
        {late !== null && <li class="fact-warn" data-testid="behind"><span class="unseen">The transcript is </span>{spell(late)} behind</li>}
        {!call.partialLines && <li class="fact-warn">Lines appear once they are whole</li>}
        {lost >= 0.1 && <li class="fact-warn">{spell(lost)} not heard</li>}
        {call.heldBackWords > 0 && <li class="fact-warn">{plural(call.heldBackWords, "word")} held back</li>}
        {call.failed.map((detector) => <li key={detector} class="fact-warn">{detector} not judged</li>)}
        <li><CopyLink id={call.call.call_id} /></li>
      </ul>
      <Listen call={call} />
    </header>
  );
}
