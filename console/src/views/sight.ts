// Which rows of a long list are in sight, how to bring one there, and how they move when their order changes.

import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Slice, inSight } from "../wall";

/** Rows drawn above and below what is in sight, so that scrolling meets no holes. */
const SPARE = 8;
/** The rows that are asked for before the list has a height. */
const FIRST = 900;

export function useSight(tops: readonly number[], row: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState({ top: 0, height: FIRST });
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const look = () => {
      // In steps of a row: a pixel more or less draws nothing anew.
      const top = Math.floor(box.scrollTop / row) * row;
      const height = (Math.ceil(box.clientHeight / row) + 1) * row;
      setWindow((was) => (was.top === top && was.height === height ? was : { top, height }));
    };
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      sizes.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, []);
  const reveal = useCallback(
    (place: number) => {
      const box = scroller.current;
      const top = tops[place];
      if (!box || top === undefined || place < 0) return;
      if (top < box.scrollTop) box.scrollTop = place <= 1 ? 0 : top;
      else if (top + row > box.scrollTop + box.clientHeight) box.scrollTop = top + row - box.clientHeight;
    },
    [tops],
  );
  const slice: Slice = inSight(tops, window.top, window.height, SPARE);
  return { scroller, slice, reveal };
}

const MOVE_MS = 180;

/** Rows slide to their new places instead of jumping there, and the one that has the focus keeps it. */
export function useMovingRows(keys: readonly string[], tops: readonly number[], focused: { readonly current: string | null }) {
  const list = useRef<HTMLUListElement>(null);
  const places = useRef<ReadonlyMap<string, number>>(new Map());
  useLayoutEffect(() => {
    const now = new Map(keys.map((key, index) => [key, tops[index]!]));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const row of list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? []) {
      const key = row.dataset["row"] ?? "";
      const [from, to] = [places.current.get(key), now.get(key)];
      if (!calm && from !== undefined && to !== undefined && from !== to) {
        row.animate([{ transform: `translateY(${from}px)` }, { transform: `translateY(${to}px)` }], { duration: MOVE_MS, easing: "ease-out" });
      }
      // A row that was moved in the document has lost the focus on the way.
      if (key === focused.current && document.activeElement === document.body) row.querySelector("button")?.focus({ preventScroll: true });
    }
    places.current = now;
  }, [keys]);
  return list;
}
