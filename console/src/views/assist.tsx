// The right: what needs a person in this call, and what to say to the agent.

import { card, selected, show } from "../console";
import { PHASE, clock } from "../format";
import type { CallState } from "../state";
import { AlertCard } from "./card";
import { Whispers } from "./whisper";

export function Assist() {
  const call = selected.value;
  const view = card.value;
  if (!call) return <aside class="assist" aria-label="Alerts and whispers" />;
  return (
    <aside class="assist" aria-label="Alerts and whispers">
      <div class="assist-scroll">
        {view ? <AlertCard key={view.alert.id} call={call} view={view} /> : <Quiet live={call.live} />}
        <Earlier call={call} shown={view?.alert.id ?? null} />
      </div>
      <Whispers key={call.call.call_id} call={call} />
    </aside>
  );
}

function Quiet({ live }: { live: boolean }) {
  return (
    <div class="quiet">
      <p class="quiet-title">{live ? "Nothing to act on" : "No alerts in this call"}</p>
      {live && <p>When something in this call can still be turned, it appears here with the words that show it.</p>}
    </div>
  );
}

function Earlier({ call, shown }: { call: CallState; shown: string | null }) {
  const others = call.alerts.filter((view) => view.alert.id !== shown && view.state !== "withdrawn").reverse();
  if (others.length === 0) return null;
  return (
    <section class="earlier">
      <h3>Earlier in this call</h3>
      <ul>
        {others.map(({ alert, state }) => (
          <li key={alert.id} data-testid="earlier" data-alert={alert.id}>
            <time>{clock(alert.at)}</time>
            <span>
              {alert.detections[0] ? <button type="button" class="jump" onClick={() => show(alert.detections[0]!)} title="Show the moment">{alert.title}</button> : alert.title}
            </span>
            <span class={`phase phase-${state}`}>{PHASE[state]}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
