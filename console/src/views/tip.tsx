// One tooltip for the whole page: what was judged on the words under the pointer.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { state } from "../console";
import { VERDICT } from "../format";
import { titleOf } from "../select";
import type { Detection } from "../wire";
import { VerdictIcon } from "./icons";

const MARGIN = 8;

const shown = signal<{ readonly anchor: HTMLElement; readonly detections: readonly Detection[] } | null>(null);

export function showTip(anchor: HTMLElement, detections: readonly Detection[]): void {
  shown.value?.anchor.removeAttribute("aria-describedby");
  anchor.setAttribute("aria-describedby", "tip");
  shown.value = { anchor, detections };
}

export function hideTip(): void {
  shown.value?.anchor.removeAttribute("aria-describedby");
  shown.value = null;
}

/** Above the words, or below them where there is no room; gone with them when they scroll out or are redrawn. */
function place(box: HTMLElement, anchor: HTMLElement): void {
  const around = anchor.getClientRects()[0];
  if (!around || around.bottom < 0 || around.top > innerHeight) return hideTip();
  const { width, height } = box.getBoundingClientRect();
  const above = around.top - height - MARGIN;
  box.style.top = `${above > MARGIN ? above : around.bottom + MARGIN}px`;
  box.style.left = `${Math.max(MARGIN, Math.min(around.left, innerWidth - width - MARGIN))}px`;
}

/** Somebody is reading about these words: they should not move away. */
export function tipOpen(): boolean {
  if (shown.peek()?.anchor.isConnected === false) hideTip();
  return shown.peek() !== null;
}

export function Tip() {
  const box = useRef<HTMLDivElement>(null);
  const now = shown.value;
  useLayoutEffect(() => {
    if (!now) return;
    const move = () => box.current && place(box.current, now.anchor);
    const close = (event: KeyboardEvent) => event.key === "Escape" && hideTip();
    move();
    addEventListener("scroll", move, { capture: true, passive: true });
    addEventListener("keydown", close);
    return () => {
      removeEventListener("scroll", move, { capture: true });
      removeEventListener("keydown", close);
    };
  }, [now]);
  if (!now) return null;
  return (
    <div class="tip" id="tip" role="tooltip" ref={box} data-testid="tip">
      {now.detections.map((detection) => (
        <div key={detection.id} class={`tip-item tip-${detection.verdict}`}>
          <p class="tip-title"><VerdictIcon verdict={detection.verdict} />{titleOf(state.value, detection.behaviour)}</p>
          <p>{VERDICT[detection.verdict]}{detection.provisional && ", not confirmed yet"}{detection.note && ` – ${detection.note}`}</p>
        </div>
      ))}
    </div>
  );
}
