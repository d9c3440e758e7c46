// Above the wall: find a call, choose teams, group by team.

import { useComputed } from "@preact/signals";
import { filterText, state } from "../console";
import { prefer, prefs } from "../prefs";
import { teamCounts } from "../wall";
import { Search } from "./icons";

const BOX = "wall-filter";

export function focusFilter(): void {
  const box = document.getElementById(BOX);
  if (box instanceof HTMLInputElement) box.select();
}

export function Toolbar() {
  const teams = useComputed(() => teamCounts(state.value.calls.values(), prefs.value.teams));
  const chosen = prefs.value.teams;
  const several = teams.value.length > 1 || chosen.length > 0;
  const leave = (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (filterText.value) filterText.value = "";
    else event.currentTarget.blur();
  };
  return (
    <div class="tools" role="search" aria-label="Calls to show">
      <label class="find">
        <Search />
        <span class="unseen">Find a call</span>
        <input id={BOX} type="search" autocomplete="off" spellcheck={false} placeholder="Agent, customer or team" value={filterText.value} onInput={(event) => (filterText.value = event.currentTarget.value)} onKeyDown={leave} data-testid="filter" />
        <kbd aria-hidden="true">/</kbd>
      </label>
      {several && (
        <button type="button" class="button button-quiet button-small group-toggle" aria-pressed={prefs.value.grouped} onClick={toggleGroups} data-testid="group">
          By team<kbd aria-hidden="true">t</kbd>
        </button>
      )}
      {several && (
        <div class="teams" role="group" aria-label="Teams">
          {teams.value.map(({ team, live, needy }) => (
            <button key={team} type="button" class="team" aria-pressed={chosen.includes(team)} onClick={() => choose(team)} data-testid="team" data-team={team}>
              <bdi class="cut">{team || "No team"}</bdi>
              <span class="count">{live}</span>
              {needy > 0 && <span class="team-need" title={`${needy} to look at`}>{needy}<span class="unseen"> to look at</span></span>}
            </button>
          ))}
          {chosen.length > 0 && <button type="button" class="team team-all" onClick={() => prefer({ teams: [] })} data-testid="all-teams">All teams</button>}
        </div>
      )}
    </div>
  );
}

function choose(team: string): void {
  const teams = prefs.value.teams;
  prefer({ teams: teams.includes(team) ? teams.filter((one) => one !== team) : [...teams, team] });
}

export function toggleGroups(): void {
  prefer({ grouped: !prefs.value.grouped });
}
