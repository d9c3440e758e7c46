import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { enterToken, name, open, tokenWanted } from "../console";
import { KEY_HELP } from "../keys";

interface DialogProps {
  readonly title: string;
  readonly wide?: boolean;
  readonly onClose: (() => void) | null;
  readonly children: ComponentChildren;
}

export function Dialog({ title, wide = false, onClose, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} class={wide ? "dialog dialog-wide" : "dialog"} aria-labelledby="dialog-title" onClose={() => onClose?.()} onCancel={(event) => onClose || event.preventDefault()}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

export function Help() {
  if (open.value !== "help") return null;
  return (
    <Dialog title="Keyboard" onClose={() => (open.value = "none")}>
      <dl class="keys">
        {KEY_HELP.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog" class="dialog-foot"><button class="button">Close</button></form>
    </Dialog>
  );
}

export function TokenPrompt() {
  const input = useRef<HTMLInputElement>(null);
  const called = useRef<HTMLInputElement>(null);
  if (tokenWanted.value === "no") return null;
  const submit = (event: Event) => {
    event.preventDefault();
    if (input.current?.value.trim()) enterToken(input.current.value, called.current?.value ?? "");
  };
  return (
    <Dialog title="Console token" onClose={null}>
      <form class="token" onSubmit={submit}>
        <p>This service lets consoles in by a token. Ask whoever runs it for yours.</p>
        <label for="token">Token</label>
        <input ref={input} id="token" type="password" autocomplete="off" spellcheck={false} required data-testid="token-input" aria-describedby="token-note" />
        {tokenWanted.value === "refused" && <p class="problem" role="alert">The service refused that token.</p>}
        <label for="token-name">Your name <span class="token-note">(optional)</span></label>
        <input ref={called} id="token-name" type="text" autocomplete="name" maxLength={80} defaultValue={name() ?? ""} data-testid="token-name" aria-describedby="name-note" />
        <p id="name-note" class="token-note">Other supervisors see it beside what you answer.</p>
        <p id="token-note" class="token-note">Both are kept in this tab only, until it is closed.</p>
        <div class="dialog-foot"><button class="button button-main" data-testid="token-submit">Continue</button></div>
      </form>
    </Dialog>
  );
}
