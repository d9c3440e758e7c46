// What the call is judged by, at the side: each behaviour's opportunities and what became of them.

import { useMemo, useState } from "preact/hooks";
import { state } from "../console";
import { PARTY, VERDICT, clock, percent, plural, spell } from "../format";
import { type Entry, ledgerOf } from "../ledger";
import { seek, showMoment } from "../moment";
import { byReason, overallRate, titleOf } from "../select";
import type { CallState } from "../state";
import type { Detection, Scorecard } from "../wire";
import { VerdictIcon } from "./icons";
import { hideTip, showTip } from "./tip";

/** Of one behaviour at a time; the rest on request. */
const SHOWN = 8;

export function Ledger({ call }: { call: CallState }) {
  const { detections, scorecard, failed } = call;
  const behaviours = state.value.behaviours;
  const ledger = useMemo(() => ledgerOf({ detections, scorecard, failed }, [...behaviours.keys()]), [detections, scorecard, failed, behaviours]);
  return (
    <section class="ledger" aria-labelledby="ledger-title" data-testid={scorecard ? "scorecard" : "ledger"}>
      <header class="ledger-head">
        <h2 id="ledger-title">{scorecard ? "Scorecard" : "Behaviours"}</h2>
        <p class="ledger-rate">
          {scorecard ? <><strong>{percent(overallRate(scorecard))}</strong> delivered</> : ledger.judged.length > 0 && `${ledger.delivered} delivered, ${ledger.missed} missed`}
          {ledger.harmful > 0 && <span class="score-harm"><VerdictIcon verdict="harmful" />{plural(ledger.harmful, "harmful moment")}</span>}
        </p>
      </header>
      {ledger.judged.length === 0 && <p class="empty">{call.live ? "Nothing was judged yet: no opportunity so far." : "There was no opportunity to judge."}</p>}
      {ledger.judged.length > 0 && <Table entries={ledger.judged} />}
      <div class="ledger-more">
        {ledger.noticed.length > 0 && <Noticed entries={ledger.noticed} />}
        <Whispered call={call} />
        {scorecard && <Heard scorecard={scorecard} />}
        {ledger.quiet.length > 0 && (
          <details data-testid="no-opportunity">
            <summary>{plural(ledger.quiet.length, "behaviour")} without an opportunity{call.live && " yet"}</summary>
            <p>{ledger.quiet.map((one) => titleOf(state.value, one)).join(", ")}</p>
          </details>
        )}
        <NotJudged call={call} />
        {!call.live && <p class="ledger-audio" data-testid="no-audio">No audio of this call is kept, so there is nothing to play.</p>}
      </div>
    </section>
  );
}

function Table({ entries }: { entries: readonly Entry[] }) {
  return (
    <table class="ledger-table">
      <thead class="unseen">
        <tr><th scope="col">Behaviour and its moments</th><th scope="col">Delivered</th></tr>
      </thead>
      <tbody>{entries.map((entry) => <Line key={entry.behaviour} entry={entry} />)}</tbody>
    </table>
  );
}

function Line({ entry }: { entry: Entry }) {
  const { behaviour, moments, delivered, harmful, opportunities } = entry;
  const [all, setAll] = useState(false);
  const title = titleOf(state.value, behaviour);
  const hidden = all ? 0 : moments.length > SHOWN ? moments.length - SHOWN + 3 : 0;
  return (
    <tr data-testid="ledger-line" data-behaviour={behaviour}>
      <th scope="row">
        <span class="ledger-title">{title}</span>
        <span class="ledger-moments">
          {hidden > 0 && <button type="button" class="ledger-all" onClick={() => setAll(true)}>{hidden} earlier</button>}
          {moments.slice(hidden).map((moment) => <Moment key={moment.id} moment={moment} title={title} />)}
        </span>
      </th>
      <td class="ledger-share">
        {opportunities > 0 && <span><strong>{delivered}</strong> of {opportunities}</span>}
        {harmful > 0 && <span class="score-harmful">{harmful} harmful</span>}
      </td>
    </tr>
  );
}

function Moment({ moment, title }: { moment: Detection; title: string }) {
  const { verdict, start, provisional } = moment;
  const tell = (event: { currentTarget: HTMLElement }) => showTip(event.currentTarget, [moment]);
  return (
    <button
      type="button"
      class={`moment marks-${verdict} ${provisional ? "moment-provisional" : ""}`}
      aria-label={`${title}: ${VERDICT[verdict].toLowerCase()} at ${clock(start)}${provisional ? ", not confirmed yet" : ""}. Show it.`}
      onClick={() => { hideTip(); showMoment(moment.id); }}
      onPointerEnter={tell}
      onFocus={tell}
      onPointerLeave={hideTip}
      onBlur={hideTip}
      data-testid="moment"
      data-verdict={verdict}
    >
      <VerdictIcon verdict={verdict} />
    </button>
  );
}

/** A fact of the call: in its own sentence where it was noticed once, else how often. */
function Noticed({ entries }: { entries: readonly Entry[] }) {
  return (
    <div>
      <h3>Noticed</h3>
      <ul>
        {entries.map(({ behaviour, noticed }) => (
          <li key={behaviour}>
            <button type="button" class="jump" onClick={() => showMoment(noticed[0]!.id)} title="Show the first moment">{titleOf(state.value, behaviour)}</button>{" "}
            {noticed.length === 1 ? noticed[0]!.note || "once" : `${noticed.length} times`}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Whispered({ call }: { call: CallState }) {
  if (call.whispers.length === 0) return null;
  return (
    <div data-testid="whispered">
      <h3>Whispers</h3>
      <ol class="whispered">
        {call.whispers.map(({ whisper, delivered, seen }) => (
          <li key={whisper.id}>
            <button type="button" class="jump" onClick={() => seek(whisper.at)} title="Show the moment"><time>{clock(whisper.at)}</time></button>
            <span dir="auto">{whisper.text}</span>
            <span class="whispered-state">{seen ? "Seen" : delivered ? "Delivered" : call.live ? "On its way" : "Not delivered"}{whisper.by && <>, from <bdi>{whisper.by}</bdi></>}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Heard({ scorecard }: { scorecard: Scorecard }) {
  return (
    <div>
      <h3>Heard</h3>
      <ul>
        {scorecard.heard.map((heard) => (
          <li key={heard.speaker}>
            <strong>{PARTY[heard.speaker]}</strong> {clock(heard.speech)} of speech in {clock(heard.audio)}, {plural(heard.words, "word")}
            {heard.held_back > 0 && `, ${heard.held_back} held back`}
            {heard.lost >= 0.1 && `, ${spell(heard.lost)} lost`}
          </li>
        ))}
      </ul>
    </div>
  );
}

function NotJudged({ call }: { call: CallState }) {
  const reasons = [...byReason(call.scorecard?.not_judged ?? [])];
  const broken = call.scorecard ? [] : call.failed;
  if (reasons.length + broken.length === 0) return null;
  return (
    <div data-testid="not-judged">
      <h3>Not judged</h3>
      <ul>
        {broken.map((detector) => <li key={detector}><strong>{detector}</strong> failed in this call</li>)}
        {reasons.map(([reason, behaviours]) => <li key={reason}><strong>{behaviours.map((one) => titleOf(state.value, one)).join(", ")}</strong> {reason}</li>)}
      </ul>
    </div>
  );
}
