import { useEffect } from "preact/hooks";
import { announcement, answer, card, helpOpen, isLive, judgeUseful, selected, state, step } from "../console";
import { type Key, keyOf } from "../keys";
import { toggleListening } from "../listening";
import { Assist } from "./assist";
import { Bar } from "./bar";
import { CallPane } from "./call";
import { CallList } from "./calls";
import { Help, TokenPrompt } from "./dialogs";
import { Tip } from "./tip";
import { focusWhisper, takePrepared } from "./whisper";

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
  return (
    <>
      <Bar />
      <main class={isLive.value ? "desk" : "desk desk-stale"}>
        <CallList />
        <CallPane />
        <Assist />
      </main>
      <p class="unseen" role="status" aria-live="polite" data-testid="announcer">{announcement}</p>
      <Tip />
      <Help />
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
    case "ack":
      return answer("ack");
    case "dismiss":
      return answer("dismiss");
    case "listen":
      return toggleListening();
    case "whisper":
      return focusWhisper();
    case "prepared":
      return takePrepared(key.index);
    case "help":
      helpOpen.value = true;
      return;
    case "useful":
    case "useless":
      if (selected.value && card.value) judgeUseful(card.value, key.do === "useful");
  }
}
