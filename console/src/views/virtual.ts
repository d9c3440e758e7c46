// Only the rows in sight are in the page: TanStack's virtualiser, bound to Preact.

import { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

export type Rows = Virtualizer<HTMLDivElement, HTMLElement>;

interface Options {
  readonly count: number;
  readonly scroller: { readonly current: HTMLDivElement | null };
  readonly keyOf: (index: number) => string;
  /** Pixels, before the row was ever shown. */
  readonly guess: (index: number) => number;
  readonly padding: number;
}

const SPARE = 6;

export function useRows({ count, scroller, keyOf, guess, padding }: Options): Rows {
  const [, redraw] = useReducer((turn: number) => turn + 1, 0);
  const drawing = useRef(false);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: guess,
    getItemKey: keyOf,
    overscan: SPARE,
    paddingStart: padding,
    paddingEnd: padding,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => {
      if (!drawing.current) redraw(0);
    },
  };
  const [rows] = useState(() => new Virtualizer<HTMLDivElement, HTMLElement>(options));
  drawing.current = true;
  rows.setOptions(options);
  drawing.current = false;
  useLayoutEffect(() => rows._didMount(), [rows]);
  useLayoutEffect(() => rows._willUpdate());
  return rows;
}
