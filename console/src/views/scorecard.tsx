import { show, state } from "../console";
import { PARTY, clock, percent, plural, spell } from "../format";
import { byReason, harmfulMoments, overallRate, titleOf } from "../select";
import { VerdictIcon } from "./icons";
import type { Detection, ScoreItem, Scorecard } from "../wire";

export function ScorecardTable({ scorecard, detections }: { scorecard: Scorecard; detections: readonly Detection[] }) {
  const judged = scorecard.items.filter((item) => item.opportunities + item.harmful > 0);
  const noticed = scorecard.items.filter((item) => item.observed > 0 && !judged.includes(item));
  const quiet = scorecard.items.filter((item) => !judged.includes(item) && !noticed.includes(item));
  const harmful = harmfulMoments(scorecard);
  return (
    <section class="score" aria-labelledby="score-title" data-testid="scorecard">
      <header class="score-head">
        <h2 id="score-title">Scorecard</h2>
        <p class="score-rate">
          <strong>{percent(overallRate(scorecard))}</strong> of opportunities delivered
          {harmful > 0 && <span class="score-harm"><VerdictIcon verdict="harmful" />{plural(harmful, "harmful moment")}</span>}
        </p>
      </header>
      {judged.length > 0 && <Items items={judged} />}
      <div class="score-foot">
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
        {noticed.length > 0 && (
          <div>
            <h3>Noticed</h3>
            <ul>
              {noticed.map((item) => <Noticed key={item.behaviour} item={item} detections={detections} />)}
            </ul>
          </div>
        )}
        {quiet.length > 0 && (
          <div>
            <h3>No opportunity</h3>
            <p>{quiet.map((item) => titleOf(state.value, item.behaviour)).join(", ")}</p>
          </div>
        )}
        {scorecard.not_judged.length > 0 && (
          <div>
            <h3>Not judged</h3>
            <ul>
              {[...byReason(scorecard.not_judged)].map(([reason, behaviours]) => (
                <li key={reason}><strong>{behaviours.map((one) => titleOf(state.value, one)).join(", ")}</strong> {reason}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}

/** A fact of the call: in its own sentence where it was noticed once, else how often. */
function Noticed({ item, detections }: { item: ScoreItem; detections: readonly Detection[] }) {
  const title = titleOf(state.value, item.behaviour);
  const [first] = item.moments;
  const only = item.moments.length === 1 ? detections.find((one) => one.id === first) : undefined;
  return (
    <li>
      {first ? <button type="button" class="jump" onClick={() => show(first)} title="Show the first moment">{title}</button> : title}{" "}
      {only?.note || (item.observed === 1 ? "once" : `${item.observed} times`)}
    </li>
  );
}

function Items({ items }: { items: readonly ScoreItem[] }) {
  return (
    <table class="score-table">
      <thead>
        <tr>
          <th scope="col">Behaviour</th>
          <th scope="col">Opportunities</th>
          <th scope="col">Delivered</th>
          <th scope="col">Missed</th>
          <th scope="col">Harmful</th>
          <th scope="col">Rate</th>
        </tr>
      </thead>
      <tbody>{items.map((item) => <Item key={item.behaviour} item={item} />)}</tbody>
    </table>
  );
}

function Item({ item }: { item: ScoreItem }) {
  const title = titleOf(state.value, item.behaviour);
  const [first] = item.moments;
  return (
    <tr>
      <th scope="row">
        {first ? <button type="button" class="jump" onClick={() => show(first)} title="Show the first moment">{title}</button> : title}
      </th>
      <Count of={item.opportunities} />
      <Count of={item.delivered} />
      <Count of={item.missed} tone="missed" />
      <Count of={item.harmful} tone="harmful" />
      <td class="score-cell-rate">
        {item.rate !== null && <svg class="meter" viewBox="0 0 56 6" aria-hidden="true"><rect width={56 * item.rate} /></svg>}
        <span>{percent(item.rate)}</span>
      </td>
    </tr>
  );
}

function Count({ of, tone = "plain" }: { of: number; tone?: "plain" | "missed" | "harmful" }) {
  return <td class={of ? `score-${tone}` : "score-zero"}>{of}</td>;
}
