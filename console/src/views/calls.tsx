// The list at the left: live calls as calm rows, the ended ones below.

import { useLayoutEffect, useRef } from "preact/hooks";
import { endedRows, hold, isLive, rows, select, selectedId, state } from "../console";
import { SEVERITY, clock, percent, personOf, spell } from "../format";
import { behind, harmfulMoments, marks, openAlert, overallRate } from "../select";
import type { CallState } from "../state";
import type { Verdict } from "../wire";
import { VerdictIcon, Voice } from "./icons";
import { memo } from "./memo";

/** Ended calls shown below the live ones. */
const RECENT = 30;
const MOVE_MS = 180;

export function CallList() {
  const { calls } = state.value;
  const list = useMovingRows(rows.value);
  const live = rows.value.flatMap((id) => calls.get(id) ?? []);
  const ended = endedRows.value.slice(0, RECENT).flatMap((id) => calls.get(id) ?? []);
  return (
    <nav class="calls" aria-label="Calls" onPointerEnter={() => hold(true)} onPointerLeave={() => hold(false)}>
      <h2 class="calls-title">Live<span class="count">{live.length}</span></h2>
      {live.length === 0 && <p class="empty">{!isLive.value ? "Waiting for the service." : "No live calls. They appear here as soon as a softphone streams."}</p>}
      {live.some((call) => !call.partialLines) && <p class="calls-note" role="status" data-testid="lines-off">Busy: lines appear once they are whole.</p>}
      <ul class="rows" ref={list}>
        {live.map((call) => <Row key={call.call.call_id} call={call} chosen={call.call.call_id === selectedId.value} />)}
      </ul>
      {ended.length > 0 && <h2 class="calls-title">Ended<span class="count">{endedRows.value.length}</span></h2>}
      <ul class="rows">
        {ended.map((call) => <Row key={call.call.call_id} call={call} chosen={call.call.call_id === selectedId.value} />)}
      </ul>
    </nav>
  );
}

const Row = memo(({ call, chosen }: { call: CallState; chosen: boolean }) => {
  const { call_id, agent, customer_name } = call.call;
  const view = call.live ? openAlert(call) : null;
  const late = behind(call);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (chosen) button.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <li data-row={call_id}>
      <button
        ref={button}
        type="button"
        class={`row ${view ? `row-${view.alert.severity}` : ""} ${call.live ? "" : "row-ended"}`}
        aria-current={chosen ? "true" : undefined}
        data-testid="call-row"
        data-call={call_id}
        data-state={call.live ? "live" : "ended"}
        onClick={() => select(call_id)}
      >
        <span class="row-line">
          <span class="row-agent"><bdi class="cut" title={agent ?? undefined}>{personOf(agent, "agent")}</bdi><Voice on={call.speaking.includes("agent")} /></span>
          <span class="row-time">
            {late !== null && <span class="row-behind" data-testid="row-behind"><span class="unseen">, </span>{spell(late)} behind</span>}
            <span class="unseen">, running </span>{clock(call.at)}
          </span>
        </span>
        <span class="row-line">
          <span class="row-customer"><bdi class="cut" title={customer_name ?? undefined}>{personOf(customer_name, "customer")}</bdi><Voice on={call.speaking.includes("customer")} /></span>
          {call.scorecard ? <Rate call={call} /> : <MarkCounts call={call} />}
        </span>
        {view && (
          <span class="row-alert">
            <span class="unseen">{SEVERITY[view.alert.severity]}: </span>
            <span class="cut">{view.alert.title}</span>
          </span>
        )}
      </button>
    </li>
  );
});

const MARK_WORDS: Readonly<globalThis.Record<Verdict, string>> = { delivered: "delivered", missed: "missed", harmful: "harmful", observed: "observed" };

function MarkCounts({ call }: { call: CallState }) {
  const counts = marks(call.detections);
  const kinds: readonly Verdict[] = ["delivered", "missed", "harmful"];
  return (
    <span class="marks">
      {kinds.filter((verdict) => counts[verdict] > 0).map((verdict) => (
        <Mark key={verdict} verdict={verdict} count={counts[verdict]} />
      ))}
    </span>
  );
}

function Mark({ verdict, count }: { verdict: Verdict; count: number }) {
  return (
    <span class={`marks-${verdict}`} title={`${count} ${MARK_WORDS[verdict]}`}>
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

/** Rows slide to their new places instead of jumping there. */
function useMovingRows(order: readonly string[]) {
  const list = useRef<HTMLUListElement>(null);
  const places = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const now = new Map<string, number>();
    for (const row of list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? []) {
      const id = row.dataset["row"] ?? "";
      now.set(id, row.offsetTop);
      const moved = (places.current.get(id) ?? row.offsetTop) - row.offsetTop;
      if (moved && !calm) row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: MOVE_MS, easing: "ease-out" });
    }
    places.current = now;
  }, [order]);
  return list;
}
