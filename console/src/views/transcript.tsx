// What was said, in two lanes along an axis of time, with the evidence marked where it was said.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { focusOn } from "../console";
import { clock } from "../format";
import { inSight, sought } from "../moment";
import { type Row, rowAt, rowOf, rowsOf } from "../rows";
import { evidenceByUtterance } from "../select";
import type { CallState } from "../state";
import type { Detection } from "../wire";
import { FindBar } from "./find";
import { Arrow } from "./icons";
import { hideTip, tipOpen } from "./tip";
import { RowView } from "./turn";
import { type Rows, useRows } from "./virtual";

const NONE: readonly Detection[] = [];
/** So close to the end counts as being at the end. */
const FOLLOW_PIXELS = 64;
const PADDING = 20;
/** Characters on a line of a lane, and pixels of a line: what a row is high before it was ever shown. */
const [LINE_CHARACTERS, LINE_PIXELS] = [34, 23];

export function Transcript({ call, found }: { call: CallState; found: string }) {
  const { utterances, partials, gaps, heldBack, detections } = call;
  const moments = useMemo(() => rowsOf({ utterances, partials, gaps, heldBack, detections }), [utterances, partials, gaps, heldBack, detections]);
  const evidence = useStableLists(useMemo(() => evidenceByUtterance(detections), [detections]));
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const [hits, setHits] = useState<ReadonlySet<number>>(new Set());
  const rows = useRows({
    count: moments.length,
    scroller,
    keyOf: (index) => moments[index]?.key ?? String(index),
    guess: (index) => guessed(moments[index]),
    padding: PADDING,
  });
  const { following, toEnd, leave } = useFollowing(call.live, scroller, content);
  const flash = useJumps(call, moments, rows, scroller, leave);
  useInSight(moments, rows, scroller);
  return (
    <div class="transcript-frame">
      <FindBar rows={moments} found={found} onHits={setHits} onGo={(index) => { leave(); rows.scrollToIndex(index, { align: "center" }); }} />
      <div class="transcript" ref={scroller} tabIndex={0} role="region" aria-label="Transcript" data-testid="transcript">
        {call.truncated && <p class="turns-note">The beginning of this call is not shown.</p>}
        {moments.length === 0 && <p class="empty">{call.live ? "Nobody has spoken yet." : "Nothing was said, or nothing was heard."}</p>}
        <ol class="turns" ref={content} style={{ height: `${rows.getTotalSize()}px` }}>
          {rows.getVirtualItems().map((item) => {
            const row = moments[item.index];
            if (!row) return null;
            return (
              <li
                key={item.key}
                class="turn-place"
                ref={(node: HTMLElement | null) => rows.measureElement(node)}
                data-index={item.index}
                aria-setsize={call.live ? -1 : moments.length}
                aria-posinset={item.index + 1}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <RowView row={row} callId={call.call.call_id} hit={hits.has(item.index)} flash={flash === row.key} detections={row.kind === "said" ? (evidence.get(row.utterance.id) ?? NONE) : NONE} />
              </li>
            );
          })}
        </ol>
        {!call.live && <p class="turns-note turns-end" data-testid="ended">Call ended at {clock(call.at)}</p>}
      </div>
      {call.live && !following && (
        <button type="button" class="button button-main to-end" onClick={toEnd} data-testid="to-live"><Arrow />Back to live</button>
      )}
    </div>
  );
}

function guessed(row: Row | undefined): number {
  if (row?.kind !== "said") return 34;
  const characters = row.utterance.words.reduce((sum, { text }) => sum + text.trim().length + 1, 0);
  return 18 + (row.follows ? 0 : 24) + LINE_PIXELS * Math.ceil(characters / LINE_CHARACTERS);
}

/** The same list object for an utterance as long as its detections are the same, so that it is not drawn again. */
function useStableLists(lists: ReadonlyMap<string, readonly Detection[]>): ReadonlyMap<string, readonly Detection[]> {
  const last = useRef(lists);
  return useMemo(() => {
    const stable = new Map(
      [...lists].map(([id, list]) => {
        const before = last.current.get(id);
        const same = before?.length === list.length && before.every((detection, index) => detection === list[index]);
        return [id, same ? before : list] as const;
      }),
    );
    last.current = stable;
    return stable;
  }, [lists]);
}

/** Stays at the end while the reader is there, and leaves them alone when they scrolled back. */
function useFollowing(live: boolean, scroller: { current: HTMLDivElement | null }, content: { current: HTMLElement | null }) {
  const follow = useRef(live);
  const [following, setFollowing] = useState(live);
  const set = (on: boolean) => {
    follow.current = on;
    setFollowing(on);
  };
  const toEnd = () => {
    set(true);
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };
  useLayoutEffect(() => {
    const frame = scroller.current;
    if (!frame || !content.current) return;
    let before = frame.scrollTop;
    const scrolled = () => {
      const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < FOLLOW_PIXELS;
      // Rows that turn out higher than guessed move the end away: only a reader scrolls up.
      if (atEnd || frame.scrollTop < before) set(atEnd);
      before = frame.scrollTop;
    };
    const sizes = new ResizeObserver(() => {
      if (follow.current && !tipOpen()) frame.scrollTop = frame.scrollHeight;
    });
    frame.addEventListener("scroll", scrolled, { passive: true });
    sizes.observe(frame);
    sizes.observe(content.current);
    if (follow.current) frame.scrollTop = frame.scrollHeight;
    return () => {
      frame.removeEventListener("scroll", scrolled);
      sizes.disconnect();
      hideTip();
    };
  }, []);
  return { following, toEnd, leave: () => set(false) };
}

/** Wishes that were granted, for as long as the page is open: a transcript may be made for one. */
const granted = { detection: 0, moment: 0 };

/** Scrolls to what was asked for elsewhere on the page; returns the key of the row to point at. */
function useJumps(call: CallState, moments: readonly Row[], rows: Rows, scroller: { current: HTMLDivElement | null }, leave: () => void): string | null {
  const [flash, setFlash] = useState<string | null>(null);
  const [wish, time] = [focusOn.value, sought.value];
  useEffect(() => {
    const detection = wish && wish.turn !== granted.detection ? call.detections.find(({ id }) => id === wish.detection) : undefined;
    const at = time && time.turn !== granted.moment ? time.at : null;
    if (moments.length === 0 || (!detection && at === null)) return;
    granted.detection = wish?.turn ?? 0;
    granted.moment = time?.turn ?? 0;
    const index = detection ? rowOf(moments, detection) : rowAt(moments, at ?? 0);
    leave();
    rows.scrollToIndex(index, { align: "center" });
    setFlash(moments[index]?.key ?? null);
    if (detection) whenShown(scroller, detection.id);
  }, [wish, time, moments.length > 0]);
  return flash;
}

/** The row is drawn a frame or two after it was scrolled to. */
function whenShown(scroller: { current: HTMLDivElement | null }, detection: string, tries = 10): void {
  const found = scroller.current?.querySelector<HTMLElement>(`[data-detections~="${CSS.escape(detection)}"]`);
  if (found) found.focus({ preventScroll: true });
  else if (tries > 0) requestAnimationFrame(() => whenShown(scroller, detection, tries - 1));
}

/** Tells which stretch of the call is in sight. */
function useInSight(moments: readonly Row[], rows: Rows, scroller: { current: HTMLDivElement | null }): void {
  const frame = scroller.current;
  const top = rows.scrollOffset ?? 0;
  const items = rows.getVirtualItems().filter((item) => item.end > top && item.start < top + (frame?.clientHeight ?? 0));
  const [first, last] = [moments[items[0]?.index ?? -1], moments[items.at(-1)?.index ?? -1]];
  const from = first?.at ?? 0;
  const to = last ? (last.kind === "said" ? last.utterance.end : last.at) : from;
  useEffect(() => {
    inSight.value = first ? { from, to } : null;
  }, [from, to, first === undefined]);
  useEffect(() => () => void (inSight.value = null), []);
}

