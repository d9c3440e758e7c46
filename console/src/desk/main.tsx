import { render } from "preact";
import { start } from "./model";
import { Desk } from "./view";
import "../styles/tokens.css";
import "../styles/base.css";
import "./desk.css";

const root = document.getElementById("app");
if (!root) throw new Error("index.html lacks #app");
render(<Desk />, root);
void start();
