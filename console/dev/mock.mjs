// A stand-in for the service with calls to look at:  node dev/mock.mjs [--port 8790] [--at 45] [--calls 9]
// [--token T] [--web FOLDER]. Serves the built page under the service's Content-Security-Policy; `vite` proxies to it.
// GET /mock/drop?seconds=8 closes every socket and lets none in for so long.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WebSocketServer } from "ws";
import { ARABIC, BEHAVIOURS, CATALOGUE, MISHAPS, events, load } from "./scenario.mjs";

const { values: options } = parseArgs({
  options: { port: { type: "string", default: "8790" }, at: { type: "string", default: "45" }, calls: { type: "string", default: "9" }, token: { type: "string" }, web: { type: "string" } },
});
const WEB = options.web ?? fileURLToPath(new URL("../../service/web/", import.meta.url));
const CSP = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const EXPIRE_SECONDS = 60;
const COOLDOWN_SECONDS = 60;

const calls = new Map();
const ring = [];
const sockets = new Set();
let cursor = 0;
let closedUntil = 0;

function add(id, truth, info, at) {
  const call = { call_id: id, parties: ["agent", "customer"], team: "Home Delivery", profile: "eu-workplace", language: "en", source: "live", started_at: Date.now() / 1000 - at, ...info };
  calls.set(id, { truth, plan: events(truth, call), next: 0, zero: Date.now() - at * 1000, counts: {}, opened: 0, view: null });
}

function emit(id, event, passing = false) {
  const call = calls.get(id);
  if (!call.view) call.view = { call: event.call, state: "live", at: 0, seq: 0, speaking: [], utterances: [], detections: [], alerts: [], whispers: [], gaps: [], held_back: 0, scorecard: null, truncated: false, lag: 0, partial_lines: true, listeners: [] };
  if (!passing) call.view.seq += 1;
  project(call.view, event);
  cursor += 1;
  ring.push({ n: cursor, record: { call_id: id, seq: passing ? 0 : call.view.seq, event } });
  if (ring.length > 20000) ring.shift();
}

function project(view, event) {
  view.at = Math.max(view.at, event.at ?? event.end ?? 0);
  if (event.type === "call_ended") Object.assign(view, { state: "ended", speaking: [], utterances: view.utterances.filter((one) => one.final) });
  if (event.type === "speech_started") view.speaking = [...new Set([...view.speaking, event.speaker])];
  if (event.type === "speech_ended") view.speaking = view.speaking.filter((one) => one !== event.speaker);
  if (event.type === "utterance") {
    const finals = view.utterances.filter((one) => one.final && one.id !== event.id);
    const partials = view.utterances.filter((one) => !one.final && one.speaker !== event.speaker);
    view.utterances = event.final ? [...finals, event, ...partials] : [...finals, ...partials, event];
  }
  if (event.type === "detection") view.detections.push(event);
  if (event.type === "alert") view.alerts.push({ alert: event, state: "open", by: null, useful: null, count: 1 });
  if (event.type === "alert_update") {
    const card = view.alerts.find((one) => one.alert.id === event.id);
    if (event.state !== "merged") card.state = event.state;
    card.by = event.by ?? card.by;
    card.useful = event.useful ?? card.useful;
    card.count = event.count ?? card.count;
  }
  if (event.type === "whisper") view.whispers.push({ whisper: event, delivered: false, seen: false });
  if (event.type === "whisper_delivered") view.whispers.find((one) => one.whisper.id === event.id).delivered = true;
  if (event.type === "whisper_seen") view.whispers.find((one) => one.whisper.id === event.id).seen = true;
  if (event.type === "audio_gap") view.gaps.push(event);
  if (event.type === "words_held_back") view.held_back += event.words.length;
  if (event.type === "scorecard") view.scorecard = event;
}

function alertOn(id, item) {
  const call = calls.get(id);
  const open = call.view.alerts.find((one) => one.state === "open");
  if (open && item.due - open.alert.at > EXPIRE_SECONDS) update(id, open.alert.id, { state: "expired" }, item.due);
  if (!item.rule) return;
  const { behaviour, verdict } = item.event;
  const key = `${behaviour}/${verdict}`;
  call.counts[key] = (call.counts[key] ?? 0) + 1;
  const [count, severity, title] = item.rule;
  if (call.counts[key] < count) return;
  const same = call.view.alerts.findLast((one) => one.alert.behaviour === behaviour && item.due - one.alert.at < COOLDOWN_SECONDS);
  if (same) return update(id, same.alert.id, { state: "merged", count: same.count + 1 }, item.due);
  const still = call.view.alerts.find((one) => one.state === "open");
  if (still && severity !== "critical") return;
  if (still) update(id, still.alert.id, { state: "expired" }, item.due);
  call.opened += 1;
  emit(id, { type: "alert", id: `${behaviour}#${call.opened}`, at: item.due, behaviour, verdict, kind: "", severity, title, coaching: item.coaching, detections: [item.event.id], evidence: item.event.evidence, note: item.event.note, count: 1, provisional: false });
}

function update(id, alert, change, at) {
  emit(id, { type: "alert_update", id: alert, at, by: null, useful: null, count: null, ...change });
}

function advance() {
  for (const [id, call] of calls) {
    const now = (Date.now() - call.zero) / 1000;
    while (call.next < call.plan.length && call.plan[call.next].due <= now) {
      const item = call.plan[call.next++];
      emit(id, item.event, item.passing);
      if (item.event.type === "detection") alertOn(id, item);
    }
  }
  for (const socket of sockets) socket.flush();
}

const NAMES = [["Noor Haddad", "Ms Sato"], ["Tom Okafor", "Elena Petrova"], ["Grace Lindqvist", null], ["Samuel Wright", "Bartholomew Featherstonehaugh-Cholmondeley III"], ["Ines Duarte", "Li Wei"], ["Jonas Berg", "Aisha Khan"], ["Maximiliane-Alexandra von Hohenstein-Sigmaringen", "O'Neil"], ["Yusuf Demir", "Chloé Dubois"]];
const TEAMS = ["Home Delivery", "Broadband Sales", "Garage", null];
const at = Number(options.at);
const [bad, curt, good] = ["bad_answer_call", "curt_call", "good_call"].map(load);
add("walker", { ...bad, extras: MISHAPS }, { agent: bad.agent, customer_name: bad.customer_name }, at);
add("lopez", curt, { agent: curt.agent, customer_name: curt.customer_name, team: curt.team }, at + 12);
add("miller", good, { agent: good.agent, customer_name: "David Miller", team: good.team, profile: "full" }, at - 8);
add("arabic", ARABIC, { agent: "مريم العبدالله", customer_name: "عبد الرحمن بن محمد", language: "ar" }, at + 4);
add("ended-1", good, { agent: "Hannah Reed", customer_name: "Ruth Okonkwo", team: good.team }, 400);
add("ended-2", bad, { agent: "Claire Bennett", customer_name: "Priya Nair" }, 700);
add("ended-3", curt, { agent: "Rick Dawson", customer_name: null }, 1300);
for (let index = 0; index + 7 < Number(options.calls); index += 1) {
  const [agent, customer_name] = NAMES[index % NAMES.length];
  const mostlyCalm = [good, curt, good, good, bad, good, good][index % 7];
  add(`more-${index}`, mostlyCalm, { agent, customer_name, team: TEAMS[index % TEAMS.length] }, (index * 17) % 90);
}
advance();
const ticking = setInterval(advance, 100);

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://mock");
  const json = (body, status = 200) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (url.pathname === "/v1/config") return json({ version: "mock", auth: Boolean(options.token), profile: "eu-workplace", listening: false, desk_auth: false });
  if (url.pathname === "/v1/behaviours") return json(CATALOGUE);
  if (url.pathname === "/mock/drop") {
    closedUntil = Date.now() + 1000 * Number(url.searchParams.get("seconds") ?? 8);
    for (const socket of sockets) socket.wire.terminate();
    return json({});
  }
  const one = /^\/v1\/calls\/([^/]+)$/.exec(url.pathname);
  if (one) {
    const found = calls.get(decodeURIComponent(one[1]));
    return found?.view ? json(found.view) : json({ code: "not_found" }, 404);
  }
  const path = join(WEB, normalize(url.pathname === "/" ? "/index.html" : url.pathname));
  if (!path.startsWith(WEB) || !existsSync(path) || !statSync(path).isFile()) return json({}, 404);
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "content-security-policy": CSP });
  createReadStream(path).pipe(response);
});

const upgrades = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  if (Date.now() < closedUntil) return socket.destroy();
  upgrades.handleUpgrade(request, socket, head, (wire) => greet(wire, new URL(request.url, "http://mock").searchParams.get("after")));
});

function greet(wire, after) {
  const send = (message) => wire.send(JSON.stringify(message));
  const socket = { wire, sent: cursor, flush };
  function flush() {
    const missed = ring.filter((line) => line.n > socket.sent).map((line) => line.record);
    if (missed.length) send({ type: "records", cursor: String((socket.sent = cursor)), records: missed });
  }
  function begin() {
    const known = after !== null && /^\d+$/.test(after) && Number(after) <= cursor;
    if (known) {
      socket.sent = Number(after);
      send({ type: "records", cursor: after, records: [] });
    } else {
      send({ type: "snapshot", cursor: String(cursor), behaviours: BEHAVIOURS, calls: [...calls.values()].map((call) => call.view).filter(Boolean) });
    }
    sockets.add(socket);
  }
  wire.on("close", () => sockets.delete(socket));
  wire.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type === "auth") return message.token === options.token ? begin() : wire.close(4403);
    if (message.type === "ping") return send({ type: "pong" });
    setTimeout(() => send(act(message)), 120);
  });
  if (!options.token) begin();
}

function act(message) {
  const call = calls.get(message.call_id);
  if (call?.view.state !== "live" && message.type === "whisper") return { type: "reply", ref: message.ref, ok: false, error: { code: "not_found", message: "no such live call" } };
  const at = call.view.at;
  if (message.type === "whisper") {
    const id = `w${call.view.whispers.length + 1}`;
    emit(message.call_id, { type: "whisper", id, at, text: message.text, by: "console", alert_id: message.alert_id });
    setTimeout(() => emit(message.call_id, { type: "whisper_delivered", id, at: call.view.at }), 900);
    setTimeout(() => emit(message.call_id, { type: "whisper_seen", id, at: call.view.at }), 2500);
  } else {
    update(message.call_id, message.alert_id, { state: message.type === "ack" ? "acked" : "dismissed", by: "console", useful: message.useful }, at);
    if (message.type === "ack") setTimeout(() => update(message.call_id, message.alert_id, { state: "followed" }, call.view.at), 7000);
  }
  return { type: "reply", ref: message.ref, ok: true };
}

server.listen(Number(options.port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
process.on("SIGTERM", () => {
  clearInterval(ticking);
  process.exit(0);
});
