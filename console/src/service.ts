// The service's addresses and what opens them: the token and the name of this tab.

import { signal } from "@preact/signals";
import type { Socket } from "./connection";
import type { ServiceConfig } from "./wire";

const TOKEN_KEY = "callcue.token";
const NAME_KEY = "callcue.name";

export const config = signal<ServiceConfig | null>(null);

export function address(path: string): URL {
  return new URL(path, document.baseURI);
}

export function heldToken(): string | null {
  return sessionStorage.getItem(TOKEN_KEY);
}

/** The token to show; null where the service wants none. */
export function token(): string | null {
  return config.value?.auth ? heldToken() : null;
}

export function name(): string | null {
  return sessionStorage.getItem(NAME_KEY);
}

export function keepToken(text: string, called: string): void {
  sessionStorage.setItem(TOKEN_KEY, text.trim());
  if (called.trim()) sessionStorage.setItem(NAME_KEY, called.trim());
  else sessionStorage.removeItem(NAME_KEY);
}

/** Null for what is not there (404). Throws for any other refusal. */
export async function getJson<T>(path: string): Promise<T | null> {
  const bearer = token();
  const headers: HeadersInit = bearer === null ? {} : { Authorization: `Bearer ${bearer}` };
  const response = await fetch(address(path), { headers });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()) as T;
}

export function openSocket(cursor: string | null): Socket {
  const url = address("v1/console");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (cursor !== null) url.searchParams.set("after", cursor);
  const team = new URLSearchParams(location.search).get("team");
  if (team) url.searchParams.set("team", team);
  return new WebSocket(url) as Socket;
}
