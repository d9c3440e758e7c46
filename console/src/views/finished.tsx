// The finished calls: looked for by who, when, what was judged and what was said; sorted; taken away as a file.

import { useEffect, useMemo, useState } from "preact/hooks";
import { go, isLive, route } from "../console";
import { download, found, lookFor, more, readNames } from "../finished";
import { plural } from "../format";
import { NO_SEARCH, type Search, type Sort, queryOf, searchOf, sortedBy } from "../search";
import { SearchForm } from "./search";
import { FoundRow } from "./foundrow";

const COLUMNS: readonly (readonly [Sort, string, string])[] = [
  ["started_at", "When", ""],
  ["agent", "Agent", ""],
  ["seconds", "Length", "number"],
  ["rate", "Delivered", "number"],
  ["missed", "Missed", "number"],
  ["harmful", "Harmful", "number"],
  ["alerts", "Cards", "number"],
];

export function Finished() {
  const query = route.value.page === "finished" ? route.value.query : "";
  const search = useMemo(() => searchOf(query), [query]);
  useEffect(() => lookFor(search), [search, isLive.value]);
  useEffect(() => void readNames(), [isLive.value]);
  const set = (next: Search) => go({ page: "finished", query: queryOf(next) });
  const now = found.value;
  return (
    <section class="finished" aria-labelledby="finished-title" data-testid="finished">
      <header class="finished-head">
        <h2 id="finished-title">Finished calls</h2>
        <p class="finished-count" role="status" data-testid="found-count" data-asking={now.phase === "asking" || (now.phase === "here" && now.asking)}>
          {now.phase === "here" ? plural(now.count, "call") : now.phase === "asking" ? "Looking…" : "The service does not answer. It is asked again once the page is live."}
        </p>
        <Exports search={search} none={now.phase !== "here" || now.count === 0} />
      </header>
      <SearchForm search={search} onSearch={set} />
      <div class="finished-scroll" tabIndex={0} role="region" aria-label="Calls found">
        {now.phase === "here" && now.calls.length > 0 && (
          <table class="finished-table">
            <Heads search={search} onSort={(sort) => set(sortedBy(search, sort))} />
            <tbody>{now.calls.map((call) => <FoundRow key={call.call_id} call={call} words={search.words} />)}</tbody>
          </table>
        )}
        {now.phase === "here" && now.calls.length === 0 && <Nothing search={search} onAll={() => set(NO_SEARCH)} />}
        {now.phase === "here" && now.next !== null && (
          <p class="finished-more"><button type="button" class="button" disabled={now.asking} onClick={() => void more(search)} data-testid="more">{now.asking ? "Fetching…" : `More (${(now.count - now.calls.length).toLocaleString("en")} left)`}</button></p>
        )}
      </div>
    </section>
  );
}

function Heads({ search, onSort }: { search: Search; onSort: (sort: Sort) => void }) {
  return (
    <thead>
      <tr>
        {COLUMNS.map(([sort, title, kind]) => {
          const here = search.sort === sort;
          return (
            <th key={sort} scope="col" class={kind} aria-sort={here ? (search.ascending ? "ascending" : "descending") : "none"}>
              <button type="button" class="sort" onClick={() => onSort(sort)} data-testid={`sort-${sort}`}>{title}<span class="sort-way" aria-hidden="true">{here ? (search.ascending ? "↑" : "↓") : ""}</span></button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function Nothing({ search, onAll }: { search: Search; onAll: () => void }) {
  const all = queryOf({ ...search, sort: NO_SEARCH.sort, ascending: NO_SEARCH.ascending }) === "";
  return (
    <div class="finished-none" data-testid="found-none">
      <p>{all ? "No call has ended yet. Calls appear here as soon as they are over." : "No finished call is like that."}</p>
      {!all && <button type="button" class="button" onClick={onAll}>Show all of them</button>}
    </div>
  );
}

function Exports({ search, none }: { search: Search; none: boolean }) {
  const [told, setTold] = useState("");
  const save = async (rows: "calls" | "behaviours") => {
    setTold("Preparing the file…");
    setTold((await download(search, rows)) ? "" : "The file could not be fetched.");
  };
  return (
    <div class="exports">
      <span role="status" class="exports-told">{told}</span>
      <button type="button" class="button button-small" disabled={none} onClick={() => void save("calls")} title="One row a call" data-testid="export-calls">CSV of calls</button>
      <button type="button" class="button button-small" disabled={none} onClick={() => void save("behaviours")} title="One row a call and behaviour" data-testid="export-behaviours">CSV of behaviours</button>
    </div>
  );
}
