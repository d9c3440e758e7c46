// The card: the behaviour in plain words, the quote, what led to it, why, what to say next.

import { answer, judgeUseful, opinionKey, opinions, outbox } from "../commands";
import { catalogue, isLive, open as openDialog, show } from "../console";
import { PARTY, PHASE, SEVERITY, clock, spell } from "../format";
import { type Follow, type Rule, behaviourOf, coolsUntil, followThrough, raisedWhen, ruleOf } from "../policy";
import { type Excerpt, excerpt } from "../select";
import type { CallState } from "../state";
import type { AlertView, Detection } from "../wire";
import { SeverityIcon, Tick } from "./icons";

export function AlertCard({ call, view }: { call: CallState; view: AlertView }) {
  const { alert, count } = view;
  const open = view.state === "open" && call.live;
  const rule = ruleOf(catalogue.value, alert);
  const meaning = behaviourOf(catalogue.value, alert.behaviour)?.meaning;
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
      {meaning && <p class="card-meaning" data-testid="alert-meaning">{meaning}</p>}
      {!open && <Outcome call={call} view={view} rule={rule} />}
      <Said of={excerpt(call, alert)} />
      <dl class="card-facts">
        {alert.note && <><dt>Why now</dt><dd data-testid="alert-note">{alert.note}</dd></>}
        {alert.coaching && <><dt>Next</dt><dd class="card-coaching" data-testid="alert-coaching">{alert.coaching}</dd></>}
      </dl>
      {open && <Answers />}
      {call.live && <Useful view={view} />}
      {rule && <PolicyLine call={call} view={view} rule={rule} />}
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
  acked: "",
  dismissed: "Nothing more is asked of the agent.",
  followed: "",
  expired: "The moment to act on it has passed.",
  withdrawn: "The final words did not confirm it.",
  merged: "",
};

function Outcome({ call, view, rule }: { call: CallState; view: AlertView; rule: Rule | null }) {
  return (
    <div class="outcome" role="status">
      <p>{view.by && <>Answered by <bdi>{view.by}</bdi>. </>}{OUTCOME[view.state]}</p>
      <FollowLine call={call} follow={followThrough(call, view, rule)} />
    </div>
  );
}

/** What became of it: did the agent do it, in which words, and did the customer ease? */
function FollowLine({ call, follow }: { call: CallState; follow: Follow }) {
  switch (follow.kind) {
    case "none":
      return null;
    case "watching":
      return (
        <p class="follow" data-testid="follow" data-follow="watching">
          Watching until {clock(follow.until)} whether the agent takes it up.
          <progress class="follow-bar" max={1} value={follow.share} aria-label="Time to act on it" />
        </p>
      );
    case "not-seen":
      return <p class="follow" data-testid="follow" data-follow="not-seen">Not seen within {spell(follow.within)}.</p>;
    case "done":
      return (
        <div class="follow follow-done" data-testid="follow" data-follow="done">
          <p><Tick />The agent did it{follow.after !== null && `, ${spell(follow.after)} after the card`}.</p>
          {follow.by && <Proof call={call} detection={follow.by} />}
          {follow.eased && <p>The customer eased at {clock(follow.eased.end)}.</p>}
        </div>
      );
  }
}

/** The agent's words that answer the card. */
function Proof({ call, detection }: { call: CallState; detection: Detection }) {
  const { quotes } = excerpt(call, { ...detection, detections: [detection.id], title: "", coaching: "", count: 1, type: "alert" });
  const said = quotes.find((quote) => quote.speaker === "agent") ?? quotes[0];
  const words = said?.parts.filter((part) => part.marked).map((part) => part.text).join(" … ");
  return words ? <p><button type="button" class="jump" dir="auto" onClick={() => show(detection.id)} title="Show the moment" data-testid="follow-quote">“{words}”</button></p> : null;
}

/** When this card comes, and when it comes again. */
function PolicyLine({ call, view, rule }: { call: CallState; view: AlertView; rule: Rule }) {
  const until = call.live ? coolsUntil(view.alert, rule, call.at) : null;
  return (
    <p class="card-policy" data-testid="card-policy">
      <span>
        This card comes {raisedWhen(rule)}.{" "}
        {until === null ? `Not again for ${spell(rule.cooldown)} after one.` : `Until ${clock(until)} further ones go into this one.`}
      </span>
      <button type="button" class="jump" onClick={() => (openDialog.value = "policy")}>Policy</button>
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
