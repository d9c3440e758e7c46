// The middle: who is on the call, the scorecard once it is over, and what was said.

import { selected, selectedId, state } from "../console";
import { PROFILE, clock, personOf, plural, spell } from "../format";
import { behind, secondsLost } from "../select";
import type { CallState } from "../state";
import { Voice } from "./icons";
import { Listen } from "./listen";
import { ScorecardTable } from "./scorecard";
import { ToneStrip } from "./tone";
import { Transcript } from "./transcript";

export function CallPane() {
  const call = selected.value;
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
      <Transcript key={call.call.call_id} call={call}>
        {call.scorecard && <ScorecardTable scorecard={call.scorecard} detections={call.detections} />}
      </Transcript>
    </section>
  );
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
      </ul>
      <Listen call={call} />
      <ToneStrip call={call} />
    </header>
  );
}
