// What is looked for among the finished calls: in the address, in the form, to the service (pure).

export type Sort = "started_at" | "agent" | "seconds" | "rate" | "missed" | "harmful" | "alerts";
export type Outcome = "delivered" | "missed" | "harmful" | "observed";

export interface Search {
  readonly words: string;
  readonly said_by: "" | "agent" | "customer";
  readonly agent: string;
  readonly team: string;
  /** Days as an input has them, "2026-05-07", by this machine's calendar; the last one included. */
  readonly from: string;
  readonly to: string;
  readonly behaviour: string;
  readonly outcome: "" | Outcome;
  readonly sort: Sort;
  readonly ascending: boolean;
}

export const NO_SEARCH: Search = { words: "", said_by: "", agent: "", team: "", from: "", to: "", behaviour: "", outcome: "", sort: "started_at", ascending: false };
const SORTS: readonly string[] = ["started_at", "agent", "seconds", "rate", "missed", "harmful", "alerts"];
const OUTCOMES: readonly string[] = ["delivered", "missed", "harmful", "observed"];
const TEXTS = ["words", "agent", "team", "behaviour"] as const;

export function searchOf(query: string): Search {
  const asked = new URLSearchParams(query);
  const one = (name: string, allowed: readonly string[]) => (allowed.includes(asked.get(name) ?? "") ? asked.get(name)! : "");
  const day = (name: string) => (/^\d{4}-\d{2}-\d{2}$/.test(asked.get(name) ?? "") ? asked.get(name)! : "");
  return {
    ...NO_SEARCH,
    ...Object.fromEntries(TEXTS.map((name) => [name, asked.get(name) ?? ""])),
    said_by: one("said_by", ["agent", "customer"]) as Search["said_by"],
    outcome: one("outcome", OUTCOMES) as Search["outcome"],
    from: day("from"),
    to: day("to"),
    sort: (one("sort", SORTS) || NO_SEARCH.sort) as Sort,
    ascending: asked.get("ascending") === "true",
  };
}

/** As it stands in the address: only what differs from no search at all. */
export function queryOf(search: Search): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== NO_SEARCH[name as keyof Search]) asked.set(name, String(value));
  }
  return asked.toString();
}

/** As the service is asked (`GET /v1/finished`). */
export function parametersOf(search: Search): URLSearchParams {
  const asked = new URLSearchParams();
  const put = (name: string, value: string | number | null) => value !== null && value !== "" && asked.set(name, String(value));
  for (const name of TEXTS) put(name, search[name].trim());
  if (search.words.trim()) put("said_by", search.said_by);
  if (search.behaviour) put("outcome", search.outcome);
  put("since", midnight(search.from, 0));
  put("until", midnight(search.to, 1));
  put("sort", search.sort);
  put("ascending", String(search.ascending));
  return asked;
}

/** Unix seconds at which the day, `after` days later, begins here; null for none. */
function midnight(day: string, after: number): number | null {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return null;
  const begins = new Date(year, month - 1, date + after).getTime() / 1000;
  return begins >= 0 ? begins : null;
}

/** A click on a heading: turns the order round, or begins with what one looks for first. */
export function sortedBy(search: Search, sort: Sort): Search {
  if (search.sort === sort) return { ...search, ascending: !search.ascending };
  return { ...search, sort, ascending: sort === "agent" || sort === "rate" };
}
