// One finished call in the list: its figures, what was missed or did harm, where the words were said.

import { state } from "../console";
import type { Excerpt, FoundCall } from "../finished.gen";
import { PARTY, clock, percent, personOf } from "../format";
import { hashOf } from "../route";
import { titleOf } from "../select";
import { VerdictIcon } from "./icons";

/** Behaviours named in a row, the worst first. */
const NAMED = 3;

export function FoundRow({ call, words }: { call: FoundCall; words: string }) {
  const { call_id, agent, customer_name, team, started_at, seconds, rate, opportunities, missed, harmful, alerts, excerpt } = call;
  const to = hashOf({ page: "call", id: call_id, ...(words && excerpt ? { found: excerpt.found } : {}), ...(excerpt ? { at: excerpt.at } : {}) });
  return (
    <>
      <tr class={excerpt ? "found found-open" : "found"} data-testid="found" data-call={call_id}>
        <td class="found-when">{when(started_at)}</td>
        <th scope="row">
          <a class="found-link" href={to}><bdi class="cut" title={agent ?? undefined}>{personOf(agent, "agent")}</bdi></a>
          <span class="found-with">with <bdi class="cut" title={customer_name ?? undefined}>{personOf(customer_name, "customer")}</bdi>{team && <> · <bdi class="cut">{team}</bdi></>}</span>
          <Worst call={call} />
        </th>
        <td class="number">{clock(seconds)}</td>
        <td class="number">
          {rate !== null && <svg class="meter" viewBox="0 0 56 6" aria-hidden="true"><rect width={56 * rate} /></svg>}
          <span class="found-rate" title={`${call.delivered} of ${opportunities} opportunities`}>{percent(rate)}</span>
        </td>
        <Figure of={missed} tone="missed" />
        <Figure of={harmful} tone="harmful" />
        <Figure of={alerts} tone="plain" />
      </tr>
      {excerpt && <Said excerpt={excerpt} to={to} />}
    </>
  );
}

function Said({ excerpt, to }: { excerpt: Excerpt; to: string }) {
  return (
    <tr class="found-said">
      <td />
      <td colSpan={6}>
        <a href={to} data-testid="excerpt"><span class="found-who">{PARTY[excerpt.speaker]} {clock(excerpt.at)}</span> <span dir="auto">{excerpt.before} <mark>{excerpt.found}</mark> {excerpt.after}</span></a>
      </td>
    </tr>
  );
}

/** What one would open the call for. */
function Worst({ call }: { call: FoundCall }) {
  const bad = call.tallies.filter(({ missed, harmful }) => missed + harmful > 0).sort((a, b) => b.harmful - a.harmful || b.missed - a.missed);
  if (bad.length === 0) return null;
  return (
    <span class="found-worst">
      {bad.slice(0, NAMED).map(({ behaviour, missed, harmful }) => {
        const verdict = harmful > 0 ? "harmful" : "missed";
        return (
          <span key={behaviour} class={`marks-${verdict}`}>
            <VerdictIcon verdict={verdict} />
            <span class="unseen">{verdict}: </span>
            <span class="found-title">{titleOf(state.value, behaviour)}{(harmful || missed) > 1 && ` ${harmful || missed}×`}</span>
          </span>
        );
      })}
      {bad.length > NAMED && <span class="found-rest">and {bad.length - NAMED} more</span>}
    </span>
  );
}

function Figure({ of, tone }: { of: number; tone: "plain" | "missed" | "harmful" }) {
  return <td class={of ? `number figure-${tone}` : "number figure-zero"}>{of}</td>;
}

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function when(started: number) {
  const at = new Date(started * 1000);
  return <time dateTime={at.toISOString()}><span>{DAY.format(at)}</span> <span class="found-time">{TIME.format(at)}</span></time>;
}
