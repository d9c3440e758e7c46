// One key for everything a supervisor does often. Enter, in the whisper box, belongs to the box.

export type Key =
  | { readonly do: "next" | "previous" | "ack" | "dismiss" | "whisper" | "listen" | "help" | "useful" | "useless" }
  | { readonly do: "prepared"; readonly index: number };

export interface Pressed {
  readonly key: string;
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
  l: { do: "listen" },
  y: { do: "useful" },
  n: { do: "useless" },
  "?": { do: "help" },
  "1": { do: "prepared", index: 0 },
  "2": { do: "prepared", index: 1 },
  "3": { do: "prepared", index: 2 },
};

/** Null while somebody types, or with a modifier: those keys are not ours. */
export function keyOf(pressed: Pressed, typing: boolean): Key | null {
  if (typing || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  return KEYS[pressed.key] ?? KEYS[pressed.key.toLowerCase()] ?? null;
}

export const KEY_HELP: readonly (readonly [readonly string[], string])[] = [
  [["j", "k"], "Next call, previous call"],
  [["a"], "Acknowledge the card"],
  [["d"], "Dismiss the card"],
  [["1", "2", "3"], "Take a prepared line into the whisper box"],
  [["w"], "Write a whisper"],
  [["Enter"], "Send the whisper (Shift + Enter for a new line)"],
  [["Esc"], "Leave the whisper box"],
  [["l"], "Listen in, stop listening"],
  [["y", "n"], "The card was useful, was not useful"],
  [["?"], "This list"],
];
