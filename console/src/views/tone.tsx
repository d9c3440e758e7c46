// The agent's tone as a strip over the call: how much the pitch moved, utterance by utterance.

import { useMemo } from "preact/hooks";
import { clock, plural } from "../format";
import type { CallState } from "../state";
import { type Bar, type Stretch, toneAbsence, toneStrip } from "../tone";
import { hideTip, showTip } from "./tip";

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
        {strip.unjudged.map((part) => <i key={part.left} class="tone-unjudged" style={across(part)} title="Not enough speech to judge" />)}
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
      {bars.map((bar) => <i key={bar.left} class={bar.height < floor ? "tone-bar tone-bar-low" : "tone-bar"} style={within(bar, stretch)} />)}
      {flat && <span class="tone-mark">flat</span>}
    </div>
  );
}

function across({ left, width }: Omit<Bar, "height">) {
  return { left: whole(left), width: whole(width) };
}

function within(bar: Bar, { left, width }: Stretch) {
  return { ...across({ left: (bar.left - left) / width, width: bar.width / width }), height: whole(bar.height) };
}

function whole(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
