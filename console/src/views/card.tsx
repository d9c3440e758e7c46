// The card: the behaviour in plain words, the quote, what led to it, why, what to say next.

import { answer, isLive, judgeUseful, opinionKey, opinions, outbox } from "../console";
import { PARTY, PHASE, SEVERITY, clock } from "../format";
import { type Excerpt, excerpt } from "../select";
import type { CallState } from "../state";
import type { AlertView } from "../wire";
import { SeverityIcon, Tick } from "./icons";

export function AlertCard({ call, view }: { call: CallState; view: AlertView }) {
  const { alert, count } = view;
  const open = view.state === "open" && call.live;
  return (
    <article
      class={`card card-${alert.severity} ${open ? "card-open" : "card-closed"}`}
      aria-labelledby="card-title"
      data-testid="alert-card"
      data-alert={alert.id}
      data-state={view.state}
    >
      <p class="card-kind">
        {open ? (
          <span class="card-severity" data-testid="alert-severity"><SeverityIcon severity={alert.severity} />{SEVERITY[alert.severity]}</span>
        ) : (
          <span class={`card-phase phase-${view.state}`} data-testid="alert-state" data-state={view.state}>
            {view.state === "followed" && <Tick />}{view.state === "open" ? "Left open" : PHASE[view.state]}
          </span>
        )}
        <span class="card-when">at {clock(alert.at)}{count > 1 && `, ${count} times`}{alert.provisional && ", not confirmed yet"}</span>
      </p>
      <h2 class="card-title" id="card-title" data-testid="alert-title">{alert.title}</h2>
      <Said of={excerpt(call, alert)} />
      <dl class="card-facts">
        {alert.note && <><dt>Why</dt><dd data-testid="alert-note">{alert.note}</dd></>}
        {alert.coaching && <><dt>Next</dt><dd class="card-coaching" data-testid="alert-coaching">{alert.coaching}</dd></>}
      </dl>
      {open ? <Answers /> : <Outcome view={view} />}
      {call.live && <Useful view={view} />}
      <Problem view={view} />
    </article>
  );
}

function Said({ of: { quotes, context } }: { of: Excerpt }) {
  if (quotes.length + context.length === 0) return null;
  return (
    <ol class="said" data-testid="alert-excerpt">
      {context.map((line) => (
        <li key={line.key} class={`said-line said-${line.speaker}`}>
          <span class="said-who">{PARTY[line.speaker]}</span>
          <span dir="auto">{line.text}</span>
        </li>
      ))}
      {quotes.map((quote) => (
        <li key={quote.key} class={`said-quote said-${quote.speaker}`}>
          <span class="said-who">{PARTY[quote.speaker]} <time>{clock(quote.at)}</time></span>
          <blockquote dir="auto">
            {quote.parts.map(({ text, marked }, index) => (
              <>{index > 0 && " "}{marked ? <mark data-testid="alert-quote">{text}</mark> : text}</>
            ))}
          </blockquote>
        </li>
      ))}
    </ol>
  );
}

function Answers() {
  return (
    <div class="card-answers">
      <button type="button" class="button" onClick={() => answer("ack")} disabled={!isLive.value} data-testid="alert-ack">
        Acknowledge<kbd>a</kbd>
      </button>
      <button type="button" class="button button-quiet" onClick={() => answer("dismiss")} disabled={!isLive.value} data-testid="alert-dismiss">
        Dismiss<kbd>d</kbd>
      </button>
    </div>
  );
}

const OUTCOME: Readonly<globalThis.Record<AlertView["state"], string>> = {
  open: "The call ended before anybody answered this.",
  acked: "Watching whether the agent takes it up.",
  dismissed: "Nothing more is asked of the agent.",
  followed: "The agent did it.",
  expired: "The moment to act on it has passed.",
  withdrawn: "The final words did not confirm it.",
  merged: "",
};

function Outcome({ view }: { view: AlertView }) {
  return (
    <p class="outcome" role="status">
      {view.by && <>Answered by <bdi>{view.by}</bdi>. </>}
      {OUTCOME[view.state]}
    </p>
  );
}

function Useful({ view }: { view: AlertView }) {
  const chosen = opinions.value.get(opinionKey(view)) ?? view.useful;
  const choice = (useful: boolean, label: string, key: string) => (
    <button type="button" class="choice" aria-pressed={chosen === useful} onClick={() => judgeUseful(view, useful)} data-testid={useful ? "alert-useful" : "alert-useless"}>
      {label}<kbd>{key}</kbd>
    </button>
  );
  return (
    <div class="useful" role="group" aria-label="Was this useful?">
      <span>Useful?</span>
      {choice(true, "Yes", "y")}
      {choice(false, "No", "n")}
    </div>
  );
}

function Problem({ view }: { view: AlertView }) {
  const failed = outbox.value.find(({ command, status }) => status === "failed" && command.type !== "whisper" && command.alert_id === view.alert.id);
  return failed ? <p class="problem" role="alert">{failed.problem} Nothing was changed here; try again.</p> : null;
}
