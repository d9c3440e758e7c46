// Beside the softphone: one cue at most, whispers, and after the call how it went. Narrow, calm, hers alone.

import { useRef } from "preact/hooks";
import { clock, plural } from "../format";
import { Mark, Tick, VerdictIcon } from "../views/icons";
import { agent, call, choose, cue, earlier, link, putAway, review, sitDown, wanted } from "./model";
import type { DeskBehaviour, DeskCall, DeskMoment, DeskReview, DeskWhisper } from "./wire.gen";

export function Desk() {
  return (
    <div class="own">
      <header class="own-bar">
        <h1 class="own-brand"><Mark />Your desk</h1>
        <Standing />
      </header>
      <main class="own-main">{wanted.value === "nothing" ? <Today /> : <WhoAreYou />}</main>
    </div>
  );
}

function Standing() {
  const { phase } = link.value;
  const words = { live: agent.value ?? "", connecting: "Connecting…", waiting: "Not live – reconnecting", refused: "Not live" }[phase];
  return <p class={`own-standing own-${phase}`} role="status" data-testid="desk-link" data-phase={phase}><span class="own-dot" aria-hidden="true" /><bdi>{words}</bdi></p>;
}

function Today() {
  const now = call.value;
  if (now?.state === "live") return <Running call={now} />;
  if (review.value) return <Review review={review.value} />;
  return <p class="own-quiet" data-testid="desk-idle">No call is running. When one does, cues and whispers appear here.</p>;
}

// --- while the call runs ---------------------------------------------------------------------------

function Running({ call: now }: { call: DeskCall }) {
  return (
    <>
      <section class="own-call" aria-label="This call" data-testid="desk-call" data-call={now.call_id}>
        <p class="own-customer"><bdi class="cut">{now.customer ?? "Customer"}</bdi></p>
        <p class="own-clock">{clock(now.at)}</p>
        {now.listening && <p class="own-listening" data-testid="desk-listening">A supervisor is listening</p>}
      </section>
      <div class="own-cue-place" role="status" aria-live="polite">{cue.value ? <Cue /> : <p class="own-quiet own-steady" data-testid="desk-no-cue"><Tick />Nothing to change just now</p>}</div>
      <Whispers whispers={now.whispers} />
    </>
  );
}

function Cue() {
  const shown = cue.value!.cue;
  return (
    <article class="own-cue" key={shown.id} data-testid="desk-cue">
      <h2 class="own-cue-about">{shown.about}</h2>
      <p class="own-cue-text" dir="auto">{shown.text}</p>
      <button type="button" class="button button-small" onClick={putAway} data-testid="desk-cue-away">Got it</button>
    </article>
  );
}

function Whispers({ whispers }: { whispers: readonly DeskWhisper[] }) {
  return (
    <section aria-labelledby="own-whispers" hidden={whispers.length === 0}>
      <h2 class="own-title" id="own-whispers">From your supervisor</h2>
      <ul class="own-whispers" aria-live="polite">
        {[...whispers].reverse().map((one) => (
          <li key={one.id} class="own-whisper" data-testid="desk-whisper" data-seen={one.seen}>
            <p dir="auto">{one.text}</p>
            <p class="own-by"><bdi>{one.by ?? "Supervisor"}</bdi><time>{clock(one.at)}</time></p>
          </li>
        ))}
      </ul>
    </section>
  );
}

// --- after the call --------------------------------------------------------------------------------

function Review({ review: shown }: { review: DeskReview }) {
  const well = shown.behaviours.filter((one) => one.missed + one.harmful === 0);
  const next = shown.behaviours.filter((one) => one.missed + one.harmful > 0);
  return (
    <>
      <section class="own-call" aria-label="Last call">
        <p class="own-customer"><bdi class="cut">{shown.customer ?? "Customer"}</bdi></p>
        <p class="own-clock">{clock(shown.seconds)}</p>
        <p class="own-when">{when(shown.started_at)}</p>
      </section>
      <div data-testid="desk-review" data-call={shown.call_id}>
        <Group title="Went well" behaviours={well} empty={shown.complete ? "Nothing was judged in this call." : "Being worked out…"} quiet={next.length > 0} />
        <Group title="For next time" behaviours={next} empty="Nothing." quiet />
      </div>
      <Whispers whispers={shown.whispers} />
      <Earlier shown={shown.call_id} />
      <p class="own-note">Only what you said and how the conversation went, by opportunity: what had no occasion is not counted.</p>
    </>
  );
}

function Group({ title, behaviours, empty, quiet }: { title: string; behaviours: readonly DeskBehaviour[]; empty: string; quiet: boolean }) {
  if (behaviours.length === 0 && quiet) return null;
  return (
    <section class="own-group">
      <h2 class="own-title">{title}</h2>
      {behaviours.length === 0 && <p class="own-quiet">{empty}</p>}
      {behaviours.map((one) => (
        <details key={one.id} class="own-behaviour" data-testid="desk-behaviour" data-behaviour={one.id}>
          <summary><span>{one.title}</span><span class="own-count">{counted(one)}</span></summary>
          <ol>{one.moments.map((moment) => <Moment key={`${moment.at}/${moment.verdict}`} moment={moment} />)}</ol>
        </details>
      ))}
    </section>
  );
}

function Moment({ moment }: { moment: DeskMoment }) {
  return (
    <li class={`own-moment own-moment-${moment.verdict}`}>
      <VerdictIcon verdict={moment.verdict} />
      <div>
        {moment.quote && <blockquote dir="auto">“{moment.quote}”</blockquote>}
        <p class="own-by">{moment.note}<time>{clock(moment.at)}</time></p>
      </div>
    </li>
  );
}

function counted({ delivered, missed, harmful }: DeskBehaviour): string {
  if (missed + harmful === 0) return `${delivered} of ${delivered}`;
  if (delivered + missed === 0) return plural(harmful, "time");
  return `${delivered} of ${delivered + missed + harmful}`;
}

function when(unix: number): string {
  return new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" }).format(unix * 1000);
}

function Earlier({ shown }: { shown: string }) {
  if (earlier.value.length < 2) return null;
  return (
    <section class="own-group">
      <h2 class="own-title">Your last calls</h2>
      <ul class="own-earlier">
        {earlier.value.map((one) => (
          <li key={one.call_id}>
            <button type="button" aria-current={one.call_id === shown} onClick={() => choose(one.call_id)} data-testid="desk-earlier">
              <span>{when(one.started_at)}</span><span class="own-count">{clock(one.seconds)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

// --- who sits here ---------------------------------------------------------------------------------

function WhoAreYou() {
  const input = useRef<HTMLInputElement>(null);
  const pass = wanted.value !== "agent";
  const submit = (event: Event) => {
    event.preventDefault();
    if (input.current?.value.trim()) sitDown(input.current.value);
  };
  return (
    <form class="own-who" onSubmit={submit}>
      <label for="who">{pass ? "Your desk pass" : "Your agent name"}</label>
      <input ref={input} id="who" type="text" autocomplete="off" spellcheck={false} required aria-describedby="who-note" data-testid="desk-who" />
      {wanted.value === "pass-refused" && <p class="problem" role="alert">That pass is wrong or has run out. Ask for a new one.</p>}
      <p class="own-note" id="who-note">{pass ? "Whoever runs callcue makes it for you; it opens your own desk and no other. This browser keeps it." : "As your softphone names you, for instance a7."}</p>
      <button class="button button-main" data-testid="desk-open">Open my desk</button>
    </form>
  );
}
