// Writes src/events.gen.ts from schema.json, the service's JSON Schema of its records and events, and
// src/desk/wire.gen.ts from desk.schema.json, what agents' desks are sent, and src/finished.gen.ts from
// finished.schema.json, a page of finished calls.
// `--check` writes nothing and fails when a committed file differs.
//
// The schemas are exported by the service (scripts/schema.py).
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const WRITTEN = { "schema.json": "src/events.gen.ts", "desk.schema.json": "src/desk/wire.gen.ts", "finished.schema.json": "src/finished.gen.ts" };
/** What a schema without a definition of its own at the root is called. */
const NAMES = { "desk.schema.json": "Desk", "finished.schema.json": "FinishedPage" };
const HERE = new URL("../", import.meta.url);

/** Titles of fields would become one type alias each; only those of definitions are names. */
function tidy(node, isDefinition = false) {
  if (Array.isArray(node)) return node.map((item) => tidy(item));
  if (node === null || typeof node !== "object") return node;
  const tidied = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "default" || key === "discriminator") continue;
    if (key === "title" && typeof value === "string" && !isDefinition) continue;
    const named = key === "properties" || key === "$defs";
    tidied[key] = named
      ? Object.fromEntries(Object.entries(value).map(([name, child]) => [name, tidy(child, key === "$defs")]))
      : tidy(value);
  }
  return tidied.properties ? { ...tidied, additionalProperties: false } : tidied;
}

async function generated(schema) {
  const { $defs, $ref, ...whole } = tidy(JSON.parse(await readFile(new URL(schema, HERE), "utf8")));
  const { Record: record, ...others } = $defs;
  const [root, defs, name] = $ref ? [record, others, "Record"] : [{ ...whole, title: NAMES[schema] }, $defs, NAMES[schema]];
  const bannerComment = `/* Generated from ${schema} by \`npm run types\`. Do not edit. */`;
  return compile({ ...root, $defs: defs }, name, { bannerComment });
}

for (const [schema, target] of Object.entries(WRITTEN)) {
  const text = await generated(schema);
  const place = new URL(target, HERE);
  if (!process.argv.includes("--check")) await writeFile(place, text);
  else if ((await readFile(place, "utf8").catch(() => "")) !== text) {
    console.error(`${target} is not what ${schema} gives: run \`npm run types\``);
    process.exit(1);
  }
}
