// The agent's tone as a strip over the call: how much the pitch moved, utterance by utterance.

import { useMemo } from "preact/hooks";
import { clock, plural } from "../format";
import type { CallState } from "../state";
import { type Bar, type Stretch, toneAbsence, toneStrip } from "../tone";
import { hideTip, showTip } from "./tip";

const HEIGHT = 28;
/** Pixels of speech that was not judged: too little of it together, or too little voice in it. */
const UNJUDGED = 4;

export function ToneStrip({ call, end }: { call: CallState; end: number }) {
  const { at, utterances, detections } = call;
  const strip = useMemo(() => toneStrip({ at, utterances, detections }, end), [at, utterances, detections, end]);
  const absence = toneAbsence(call);
  if (absence !== null) {
    return (
      <>
        <p class="timeline-name">Tone</p>
        <p class="tone-none" data-testid="tone-none">{absence}</p>
      </>
    );
  }
  const found = `${plural(strip.stretches.length, "stretch", "stretches")}, ${strip.flat ? `${strip.flat} flat` : "none flat"}`;
  return (
    <>
      <p class="timeline-name">Tone<span class="timeline-told">{strip.flat ? `${strip.flat} flat` : "none flat"}</span></p>
      <div class="tone-strip" role="group" aria-label={`The agent's tone of voice: ${found}`} data-testid="tone">
        <svg class="tone-bars" viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="tone-unjudged" d={strip.unjudged.map((part) => box(part.left, part.width, UNJUDGED)).join("")} />
        </svg>
        {strip.stretches.map((stretch) => <StretchBox key={stretch.detection.id} stretch={stretch} />)}
      </div>
    </>
  );
}

function StretchBox({ stretch }: { stretch: Stretch }) {
  const { detection, flat, usual, floor, bars } = stretch;
  const tell = (event: { currentTarget: HTMLElement }) => showTip(event.currentTarget, [detection]);
  return (
    <div
      class={`tone-stretch ${flat ? "tone-flat" : ""}`}
      style={across(stretch)}
      tabIndex={0}
      role="img"
      aria-label={`${flat ? "Flat" : "Lively"}, ${clock(detection.start)} to ${clock(detection.end)}`}
      data-testid="tone-stretch"
      data-flat={flat}
      data-detections={detection.id}
      onPointerEnter={tell}
      onFocus={tell}
      onPointerLeave={hideTip}
      onBlur={hideTip}
    >
      <i class="tone-floor" style={{ height: whole(floor) }} />
      <i class="tone-usual" style={{ bottom: whole(usual) }} />
      <svg class="tone-bars" viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="tone-bar" d={drawn(bars.filter((bar) => bar.height >= floor), stretch)} />
        <path class="tone-bar tone-bar-low" d={drawn(bars.filter((bar) => bar.height < floor), stretch)} />
      </svg>
      {flat && <span class="tone-mark">flat</span>}
    </div>
  );
}

function across({ left, width }: Omit<Bar, "height">) {
  return { left: whole(left), width: whole(width) };
}

/** One shape for all of them: a call of four hours has thousands. */
function drawn(bars: readonly Bar[], { left, width }: Stretch): string {
  return bars.map((bar) => box((bar.left - left) / width, bar.width / width, bar.height * HEIGHT)).join("");
}

function box(left: number, width: number, height: number): string {
  const [from, to] = [1000 * left, 1000 * (left + width)].map((x) => x.toFixed(2));
  return `M${from} ${HEIGHT}V${(HEIGHT - height).toFixed(2)}H${to}V${HEIGHT}Z`;
}

function whole(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
