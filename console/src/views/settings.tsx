// What this browser does with a new card, beside showing it. All of it is off until somebody wants it.

import { useState } from "preact/hooks";
import { open } from "../console";
import { SEVERITY } from "../format";
import { ring, wantDesktop } from "../notices";
import { type Prefs, prefer, prefs } from "../prefs";
import { Dialog } from "./dialogs";

const FROM: readonly Prefs["from"][] = ["notice", "warning", "critical"];

export function Settings() {
  const [refused, setRefused] = useState(false);
  if (open.value !== "settings") return null;
  const { sound, desktop, from } = prefs.value;
  const setSound = (on: boolean) => {
    prefer({ sound: on });
    if (on) ring(from);
  };
  const setDesktop = async (on: boolean) => {
    if (!on) prefer({ desktop: false });
    setRefused(on && !(await wantDesktop()));
  };
  return (
    <Dialog title="With a new card" onClose={() => (open.value = "none")}>
      <div class="settings">
        <label class="setting">
          <input type="checkbox" checked={sound} onChange={(event) => setSound(event.currentTarget.checked)} data-testid="pref-sound" />
          <span>A short sound<span class="token-note">Two soft notes, higher for what is graver. After a reload it starts with your first click or key.</span></span>
        </label>
        <label class="setting">
          <input type="checkbox" checked={desktop} onChange={(event) => void setDesktop(event.currentTarget.checked)} data-testid="pref-desktop" />
          <span>A notification of the desktop<span class="token-note">While this page is out of sight. It names the agent and the card, and quotes nobody.</span></span>
        </label>
        {refused && <p class="problem" role="alert">The browser does not allow notifications from this page. Its site settings can.</p>}
        <fieldset class="setting-from" disabled={!sound && !desktop}>
          <legend>For cards from</legend>
          {FROM.map((severity) => (
            <label key={severity}><input type="radio" name="from" checked={from === severity} onChange={() => prefer({ from: severity })} data-testid={`pref-from-${severity}`} />{SEVERITY[severity]}</label>
          ))}
        </fieldset>
        <p class="token-note">Kept in this browser, for all its tabs.</p>
      </div>
      <form method="dialog" class="dialog-foot"><button class="button">Close</button></form>
    </Dialog>
  );
}
