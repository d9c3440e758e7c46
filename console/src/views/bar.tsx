import { useEffect, useState } from "preact/hooks";
import { config, helpOpen, isLive, link, retryNow, state } from "../console";
import { plural } from "../format";
import { openAlert } from "../select";
import { Mark } from "./icons";

export function Bar() {
  const live = [...state.value.calls.values()].filter((call) => call.live);
  const waiting = live.filter((call) => openAlert(call)).length;
  return (
    <header class="bar">
      <h1 class="brand"><Mark />callcue</h1>
      <p class="bar-sum" hidden={!isLive.value}>
        <strong>{plural(live.length, "live call")}</strong>
        <span class={waiting ? "bar-need" : "bar-calm"}>{waiting ? `${waiting} to look at` : "nothing to look at"}</span>
      </p>
      <ConnectionState />
      <button type="button" class="button button-quiet" onClick={() => (helpOpen.value = true)} aria-label="Keyboard shortcuts">
        <span class="wide-only">Shortcuts</span><kbd>?</kbd>
      </button>
    </header>
  );
}

/** Plainly says when what is on the page is not what is happening. */
function ConnectionState() {
  const { phase } = link.value;
  return (
    <div class={`link link-${phase}`} role="status" data-testid="connection" data-phase={phase}>
      <span class="link-dot" aria-hidden="true" />
      {phase === "live" && "Live"}
      {phase === "connecting" && "Connecting…"}
      {phase === "refused" && (config.value?.auth ? "Not live – token needed" : "Not live – the service does not let this address in")}
      {phase === "waiting" && <Waiting />}
    </div>
  );
}

function Waiting() {
  const now = link.value;
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  if (now.phase !== "waiting") return null;
  const seconds = Math.ceil((now.retryAt - Date.now()) / 1000);
  return (
    <>
      <span>Not live – reconnecting<span class="link-when" aria-hidden="true">{seconds > 0 ? `in ${seconds} s` : "now"}</span></span>
      <button type="button" class="button button-small" onClick={retryNow} data-testid="retry">Now</button>
    </>
  );
}
