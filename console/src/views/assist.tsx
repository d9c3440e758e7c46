// The right: what needs a person in this call, and what to say to the agent.

import { useEffect } from "preact/hooks";
import { openCall, route, selected, show } from "../console";
import { PARTY, PHASE, clock, personOf } from "../format";
import { openAlert, textOf } from "../select";
import { holdCard, shownCard } from "../shown";
import type { CallState } from "../state";
import { AlertCard } from "./card";
import { Voice } from "./icons";
import { Listen } from "./listen";
import { Whispers } from "./whisper";

export function Assist() {
  const call = selected.value;
  const view = shownCard.value;
  useEffect(() => () => holdCard(false), []);
  if (!call) return <aside class="assist" aria-label="Alerts and whispers" />;
  const onWall = route.value.page === "wall";
  const newer = openAlert(call);
  return (
    <aside class="assist" aria-label="Alerts and whispers">
      {onWall && <Head call={call} />}
      <div class="assist-scroll">
        <div onPointerEnter={() => holdCard(true)} onPointerLeave={() => holdCard(false)}>
          {newer && view && newer.alert.id !== view.alert.id && (
            <button type="button" class="newer" onClick={() => holdCard(false)} data-testid="newer-card">A newer card waits: <strong>{newer.alert.title}</strong></button>
          )}
          {view ? <AlertCard key={view.alert.id} call={call} view={view} /> : <Quiet live={call.live} />}
        </div>
        {onWall && <Lately call={call} />}
        <Earlier call={call} shown={view?.alert.id ?? null} />
      </div>
      <Whispers key={call.call.call_id} call={call} />
    </aside>
  );
}

/** On the wall: whose card this is, and the way to the whole call. */
function Head({ call }: { call: CallState }) {
  const { agent, customer_name } = call.call;
  return (
    <header class="assist-head" data-testid="assist-head">
      <h2 class="assist-who">
        <span><bdi class="cut">{personOf(agent, "agent")}</bdi><Voice on={call.speaking.includes("agent")} /></span>
        <span class="assist-customer"><span class="assist-with">with </span><bdi class="cut">{personOf(customer_name, "customer")}</bdi><Voice on={call.speaking.includes("customer")} /></span>
      </h2>
      <button type="button" class="button button-small" onClick={() => openCall()} data-testid="open-call">Open call<kbd aria-hidden="true">o</kbd></button>
      <Listen call={call} />
    </header>
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

/** Lines, newest last, that show where the conversation is. */
const LATELY = 3;

function Lately({ call }: { call: CallState }) {
  const lines = [...call.utterances.slice(-LATELY), ...call.partials].filter((line) => line.words.length > 0).sort((a, b) => a.start - b.start).slice(-LATELY);
  if (lines.length === 0) return null;
  return (
    <section class="lately" aria-label={call.live ? "Said just now" : "Said last"} data-testid="lately">
      <h3>{call.live ? "Just now" : "Said last"}</h3>
      <ol>
        {lines.map((line) => (
          <li key={line.id} class={line.final ? "lately-line" : "lately-line lately-partial"}>
            <span class="said-who">{PARTY[line.speaker]} <time>{clock(line.start)}</time></span>
            <span dir="auto">{textOf(line.words)}</span>
          </li>
        ))}
      </ol>
    </section>
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
