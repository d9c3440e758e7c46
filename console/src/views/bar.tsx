import { useEffect, useState } from "preact/hooks";
import { config, go, isLive, link, lostAt, open, retryNow, route, state, stepNeedy } from "../console";
import { plural } from "../format";
import { hashOf } from "../route";
import { openAlert } from "../select";
import { Back, Mark } from "./icons";

export function Bar() {
  const live = [...state.value.calls.values()].filter((call) => call.live);
  const waiting = live.filter((call) => openAlert(call)).length;
  return (
    <header class="bar">
      <h1 class="brand"><Mark />callcue</h1>
      {route.value.page !== "wall" && (
        <button type="button" class="button button-quiet bar-back" onClick={() => go({ page: "wall" })} data-testid="to-wall"><Back /><span>All calls</span><kbd aria-hidden="true">Esc</kbd></button>
      )}
      <p class="bar-sum" hidden={!isLive.value}>
        <strong>{plural(live.length, "live call")}</strong>
        {waiting ? (
          <button type="button" class="bar-need" onClick={stepNeedy} title="To the one that needs you most" data-testid="needy">{waiting} to look at<kbd aria-hidden="true">g</kbd></button>
        ) : (
          <span class="bar-calm">nothing to look at</span>
        )}
      </p>
      <ConnectionState />
      <div class="bar-menu">
        <a class="button button-quiet bar-finished" href={hashOf({ page: "finished", query: "" })} aria-current={route.value.page === "finished" ? "page" : undefined} data-testid="to-finished">Finished calls</a>
        <button type="button" class="button button-quiet" onClick={() => (open.value = "policy")}><span class="wide-only">Policy</span><kbd aria-hidden="true">p</kbd></button>
        <button type="button" class="button button-quiet" onClick={() => (open.value = "settings")}><span class="wide-only">Settings</span><kbd aria-hidden="true">,</kbd></button>
        <button type="button" class="button button-quiet" onClick={() => (open.value = "help")}><span class="wide-only">Shortcuts</span><kbd aria-hidden="true">?</kbd></button>
      </div>
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

/** Over the calls, for whoever does not look at the bar: they stand as they stood then. */
export function Stale() {
  if (lostAt.value === null || isLive.value) return null;
  const since = new Date(lostAt.value).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return <p class="stale" data-testid="stale">Nothing new since {since}. The calls go on; this is how they stood then.</p>;
}
