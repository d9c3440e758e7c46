// Text to the agent's ear piece or screen: prepared lines, an editable box, and what became of it.

import { useRef } from "preact/hooks";
import { draft, drafts, forget, outbox, whisper, whisperText } from "../commands";
import { catalogue, isLive, selected, state } from "../console";
import { clock, personOf } from "../format";
import { ruleOf } from "../policy";
import { shownCard } from "../shown";
import type { CallState } from "../state";
import type { WhisperView } from "../wire";
import { Tick } from "./icons";

const BOX = "whisper-text";
const PREPARED = 3;
const LONGEST = 500;

export function focusWhisper(): void {
  document.getElementById(BOX)?.focus();
}

/** The prepared lines of the card's own rule, while something can be done about it. */
function prepared(): readonly string[] {
  const view = shownCard.value;
  if (!selected.value?.live || !view || !["open", "acked"].includes(view.state)) return [];
  const own = ruleOf(catalogue.value, view.alert)?.whispers;
  return (own ?? state.value.behaviours.get(view.alert.behaviour)?.whispers ?? []).slice(0, PREPARED);
}

export function takePrepared(index: number): void {
  const text = prepared()[index];
  if (text === undefined || !selected.value) return;
  draft(selected.value.call.call_id, text);
  // At once, not with the next drawing: Enter may follow faster than that.
  const box = document.getElementById(BOX);
  if (!(box instanceof HTMLTextAreaElement)) return;
  box.value = text;
  box.focus();
  box.setSelectionRange(text.length, text.length);
}

/** As it stands, without a look at it in the box. */
export function sendPrepared(index: number): void {
  const text = prepared()[index];
  if (text !== undefined) whisperText(text);
}

export function Whispers({ call }: { call: CallState }) {
  const sent = call.whispers.length > 0 || outbox.value.some(({ command }) => command.type === "whisper" && command.call_id === call.call.call_id);
  if (!call.live && !sent) return null;
  return (
    <section class="whispers" aria-labelledby="whisper-title">
      <h2 class="whispers-title" id="whisper-title">Whisper<span class="whispers-to"> to <bdi>{personOf(call.call.agent, "agent")}</bdi></span></h2>
      {sent && <Sent call={call} />}
      {call.live && <Composer call={call} />}
    </section>
  );
}

function Composer({ call }: { call: CallState }) {
  const id = call.call.call_id;
  const form = useRef<HTMLFormElement>(null);
  const text = drafts.value.get(id) ?? "";
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    whisper();
  };
  return (
    <form ref={form} class="composer" onSubmit={(event) => { event.preventDefault(); whisper(); }}>
      {prepared().length > 0 && (
        <ul class="prepared" aria-label="Prepared lines">
          {prepared().map((line, index) => (
            <li key={line}>
              <button type="button" class="prepared-line" onClick={() => takePrepared(index)} data-testid="whisper-prepared">
                <kbd>{index + 1}</kbd><span dir="auto">{line}</span>
              </button>
              <button type="button" class="button button-small prepared-send" onClick={() => sendPrepared(index)} disabled={!isLive.value} aria-label={`Send: ${line}`} title={`Send at once (Shift + ${index + 1})`} data-testid="whisper-send-prepared">Send</button>
            </li>
          ))}
        </ul>
      )}
      <label class="unseen" for={BOX}>Whisper to the agent</label>
      <div class="composer-box">
        <textarea
          id={BOX}
          rows={2}
          dir="auto"
          maxLength={LONGEST}
          placeholder="What should the agent say or do next?"
          value={text}
          onInput={(event) => draft(id, event.currentTarget.value)}
          onKeyDown={onKeyDown}
          data-testid="whisper-input"
        />
        <div class="composer-foot">
          <span class="composer-hint">{isLive.value ? "Only the agent gets this, never the customer." : "Not live: it cannot be sent now."}</span>
          <button type="submit" class="button button-main" disabled={!text.trim() || !isLive.value} data-testid="whisper-send">
            Send<kbd aria-hidden="true">↵</kbd>
          </button>
        </div>
      </div>
    </form>
  );
}

function Sent({ call }: { call: CallState }) {
  const waiting = outbox.value.filter(({ command }) => command.type === "whisper" && command.call_id === call.call.call_id);
  return (
    <ul class="sent" aria-label="Whispers sent">
      {call.whispers.map((view) => <SentLine key={view.whisper.id} view={view} live={call.live} />)}
      {waiting.map(({ ref, command, status, problem }) =>
        command.type === "whisper" ? (
          <li key={ref} class={`sent-line sent-${status}`}>
            <span class="sent-text" dir="auto">{command.text}</span>
            <span class="sent-state" role="status" data-testid="whisper-state" data-state={status}>
              {status === "failed" ? `Not sent: ${problem}` : "Sending…"}
            </span>
            {status === "failed" && (
              <button type="button" class="button button-small" onClick={() => { draft(command.call_id, command.text); forget(ref); focusWhisper(); }}>Take back</button>
            )}
          </li>
        ) : null,
      )}
    </ul>
  );
}

function SentLine({ view: { whisper: { text, at }, delivered, seen }, live }: { view: WhisperView; live: boolean }) {
  const reached = seen ? "seen" : delivered ? "delivered" : "sent";
  return (
    <li class="sent-line">
      <span class="sent-text" dir="auto">{text}</span>
      <span class={`sent-state ${delivered ? "sent-delivered" : ""}`} role="status" data-testid="whisper-state" data-state={reached}>
        {seen ? <><Tick />Seen by the agent</> : delivered ? <><Tick />Delivered</> : live ? "Sent, not delivered yet" : "Never delivered"}
        <time>{clock(at)}</time>
      </span>
    </li>
  );
}
