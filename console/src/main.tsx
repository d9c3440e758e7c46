import { render } from "preact";
import { start } from "./console";
import { App } from "./views/app";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/calls.css";
import "./styles/call.css";
import "./styles/tone.css";
import "./styles/assist.css";
import "./styles/card.css";
import "./styles/dialogs.css";
import "./styles/listen.css";

const root = document.getElementById("app");
if (!root) throw new Error("index.html lacks #app");
render(<App />, root);
start();
