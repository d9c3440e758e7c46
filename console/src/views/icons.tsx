// Shapes that carry meaning beside colour: every verdict and severity has its own.

import type { JSX } from "preact";
import type { Severity, Verdict } from "../wire";

function Icon({ children }: { children: JSX.Element | JSX.Element[] }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function VerdictIcon({ verdict }: { verdict: Verdict }) {
  if (verdict === "delivered") return <Icon><path d="M3.5 8.5l3 3 6-7" /></Icon>;
  if (verdict === "missed") return <Icon><circle cx="8" cy="8" r="4.5" /></Icon>;
  if (verdict === "observed") return <Icon><circle cx="8" cy="8" r="1.8" /></Icon>;
  return <Icon><path d="M8 2.5l5.5 10h-11z" /></Icon>;
}

export function SeverityIcon({ severity }: { severity: Severity }) {
  if (severity === "critical") return <Icon><path class="icon-fill" d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z" /><path class="icon-cut" d="M8 4.5v4.2M8 11v.4" /></Icon>;
  if (severity === "warning") return <Icon><path class="icon-fill" d="M8 1.8l6.6 12H1.4z" /><path class="icon-cut" d="M8 6v3.6M8 11.6v.3" /></Icon>;
  return <Icon><circle class="icon-fill" cx="8" cy="8" r="6.2" /><path class="icon-cut" d="M8 4.6v.3M8 7.2v4.2" /></Icon>;
}

export function Tick() {
  return <Icon><path d="M3.5 8.5l3 3 6-7" /></Icon>;
}

export function Search() {
  return <Icon><circle cx="7" cy="7" r="4" /><path d="M10 10l3.5 3.5" /></Icon>;
}

export function Back() {
  return <Icon><path d="M9.5 3.5L5 8l4.5 4.5" /></Icon>;
}

/** How upset the customer is: one bar, two, or a falling line once it eases. */
export function MoodIcon({ kind }: { kind: "frustrated" | "very" | "eased" }) {
  if (kind === "eased") return <Icon><path d="M2.5 4.5c3 0 4 7 8 7h3M11.5 9l2.5 2.5-2.5 2.5" /></Icon>;
  return <Icon><path d="M4 12.5V9.5M8 12.5V6.5" />{kind === "very" ? <path d="M12 12.5v-9" /> : <path class="icon-faint" d="M12 12.5v-9" />}</Icon>;
}

export function Arrow() {
  return <Icon><path d="M8 3v9.5M4 8.5l4 4 4-4" /></Icon>;
}

/** Three bars beside the name of whoever speaks. */
export function Voice({ on }: { on: boolean }) {
  return (
    <span class={on ? "voice voice-on" : "voice"}>
      <i /><i /><i />
      {on && <span class="unseen">, speaking</span>}
    </span>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M9 12v8M14 8v16M19 12v8" />
      <circle cx="24.5" cy="9" r="2.6" />
    </svg>
  );
}
