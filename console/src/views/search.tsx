// What to look for among the finished calls. What is typed is looked for after a moment, or with Enter.

import { useEffect, useRef, useState } from "preact/hooks";
import { state } from "../console";
import { names } from "../finished";
import { NO_SEARCH, type Outcome, type Search, queryOf } from "../search";
import { Search as SearchIcon } from "./icons";

const WAIT_MS = 350;
const OUTCOMES: readonly (readonly ["" | Outcome, string])[] = [
  ["", "came up"],
  ["missed", "was missed"],
  ["harmful", "did harm"],
  ["delivered", "was delivered"],
];

interface FormProps {
  readonly search: Search;
  readonly onSearch: (search: Search) => void;
}

export function SearchForm({ search, onSearch }: FormProps) {
  const [typed, setTyped] = useState(search);
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setTyped(search), [search]);
  useEffect(() => () => clearTimeout(waiting.current), []);
  const look = (next: Search) => {
    clearTimeout(waiting.current);
    setTyped(next);
    onSearch(next);
  };
  const type = (next: Search) => {
    clearTimeout(waiting.current);
    setTyped(next);
    waiting.current = setTimeout(() => onSearch(next), WAIT_MS);
  };
  const text = (name: "words" | "agent" | "team") => ({
    value: typed[name],
    dir: "auto" as const,
    maxLength: name === "words" ? 200 : 128,
    onInput: (event: { currentTarget: HTMLInputElement }) => type({ ...typed, [name]: event.currentTarget.value }),
    "data-testid": `search-${name}`,
  });
  const behaviours = [...state.value.behaviours.values()];
  const { sort, ascending } = typed;
  const asks = queryOf({ ...typed, sort: NO_SEARCH.sort, ascending: NO_SEARCH.ascending }) !== "";
  return (
    <form class="search" role="search" aria-label="Finished calls" onSubmit={(event) => { event.preventDefault(); look(typed); }}>
      <label class="search-words">
        <span>Words said</span>
        <span class="search-box"><SearchIcon /><input type="search" placeholder={'refund "washing machine" deliver*'} {...text("words")} /></span>
      </label>
      <label>
        <span>By</span>
        <select value={typed.said_by} onChange={(event) => look({ ...typed, said_by: event.currentTarget.value as Search["said_by"] })} data-testid="search-said_by">
          <option value="">anyone</option>
          <option value="agent">the agent</option>
          <option value="customer">the customer</option>
        </select>
      </label>
      <label><span>Agent</span><input type="search" list="search-agents" {...text("agent")} /></label>
      <label><span>Team</span><input type="search" list="search-teams" {...text("team")} /></label>
      <label><span>From</span><input type="date" value={typed.from} max={typed.to || undefined} onChange={(event) => look({ ...typed, from: event.currentTarget.value })} data-testid="search-from" /></label>
      <label><span>To</span><input type="date" value={typed.to} min={typed.from || undefined} onChange={(event) => look({ ...typed, to: event.currentTarget.value })} data-testid="search-to" /></label>
      <label class="search-behaviour">
        <span>Behaviour</span>
        <select value={typed.behaviour} onChange={(event) => look({ ...typed, behaviour: event.currentTarget.value })} data-testid="search-behaviour">
          <option value="">any</option>
          {typed.behaviour && !state.value.behaviours.has(typed.behaviour) && <option value={typed.behaviour}>{typed.behaviour}</option>}
          {behaviours.map(({ id, title }) => <option key={id} value={id}>{title}</option>)}
        </select>
      </label>
      <label>
        <span>that</span>
        <select value={typed.outcome} disabled={!typed.behaviour} onChange={(event) => look({ ...typed, outcome: event.currentTarget.value as Search["outcome"] })} data-testid="search-outcome">
          {OUTCOMES.map(([value, title]) => <option key={value} value={value}>{title}</option>)}
        </select>
      </label>
      <button type="button" class="button button-quiet search-clear" disabled={!asks} onClick={() => look({ ...NO_SEARCH, sort, ascending })} data-testid="search-clear">Clear</button>
      <datalist id="search-agents">{names.value.agents.map((one) => <option key={one} value={one} />)}</datalist>
      <datalist id="search-teams">{names.value.teams.map((one) => <option key={one} value={one} />)}</datalist>
    </form>
  );
}
