// One call on the wall: who, why it needs somebody, the customer's mood, how it went so far, how well it is heard.

import { SEVERITY, clock, percent, personOf, spell } from "../format";
import { behind, excerpt, harmfulMoments, marks, openAlert, overallRate, secondsLost } from "../select";
import type { CallState } from "../state";
import { type Mood, judged, moodOf } from "../wall";
import type { AlertView, Detection, Verdict } from "../wire";
import { MoodIcon, SeverityIcon, VerdictIcon, Voice } from "./icons";
import { memo } from "./memo";

/** The newest judgements that fit. */
const STRIP = 12;
/** A loss older than this is a fact of the call, and no news. */
const LOSS_NEWS_SECONDS = 60;

interface RowProps {
  readonly call: CallState;
  readonly top: number;
  readonly chosen: boolean;
  readonly silent: number;
  readonly at: number;
  readonly of: number;
  readonly onPress: (id: string) => void;
}

export const Row = memo(({ call, top, chosen, silent, at, of, onPress }: RowProps) => {
  const { call_id, agent, customer_name, team } = call.call;
  const view = call.live ? openAlert(call) : null;
  return (
    <li class="row-place" style={{ transform: `translateY(${top}px)` }} data-row={call_id} aria-setsize={of} aria-posinset={at}>
      <button
        type="button"
        class={`row ${view ? `row-${view.alert.severity}` : ""} ${call.live ? "" : "row-ended"}`}
        aria-current={chosen ? "true" : undefined}
        data-testid="call-row"
        data-call={call_id}
        data-state={call.live ? "live" : "ended"}
        onClick={() => onPress(call_id)}
      >
        <span class="row-agent"><bdi class="cut" title={agent ?? undefined}>{personOf(agent, "agent")}</bdi><Voice on={call.speaking.includes("agent")} /></span>
        <span class="row-customer">
          <bdi class="cut" title={customer_name ?? undefined}>{personOf(customer_name, "customer")}</bdi>{team && <bdi class="row-team cut" title={team}>{team}</bdi>}
          <Voice on={call.speaking.includes("customer")} />
        </span>
        <span class="row-why">{view && <Why call={call} view={view} />}</span>
        <span class="row-mood">{call.live && <MoodMark mood={moodOf(call)} at={call.at} />}</span>
        <span class="row-marks">{call.scorecard ? <Rate call={call} /> : <MarkCounts detections={call.detections} />}</span>
        <span class="row-heard">{call.live && <HowHeard call={call} silent={silent} />}</span>
        <span class="row-time"><span class="unseen">, {call.live ? "running" : "ended after"} </span>{clock(call.at)}</span>
      </button>
    </li>
  );
});

function Why({ call, view: { alert, count } }: { call: CallState; view: AlertView }) {
  const quote = excerpt(call, alert).quotes.at(-1)?.parts.find((part) => part.marked)?.text;
  return (
    <>
      <span class="row-alert">
        <SeverityIcon severity={alert.severity} />
        <span class="unseen">{SEVERITY[alert.severity]}: </span>
        <span class="cut">{alert.title}</span>
        {count > 1 && <span class="row-count">×{count}</span>}
      </span>
      {quote && <span class="row-quote cut" dir="auto">“{quote}”</span>}
    </>
  );
}

const MOOD: Readonly<globalThis.Record<Mood["kind"], string>> = { calm: "", frustrated: "Frustrated", very: "Very frustrated", eased: "Has eased" };

function MoodMark({ mood: { kind, since }, at }: { mood: Mood; at: number }) {
  if (kind === "calm") return null;
  return (
    <span class={`mood mood-${kind}`} data-testid="row-mood" data-mood={kind} title={`Customer: ${MOOD[kind].toLowerCase()}, for ${clock(at - since)}`}>
      <MoodIcon kind={kind} /><span class="mood-word"><span class="unseen">Customer: </span>{MOOD[kind]}</span><time>{clock(at - since)}</time>
    </span>
  );
}

const MARK_WORDS: Readonly<globalThis.Record<Verdict, string>> = { delivered: "delivered", missed: "missed", harmful: "harmful", observed: "observed" };
const COUNTED: readonly Verdict[] = ["delivered", "missed", "harmful"];

function MarkCounts({ detections }: { detections: readonly Detection[] }) {
  const counts = marks(detections);
  const newest = judged(detections).slice(-STRIP);
  const told = COUNTED.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${MARK_WORDS[verdict]}`).join(", ");
  return (
    <span class="marks" title={told}>
      <span class="marks-strip" aria-hidden="true">{newest.map(({ id, verdict }) => <i key={id} class={`mk mk-${verdict}`} />)}</span>
      {COUNTED.filter((verdict) => counts[verdict] > 0).map((verdict) => <Mark key={verdict} verdict={verdict} count={counts[verdict]} />)}
    </span>
  );
}

function Mark({ verdict, count }: { verdict: Verdict; count: number }) {
  return (
    <span class={`marks-${verdict}`}>
      <VerdictIcon verdict={verdict} />{count}<span class="unseen"> {MARK_WORDS[verdict]}</span>
    </span>
  );
}

function Rate({ call }: { call: CallState }) {
  const rate = call.scorecard && overallRate(call.scorecard);
  const harmful = call.scorecard ? harmfulMoments(call.scorecard) : 0;
  return (
    <span class="marks">
      {harmful > 0 && <Mark verdict="harmful" count={harmful} />}
      <span class="row-rate" title="Delivered, of all opportunities">{percent(rate ?? null)}</span>
    </span>
  );
}

/** What is not known of the call just now, the gravest of it. */
function HowHeard({ call, silent }: { call: CallState; silent: number }) {
  const late = behind(call);
  const lost = secondsLost(call.gaps);
  if (silent > 0) return <span class="heard-now" data-testid="row-silent"><span class="unseen">, </span>no audio for {spell(silent)}</span>;
  if (late !== null) return <span class="heard-now" data-testid="row-behind"><span class="unseen">, </span>{spell(late)} behind</span>;
  if (lost < 0.5) return null;
  const news = call.gaps.some((gap) => gap.reason !== "paused" && gap.end > call.at - LOSS_NEWS_SECONDS);
  return <span class={news ? "heard-now" : "heard-then"} data-testid="row-blind"><span class="unseen">, </span>blind for {spell(lost)}</span>;
}
