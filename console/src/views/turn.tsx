// One row of the transcript: a line in its party's lane, or what happened between the lines.

import { state } from "../console";
import { GAP, HELD, PARTY, VERDICT, clock, plural, spell } from "../format";
import { hashOf } from "../route";
import type { Row, Said } from "../rows";
import { runs, titleOf, worst } from "../select";
import type { Detection } from "../wire";
import { VerdictIcon } from "./icons";
import { memo } from "./memo";
import { hideTip, showTip } from "./tip";

interface RowProps {
  readonly row: Row;
  readonly callId: string;
  readonly hit: boolean;
  readonly flash: boolean;
  readonly detections: readonly Detection[];
}

/** Drawn again only for what one sees: rows are made anew with every record, their parts are not. */
export function RowView({ row, callId, hit, flash, detections }: RowProps) {
  const marks = `${hit ? "turn-hit" : ""} ${flash ? "turn-flash" : ""}`;
  if (row.kind === "said") return <Line utterance={row.utterance} follows={row.follows} over={row.over} at={row.at} callId={callId} marks={marks} detections={detections} />;
  if (row.kind === "silence") return <Silence seconds={row.seconds} at={row.at} />;
  return <Note row={row} marks={marks} />;
}

interface LineProps extends Pick<Said, "utterance" | "follows" | "over" | "at"> {
  readonly callId: string;
  readonly marks: string;
  readonly detections: readonly Detection[];
}

const Line = memo(({ utterance, follows, over, at, callId, marks, detections }: LineProps) => (
  <div class={`turn turn-${utterance.speaker} ${follows ? "turn-follows" : ""} ${over > 0 ? "turn-over" : ""} ${utterance.final ? "" : "turn-partial"} ${marks}`} data-testid="utterance" data-final={utterance.final}>
    <div class="turn-said">
      <p class={follows ? "unseen" : "turn-who"}>{PARTY[utterance.speaker]}{!utterance.final && <span class="unseen">, not final yet</span>}</p>
      <p class="turn-words" dir="auto">
        {runs(utterance, detections).map((run, index) => (
          <>{index > 0 && " "}{run.detections.length ? <Evidence text={run.text} detections={run.detections} /> : run.text}</>
        ))}
      </p>
      {over > 0 && <p class="turn-both" data-testid="talk-over">Both speak for {spell(over)}</p>}
    </div>
    <a class="turn-time" href={hashOf({ page: "call", id: callId, at })} title="Link to this moment" aria-label={`Link to ${clock(at)}`}><time>{clock(at)}</time></a>
  </div>
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

/** As high as it was long, within reason. */
function Silence({ seconds, at }: { seconds: number; at: number }) {
  return (
    <div class="silence" style={{ height: `${Math.round(26 + 12 * Math.log2(seconds / 3))}px` }} data-testid="silence">
      <span class="silence-said">{spell(seconds)} of silence<span class="unseen"> from {clock(at)}</span></span>
    </div>
  );
}

function Note({ row, marks }: { row: Exclude<Row, Said | { kind: "silence" }>; marks: string }) {
  if (row.kind === "judged") {
    const { detection } = row;
    return (
      <div class={`note note-${detection.verdict} ${marks}`} data-detections={detection.id} tabIndex={-1}>
        <VerdictIcon verdict={detection.verdict} />
        <span><strong>{VERDICT[detection.verdict]}</strong> · {titleOf(state.value, detection.behaviour)}{detection.note && <span class="note-why"> – {detection.note}</span>}</span>
        <time>{clock(row.at)}</time>
      </div>
    );
  }
  const gap = row.kind === "gap";
  const who = !gap ? PARTY[row.speaker] : row.parties.length > 1 ? "Both" : PARTY[row.parties[0] ?? "agent"];
  return (
    <div class={`note note-plain ${marks}`} data-testid={gap ? "gap" : "held-back"}>
      <span>{who}: {gap ? `${spell(row.seconds)} ${GAP[row.reason]}` : `${plural(row.words, "word")} held back – ${HELD[row.reason]}`}</span>
      <time>{clock(row.at)}</time>
    </div>
  );
}
