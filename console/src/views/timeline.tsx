// The whole call along one axis of time: who spoke, what was judged, the customer's frustration, the agent's tone.

import { useMemo } from "preact/hooks";
import { state } from "../console";
import { VERDICT, clock, plural, spell } from "../format";
import { inSight, seek, showMoment } from "../moment";
import { type Lanes, type Mark, axisEnd, frustrationOf, lanesOf, marksOf } from "../overview";
import type { Stretch } from "../rows";
import { titleOf } from "../select";
import type { CallState } from "../state";
import { FrustrationLine } from "./chart";
import { VerdictIcon } from "./icons";
import { memo } from "./memo";
import { ToneStrip } from "./tone";

export function Timeline({ call }: { call: CallState }) {
  const { utterances, partials, gaps, detections, at, live } = call;
  const end = axisEnd(call);
  const lanes = useMemo(() => lanesOf({ utterances, partials, gaps }, end), [utterances, partials, gaps, end]);
  const marks = useMemo(() => marksOf(detections, end), [detections, end]);
  const mood = useMemo(() => frustrationOf(detections, at), [detections, at]);
  const most = mood.most;
  return (
    <section class="timeline" aria-label="The call over time" data-testid="timeline">
      <p class="timeline-name" aria-hidden="true">Agent</p>
      <div class="lanes-box">
        <LaneBars lanes={lanes} end={end} />
        <MarkRow marks={marks} end={end} />
        {live && <i class="timeline-now" style={{ left: part(at, end) }} />}
        <Scrubber end={end} at={at} />
      </div>
      <p class="timeline-name timeline-customer" aria-hidden="true">Customer</p>
      <p class="timeline-name timeline-judged" aria-hidden="true">Judged</p>
      <p class="timeline-name">Frustration<span class="timeline-told" data-testid="frustration">{most ? `most at ${clock(most.at)}` : "none noticed"}</span></p>
      <FrustrationLine mood={mood} end={end} label={most ? `The customer's frustration: noticed ${mood.noticed === 1 ? "once" : `${mood.noticed} times`}, most at ${clock(most.at)}` : "The customer's frustration: none noticed"} />
      <ToneStrip call={call} end={end} />
    </section>
  );
}

const LANE = { agent: 2, customer: 16 } as const;
const [LANE_HEIGHT, BOX_HEIGHT] = [10, 28];

/** As many shapes as there are kinds of things, however long the call. */
const LaneBars = memo(({ lanes, end }: { lanes: Lanes; end: number }) => (
  <svg class="lane-bars" viewBox={`0 0 1000 ${BOX_HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={lanesTold(lanes)} data-testid="lanes">
    <path class="lane-silent" d={boxes(lanes.silent, end, 0, BOX_HEIGHT)} data-testid="lane-silent" />
    <path class="lane-unheard" d={boxes(lanes.unheard, end, 0, BOX_HEIGHT)} />
    <path class="lane-agent" d={boxes(lanes.speech.agent, end, LANE.agent, LANE_HEIGHT)} />
    <path class="lane-customer" d={boxes(lanes.speech.customer, end, LANE.customer, LANE_HEIGHT)} />
    <path class="lane-both" d={boxes(lanes.both, end, LANE.agent, LANE.customer + LANE_HEIGHT - LANE.agent)} data-testid="lane-both" />
  </svg>
));

function lanesTold({ both, silent, unheard }: Lanes): string {
  const longest = Math.max(0, ...silent.map(({ start, end }) => end - start));
  return [
    "Who spoke when",
    both.length ? `both at once ${both.length === 1 ? "once" : `${both.length} times`}` : "never both at once",
    silent.length ? `${plural(silent.length, "silence")}, the longest ${spell(longest)}` : "no long silence",
    ...(unheard.length ? ["parts were not heard"] : []),
  ].join(", ");
}

function boxes(stretches: readonly Stretch[], end: number, top: number, height: number): string {
  const x = (at: number) => ((1000 * at) / end).toFixed(2);
  return stretches.map((one) => `M${x(one.start)} ${top}H${x(one.end)}V${top + height}H${x(one.start)}Z`).join("");
}

/** The ledger has the same moments for keyboards and screen readers. */
const MarkRow = memo(({ marks, end }: { marks: readonly Mark[]; end: number }) => (
  <div class="marks-row" aria-hidden="true">
    {marks.map(({ at, verdict, detections }) => (
      <button
        key={detections[0]?.id}
        type="button"
        tabIndex={-1}
        class={`time-mark marks-${verdict}`}
        style={{ left: part(at, end) }}
        title={detections.map((one) => `${VERDICT[one.verdict]}: ${titleOf(state.value, one.behaviour)}`).join("\n")}
        onClick={() => showMoment((detections.find((one) => one.verdict === verdict) ?? detections[0]!).id)}
        data-testid="time-mark"
      >
        <VerdictIcon verdict={verdict} />
      </button>
    ))}
  </div>
));

/** Where the transcript stands; dragged, clicked or moved with the arrow keys, the transcript follows. */
function Scrubber({ end, at }: { end: number; at: number }) {
  const seen = inSight.value;
  return (
    <>
      {seen && <i class="timeline-seen" style={{ left: part(seen.from, end), width: `max(4px, ${part(seen.to - seen.from, end)})` }} data-testid="in-sight" />}
      <input
        type="range"
        class="scrubber"
        min={0}
        max={Math.ceil(end)}
        step={Math.max(1, Math.round(end / 200))}
        value={seen?.from ?? at}
        aria-label="Moment of the call"
        aria-valuetext={clock(seen?.from ?? at)}
        onInput={(event) => seek(Number(event.currentTarget.value))}
        data-testid="scrubber"
      />
    </>
  );
}

function part(seconds: number, end: number): string {
  return `${((100 * seconds) / end).toFixed(3)}%`;
}
