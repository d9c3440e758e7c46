import { useEffect } from "preact/hooks";
import { answer, judgeUseful } from "../commands";
import { announcement, go, isLive, open, openCall, route, selected, state, step, stepNeedy } from "../console";
import { type Key, keyOf } from "../keys";
import { toggleListening } from "../listening";
import { shownCard } from "../shown";
import { Assist } from "./assist";
import { Bar, Stale } from "./bar";
import { CallPane } from "./call";
import { CallList } from "./calls";
import { Finished } from "./finished";
import { Help, TokenPrompt } from "./dialogs";
import { Policy } from "./policy";
import { Settings } from "./settings";
import { Tip } from "./tip";
import { focusFilter, toggleGroups } from "./toolbar";
import { focusWhisper, sendPrepared, takePrepared } from "./whisper";

export function App() {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const key = keyOf(event, isTyping(event.target));
      if (!key || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      act(key);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  const { page } = route.value;
  return (
    <>
      <Bar />
      <main class={`desk desk-${page} ${isLive.value ? "" : "desk-stale"}`}>
        <Stale />
        {page === "finished" ? <Finished /> : <CallList />}
        {page === "call" && <CallPane />}
        {page !== "finished" && <Assist />}
      </main>
      <p class="unseen" role="status" aria-live="polite" data-testid="announcer">{announcement}</p>
      <Tip />
      <Help />
      <Policy />
      <Settings />
      <TokenPrompt />
      <Title />
    </>
  );
}

/** The tab says how many calls wait, for whoever works in another one. */
function Title() {
  const waiting = [...state.value.calls.values()].filter((call) => call.live && call.alerts.some((view) => view.state === "open"));
  useEffect(() => {
    document.title = waiting.length ? `(${waiting.length}) callcue` : "callcue";
  }, [waiting.length]);
  return null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function act(key: Key): void {
  switch (key.do) {
    case "next":
      return step(1);
    case "previous":
      return step(-1);
    case "needy":
      return stepNeedy();
    case "open":
      return openCall();
    case "wall":
      return go({ page: "wall" });
    case "filter":
      return focusFilter();
    case "group":
      return toggleGroups();
    case "ack":
      return answer("ack");
    case "dismiss":
      return answer("dismiss");
    case "whisper":
      return focusWhisper();
    case "listen":
      return toggleListening();
    case "prepared":
      return key.send ? sendPrepared(key.index) : takePrepared(key.index);
    case "help":
    case "policy":
    case "settings":
      open.value = key.do;
      return;
    case "useful":
    case "useless":
      if (selected.value && shownCard.value) judgeUseful(shownCard.value, key.do === "useful");
  }
}
