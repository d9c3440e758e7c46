// Which cue is on the desk: at most one, long enough to be read, and none that the agent has put away (pure).

import type { DeskCue } from "./wire.gen";

export interface ShownCue {
  readonly cue: DeskCue;
  readonly since: number;
}

/** A cue that goes sooner than this could not be read; one that is replaced sooner flickers. */
export const READ_MS = 5_000;

export function nextCue(shown: ShownCue | null, offered: DeskCue | null, away: ReadonlySet<string>, now: number): ShownCue | null {
  const wanted = offered && !away.has(offered.id) ? offered : null;
  if (shown && !away.has(shown.cue.id)) {
    if (shown.cue.id === wanted?.id || now - shown.since < READ_MS) return shown;
  }
  return wanted ? { cue: wanted, since: now } : null;
}
