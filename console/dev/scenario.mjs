// Calls for the mock: the project's own samples (script and truth), told as the service would tell them.
import { readFileSync } from "node:fs";

const SAMPLES = new URL("../../samples/", import.meta.url);

export const BEHAVIOURS = [
  ["courtesy.greeting", "Warm opening", "Say hello, give your name, and ask how you can help.", []],
  ["courtesy.please_thanks", "Please and thank you", "Answer in a full sentence: “Yes, of course”, “I'm sorry, could you say that again, please?”", ["Try: “Yes, of course, I have that here.”", "Try: “I'm sorry, could you say that once more, please?”", "A full sentence will help the customer feel heard."]],
  ["courtesy.request_form", "Friendly requests", "Say: “Could I have your …, please?”", ["Try: “Could I have that number, please?”", "Try: “May I ask for your date of birth, please?”", "Say why you ask, and add a please."]],
  ["courtesy.willingness", "Readiness to help", "Say: “Sure, I can help you with that.”", ["Try: “I'm happy to help you with that.”"]],
  ["courtesy.hold", "Considerate holds", "Say what you are doing and how long it takes.", ["Tell the customer what you are looking up."]],
  ["courtesy.closing", "Warm closing", "", []],
  ["name.use", "Use of the customer's name", "Use the name once, naturally, at the start of your next answer.", ["Use the customer's name in your next answer.", "Try: “Thank you, …” with the name."]],
  ["listening.acknowledgement", "Acknowledging what was said", "Repeat the customer's key words before the next step: “So your … is …”.", ["Say back in your words what the customer asked for.", "Try: “So what you need is …, is that right?”"]],
  ["emotion.leakage", "Steady with a frustrated customer", "Slow down, name the trouble, and say what you will do: “I understand, and here is what I can do.”", ["Try: “I'm sorry this has been so much trouble. Here is what I can do.”", "Take a breath, and name what the customer has been through.", "Offer the next step you can take yourself."]],
].map(([id, title, coaching, whispers]) => ({ id, title, coaching, whispers }));

const MEANINGS = {
  "emotion.leakage": "A frustrated customer is answered steadily or with empathy, not in kind.",
  "courtesy.please_thanks": "What the customer is asked for comes with a please, what she gives is thanked for.",
  "listening.acknowledgement": "What the customer needs is said back before the next step.",
};

const KNOWN = new Map(BEHAVIOURS.map((behaviour) => [behaviour.id, behaviour]));

// behaviour/verdict: at which detection a card is raised, with its severity and title
const RULES = {
  "emotion.leakage/harmful": [1, "critical", "Steady the conversation"],
  "courtesy.please_thanks/harmful": [2, "warning", "Warmer, fuller answers"],
  "courtesy.request_form/missed": [2, "notice", "Ask as a friendly request"],
  "listening.acknowledgement/missed": [2, "warning", "Say back what you heard"],
  "name.use/missed": [1, "notice", "Use the customer's name"],
};

/** What `GET /v1/behaviours` says of them. */
export const CATALOGUE = {
  behaviours: BEHAVIOURS.map(({ id, title, coaching, whispers }) => ({
    id,
    title,
    meaning: MEANINGS[id] ?? "",
    opportunity: "",
    alerts: Object.entries(RULES)
      .filter(([key]) => key.startsWith(`${id}/`))
      .map(([key, [count, severity, card]]) => ({
        behaviour: id, verdict: key.split("/")[1], kind: "", severity, title: card, coaching, whispers, count,
        in_a_row: count > 1, within: count > 1 ? 120 : null, cooldown: 60, follow: [], follow_within: 60, min_confidence: 0.6,
      })),
  })),
  policy: { off: ["sales.opening"], least: "notice", expire_after: 60, give_way_after: 12, give_way_to_lower_after: 24, stale_after: 45 },
};

// The words that show it, where that is not the whole turn.
const PHRASES = [
  "you need to calm down", "that's not my problem", "You should have read the contract", "Do you want the slot or not",
  "Could I have the order number, please", "four four zero, thank you", "your washing machine", "Mister Walker",
  "Good morning, thank you for calling", "twelve megabits", "three hundred plan", "Account number", "Give me your date of birth",
  "Give me the mileage", "Phone number", "Good afternoon", "I can look into that for you", "Could I", "you're welcome",
];

export function load(name) {
  return JSON.parse(readFileSync(new URL(`${name}.truth.json`, SAMPLES), "utf8"));
}

const bare = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}' ]/gu, "");

function span(turn, id) {
  const words = turn.text.split(/\s+/);
  for (const phrase of PHRASES) {
    const wanted = bare(phrase).split(/\s+/);
    const first = words.findIndex((_, index) => wanted.every((word, step) => bare(words[index + step] ?? "") === word));
    if (first >= 0) return { kind: "words", utterance_id: id, first, last: first + wanted.length - 1 };
  }
  return { kind: "words", utterance_id: id, first: 0, last: Math.min(words.length, 7) - 1 };
}

function wordsOf(turn) {
  const texts = turn.text.split(/\s+/);
  const step = (turn.end - turn.start) / texts.length;
  return texts.map((text, index) => ({ text, start: turn.start + index * step, end: turn.start + (index + 1) * step, confidence: 0.93 }));
}

/** One call's events with the stream second at which each is sent. */
export function events(truth, call) {
  const out = [{ due: 0, event: { type: "call_started", call, at: 0 } }];
  const ids = truth.turns.map((turn, index) => `${turn.speaker[0]}${index + 1}`);
  truth.turns.forEach((turn, index) => out.push(...said(turn, ids[index])));
  const judged = truth.behaviours.filter((item) => KNOWN.has(item.behaviour));
  for (const [index, item] of judged.entries()) out.push(judge(item, truth.turns[item.turn], ids[item.turn], index));
  truth.turns.forEach((turn, index) => turn.speaker === "customer" && UPSET.test(turn.text) && out.push(upset(turn, ids[index])));
  for (let second = 1; second <= truth.seconds; second += 1) out.push({ due: second, event: { type: "tick", at: second } });
  for (const extra of truth.extras ?? []) out.push(extra);
  out.sort((a, b) => a.due - b.due);
  const end = truth.seconds + 0.2;
  out.push({ due: end, event: { type: "call_ended", at: truth.seconds, by: "client", reason: "bye" } });
  out.push({ due: end + 0.4, event: scorecard(judged, truth) });
  return out;
}

function said(turn, id) {
  const words = wordsOf(turn);
  const base = { type: "utterance", speaker: turn.speaker, id, start: turn.start, end: turn.end, continues: false };
  const list = [
    { due: turn.start + 0.1, event: { type: "speech_started", speaker: turn.speaker, at: turn.start } },
    { due: turn.end, event: { type: "speech_ended", speaker: turn.speaker, at: turn.end } },
    { due: turn.end + 0.7, event: { ...base, revision: 99, words, final: true } },
  ];
  for (let at = turn.start + 0.7, revision = 1; at < turn.end + 0.3; at += 0.6, revision += 1) {
    const heard = words.filter((word) => word.end <= at - 0.2);
    if (heard.length) list.push({ due: at, passing: true, event: { ...base, end: at, revision, words: heard, final: false } });
  }
  return list;
}

function judge(item, turn, id, index) {
  const whole = item.behaviour === "name.use" && item.verdict === "missed";
  const at = whole ? Math.min(turn.end, 62) : turn.end + 0.8;
  const known = KNOWN.get(item.behaviour);
  return {
    due: at,
    rule: RULES[`${item.behaviour}/${item.verdict}`],
    coaching: known.coaching,
    event: {
      type: "detection", id: `${item.behaviour}@${id}.${index}`, behaviour: item.behaviour, verdict: item.verdict, kind: "",
      speaker: "agent", start: turn.start, end: turn.end, at, confidence: 0.9,
      severity: item.verdict === "harmful" ? "warning" : "notice",
      evidence: whole || item.span === "silence_before" ? [] : [span(turn, id)],
      note: sentence(item.note ?? ""), version: 1, provisional: false,
    },
  };
}

const UPSET = /unacceptable|fed up|three times|unbelievable|serious\?/i;

/** What the customer's mood is told by. */
function upset(turn, id) {
  const level = { kind: "signal", name: "frustration", speaker: "customer", start: turn.start, end: turn.end, value: 1.6 };
  const event = { type: "detection", id: `emotion.frustration@${id}`, behaviour: "emotion.frustration", verdict: "observed", kind: "", speaker: "customer", start: turn.start, end: turn.end, at: turn.end + 0.8, confidence: 0.9, severity: "info", evidence: [level], note: "The customer shows frustration.", version: 1, provisional: false };
  return { due: turn.end + 0.8, event };
}

function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "";
}

function scorecard(judged, truth) {
  const items = [...KNOWN.keys()].flatMap((behaviour) => {
    const mine = judged.filter((item) => item.behaviour === behaviour);
    if (!mine.length) return [];
    const count = (verdict) => mine.filter((item) => item.verdict === verdict).length;
    const moments = judged.flatMap((item, index) => (item.behaviour === behaviour ? [`${behaviour}@${truth.turns[item.turn].speaker[0]}${item.turn + 1}.${index}`] : []));
    return [{ behaviour, opportunities: mine.length, delivered: count("delivered"), missed: count("missed"), harmful: count("harmful"), rate: count("delivered") / mine.length, moments, observed: 0 }];
  });
  const heard = ["agent", "customer"].map((speaker) => {
    const turns = truth.turns.filter((turn) => turn.speaker === speaker);
    return { speaker, audio: truth.seconds, speech: turns.reduce((sum, turn) => sum + turn.end - turn.start, 0), lost: speaker === "customer" ? 3 : 0, words: turns.reduce((sum, turn) => sum + turn.text.split(/\s+/).length, 0), held_back: speaker === "agent" ? 2 : 0 };
  });
  const not_judged = [{ behaviour: "tone.flat", reason: "The profile does not measure the agent's voice." }];
  return { type: "scorecard", at: truth.seconds, items, heard, not_judged, version: 1 };
}

/** A call in Arabic by hand: text that runs the other way, and names that are long. */
export const ARABIC = {
  seconds: 300,
  turns: [
    { speaker: "agent", start: 1, end: 4, text: "السلام عليكم، معك مريم من خدمة العملاء. كيف يمكنني مساعدتك؟" },
    { speaker: "customer", start: 5, end: 10, text: "وعليكم السلام. رقم الطلب هو A-4471 ولم يصل حتى الآن." },
    { speaker: "agent", start: 11, end: 15, text: "شكراً لك. طلبك رقم A-4471، سأتحقق منه حالاً." },
    { speaker: "customer", start: 16, end: 19, text: "شكراً، أنا أنتظر منذ أسبوع." },
  ],
  behaviours: [{ behaviour: "listening.acknowledgement", verdict: "delivered", turn: 2, note: "repeats the order number" }],
};

/** Things that go wrong on the way, for the call that is looked at most. */
export const MISHAPS = [
  { due: 37.2, event: { type: "audio_gap", speaker: "customer", start: 34.1, end: 37.1, reason: "lost" } },
  { due: 18.2, event: { type: "words_held_back", speaker: "agent", utterance_id: "a5", start: 17.5, end: 18.1, words: [{ text: "Thank", start: 17.5, end: 17.8, confidence: 0.2 }, { text: "you.", start: 17.8, end: 18.1, confidence: 0.2 }], reason: "no_voice" } },
];
