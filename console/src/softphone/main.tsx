import { render } from "preact";
import { load } from "./model";
import { Softphone } from "./view";
import "../styles/tokens.css";
import "../styles/base.css";
import "./softphone.css";

const root = document.getElementById("app");
if (!root) throw new Error("index.html lacks #app");
render(<Softphone />, root);
void load();
