// Which page the address names: the wall, or one call.

export type Route = { readonly page: "wall" } | { readonly page: "call"; readonly id: string };

export function routeOf(hash: string): Route {
  const id = /^#\/calls\/(.+)$/.exec(hash)?.[1];
  return id === undefined ? { page: "wall" } : { page: "call", id: decoded(id) };
}

export function hashOf(route: Route): string {
  return route.page === "wall" ? "#/" : `#/calls/${encodeURIComponent(route.id)}`;
}

/** A person may have typed the address: half an escape is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
