// What was said, in two lanes, with the evidence marked where it was said.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { focusOn, state } from "../console";
import { GAP, HELD, PARTY, VERDICT, clock, plural, spell } from "../format";
import { type Moment, evidenceByUtterance, runs, timeline, titleOf, worst } from "../select";
import type { CallState } from "../state";
import type { Detection, Utterance } from "../wire";
import { Arrow, VerdictIcon } from "./icons";
import { memo } from "./memo";
import { hideTip, showTip, tipOpen } from "./tip";

const NONE: readonly Detection[] = [];
/** So close to the end counts as being at the end. */
const FOLLOW_PIXELS = 64;

export function Transcript({ call, children }: { call: CallState; children: ComponentChildren }) {
  const { utterances, partials, gaps, heldBack, detections } = call;
  const moments = useMemo(() => timeline({ utterances, partials, gaps, heldBack, detections }), [utterances, partials, gaps, heldBack, detections]);
  const evidence = useStableLists(useMemo(() => evidenceByUtterance(detections), [detections]));
  const { scroller, content, following, toEnd, toStart } = useFollowing(call.live);
  useFocus(scroller);
  return (
    <div class="transcript-frame">
      <div class="transcript" ref={scroller} tabIndex={0} role="region" aria-label="Transcript" data-testid="transcript">
        <div class="transcript-content" ref={content}>
          {children}
          {call.truncated && <p class="turns-end">The beginning of this call is not shown.</p>}
          {moments.length === 0 && <p class="empty">{call.live ? "Nobody has spoken yet." : "Nothing was said, or nothing was heard."}</p>}
          <ol class="turns">
            {moments.map((moment) =>
              moment.kind === "said" ? (
                <Said key={moment.key} utterance={moment.utterance} follows={moment.follows} detections={evidence.get(moment.utterance.id) ?? NONE} />
              ) : (
                <Marker key={moment.key} moment={moment} />
              ),
            )}
          </ol>
          {!call.live && (
            <p class="turns-end">
              Call ended at {clock(call.at)}
              {call.scorecard && <button type="button" class="button button-small" onClick={toStart} data-testid="to-scorecard">Scorecard</button>}
            </p>
          )}
        </div>
      </div>
      {call.live && !following && (
        <button type="button" class="button to-end" onClick={toEnd}><Arrow />Latest</button>
      )}
    </div>
  );
}

const Said = memo(({ utterance, follows, detections }: { utterance: Utterance; follows: boolean; detections: readonly Detection[] }) => (
  <li class={`turn turn-${utterance.speaker} ${follows ? "turn-follows" : ""} ${utterance.final ? "" : "turn-partial"}`} data-testid="utterance" data-final={utterance.final}>
    <p class="turn-head"><span class={follows ? "unseen" : undefined}>{PARTY[utterance.speaker]}</span> <time>{clock(utterance.start)}</time></p>
    <p class="turn-words" dir="auto">
      {runs(utterance, detections).map((run, index) => (
        <>{index > 0 && " "}{run.detections.length ? <Evidence text={run.text} detections={run.detections} /> : run.text}</>
      ))}
    </p>
  </li>
));

function Evidence({ text, detections }: { text: string; detections: readonly Detection[] }) {
  const tell = (event: { currentTarget: HTMLElement }) => showTip(event.currentTarget, detections);
  return (
    <mark
      class={`ev ev-${worst(detections)}`}
      tabIndex={0}
      data-testid="evidence"
      data-detections={detections.map((detection) => detection.id).join(" ")}
      onPointerEnter={tell}
      onFocus={tell}
      onPointerLeave={hideTip}
      onBlur={hideTip}
    >
      {text}
    </mark>
  );
}

function Marker({ moment }: { moment: Exclude<Moment, { kind: "said" }> }) {
  if (moment.kind === "judged") {
    const { detection } = moment;
    return (
      <li class={`note note-${detection.verdict}`} data-detections={detection.id}>
        <VerdictIcon verdict={detection.verdict} />
        <span><strong>{VERDICT[detection.verdict]}</strong> · {titleOf(state.value, detection.behaviour)}{detection.note && <span class="note-why"> – {detection.note}</span>}</span>
        <time>{clock(moment.at)}</time>
      </li>
    );
  }
  const gap = moment.kind === "gap";
  const who = !gap ? PARTY[moment.speaker] : moment.parties.length > 1 ? "Both" : PARTY[moment.parties[0] ?? "agent"];
  return (
    <li class="note note-plain" data-testid={gap ? "gap" : "held-back"}>
      <span>
        {who}: {gap ? `${spell(moment.seconds)} ${GAP[moment.reason]}` : `${plural(moment.words, "word")} held back – ${HELD[moment.reason]}`}
      </span>
      <time>{clock(moment.at)}</time>
    </li>
  );
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
function useFollowing(live: boolean) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follow = useRef(live);
  const [following, setFollowing] = useState(live);
  const toEnd = () => {
    follow.current = true;
    setFollowing(true);
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };
  const toStart = () => {
    follow.current = false;
    if (scroller.current) scroller.current.scrollTop = 0;
  };
  useLayoutEffect(() => {
    const frame = scroller.current;
    if (!frame || !content.current) return;
    const scrolled = () => {
      follow.current = frame.scrollHeight - frame.scrollTop - frame.clientHeight < FOLLOW_PIXELS;
      setFollowing(follow.current);
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
  return { scroller, content, following, toEnd, toStart };
}

/** Scrolls to the evidence of a detection that was asked for elsewhere on the page. */
function useFocus(scroller: { current: HTMLDivElement | null }): void {
  const wish = focusOn.value;
  const done = useRef(wish?.turn);
  useLayoutEffect(() => {
    if (!wish || wish.turn === done.current) return;
    done.current = wish.turn;
    const found = scroller.current?.querySelector<HTMLElement>(`[data-detections~="${CSS.escape(wish.detection)}"]`);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    found?.scrollIntoView({ block: "center", behavior: calm ? "instant" : "smooth" });
    found?.focus({ preventScroll: true });
  }, [wish]);
}
