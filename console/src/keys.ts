// One key for everything a supervisor does often. Enter, in the whisper box, belongs to the box.

export type Key =
  | { readonly do: "next" | "previous" | "needy" | "open" | "wall" | "filter" | "ack" | "dismiss" | "whisper" | "listen" }
  | { readonly do: "useful" | "useless" | "group" | "policy" | "settings" | "help" }
  /** Into the whisper box, or (`send`) to the agent at once. */
  | { readonly do: "prepared"; readonly index: number; readonly send: boolean };

export interface Pressed {
  readonly key: string;
  /** Where the key sits: digits with Shift are other characters on every layout. */
  readonly code?: string;
  readonly shiftKey?: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const KEYS: Readonly<globalThis.Record<string, Key>> = {
  j: { do: "next" },
  k: { do: "previous" },
  a: { do: "ack" },
  d: { do: "dismiss" },
  w: { do: "whisper" },
  g: { do: "needy" },
  o: { do: "open" },
  Escape: { do: "wall" },
  "/": { do: "filter" },
  t: { do: "group" },
  p: { do: "policy" },
  ",": { do: "settings" },
  l: { do: "listen" },
  y: { do: "useful" },
  n: { do: "useless" },
  "?": { do: "help" },
};

/** Null while somebody types, or with a modifier: those keys are not ours. */
export function keyOf(pressed: Pressed, typing: boolean): Key | null {
  if (typing || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const digit = /^(?:Digit|Numpad)?([1-3])$/.exec(pressed.shiftKey ? (pressed.code ?? "") : pressed.key)?.[1];
  if (digit) return { do: "prepared", index: Number(digit) - 1, send: pressed.shiftKey === true };
  return KEYS[pressed.key] ?? KEYS[pressed.key.toLowerCase()] ?? null;
}

export const KEY_HELP: readonly (readonly [readonly string[], string])[] = [
  [["g"], "To the call that needs you most, then to the next one"],
  [["j", "k"], "Next call, previous call"],
  [["o"], "Open the call"],
  [["Esc"], "Back to all calls; out of a box"],
  [["1", "2", "3"], "Take a prepared line into the whisper box"],
  [["⇧ 1", "⇧ 2", "⇧ 3"], "Send a prepared line at once"],
  [["w"], "Write a whisper"],
  [["Enter"], "Send the whisper (Shift + Enter for a new line)"],
  [["a", "d"], "Acknowledge the card, dismiss it"],
  [["y", "n"], "The card was useful, was not useful"],
  [["l"], "Listen in, stop listening"],
  [["[", "]"], "In a call: the judged moment before, the next one"],
  [["/"], "Find a call by agent, customer or team"],
  [["t"], "Group by team"],
  [["p"], "When cards come: the policy"],
  [[","], "Sound and notifications"],
  [["?"], "This list"],
];
