// The wall: every live call as a row, what needs a person on top, the ended ones below. Wide it is the page,
// narrow it is the list beside a call. Only rows in sight are drawn, and none moves under the pointer.

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { hold, isLive, openCall, route, rows, select, selectedId, silent, state } from "../console";
import { plural } from "../format";
import { headTitle, isHead, offsets } from "../wall";
import { Row } from "./row";
import { useMovingRows, useSight } from "./sight";
import { Toolbar } from "./toolbar";

/** As styles/calls.css has them: every row is as high as every other one, whatever it says. */
const ROW = 58;
const HEADING = 38;

export function CallList() {
  const { calls } = state.value;
  const keys = rows.value;
  const tops = useMemo(() => offsets(keys, ROW, HEADING), [keys]);
  const place = selectedId.value === null ? -1 : keys.indexOf(selectedId.value);
  const { scroller, slice, reveal } = useSight(tops, ROW);
  const focused = useRef<string | null>(null);
  const list = useMovingRows(keys, tops, focused);
  const live = useMemo(() => [...calls.values()].filter((call) => call.live), [calls]);
  // A call that was chosen by key or from elsewhere comes into sight; one that merely moved does not take the page along.
  useLayoutEffect(() => reveal(place), [selectedId.value]);
  const shown = keys.map((key, index) => ({ key, index })).filter(({ key, index }) => (index >= slice.first && index < slice.end) || index === place || key === focused.current);
  return (
    <nav class="calls" aria-label="Calls">
      <Toolbar />
      {live.length === 0 && <p class="empty">{!isLive.value ? "Waiting for the service." : "No live calls. They appear here as soon as a softphone streams."}</p>}
      {live.length > 0 && keys.length === 0 && <p class="empty" data-testid="none-found">No call matches. {plural(live.length, "live call is", "live calls are")} hidden by the filter.</p>}
      {live.some((call) => !call.partialLines) && <p class="calls-note" role="status" data-testid="lines-off">Busy: lines appear once they are whole.</p>}
      <div class="calls-scroll" ref={scroller} onPointerEnter={() => hold(true)} onPointerLeave={() => hold(false)} data-testid="wall">
        <ul class="rows" ref={list} style={{ height: `${tops.at(-1) ?? 0}px` }} onFocusCapture={(event) => (focused.current = keyOf(event.target))} onBlurCapture={(event) => event.relatedTarget && (focused.current = null)}>
          {shown.map(({ key, index }) => {
            const call = calls.get(key);
            if (isHead(key)) return <Heading key={key} name={key} top={tops[index]!} count={countBelow(keys, index)} />;
            if (!call) return null;
            return (
              <Row key={key} call={call} top={tops[index]!} chosen={index === place} silent={silent.value.get(key) ?? 0} at={index + 1} of={keys.length} onPress={press} />
            );
          })}
        </ul>
      </div>
    </nav>
  );
}

/** Choose it; pressed again, open it. On a call's page another call is opened at once. */
function press(id: string): void {
  if (selectedId.value === id && route.value.page === "wall") openCall(id);
  else select(id);
}

function Heading({ name, top, count }: { name: string; top: number; count: number }) {
  return (
    <li class="calls-title" style={{ transform: `translateY(${top}px)` }} data-testid="heading">
      <h2 dir="auto">{headTitle(name)}</h2><span class="count">{count}</span>
    </li>
  );
}

function countBelow(keys: readonly string[], head: number): number {
  const next = keys.findIndex((key, index) => index > head && isHead(key));
  return (next < 0 ? keys.length : next) - head - 1;
}

function keyOf(target: EventTarget | null): string | null {
  return target instanceof Element ? (target.closest<HTMLElement>("[data-row]")?.dataset["row"] ?? null) : null;
}
