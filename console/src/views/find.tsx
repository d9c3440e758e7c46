// Finds words in the call: the browser's own search sees only the rows that are drawn.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { plural } from "../format";
import { type Row, rowsWith } from "../rows";
import { Arrow, Search } from "./icons";

interface FindProps {
  readonly rows: readonly Row[];
  /** What was looked for on the page one came from. */
  readonly found: string;
  readonly onHits: (hits: ReadonlySet<number>) => void;
  readonly onGo: (row: number) => void;
}

export function FindBar({ rows, found, onHits, onGo }: FindProps) {
  const [text, setText] = useState(found);
  const [place, setPlace] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => setText(found), [found]);
  const hits = useMemo(() => rowsWith(rows, text.replace(/["*]/g, "")), [rows, text]);
  useEffect(() => onHits(new Set(hits)), [hits.join()]);
  const go = (to: number) => {
    if (hits.length === 0) return;
    const next = ((to % hits.length) + hits.length) % hits.length;
    setPlace(next);
    onGo(hits[next]!);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      setText("");
      box.current?.blur();
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? place - 1 : place + (text === last.current ? 1 : 0));
    last.current = text;
  };
  const last = useRef("");
  return (
    <form class="find-in" role="search" aria-label="This call" onSubmit={(event) => event.preventDefault()}>
      <label class="find-box">
        <Search />
        <span class="unseen">Find in this call</span>
        <input ref={box} type="search" dir="auto" value={text} placeholder="Find in this call" maxLength={100} onInput={(event) => { setText(event.currentTarget.value); setPlace(0); }} onKeyDown={onKeyDown} data-testid="find" />
      </label>
      {text.trim() && (
        <>
          <span class="find-count" role="status" data-testid="find-count">{hits.length ? `${plural(hits.length, "line")}` : "Not said"}</span>
          <button type="button" class="button button-small button-quiet find-up" onClick={() => go(place - 1)} disabled={!hits.length} aria-label="Previous line"><Arrow /></button>
          <button type="button" class="button button-small button-quiet" onClick={() => go(place + 1)} disabled={!hits.length} aria-label="Next line" data-testid="find-next"><Arrow /></button>
        </>
      )}
    </form>
  );
}
