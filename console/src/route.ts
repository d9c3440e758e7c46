// Which page the address names: the wall, one call (and a moment of it), or the finished calls.

export type Route =
  | { readonly page: "wall" }
  /** `at`: stream seconds to show; `found`: words that were looked for. */
  | { readonly page: "call"; readonly id: string; readonly at?: number; readonly found?: string }
  /** `query` is what is looked for, as `src/search.ts` writes it. */
  | { readonly page: "finished"; readonly query: string };

export function routeOf(hash: string): Route {
  const [, path = "", query = ""] = /^#\/([^?]*)\??(.*)$/.exec(hash) ?? [];
  if (path === "finished") return { page: "finished", query };
  const id = /^calls\/(.+)$/.exec(path)?.[1];
  if (id === undefined) return { page: "wall" };
  const asked = new URLSearchParams(query);
  const at = Number.parseFloat(asked.get("t") ?? "");
  const found = asked.get("found");
  return { page: "call", id: decoded(id), ...(at >= 0 ? { at } : {}), ...(found ? { found } : {}) };
}

export function hashOf(route: Route): string {
  switch (route.page) {
    case "wall":
      return "#/";
    case "finished":
      return route.query ? `#/finished?${route.query}` : "#/finished";
    case "call": {
      const asked = new URLSearchParams();
      if (route.at !== undefined) asked.set("t", String(Math.round(route.at * 10) / 10));
      if (route.found) asked.set("found", route.found);
      return `#/calls/${encodeURIComponent(route.id)}${asked.size ? `?${asked}` : ""}`;
    }
  }
}

/** A person may have typed the address: half an escape is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
