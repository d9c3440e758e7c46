// When cards come, and when they do not: the rules as the service applies them.

import { catalogue, open } from "../console";
import { SEVERITY, spell } from "../format";
import { type PolicyRow, policyNotes, policyRows, raisedWhen } from "../policy";
import { Dialog } from "./dialogs";
import { SeverityIcon } from "./icons";

export function Policy() {
  if (open.value !== "policy") return null;
  const known = catalogue.value;
  return (
    <Dialog title="When cards come" wide onClose={() => (open.value = "none")}>
      {known ? (
        <>
          <ul class="policy-notes">{policyNotes(known.policy).map((note) => <li key={note}>{note}</li>)}</ul>
          <div class="policy-scroll" tabIndex={0} role="region" aria-label="Rules">
            <table class="policy" data-testid="policy">
              <thead><tr><th scope="col">Card</th><th scope="col">Comes</th><th scope="col">Not again for</th><th scope="col">Done within</th></tr></thead>
              <tbody>{policyRows(known).map((row) => <Line key={`${row.rule.behaviour}/${row.rule.verdict}/${row.rule.kind}`} row={row} />)}</tbody>
            </table>
          </div>
        </>
      ) : (
        <p class="empty">The service has not told its rules yet.</p>
      )}
      <form method="dialog" class="dialog-foot"><button class="button">Close</button></form>
    </Dialog>
  );
}

function Line({ row: { behaviour, rule, off } }: { row: PolicyRow }) {
  return (
    <tr class={off ? "policy-off" : `card-${rule.severity}`}>
      <th scope="row">
        <span class="policy-card">
          <span class="card-severity" title={SEVERITY[rule.severity]}><SeverityIcon severity={rule.severity} /><span class="unseen">{SEVERITY[rule.severity]}: </span></span>
          <span>{rule.title}<span class="policy-behaviour">{behaviour}</span></span>
        </span>
      </th>
      <td>{off ? "switched off" : raisedWhen(rule)}</td>
      <td>{spell(rule.cooldown)}</td>
      <td>{spell(rule.follow_within)}</td>
    </tr>
  );
}
